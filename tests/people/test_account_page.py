"""The account page: by mouse, by keyboard alone, on a small screen, in both colour schemes, and as axe judges it."""

import json

import pytest
from selenium.webdriver.common.keys import Keys

import tollbridge
from client import Client, assert_problem, bearer, tokens
from pages import assert_signed_in, assert_signed_out, path

AXE = (tollbridge.REPOSITORY / "tests/people/node_modules/axe-core/axe.min.js").read_text()


@pytest.fixture
def account(person, server, client):
    """A browser at its account page, of a user who has another login and an API token besides."""
    access = tokens(client.log_in())["access_token"]
    made = client.post("/tokens", headers=bearer(access), json={"name": "nightly backup", "abilities": ["notes:read"]})
    assert made.status_code == 201, made.text
    person.visit(server.url + "/login")
    person.sign_in()
    assert path(person) == "/account"
    return access


def is_over(client, access):
    assert_problem(client.get("/who_am_i", headers=bearer(access)), 401, "login_ended")


def test_ends_one_other_login(person, server, client, account):
    person.press("End")
    assert "The login has ended." in person.text()
    is_over(client, account)
    assert_signed_in(person, server)


def test_ends_all_other_logins(person, server, client, account):
    person.press("End all others")
    is_over(client, account)
    assert_signed_in(person, server)


def test_signs_out_everywhere(person, server, client, account):
    person.press("Sign out everywhere")
    is_over(client, account)
    assert_signed_out(person, server)


def test_asks_for_the_password_before_another_login_ends_if_the_last_sign_in_was_a_while_ago(person, demo):
    server = demo(LOGIN__FRESH_WINDOW="1s")
    with Client(server.url) as client:
        access = tokens(client.log_in())["access_token"]
        person.visit(server.url + "/login")
        person.sign_in()
        person.wait(lambda: person.driver.refresh() or "enter it first" in person.text(), "the login stays fresh")
        person.press("End")
        assert person.alert()
        assert client.get("/who_am_i", headers=bearer(access)).status_code == 200
        person.field("password").send_keys("password")
        person.press("End")
        assert "The login has ended." in person.text()
        is_over(client, access)


def test_everything_is_reached_and_used_by_the_keyboard_alone(person, server, client, account):
    reached = person.tab_through()
    for name in ("Sign out", "End all others", "Sign out everywhere", "Current password", "Make a token"):
        assert name in reached, reached
    # The names tell the buttons of several entries apart.
    assert len(reached) == len(set(reached)), reached
    end = next(name for name in reached if name.startswith("End ") and name != "End all others")
    person.tab_to(end)
    person.press_key(Keys.ENTER)
    assert "The login has ended." in person.text()
    is_over(client, account)
    person.tab_to("Sign out")
    person.press_key(Keys.SPACE)
    assert_signed_out(person, server)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing(person, server, account, scheme, width):
    person.see_as(scheme, width)
    for page in ("/account", "/account?ended=others", "/reauth", "/login?next=/account", "/no-such-page"):
        if page.startswith("/login"):
            person.forget_everything()
        person.visit(server.url + page)
        assert person.driver.execute_script("return document.documentElement.scrollWidth") <= width, page
        person.driver.execute_script(AXE)
        found = person.run("return (await axe.run()).violations")
        assert found == [], f"{page}: {json.dumps(found, indent=1)}"
