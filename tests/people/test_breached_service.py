"""The service that knows stolen passwords, over TLS, with a certificate of an authority that the machine trusts or not."""

import hashlib
import http.server
import ssl
import threading

import pytest

import tollbridge
from proxy import self_signed

STOLEN = "it was in a breach"


@pytest.fixture
def service(tmp_path):
    """The URL of the service, its certificate, and the paths that were asked for."""
    asked = []

    class Range(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            digits = hashlib.sha1(STOLEN.encode()).hexdigest().upper()
            known = f"{digits[5:]}:42" if self.path == f"/range/{digits[:5]}" else ""
            body = f"{'0' * 35}:0\r\n{known}\r\n".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    public, private = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Range)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{server.server_port}/range/", public, asked
    server.shutdown()


def add(directory, monkeypatch, trusted, url, username, password):
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    arguments = ("user", "add", username, "--password-stdin")
    return tollbridge.command(directory, *arguments, stdin=f"{password}\n", PASSWORD__BREACHED_SERVICE=url)


def test_a_service_of_a_trusted_authority_is_believed(tmp_path, service, monkeypatch):
    url, public, asked = service
    refused = add(tmp_path, monkeypatch, public, url, "mona", STOLEN)
    assert refused.returncode == 1 and "list of stolen ones" in refused.stderr and STOLEN not in refused.stderr
    accepted = add(tmp_path, monkeypatch, public, url, "mona", "a smile of 1503")
    assert accepted.returncode == 0, accepted.stderr
    assert [len(path) for path in asked] == [len("/range/") + 5] * 2


def test_a_service_of_another_authority_is_asked_nothing(tmp_path, service, monkeypatch):
    url, _, asked = service
    other = tmp_path / "other"
    other.mkdir()
    accepted = add(tmp_path, monkeypatch, self_signed(other)[0], url, "mona", STOLEN)
    assert accepted.returncode == 0, accepted.stderr
    assert asked == []


def test_a_machine_without_certificates_says_so(tmp_path, service, monkeypatch):
    url, _, asked = service
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("")
    refused = add(tmp_path, monkeypatch, nothing, url, "mona", "a smile of 1503")
    assert refused.returncode != 0 and "trusts no certificates" in refused.stderr
    assert asked == []
