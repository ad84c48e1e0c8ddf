"""The server as an operator meets it: a process with a data directory, signals, a log and a command line beside it."""

import json
import re
import socket
import stat
import time
from urllib.parse import unquote

import pytest

import tollbridge
from client import PANTHER, PASSWORD, TIMEOUT_SECONDS, Client, assert_problem, bearer, refresh, tokens

MONA = "mona"
MONAS_PASSWORD = "a smile of 1503"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def log_in_twice(base, **who):
    """A browser and a token pair, two logins."""
    browser = Client(base)
    assert browser.log_in(mode="session", **who).status_code == 200
    return browser, tokens(browser.log_in(**who))


def test_two_servers_started_at_once_share_a_fresh_data_directory(start):
    servers = [start("--demo"), start("--demo")]
    assert servers[0].url != servers[1].url  # waits for both

    for here, there in (servers, servers[::-1]):
        browser, pair = log_in_twice(here.url)
        with browser, Client(there.url) as api:
            assert api.get("/who_am_i", headers=bearer(pair["access_token"])).json() == PANTHER
            pair = tokens(refresh(api, pair["refresh_token"]))
            browser.base = there.url
            assert browser.get("/who_am_i").json() == PANTHER

            # And what ends there has ended here.
            assert browser.from_page("/logout").status_code == 204
            assert api.post("/logout", headers=bearer(pair["access_token"])).status_code == 204
            api.base = here.url
            refused = api.get("/who_am_i", headers=bearer(pair["access_token"]))
            assert_problem(refused, 401, "login_ended", "token_revoked")


def test_the_data_directory_is_for_the_owner_alone(start, tmp_path):
    server = start("--demo")
    assert server.url
    data = tmp_path / "data"
    assert mode(data) == 0o700
    database = set(data.glob("tollbridge.db*"))
    assert data / "tollbridge.db" in database
    secrets = {path for path in data.rglob("*") if path.is_file()} - database
    assert secrets
    assert {path.name: oct(mode(path)) for path in secrets} == {path.name: oct(0o600) for path in secrets}


def test_an_acknowledged_login_survives_kill_9(start):
    server = start("--demo")
    with Client(server.url) as browser, Client(server.url) as api:
        assert server.url and browser.log_in(mode="session", remember=True).status_code == 200
        pair = tokens(api.log_in())
        server.kill()

        browser.base = api.base = start("--demo").url
        assert browser.get("/session").json()["via"] == "session"
        assert api.get("/who_am_i", headers=bearer(pair["access_token"])).json() == PANTHER
        rotated = tokens(refresh(api, pair["refresh_token"]))
        assert api.get("/who_am_i", headers=bearer(rotated["access_token"])).json() == PANTHER


def test_an_acknowledged_logout_survives_kill_9(start):
    server = start("--demo")
    with Client(server.url) as api:
        pair = tokens(api.log_in())
        assert api.post("/logout", headers=bearer(pair["access_token"])).status_code == 204
        server.kill()
        api.base = start("--demo").url
        assert_problem(
            api.get("/who_am_i", headers=bearer(pair["access_token"])), 401, "login_ended", "token_revoked"
        )
        assert not refresh(api, pair["refresh_token"]).ok


def refuses_connections(port):
    """Waits until the port is closed."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            return True
        except (TimeoutError, ConnectionResetError):
            pass  # neither accepted nor refused yet, or in the queue when the port was closed
    return False


def test_sigterm_lets_a_request_in_flight_finish(start):
    server = start("--demo")
    body = json.dumps({"username": "panther", "password": PASSWORD}).encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT_SECONDS) as connection:
        connection.sendall(
            b"POST /login HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\nConnection: close\r\n"
            b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % (server.port, len(body))
        )
        reader = connection.makefile("rb")
        # The server has begun with the request and waits for its body.
        assert reader.readline() == b"HTTP/1.1 100 Continue\r\n"
        assert reader.readline() == b"\r\n"

        server.terminate()
        assert refuses_connections(server.port)
        connection.sendall(body)
        response = reader.read()

    assert response.startswith(b"HTTP/1.1 200 OK\r\n"), response
    assert b'"access_token":"' in response.replace(b'": "', b'":"')
    assert server.wait() == 0


def test_a_user_added_on_the_command_line_can_log_in(start, tmp_path):
    added = tollbridge.add_user(tmp_path, MONA, MONAS_PASSWORD)
    assert MONAS_PASSWORD not in added.stdout + added.stderr
    with Client(start().url) as client:
        tokens(client.log_in(MONA, MONAS_PASSWORD))
        assert_problem(client.log_in(MONA, PASSWORD), 401, "invalid_credentials")
        assert_problem(client.log_in("panther"), 401, "invalid_credentials")  # no demo, no demo users

        # The same with the server running: another process adds, the next request sees it.
        tollbridge.add_user(tmp_path, "lisa", "another smile")
        tokens(client.log_in("lisa", "another smile"))


def test_a_user_name_is_taken_once(tmp_path):
    tollbridge.add_user(tmp_path, MONA, MONAS_PASSWORD)
    again = tollbridge.command(tmp_path, "user", "add", MONA, "--password-stdin", stdin="another smile\n")
    assert again.returncode != 0
    assert MONA in again.stderr
    assert "panicked" not in again.stderr


def test_a_disabled_user_is_refused_from_the_next_request_on(start, tmp_path):
    tollbridge.add_user(tmp_path, MONA, MONAS_PASSWORD)
    server = start()
    mona = {"username": MONA, "password": MONAS_PASSWORD}
    browser, pair = log_in_twice(server.url, **mona)
    with browser, Client(server.url) as api:
        assert browser.get("/who_am_i").json()["username"] == MONA
        assert api.get("/who_am_i", headers=bearer(pair["access_token"])).json()["username"] == MONA

        done = tollbridge.command(tmp_path, "user", "disable", MONA)
        assert done.returncode == 0, done.stderr

        refused = ("user_disabled", "login_ended", "token_revoked")
        assert_problem(browser.get("/who_am_i"), 401, *refused, "login_required")
        assert_problem(api.get("/who_am_i", headers=bearer(pair["access_token"])), 401, *refused)
        assert not refresh(api, pair["refresh_token"]).ok
        assert api.log_in(**mona).status_code in (401, 403)

        # Enabled again, a new login works; the old ones stay ended.
        done = tollbridge.command(tmp_path, "user", "enable", MONA)
        assert done.returncode == 0, done.stderr
        assert not api.get("/who_am_i", headers=bearer(pair["access_token"])).ok
        tokens(api.log_in(**mona))


def test_the_demo_is_for_loopback_alone(tmp_path):
    refused = tollbridge.command(tmp_path, "serve", "--demo", "--listen", "0.0.0.0:0")
    assert refused.returncode != 0
    assert "loopback" in refused.stderr


def secrets_of_a_day(base):
    """Does everything once, some of it wrongly, and returns every secret that went over the wire, by what it is."""
    secrets = {}

    def keep(what, value):
        assert len(value) > 7
        secrets[f"{what} ({len(secrets)})"] = value

    def keep_tokens(pair):
        for name in ("access_token", "refresh_token"):
            keep(f"signature of {name}", pair[name].rpartition(".")[2])
            keep(f"payload of {name}", pair[name].split(".")[1])

    def keep_cookies(client):
        for cookie in client.cookies:
            # What may precede is no secret: a signature, or the id of the login.
            keep(f"end of cookie {cookie.name}", unquote(cookie.value)[-24:])

    with Client(base) as api, Client(base) as browser, Client(base) as person:
        mona = {"username": MONA, "password": MONAS_PASSWORD}
        keep("password", MONAS_PASSWORD)
        for wrong in ({"username": MONA}, {"username": "nobody"}):
            keep("wrong password", "the wrong 1503")
            assert api.log_in(password="the wrong 1503", **wrong).status_code == 401
        broken = api.post("/login", data='{"username": "mona", "password": "halfway 1503', headers={
            "Content-Type": "application/json"})
        keep("half a password", "halfway 1503")
        assert broken.status_code == 400
        misplaced = api.post("/login", json={"username": {"password": "misplaced 1503"}, "password": 1})
        keep("misplaced password", "misplaced 1503")
        assert misplaced.status_code == 400

        first = tokens(api.log_in(**mona))
        keep_tokens(first)
        assert api.get("/who_am_i", headers=bearer(first["access_token"])).ok
        assert api.post("/who_am_i", json={"access_token": first["access_token"]}).ok
        assert not api.get("/who_am_i", headers=bearer(first["refresh_token"])).ok
        assert not api.get("/who_am_i", headers=bearer(first["access_token"][:-1])).ok
        garbage = "garbage-but-it-may-be-a-secret-of-1503"
        keep("garbage token", garbage)
        assert not api.get("/who_am_i", headers=bearer(garbage)).ok
        assert not api.post("/refresh", json={"refresh_token": garbage}).ok
        assert not api.get("/who_am_i", cookies={"tollbridge_session": garbage}).ok
        api.cookies.clear()

        second = tokens(refresh(api, first["refresh_token"]))
        keep_tokens(second)
        keep_tokens(tokens(refresh(api, second["refresh_token"])))
        assert refresh(api, first["refresh_token"]).status_code == 401  # reused: the login ends

        assert browser.log_in(mode="session", remember=True, **mona).ok
        assert len(browser.cookies) == 3
        keep_cookies(browser)

        form = {"username": MONA, "password": MONAS_PASSWORD, "remember": "on", "next": "/account"}
        assert person.from_page("/login", data=form, headers={"Accept": "text/html"}).ok
        assert person.cookies
        keep_cookies(person)
        del person.cookies["tollbridge_session"]
        assert person.get("/session").json()["via"] == "remember"
        keep_cookies(person)
        changed = {"current_password": MONAS_PASSWORD, "new_password": "a frown of 1504"}
        keep("new password", changed["new_password"])
        assert browser.from_page("/account/password", data=changed).ok
        keep_cookies(browser)
        assert browser.from_page("/logout").ok
    return secrets


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_secret_reaches_the_log_or_the_database(start, tmp_path, log_format):
    tollbridge.add_user(tmp_path, MONA, MONAS_PASSWORD)
    server = start(LOG__LEVEL="debug", LOG__FORMAT=log_format, TOKEN__REFRESH_GRACE="0s")
    secrets = secrets_of_a_day(server.url)
    server.stop()

    log = server.log()
    assert "/who_am_i" in log  # it is the log of these requests
    assert {what for what, secret in secrets.items() if secret in log} == set()
    # No header that carries a credential, whatever its value looks like.
    assert not re.search(r"Bearer [\w-]+\.|tollbridge_(session|remember)=[^;\s]", log)

    database = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("tollbridge.db*"))
    assert MONA.encode() in database
    assert {what for what, secret in secrets.items() if secret.encode() in database} == set()
