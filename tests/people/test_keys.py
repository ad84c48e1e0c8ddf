"""Keys that rotate on two nodes while clients go on, and other services that verify with the keys they have fetched."""

import base64
import json
import pathlib
import subprocess
import threading
import time

import jwt
import pytest

import tollbridge
from client import PANTHER, Client, bearer, refresh, tokens
from cluster import Cluster, programs

HERE = pathlib.Path(__file__).parent
OURS = "tollbridge"
CLIENTS = 50
LEAD = 3
# How long the service that verifies keeps the keys: it must be less than the lead, as max-age is.
KEPT = 1
SEALING_KEY = base64.urlsafe_b64encode(b"thirty-two bytes that all nodes share").rstrip(b"=").decode()


def kid(token):
    return jwt.get_unverified_header(token)["kid"]


class Service:
    """Another service, which verifies tokens with PyJWT and fetches the keys once in a while."""

    def __init__(self, client):
        self.client, self.fetched, self.lock = client, 0, threading.Lock()

    def verify(self, token):
        with self.lock:
            if time.monotonic() - self.fetched > KEPT:
                answer = self.client.get("/.well-known/jwks.json")
                assert "max-age=300" in answer.headers["Cache-Control"]
                self.keys, self.fetched = jwt.PyJWKSet.from_dict(answer.json()), time.monotonic()
            key = self.keys[kid(token)]
        return jwt.decode(token, key.key, algorithms=["EdDSA", "ES256"], audience=OURS, issuer=OURS)


def by_jose(token, jwks):
    question = {"token": token, "algorithms": ["EdDSA", "ES256"], "audience": OURS, "issuer": OURS, "jwks": jwks}
    done = subprocess.run(
        ["node", HERE / "verify.mjs"], input=json.dumps(question), capture_output=True, text=True, timeout=30, check=True
    )
    return json.loads(done.stdout)


@pytest.fixture(params=["sqlite", "postgresql"])
def nodes(request, start, tmp_path):
    """Two nodes at one database, and a function for the command line."""
    if request.param == "postgresql" and programs() is None:
        pytest.skip("there is no PostgreSQL server")
    settings = {"TOKEN__ALGORITHM": "EdDSA", "TOKEN__SEALING_KEY": SEALING_KEY, "THROTTLE__ENABLED": "false"}

    running = []

    def serve(settings):
        running.extend(start("--demo", **settings) for _ in range(2))

        def key(*arguments):
            done = tollbridge.command(tmp_path, "key", *arguments, **settings)
            assert done.returncode == 0, done.stderr
            return done.stdout
        return [server.url for server in running], key

    if request.param == "sqlite":
        yield serve(settings)
    else:
        with Cluster(tmp_path / "postgres") as cluster:
            yield serve(settings | {"DATABASE__URL": cluster.url()})
            for server in running:
                server.stop()


def test_a_rotation_while_fifty_clients_refresh(nodes):
    urls, key = nodes
    with Client(urls[0]) as published:
        service, failures, issued, stop = Service(published), [], [], threading.Event()

        def go_on(number):
            with Client(urls[number % 2]) as here, Client(urls[(number + 1) % 2]) as there:
                pair = tokens(here.log_in())
                while not stop.is_set():
                    pair = tokens(refresh(there if len(issued) % 3 else here, pair["refresh_token"]))
                    issued.append((time.time(), kid(pair["access_token"]), kid(pair["refresh_token"])))
                    for node in (here, there):
                        answer = node.get("/who_am_i", headers=bearer(pair["access_token"]))
                        assert answer.json() == PANTHER, answer.text
                    service.verify(pair["access_token"])

        def watched(number):
            try:
                go_on(number)
            except BaseException as failure:  # noqa: BLE001
                failures.append(failure)
                stop.set()

        threads = [threading.Thread(target=watched, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            (first,) = json.loads(key("list", "--json"))
            key("rotate", "--lead", f"{LEAD}s")
            key("rotate", "--lead", f"{LEAD + 2}s", "--algorithm", "ES256")
            keys = json.loads(key("list", "--json"))
            assert [one["state"] for one in keys] == ["signs", "signs later", "signs later"]
            last = keys[-1]["signs_from"]
            # Until all clients have been served with the last key.
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and not stop.is_set():
                if len([1 for at, *_ in list(issued) if at > last + 1]) > 2 * CLIENTS:
                    break
                time.sleep(0.05)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert failures == []
        assert {one[1] for one in issued} <= {one["kid"] for one in keys}
        # From the second on in which a key signs, no other does.
        assert {found for at, *both in issued if at > last + 1 for found in both} == {keys[-1]["kid"]}
        assert first["kid"] == keys[0]["kid"]


def test_a_key_that_is_retired_is_gone_on_the_very_next_request(nodes):
    urls, key = nodes
    with Client(urls[0]) as here, Client(urls[1]) as there:
        old = [tokens(node.log_in()) for node in (here, there, here, there)]
        who = lambda node, token: node.get("/who_am_i", headers=bearer(token)).status_code
        for node in (here, there):
            assert [who(node, pair["access_token"]) for pair in old] == [200] * 4
        stolen = kid(old[0]["access_token"])
        key("rotate", "--lead", "0s")
        # No node signs with the old one any more, and both verify what the other signs.
        new = [tokens(node.log_in()) for node in (here, there)]
        assert all(kid(pair["access_token"]) != stolen for pair in new)
        assert [who(node, pair["access_token"]) for node in (here, there) for pair in old + new] == [200] * 12
        assert all("payload" in by_jose(pair["access_token"], here.get("/.well-known/jwks.json").json()) for pair in new)

        key("retire", stolen, "--yes")
        for node in (here, there):
            answer = node.get("/who_am_i", headers=bearer(old[0]["access_token"]))
            assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
            assert [who(node, pair["access_token"]) for pair in old] == [401] * 4
            assert refresh(node, old[1]["refresh_token"]).status_code == 401
            assert [who(node, pair["access_token"]) for pair in new] == [200] * 2
            published = [one["kid"] for one in node.get("/.well-known/jwks.json").json()["keys"]]
            assert stolen not in published and kid(new[0]["access_token"]) in published
