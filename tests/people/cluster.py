"""A throwaway PostgreSQL cluster: to stop, to suspend and to start again."""

import glob
import os
import pathlib
import shutil
import signal
import socket
import subprocess

CLUSTER_SECONDS = 60


def programs():
    """The directory of the newest server's programs; `None` where there is no server."""
    installed = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.split("/")[4]))
    found = installed[-1] if installed else shutil.which("initdb")
    return pathlib.Path(found).parent if found else None


class Cluster:
    """A running cluster in an empty directory."""

    def __init__(self, directory, **settings):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir()
        # PostgreSQL does not run as root.
        self.user = "postgres" if os.geteuid() == 0 else None
        if self.user:
            shutil.chown(self.directory, self.user)
            for parent in self.directory.parents[:-2]:
                parent.chmod(parent.stat().st_mode | 0o011)
        self.data = self.directory / "data"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.directory,
            "fsync": "off",
            **settings,
        }
        self.options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self._run("initdb", "-D", self.data, "-U", "postgres", "--auth=trust", "--locale=C", "-E", "UTF8", "--no-sync")
        self.start()

    def url(self, database="postgres", port=None):
        return f"postgres://postgres@127.0.0.1:{port or self.port}/{database}"

    def create(self, database):
        """Makes an empty database, and returns its URL."""
        self._run("createdb", "-h", "127.0.0.1", "-p", self.port, "-U", "postgres", database)
        return self.url(database)

    def query(self, statement):
        """The rows of a statement, as tuples of text."""
        done = subprocess.run(
            [programs() / "psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", self.url(), "-c", statement],
            capture_output=True,
            text=True,
            timeout=CLUSTER_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return [tuple(line.split("|")) for line in done.stdout.splitlines()]

    def start(self):
        self._run("pg_ctl", "-D", self.data, "-l", self.directory / "log", "-w", "-s", "-o", self.options, "start")

    def stop(self):
        self._run("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "-s", "stop")

    def suspend(self):
        self._signal(signal.SIGSTOP)

    def resume(self):
        self._signal(signal.SIGCONT)

    def close(self):
        if (self.data / "postmaster.pid").exists():
            self.resume()
            self.stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _run(self, program, *arguments):
        subprocess.run(
            [programs() / program, *map(str, arguments)],
            user=self.user,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            timeout=CLUSTER_SECONDS,
            check=True,
        )

    def _signal(self, number):
        postmaster = int((self.data / "postmaster.pid").read_text().split()[0])
        children = pathlib.Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        for process in (postmaster, *map(int, children)):
            try:
                os.kill(process, number)
            except ProcessLookupError:
                pass  # it has ended
