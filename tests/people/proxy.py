"""nginx with the configuration that people are given, at ports and with a certificate of the test."""

import datetime
import ipaddress
import pathlib
import re
import shutil
import socket
import subprocess
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CONFIGURATION = pathlib.Path(__file__).resolve().parents[2] / "deploy/nginx.conf"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
START_SECONDS = 10


def self_signed(directory, name="service"):
    """A certificate for 127.0.0.1 that is signed by itself, and its key: two files."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} of a test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, private = directory / f"{name}.crt", directory / f"{name}.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, private


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


class Proxy:
    """A running nginx. `servers` are those that it sends requests to; those in `down` get none."""

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir()
        self.certificate, self.key = self_signed(directory, "proxy")
        self.tls, self.plain = free_port(), free_port()
        self.url = f"https://127.0.0.1:{self.tls}"
        self.process = None

    def configure(self, servers, down=()):
        lines = "".join(f"server 127.0.0.1:{s.port}{' down' if s in down else ''};\n" for s in servers)
        text, found = re.subn(r"server server-1:8080;\s*server server-2:8080;", lines, CONFIGURATION.read_text())
        assert found == 1
        for ours, theirs in (
            ("listen 443 ssl", f"listen 127.0.0.1:{self.tls} ssl"),
            ("listen 80;", f"listen 127.0.0.1:{self.plain};"),
            ("/etc/nginx/tls.crt", str(self.certificate)),
            ("/etc/nginx/tls.key", str(self.key)),
            ("worker_processes auto;", f"worker_processes 1; daemon off; pid {self.directory}/pid;"),
        ):
            assert ours in text, ours
            text = text.replace(ours, theirs)
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
            text = text.replace("http {", f"http {{\n    {kind}_temp_path {self.directory}/{kind};", 1)
        (self.directory / "nginx.conf").write_text(text)

    def start(self, servers):
        self.configure(servers)
        self.process = subprocess.Popen(self._command(), stderr=(self.directory / "log").open("w"))
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self.tls), timeout=1).close()
            except OSError:
                assert self.process.poll() is None, (self.directory / "log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)

    def reload(self, servers, down=()):
        """Takes other servers, and waits until no worker from before is left."""
        before = self._workers()
        self.configure(servers, down)
        subprocess.run([*self._command(), "-s", "reload"], check=True, capture_output=True, timeout=START_SECONDS)
        deadline = time.monotonic() + START_SECONDS
        while before & self._workers():
            assert time.monotonic() < deadline, "nginx keeps its workers"
            time.sleep(0.05)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=START_SECONDS)

    def _workers(self):
        task = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return set(task.read_text().split())

    def _command(self):
        return [NGINX, "-c", self.directory / "nginx.conf", "-e", self.directory / "log"]
