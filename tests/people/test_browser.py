"""A person at a real browser. No test names a tag that a person can't see: fields by name, buttons by their text."""

import contextlib
import http.server
import json
import threading
from urllib.parse import parse_qs, urlsplit

import pytest
from selenium.webdriver.common.by import By

from browser import Person
from client import Client, bearer, tokens

NAME = "Ann Takamaki"


@pytest.fixture
def open_browser(tmp_path, server):
    """Opens browsers; the same profile name is the same browser after a restart."""
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


def path(person):
    return urlsplit(person.url).path


def session(person, server):
    """What `/session` says to this browser, or None if it says nothing."""
    person.visit(server.url + "/session")
    text = person.text()
    return json.loads(text[text.index("{") : text.rindex("}") + 1]) if '"via"' in text else None


def assert_signed_in(person, server):
    person.visit(server.url + "/account")
    assert path(person) == "/account"
    assert NAME in person.text()


def assert_signed_out(person, server):
    person.visit(server.url + "/account")
    assert path(person) == "/login"
    assert NAME not in person.text()


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


def test_ends_the_other_logins(person, server):
    with Client(server.url) as api:
        other = tokens(api.log_in())
        person.visit(server.url + "/login")
        person.sign_in()
        person.press("Sign out everywhere else")
        assert path(person) == "/account"
        assert api.get("/who_am_i", headers=bearer(other["access_token"])).status_code == 401
        assert_signed_in(person, server)


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


def form(action, **fields):
    inputs = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in fields.items())
    return f'<!DOCTYPE html><title>A game</title><form method="post" action="{action}">{inputs}<button>Play</button></form>'


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_is_not_signed_in_by_another_site(person, server, site, host):
    site["/"] = form(server.url + "/login", username="batman", password="password", next="/account")
    person.visit(f"http://{host}:{site['port']}/")
    person.press("Play")
    assert person.url == server.url + "/login"
    assert person.status() == 403
    assert_signed_out(person, server)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_is_not_signed_in_as_somebody_else_by_another_site(person, server, site, host):
    person.visit(server.url + "/login")
    person.sign_in()
    site["/"] = form(server.url + "/login", username="batman", password="password", next="/account")
    person.visit(f"http://{host}:{site['port']}/")
    person.press("Play")
    assert person.status() == 403
    assert_signed_in(person, server)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_is_not_signed_out_by_another_site(person, server, site, host):
    person.visit(server.url + "/login")
    person.sign_in()
    site["/"] = form(server.url + "/logout")
    person.visit(f"http://{host}:{site['port']}/")
    person.press("Play")
    assert person.status() == 403
    assert_signed_in(person, server)


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
