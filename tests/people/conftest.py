"""Servers and browsers for the tests, each in a directory of its own. At the end of the test a server must stop well."""

import base64
import contextlib
import http.server
import signal
import subprocess
import threading
import types

import pytest

import tollbridge
from browser import Person
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


@pytest.fixture
def open_browser(tmp_path, start):
    """Opens browsers; the same profile name is the same browser after a restart. They are closed before the servers."""
    with contextlib.ExitStack() as browsers:

        def open_browser(profile="profile", **options):
            person = Person(tmp_path / profile, **options)
            browsers.callback(person.close)
            return person

        yield open_browser


@pytest.fixture
def person(open_browser):
    return open_browser()


@pytest.fixture
def site():
    """Serves pages of somebody else: `site["/path"] = html`. At 127.0.0.1 it is the same site as ours, at localhost not."""
    pages = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            page = pages.get(self.path)
            self.send_response(200 if page else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write((page or "").encode())

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        thread = threading.Thread(target=listener.serve_forever)
        thread.start()
        pages["port"] = listener.server_port
        yield pages
        listener.shutdown()
        thread.join()


@pytest.fixture
def page_with_message():
    """The application of `page_with_message.rs`, which `cargo test` builds beside the server."""
    program = tollbridge.BINARY.parent / "examples" / "page_with_message"
    with subprocess.Popen([program], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield types.SimpleNamespace(url=process.stdout.readline().removeprefix("listening on ").strip())
        finally:
            process.kill()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """A failure comes with what the servers of the test said."""
    report = yield
    if report.failed:
        for server in item.stash.get(SERVERS, []):
            report.sections.append((f"output of tollbridge (process {server.process.pid})", server.log()))
    return report
