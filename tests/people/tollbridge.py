"""The binary under test: starting it, stopping it, asking its command line."""

import os
import pathlib
import queue
import re
import signal
import subprocess
import threading
import types

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("TOLLBRIDGE_BIN", REPOSITORY / "target/debug/tollbridge")).resolve()

# Longer than anything here takes; reaching one of them is a failure.
START_SECONDS = 30
STOP_SECONDS = 30


def environment(settings):
    """The caller's environment without its TOLLBRIDGE_ variables, plus ours."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TOLLBRIDGE_")}
    return inherited | {f"TOLLBRIDGE_{name}": value for name, value in settings.items()}


def command(directory, *arguments, stdin="", **settings):
    """Runs `tollbridge arguments...` to its end in `directory`; settings are TOLLBRIDGE_ variables without the prefix."""
    return subprocess.run(
        [BINARY, *arguments],
        cwd=directory,
        env=environment(settings),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )


def add_user(directory, username, password, **settings):
    """Makes an account from outside of any server."""
    done = command(directory, "user", "add", username, "--password-stdin", stdin=password + "\n", **settings)
    assert done.returncode == 0, done.stderr
    return done


class Server:
    """A running `tollbridge serve`."""

    def __init__(self, directory, *arguments, **settings):
        """Returns at once; `url` waits for the server to say where it listens."""
        self.directory = directory
        self._url = None
        self._lines = queue.Queue()
        self.output = []
        self.process = subprocess.Popen(
            [BINARY, "serve", "--listen", "127.0.0.1:0", *arguments],
            cwd=directory,
            env=environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # SIGXFSZ stays ignored, so that a limit for the size of files is an error and no death.
            restore_signals=False,
        )
        # Both pipes are drained for as long as the server lives, or it would stop at a full one.
        self._readers = [
            threading.Thread(target=self._read, args=(stream, lines), daemon=True)
            for stream, lines in ((self.process.stdout, self._lines), (self.process.stderr, None))
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream, lines):
        for line in stream:
            self.output.append(line)
            if lines is not None:
                lines.put(line)
        if lines is not None:
            lines.put(None)

    @property
    def url(self):
        """Where the server listens, such as `http://127.0.0.1:40123`, as it says on standard output."""
        while self._url is None:
            line = self._lines.get(timeout=START_SECONDS)
            assert line is not None, f"the server ended before it listened:\n{self.log()}"
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                self._url = found[0]
        return self._url

    @property
    def port(self):
        return int(self.url.rpartition(":")[2])

    def at(self, host):
        """The server under another name, as `url`; browsers find every name below `test` at 127.0.0.1."""
        return types.SimpleNamespace(url=f"http://{host}:{self.port}")

    def log(self):
        """All that the server has written so far, both streams."""
        return "".join(self.output)

    def terminate(self):
        """Asks the server to stop, as an init system does."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self):
        """Waits for the end of the server and of its output."""
        try:
            code = self.process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        for reader in self._readers:
            reader.join(timeout=STOP_SECONDS)
        return code

    def stop(self):
        """Stops the server and insists on a clean end."""
        if self.process.returncode is None:
            self.terminate()
            assert self.wait() == 0, f"a server that is asked to stop ends well:\n{self.log()}"

    def kill(self):
        """Ends the server as a loss of power would."""
        self.process.kill()
        self.wait()
