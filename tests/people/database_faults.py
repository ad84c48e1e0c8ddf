"""Faults of the database under a running server, and what its clients see.

    python3 tests/people/database_faults.py

While a fault lasts, tokens are read where that is possible, and everything else is answered within two seconds: done, or 503
with `Retry-After`. Afterwards the server goes on by itself, and what was acknowledged is there.
"""

import contextlib
import os
import pathlib
import resource
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

import tollbridge
from client import Client, bearer, refresh, tokens
from cluster import Cluster, programs

USER = {"username": "mona", "password": "a smile of 1503"}
SETTINGS = {"LOG__LEVEL": "error"}

# Two seconds, and what a busy machine takes for itself.
IN_TIME = 3
RECOVERY_SECONDS = 20

# The most connections of a cluster.
CONNECTIONS = 20


def small_cluster(scratch):
    return Cluster(scratch / "postgres", max_connections=CONNECTIONS, superuser_reserved_connections=0)


class Tried:
    """A server with a user who has signed in, and what it answers."""

    def __init__(self, server, name):
        self.name = name
        self.server = server
        self.client = Client(server.url)
        self.pair = self.sign_in()
        self.slowest = 0.0
        self.statuses = {}
        self.acknowledged = []

    def sign_in(self):
        return tokens(self.client.log_in(**USER))

    def ask(self, what, send, *right, seconds=IN_TIME):
        began = time.monotonic()
        answer = send()
        took = time.monotonic() - began
        self.slowest = max(self.slowest, took)
        self.statuses.setdefault(what, set()).add(answer.status_code)
        assert answer.status_code in (503, *right), f"{self.name}: {what}: {answer.status_code} {answer.text}"
        assert answer.status_code != 503 or answer.headers.get("Retry-After"), f"{self.name}: {what}: no Retry-After"
        assert took < seconds, f"{self.name}: {what} took {took:.1f} s"
        return answer

    def ask_all(self, tokens_are_read):
        """One request of each kind."""
        read = self.ask("read", lambda: self.client.get("/who_am_i", headers=bearer(self.pair["access_token"])), 200)
        assert read.status_code == 200 or not tokens_are_read, f"{self.name}: no token is read: {read.text}"
        login = self.ask("login", lambda: self.client.log_in(**USER), 200)
        if login.status_code == 200:
            self.acknowledged.append(login.json())
        # The answer may have been lost, so the token stays good (a lost answer is no theft).
        renewed = self.ask("refresh", lambda: refresh(self.client, self.pair["refresh_token"]), 200)
        if renewed.status_code == 200:
            self.pair = renewed.json()
        self.ask("ready", lambda: self.client.get("/readyz"), 200)

    def recovered(self):
        """Waits until all goes on, and checks what was acknowledged."""
        began = time.monotonic()
        while self.client.get("/readyz").status_code != 200 or self.client.log_in(**USER).status_code != 200:
            assert time.monotonic() - began < RECOVERY_SECONDS, f"{self.name}: it does not recover"
            time.sleep(0.1)
        took = time.monotonic() - began
        self.pair = tokens(refresh(self.client, self.pair["refresh_token"]))
        for pair in (self.pair, *self.acknowledged):
            answer = self.client.get("/who_am_i", headers=bearer(pair["access_token"]))
            assert answer.status_code == 200, f"{self.name}: lost: {answer.text}"
        seen = ", ".join(f"{what} {'/'.join(map(str, sorted(codes)))}" for what, codes in self.statuses.items())
        print(f"{self.name}: {seen}; slowest {self.slowest:.2f} s; again after {took:.2f} s", flush=True)


@contextlib.contextmanager
def tried(directory, name, **settings):
    settings = SETTINGS | settings
    directory.mkdir()
    tollbridge.add_user(directory, *USER.values(), **settings)
    server = tollbridge.Server(directory, **settings)
    try:
        one = Tried(server, name)
        yield one
        one.client.close()
        server.stop()
    finally:
        if server.process.poll() is None:
            server.kill()


def full_disk(scratch):
    disk = scratch / "small"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", disk], check=True)
    try:
        with tried(scratch / "full", "a full disk", DATABASE__URL=f"sqlite://{disk}/tollbridge.db") as one:
            filler = disk / "filler"
            with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
                while file.write(bytes(1024)):
                    pass
            for _ in range(20):
                one.ask_all(tokens_are_read=True)
            assert 503 in one.statuses["login"] and 503 in one.statuses["ready"], one.statuses
            filler.unlink()
            one.recovered()
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def files_of_one_page(scratch):
    """As on a full disk: no file may grow."""
    with tried(scratch / "limited", "a limit for files") as one:
        limits = resource.prlimit(one.server.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(one.server.process.pid, resource.RLIMIT_FSIZE, (4096, limits[1]))
        one.ask_all(tokens_are_read=True)
        assert one.statuses["login"] == one.statuses["ready"] == {503}, one.statuses
        resource.prlimit(one.server.process.pid, resource.RLIMIT_FSIZE, limits)
        one.recovered()


def locked_file(scratch, seconds=60):
    with tried(scratch / "locked", f"a file that is locked for {seconds} s") as one:
        other = sqlite3.connect(scratch / "locked/data/tollbridge.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        one.ask_all(tokens_are_read=True)
        while time.monotonic() - began < seconds:
            one.ask_all(tokens_are_read=True)
        other.execute("ROLLBACK")
        other.close()
        one.recovered()


def file_that_is_gone(scratch):
    with tried(scratch / "gone", "a file that is removed and replaced") as one:
        file = scratch / "gone/data/tollbridge.db"
        kept = file.with_suffix(".kept")
        file.rename(kept)
        one.ask_all(tokens_are_read=False)
        assert not file.exists()
        file.write_bytes(kept.read_bytes())
        one.ask_all(tokens_are_read=False)
        assert one.statuses["login"] == one.statuses["read"] == {503}, one.statuses
        kept.rename(file)
        one.recovered()


def stopped_server(scratch, cluster):
    with tried(scratch / "stopped", "PostgreSQL is stopped", DATABASE__URL=cluster.create("stopped")) as one:
        cluster.stop()
        for _ in range(5):
            one.ask_all(tokens_are_read=False)
        cluster.start()
        one.recovered()


def suspended_server(scratch, cluster):
    with tried(scratch / "suspended", "PostgreSQL is suspended", DATABASE__URL=cluster.create("suspended")) as one:
        cluster.suspend()
        for _ in range(3):
            one.ask_all(tokens_are_read=False)
        cluster.resume()
        one.recovered()


def no_connection_left(scratch, cluster):
    """Others hold all connections, and those of the server are cut."""
    with tried(scratch / "crowded", "PostgreSQL is out of connections", DATABASE__URL=cluster.create("crowded")) as one:
        psql = [programs() / "psql", "--quiet", "--no-psqlrc", cluster.url()]
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        subprocess.run([*psql, "-c", cut], check=True, stdout=subprocess.DEVNULL)
        others = [
            subprocess.Popen([*psql], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for _ in range(CONNECTIONS + 2)
        ]
        while all(other.poll() is None for other in others):
            time.sleep(0.05)  # until one is let in no more
        for _ in range(5):
            one.ask_all(tokens_are_read=False)
        assert 503 in one.statuses["login"], one.statuses
        for other in others:
            with contextlib.suppress(BrokenPipeError):
                other.stdin.close()
            other.wait()
        one.recovered()


def far_server(scratch, cluster, seconds=0.1):
    with Delay(cluster.port, seconds) as delay:
        cluster.create("far")
        url = cluster.url("far", delay.port)
        with tried(scratch / "far", f"PostgreSQL at {seconds * 1000:.0f} ms", DATABASE__URL=url) as one:
            for _ in range(10):
                one.ask_all(tokens_are_read=True)
            assert one.statuses == {"read": {200}, "login": {200}, "refresh": {200}, "ready": {200}}, one.statuses
            one.recovered()


class Delay:
    """A TCP proxy that holds every byte up."""

    def __init__(self, target, seconds):
        self.target, self.seconds = target, seconds
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.target))
                for source, sink in ((near, far), (far, near)):
                    source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                time.sleep(self.seconds / 2)
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


def main():
    with tempfile.TemporaryDirectory() as directory:
        scratch = pathlib.Path(directory)
        if os.geteuid() == 0:
            full_disk(scratch)
        else:
            print("a full disk: not tried, it takes root", file=sys.stderr)
        file_that_is_gone(scratch)
        with small_cluster(scratch) as cluster:
            stopped_server(scratch, cluster)
            suspended_server(scratch, cluster)
            no_connection_left(scratch, cluster)
            far_server(scratch, cluster)
        locked_file(scratch, int(sys.argv[1]) if sys.argv[1:] else 60)


if __name__ == "__main__":
    main()
