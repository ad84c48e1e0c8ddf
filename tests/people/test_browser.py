"""A person at a real browser. No test names a tag that a person can't see: fields by name, buttons by their text."""

from urllib.parse import parse_qs, urlsplit

import pytest
from selenium.webdriver.common.by import By

from client import Client, bearer, tokens
from pages import NAME, assert_signed_in, assert_signed_out, path, session


def test_signs_in_on_the_way_to_a_page(person, server):
    person.visit(server.url + "/account")
    assert path(person) == "/login"
    assert parse_qs(urlsplit(person.url).query) == {"next": ["/account"]}
    assert person.complaints() == []

    person.sign_in()
    assert person.url == server.url + "/account"
    assert NAME in person.text()
    assert person.complaints() == []

    person.driver.refresh()
    assert person.url == server.url + "/account"
    assert NAME in person.text()
    assert person.complaints() == []


def test_reads_why_the_sign_in_failed_and_tries_again(person, server):
    person.visit(server.url + "/login?next=/account")
    person.sign_in(password="passw0rd")
    assert path(person) == "/login"
    assert person.status() == 401
    assert person.alert()
    assert person.field("username").get_attribute("value") == "panther"
    assert person.field("password").get_attribute("value") == ""
    assert "passw0rd" not in person.driver.page_source

    person.field("password").send_keys("password")
    person.press("Sign in")
    assert person.url == server.url + "/account"


def test_the_sign_in_page_works_with_a_password_manager_and_a_screen_reader(person, server):
    person.visit(server.url + "/login")
    assert person.field("username").get_attribute("autocomplete") == "username"
    assert person.field("password").get_attribute("autocomplete") == "current-password"
    for name in ("username", "password", "remember"):
        assert person.field(name).accessible_name, f"{name} has a label"
    assert person.driver.title
    assert person.page().get_attribute("lang")


@pytest.mark.parametrize("destination", ["https://example.com/", "//example.com/", "/\\example.com/", "javascript:alert(1)"])
def test_is_led_nowhere_else_after_signing_in(person, server, destination):
    person.visit(f"{server.url}/login?next={destination}")
    person.sign_in()
    assert person.url == server.url + "/account"


def test_is_remembered_over_a_restart(open_browser, server):
    before = open_browser()
    before.visit(server.url + "/login")
    before.sign_in(remember=True)
    first = session(before, server)
    assert (first["via"], first["fresh"]) == ("session", True)
    before.close()

    after = open_browser()
    remembered = session(after, server)
    assert remembered["via"] == "remember"
    assert remembered["fresh"] is False
    assert remembered["user"]["full_name"] == NAME
    assert remembered["login_id"] == first["login_id"]
    assert session(after, server)["via"] == "session"
    assert_signed_in(after, server)


def test_is_forgotten_by_a_restart_unless_remembered(open_browser, server):
    before = open_browser()
    before.visit(server.url + "/login")
    before.sign_in()
    assert_signed_in(before, server)
    before.close()

    assert_signed_out(open_browser(), server)


def test_changes_the_password(person, server):
    person.visit(server.url + "/login")
    person.sign_in()
    with Client(server.url) as api:
        other = tokens(api.log_in())

        person.visit(server.url + "/account")
        person.field("current_password").send_keys("passw0rd")
        person.field("new_password").send_keys("correct horse")
        person.press("Change password")
        assert person.alert()
        tokens(api.log_in(password="password"))

        person.visit(server.url + "/account")
        person.field("current_password").send_keys("password")
        person.field("new_password").send_keys("correct horse")
        person.press("Change password")
        assert_signed_in(person, server)

        assert api.get("/who_am_i", headers=bearer(other["access_token"])).status_code == 401
        assert api.log_in(password="password").status_code == 401
        tokens(api.log_in(password="correct horse"))


def test_signs_out_for_good(person, server):
    person.visit(server.url + "/login")
    person.sign_in()
    assert path(person) == "/account"
    person.press("Sign out")
    assert "You are signed out." in person.text()
    assert NAME not in person.text()
    assert person.complaints() == []

    person.driver.back()
    person.wait(lambda: person.has_field("password"), "the way back ends at the sign-in page")
    assert NAME not in person.driver.page_source
    assert_signed_out(person, server)
    assert session(person, server) is None


def test_needs_no_javascript(open_browser, server, site):
    person, control = open_browser(javascript=False), open_browser("control")
    site["/"] = "<!DOCTYPE html><title>off</title><script>document.title = 'on'</script>"
    for browser, title in ((person, "off"), (control, "on")):
        browser.visit(f"http://127.0.0.1:{site['port']}/")
        assert browser.driver.title == title

    person.visit(server.url + "/account")
    assert path(person) == "/login"
    person.sign_in(remember=True)
    assert person.url == server.url + "/account"
    assert NAME in person.text()
    person.press("Sign out")
    assert_signed_out(person, server)


def test_loads_nothing_from_elsewhere_and_nothing_inline(person, server):
    person.visit(server.url + "/login")
    person.sign_in()
    hosts = person.driver.execute_script(
        "return performance.getEntriesByType('resource').map(entry => new URL(entry.name).origin)"
    )
    assert set(hosts) <= {server.url}
    assert person.driver.find_elements(By.CSS_SELECTOR, "script:not([src]), [onclick], [onload], [style]") == []
