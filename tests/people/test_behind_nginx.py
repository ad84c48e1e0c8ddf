"""Two servers at one PostgreSQL, behind nginx with TLS, as deploy/ has it."""

import os
import secrets
import subprocess
import threading

import pytest

import tollbridge
from client import Client, bearer, refresh, tokens
from cluster import Cluster, programs
from proxy import NGINX, Proxy

USER = {"username": "mona", "password": "a smile of 1503"}
CLIENTS = 8

pytestmark = pytest.mark.skipif(NGINX is None or programs() is None, reason="there is no nginx, or no PostgreSQL server")


@pytest.fixture
def place(tmp_path, start):
    """The proxy with two servers behind it, a function that starts another one, and the settings of all."""
    place = tmp_path / "secrets"
    place.mkdir()
    for name in ("session", "sealing"):
        (place / name).write_text(secrets.token_urlsafe(48))
        (place / name).chmod(0o600)
    with Cluster(tmp_path / "postgres") as cluster:
        proxy = Proxy(tmp_path / "proxy")
        settings = {
            "DATABASE__URL": cluster.url(),
            "SERVER__PUBLIC_URL": proxy.url,
            "SERVER__TRUSTED_PROXIES": "127.0.0.0/8",
            "SESSION__SECRET_FILE": str(place / "session"),
            "TOKEN__ALGORITHM": "EdDSA",
            "TOKEN__SEALING_KEY_FILE": str(place / "sealing"),
            "THROTTLE__ENABLED": "false",
            "PASSWORD__QUEUE": "1000",
        }
        tollbridge.add_user(tmp_path, **USER, **settings)
        servers = [start(**settings), start(**settings)]
        proxy.start(servers)
        yield proxy, servers, lambda: start(**settings), settings
        proxy.stop()
        for server in servers:
            server.stop()


def client_of(proxy):
    client = Client(proxy.url)
    client.verify = str(proxy.certificate)
    return client


def of_node(server):
    """A client that asks one server alone, as the proxy would."""
    client = Client(server.url)
    client.headers["X-Forwarded-Proto"] = "https"
    return client


def test_a_login_is_one_on_every_server(place):
    proxy, servers, _, _ = place
    first, second = map(of_node, servers)
    pair = tokens(first.post("/login", json=USER))
    assert second.get("/who_am_i", headers=bearer(pair["access_token"])).status_code == 200
    renewed = tokens(refresh(second, pair["refresh_token"]))
    assert first.get("/who_am_i", headers=bearer(renewed["access_token"])).status_code == 200
    assert second.post("/logout", headers=bearer(renewed["access_token"])).status_code == 204
    for node in (first, second, client_of(proxy)):
        for token in (pair, renewed):
            assert node.get("/who_am_i", headers=bearer(token["access_token"])).status_code == 401

    # A browser through the proxy, which sends its requests to both in turn.
    browser = client_of(proxy)
    signed_in = browser.post("/login", json=USER | {"mode": "session"})
    cookie = signed_in.headers["Set-Cookie"]
    assert "__Host-tollbridge_session=" in cookie and "Secure" in cookie
    for _ in range(6):
        assert browser.get("/who_am_i").status_code == 200
    assert browser.from_page("/logout").status_code == 204
    assert {browser.get("/who_am_i").status_code for _ in range(6)} == {401}


def test_the_client_has_an_address_of_its_own_in_the_audit(place, tmp_path):
    proxy, _, _, settings = place
    client = client_of(proxy)
    # What a client writes counts for nothing: nginx writes its own.
    forged = {"X-Forwarded-For": "192.0.2.1", "Forwarded": "for=192.0.2.2", "X-Request-Id": "chosen-by-the-client"}
    answer = client.post("/login", json=USER, headers=forged)
    assert answer.status_code == 200
    shown = tollbridge.command(tmp_path, "audit", "--json", "--action", "signed_in", **settings)
    assert '"address":"127.0.0.1"' in shown.stdout and "192.0.2." not in shown.stdout, shown.stdout
    request_id = answer.headers["X-Request-Id"]
    assert f'"request_id":"{request_id}"' in shown.stdout and "chosen" not in request_id

    for header, value in (("Strict-Transport-Security", "max-age=31536000; includeSubDomains"), ("X-Content-Type-Options", "nosniff")):
        assert answer.headers[header] == value, "once, and not twice"


class Worker(threading.Thread):
    """A client that signs in, refreshes and asks, and notes what fails."""

    def __init__(self, proxy, over):
        super().__init__()
        self.client, self.over = client_of(proxy), over
        # nginx closes idle connections when it is reloaded, and a request that is on its way then is lost: each has its own.
        self.client.headers["Connection"] = "close"
        self.failed, self.asked = [], 0

    def run(self):
        try:
            pair = tokens(self.client.post("/login", json=USER))
            while not self.over.is_set():
                who = self.client.get("/who_am_i", headers=bearer(pair["access_token"]))
                renewed = refresh(self.client, pair["refresh_token"])
                self.asked += 2
                self.failed += [answer.status_code for answer in (who, renewed) if answer.status_code != 200]
                pair = renewed.json() if renewed.status_code == 200 else pair
        except Exception as error:  # noqa: BLE001, whatever it is, it is a failure
            self.failed.append(repr(error))


def test_servers_are_replaced_one_after_the_other_without_a_failed_request(place):
    proxy, servers, another, _ = place
    over = threading.Event()
    workers = [Worker(proxy, over) for _ in range(CLIENTS)]
    for worker in workers:
        worker.start()
    try:
        for number in range(len(servers)):
            asked = sum(worker.asked for worker in workers)
            proxy.reload(servers, down=[servers[number]])
            servers[number].stop()
            servers[number] = another()
            assert Client(servers[number].url).get("/readyz").status_code == 200
            proxy.reload(servers)
            while sum(worker.asked for worker in workers) < asked + 20 * CLIENTS and not any(w.failed for w in workers):
                over.wait(0.05)
    finally:
        over.set()
        for worker in workers:
            worker.join()
    assert [worker.failed for worker in workers] == [[]] * CLIENTS
    assert min(worker.asked for worker in workers) > 20


def test_a_server_that_is_killed_is_passed_over(place):
    proxy, servers, _, _ = place
    client = client_of(proxy)
    pair = tokens(client.post("/login", json=USER))
    servers[0].kill()
    for _ in range(6):
        assert client.get("/who_am_i", headers=bearer(pair["access_token"])).status_code == 200
        pair = tokens(refresh(client, pair["refresh_token"]))
    servers.pop(0)


def test_the_secrets_that_are_made_are_good_and_stay(tmp_path):
    deploy = tmp_path / "deploy"
    deploy.mkdir()
    script = deploy / "secrets"
    script.write_bytes((tollbridge.REPOSITORY / "deploy/secrets").read_bytes())
    made = []
    for _ in range(2):
        done = subprocess.run(["bash", script], capture_output=True, text=True, check=False)
        if os.geteuid() != 0:
            assert done.returncode == 1 and "run it as root" in done.stderr
            return
        assert done.returncode == 0, done.stderr
        made.append({path.name: path.read_text() for path in (deploy / "data").iterdir()})
    assert made[0] == made[1] and {len(secret) for secret in made[0].values()} == {64}
    assert len(set(made[0].values())) == 3
    assert {path.stat().st_mode & 0o777 for path in (deploy / "data").iterdir()} == {0o440}
