"""Servers for the tests, each in a directory of its own and stopped with a clean exit at the end of the test."""

import base64
import contextlib
import signal

import pytest

import tollbridge
from client import Client

# The key of our tokens, known to the tests as it is known to an application that shares it.
SECRET = "sixty-four characters that both sides of a shared key know about"

# An interrupted run stops its servers and browsers too.
signal.signal(signal.SIGTERM, signal.default_int_handler)

SERVERS = pytest.StashKey[list]()


@pytest.fixture(scope="session")
def secret():
    return SECRET


@pytest.fixture(scope="session", autouse=True)
def _binary():
    assert tollbridge.BINARY.is_file(), f"{tollbridge.BINARY} is missing: run `cargo build`, or set TOLLBRIDGE_BIN"


@pytest.fixture
def start(tmp_path, request):
    """Starts servers: `start("--demo", TOKEN__REFRESH_GRACE="0s")`, in `tmp_path` unless `directory` says otherwise."""
    with contextlib.ExitStack() as running:
        servers = request.node.stash.setdefault(SERVERS, [])

        def start(*arguments, directory=tmp_path, **settings):
            server = tollbridge.Server(directory, *arguments, **settings)
            servers.append(server)
            running.callback(server.stop)
            return server

        yield start


@pytest.fixture
def demo(start):
    """A demo server that signs with `secret`; settings are TOLLBRIDGE_ variables without the prefix."""

    def demo(**settings):
        key = base64.urlsafe_b64encode(SECRET.encode()).rstrip(b"=").decode()
        return start("--demo", TOKEN__SECRET=key, **settings)

    return demo


@pytest.fixture
def server(demo):
    return demo()


@pytest.fixture
def client(server):
    with Client(server.url) as client:
        yield client


@pytest.fixture
def another_client(server):
    with Client(server.url) as client:
        yield client


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """A failure comes with what the servers of the test said."""
    report = yield
    if report.failed:
        for server in item.stash.get(SERVERS, []):
            report.sections.append((f"output of tollbridge (process {server.process.pid})", server.log()))
    return report
