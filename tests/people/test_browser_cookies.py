"""The cookies of one browser: what others have planted beside ours, what replaces them, and the copies of old ones."""

import itertools
import sqlite3

import pytest

import tollbridge
from client import Client
from pages import NAME, assert_signed_in, assert_signed_out, path, session

SESSION, REMEMBER = "tollbridge_session", "tollbridge_remember"
HOST = "app.bridge.test"


@pytest.fixture
def here(server):
    """The server under a name that has a sibling, which may set cookies for both."""
    return server.at(HOST)


@pytest.fixture
def plant(person, site):
    """Plants a cookie as a sibling of the server can, or a neighbour on the same host."""
    site["/"] = "<!DOCTYPE html><title>A neighbour</title>"

    def plant(name, value, where):
        host, attributes = {
            "path": (HOST, "path=/account"),
            "domain": ("evil.bridge.test", "path=/; domain=bridge.test"),
            "domain and path": ("evil.bridge.test", "path=/account; domain=bridge.test"),
        }[where]
        before = len(person.cookies())
        person.visit(f"http://{host}:{site['port']}/")
        person.driver.execute_script(f"document.cookie = arguments[0] + '=' + arguments[1] + '; {attributes}'", name, value)
        assert len(person.cookies()) == before + 1

    return plant


def of_an_ended_login(server):
    """Both cookies of a login that has ended."""
    with Client(server.url) as client:
        client.log_in(mode="session", remember=True)
        cookies = client.cookies.get_dict()
        assert client.from_page("/logout").status_code == 204
    return cookies


def who_is(server, **cookies):
    """The user that copies of these cookies belong to, or None."""
    with Client(server.url) as client:
        answer = client.get("/who_am_i", headers={"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())})
    return answer.json()["username"] if answer.status_code == 200 else None


def own(person, name, host="127.0.0.1"):
    """The value of a cookie that the server has set."""
    return person.cookies()[(host, "/", name)]


def sign_in(person, server, username="panther"):
    person.visit(server.url + "/login")
    person.sign_in(username, remember=True)


@pytest.mark.parametrize("name", [SESSION, REMEMBER])
def test_stale_cookies_of_other_places_change_nothing(person, server, here, plant, name):
    ended = of_an_ended_login(server)[name]
    for value, where in itertools.product(("x", ended), ("path", "domain and path")):
        person.forget_everything()
        plant(name, value, where)
        assert_signed_out(person, here)
        # Without the remember cookie, which would hide that the session is not found.
        person.sign_in(remember=name == REMEMBER)
        assert_signed_in(person, here)
        person.driver.refresh()
        assert NAME in person.text()
        copies = [{name: own(person, name, HOST)}]

        if name == REMEMBER:
            # A restart of the browser.
            person.delete_session()
            plant(name, value, where)
            assert_signed_in(person, here)
            copies += [{SESSION: own(person, SESSION, HOST)}, {REMEMBER: own(person, REMEMBER, HOST)}]

        person.press("Sign out")
        assert "You are signed out." in person.text()
        assert_signed_out(person, here)
        assert [who_is(server, **copy) for copy in copies] == [None] * len(copies)


@pytest.mark.parametrize("where", ["path", "domain", "domain and path"])
def test_the_login_of_somebody_else_that_is_planted_locks_nobody_out(person, server, here, plant, where):
    with Client(server.url) as evil:
        evil.log_in("batman", mode="session")
        planted = evil.cookies[SESSION]
    sign_in(person, here)
    copy = own(person, SESSION, HOST)
    plant(SESSION, planted, where)
    # Which of the two is meant cannot be told, so both sessions end. The remember cookie brings another one.
    person.visit(here.url + "/account")
    assert person.status() == 400
    assert NAME not in person.text()
    assert who_is(server, **{SESSION: copy}) is who_is(server, **{SESSION: planted}) is None
    assert_signed_in(person, here)

    # The planted cookie is still there, and harms no sign-in.
    person.visit(here.url + "/login?reauth")
    person.sign_in()
    assert_signed_in(person, here)
    copy = own(person, SESSION, HOST)
    person.press("Sign out")
    assert_signed_out(person, here)
    assert who_is(server, **{SESSION: copy}) is None


def test_a_sign_in_ends_the_login_before_it(person, server):
    sign_in(person, server)
    before = {name: own(person, name) for name in (SESSION, REMEMBER)}
    assert [who_is(server, **{name: value}) for name, value in before.items()] == ["panther"] * 2
    person.visit(server.url + "/login?reauth")
    person.sign_in("batman", remember=True)
    assert path(person) == "/account" and "Bruce Wayne" in person.text()
    assert [who_is(server, **{name: value}) for name, value in before.items()] == [None] * 2
    person.delete_session()
    assert session(person, server)["user"]["username"] == "batman"


def test_a_change_of_password_renews_the_cookies(person, server):
    sign_in(person, server)
    login = session(person, server)["login_id"]
    before = {name: own(person, name) for name in (SESSION, REMEMBER)}
    person.visit(server.url + "/account")
    person.field("current_password").send_keys("password")
    person.field("new_password").send_keys("correct horse")
    person.press("Change password")
    assert "Your password is changed." in person.text()
    assert [who_is(server, **{name: value}) for name, value in before.items()] == [None] * 2
    # The session goes on. One that the remember cookie opens is not fresh.
    assert [session(person, server)[name] for name in ("login_id", "via", "fresh")] == [login, "session", True]
    person.delete_session()
    assert session(person, server)["login_id"] == login
    assert_signed_in(person, server)


@pytest.fixture
def later(start, tmp_path):
    """Starts the server, each time an hour after the last: that is what its database says then."""
    tollbridge.add_user(tmp_path, "mona", "the smile of 1503")

    def later():
        with sqlite3.connect(tmp_path / "data" / "tollbridge.db") as database:
            database.execute("UPDATE logins SET remember_rotated_at = remember_rotated_at - 3600")
        database.close()
        return start()

    return later


def test_a_lost_answer_is_no_theft_and_a_copy_is(person, later):
    server = later()
    person.visit(server.url + "/login")
    person.sign_in("mona", "the smile of 1503", remember=True)
    login, first = session(person, server)["login_id"], own(person, REMEMBER)
    person.delete_session()
    for _ in range(2):
        # The browser comes back, and the answer with the new cookies is lost.
        assert who_is(server, **{REMEMBER: first}) == "mona"
        server.stop()
        server = later()
    remembered = session(person, server)
    assert (remembered["login_id"], remembered["via"]) == (login, "remember")
    assert own(person, REMEMBER) != first
    # The answer has arrived: the browser uses what it brought.
    assert session(person, server)["via"] == "session"
    server.stop()

    server = later()
    assert session(person, server)["login_id"] == login
    assert who_is(server, **{REMEMBER: first}) is None
    assert session(person, server) is None
    assert_signed_out(person, server)
