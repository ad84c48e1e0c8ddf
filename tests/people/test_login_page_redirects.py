"""Who is sent to the sign-in page, and where they are afterwards."""

import pytest

from client import Client
from pages import NAME, assert_signed_in, path

# What libraries send with a request whose answer a script reads.
SCRIPTS = {
    "jquery": {"Accept": "text/html, */*; q=0.01", "X-Requested-With": "XMLHttpRequest"},
    "turbo": {"Accept": "text/vnd.turbo-stream.html, text/html, application/xhtml+xml", "X-Turbo-Request-Id": "1"},
    "turbo_frame": {"Accept": "text/html, application/xhtml+xml", "Turbo-Frame": "messages"},
}

FETCH = """
    const [path, headers, method] = arguments, answer = await fetch(path, {headers, method});
    return [answer.status, answer.redirected, answer.headers.get("WWW-Authenticate")];
"""
XHR = """
    const [path, headers] = arguments, request = new XMLHttpRequest();
    request.open("GET", path);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    await new Promise(done => { request.onloadend = done; request.send() });
    return [request.status, !request.responseURL.endsWith(path), request.getResponseHeader("WWW-Authenticate")];
"""


# To the second host a browser says nothing of where a request comes from: it is neither TLS nor this machine's.
@pytest.mark.parametrize("host", ["127.0.0.1", "bridge.test"])
def test_scripts_are_refused_and_not_sent_to_the_sign_in_page(person, server, host):
    at = server.at(host)
    person.allow_scripts_to_connect()
    person.visit(at.url + "/account")
    assert path(person) == "/login"
    for headers in SCRIPTS.values():
        for script in (FETCH, XHR):
            status, redirected, challenge = person.run(script, "/account", headers, "GET")
            assert (status, redirected) == (401, False), headers
            assert challenge
        assert person.run(FETCH, "/account/password", headers, "POST")[:2] == [401, False], headers

    person.sign_in()
    assert person.url == at.url + "/account"
    for headers in SCRIPTS.values():
        assert person.run(XHR, "/account", headers)[:2] == [200, False], headers


def test_a_script_that_asks_for_a_page_is_refused(person, server):
    person.allow_scripts_to_connect()
    person.visit(server.url + "/login")
    for accept in ("text/html", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"):
        assert person.run(FETCH, "/account", {"Accept": accept}, "GET")[:2] == [401, False]


def test_the_host_needs_no_setting(person, server):
    at = server.at("bridge.test")
    person.visit(at.url + "/account")
    person.sign_in(remember=True)
    assert_signed_in(person, at)
    person.press("Sign out")
    person.visit(at.url + "/account")
    assert path(person) == "/login"


def test_a_form_that_is_sent_too_late_is_not_where_one_comes_back(person, server):
    person.visit(server.url + "/login")
    person.sign_in()
    with Client(server.url) as elsewhere:
        elsewhere.log_in(mode="session")
        assert elsewhere.from_page("/logout", json={"scope": "all"}).status_code == 204
    person.field("current_password").send_keys("password")
    person.field("new_password").send_keys("correct horse")
    person.press("Change password")
    assert person.url == server.url + "/login"
    person.sign_in()
    assert person.url == server.url + "/account"
    assert NAME in person.text()


def test_only_a_page_that_was_visited_is_where_one_comes_back(person, page_with_message):
    base = page_with_message.url
    person.visit(base + "/page?visited")
    assert person.url == base + "/login"
    assert person.text().count("Sign in first.") == 1
    for headers in SCRIPTS.values():
        assert person.run(FETCH, "/page?fetched", headers, "GET")[:2] == [401, False]
    form = "<form method=post action=/page?sent><button>Send</button></form>"
    person.run("document.body.insertAdjacentHTML('beforeend', arguments[0])", form)
    person.press("Send")
    assert person.url == base + "/login"
    person.press("Sign in")
    assert person.url == base + "/page?visited"
    assert "Signed in as panther." in person.text()
