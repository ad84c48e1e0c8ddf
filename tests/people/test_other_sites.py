"""Pages of other sites, and what they make a browser send to a server where it is signed in."""

import pytest

from client import Client, tokens
from pages import assert_signed_in, assert_signed_out, form, session

# Another site, whose requests go without our cookies, and another origin of the same site, whose requests have them.
HOSTS = ["localhost", "127.0.0.1"]


def sign_in(person, server, **options):
    person.visit(server.url + "/login")
    person.sign_in(**options)
    return session(person, server)["login_id"]


@pytest.mark.parametrize("host", HOSTS)
def test_is_not_signed_in_by_another_site(person, server, site, host):
    site["/"] = form(server.url + "/login", username="batman", password="password", next="/account")
    person.visit(f"http://{host}:{site['port']}/")
    person.press("Play")
    assert person.url == server.url + "/login"
    assert person.status() == 403
    assert_signed_out(person, server)


@pytest.mark.parametrize("host", HOSTS)
def test_is_not_signed_in_as_somebody_else_by_another_site(person, server, site, host):
    person.visit(server.url + "/login")
    person.sign_in()
    site["/"] = form(server.url + "/login", username="batman", password="password", next="/account")
    person.visit(f"http://{host}:{site['port']}/")
    person.press("Play")
    assert person.status() == 403
    assert_signed_in(person, server)


@pytest.mark.parametrize("host", HOSTS)
def test_is_not_signed_out_by_another_site(person, server, site, host):
    person.visit(server.url + "/login")
    person.sign_in()
    site["/"] = form(server.url + "/logout")
    person.visit(f"http://{host}:{site['port']}/")
    person.press("Play")
    assert person.status() == 403
    assert_signed_in(person, server)


# The redirect to the sign-in page is followed with our cookies, and goes on to the account.
@pytest.mark.parametrize("host, status, landed", [("localhost", 200, "/account"), ("127.0.0.1", 403, "/account/password")])
def test_a_form_of_another_site_changes_no_password(person, server, site, host, status, landed):
    login = sign_in(person, server, remember=True)
    cookies = person.cookies()
    change = {"current_password": "password", "new_password": "correct horse"}
    site["/"] = form(server.url + "/account/password", **change)
    person.visit(f"http://{host}:{site['port']}/")
    person.press("Play")
    assert (person.status(), person.url) == (status, server.url + landed)
    assert person.cookies() == cookies
    assert session(person, server)["login_id"] == login
    with Client(server.url) as api:
        tokens(api.log_in())


@pytest.mark.parametrize("host", HOSTS)
def test_what_another_site_embeds_changes_no_cookie(person, server, site, host):
    login = sign_in(person, server, remember=True)
    cookies = person.cookies()
    site["/"] = "<!DOCTYPE html><title>A game</title>"
    person.visit(f"http://{host}:{site['port']}/")
    person.run(
        """
        const [server] = arguments, paths = ["/account", "/who_am_i", "/login", "/logout", "/refresh"];
        const loaded = element => new Promise(done => {
            element.onload = element.onerror = done;
            document.body.append(element);
        });
        await Promise.all(paths.flatMap(path => [
            ...["img", "iframe", "script"].map(
                name => loaded(Object.assign(document.createElement(name), {src: server + path}))
            ),
            ...["GET", "POST"].map(method => fetch(server + path, {method, mode: "no-cors", credentials: "include"})),
        ]));
        """,
        server.url,
    )
    assert person.cookies() == cookies
    assert session(person, server)["login_id"] == login


def test_a_message_to_a_request_of_another_site_starts_no_session(person, page_with_message, site):
    base = page_with_message.url
    person.visit(base + "/login")
    person.press("Sign in")
    cookies = person.cookies()
    site["/"] = form(base + "/page")
    person.visit(f"http://localhost:{site['port']}/")
    person.press("Play")
    assert person.url == base + "/login"
    assert person.cookies() == cookies
    person.visit(base + "/page")
    assert "Signed in as panther." in person.text()


def test_comes_back_by_a_link_of_another_site(person, server, site):
    login = sign_in(person, server, remember=True)
    site["/"] = f'<!DOCTYPE html><title>News</title><a href="{server.url}/session">My account</a>'
    news = f"http://localhost:{site['port']}/"
    person.visit(news)
    person.follow("My account")
    assert person.status() == 200
    assert f'"login_id":"{login}"' in person.text() and '"via":"session"' in person.text()

    # The same after a restart of the browser, by the remember cookie alone.
    person.delete_session()
    person.visit(news)
    person.follow("My account")
    assert person.status() == 200
    assert f'"login_id":"{login}"' in person.text() and '"via":"remember"' in person.text()
    assert session(person, server)["via"] == "session"


def test_signs_in_on_the_way_from_another_site(person, page_with_message, site):
    base = page_with_message.url
    site["/"] = f'<!DOCTYPE html><title>News</title><a href="{base}/page?of=news">Read</a>'
    person.visit(f"http://localhost:{site['port']}/")
    person.follow("Read")
    assert person.url == base + "/login"
    assert "Sign in first." in person.text()
    person.press("Sign in")
    assert person.url == base + "/page?of=news"
    assert "Signed in as panther." in person.text()


@pytest.mark.parametrize(
    "host, answer",
    [
        ("localhost", "HTTP Authentication failed; no valid credentials available"),
        ("127.0.0.1", "Unexpected response code: 403"),
        (None, "Unexpected response code: 200"),
    ],
)
def test_another_site_opens_no_websocket_as_this_browser(person, server, site, host, answer):
    """The server has no WebSockets, so even to its own pages it only says who asks, which is the answer that counts."""
    sign_in(person, server)
    person.allow_scripts_to_connect()
    site["/"] = "<!DOCTYPE html><title>A game</title>"
    person.visit(f"http://{host}:{site['port']}/" if host else server.url + "/account")
    person.complaints()
    person.run(
        "const socket = new WebSocket(arguments[0]); await new Promise(done => socket.onerror = done)",
        server.url.replace("http:", "ws:") + "/who_am_i",
    )
    [message] = person.wait(
        lambda: [text for text in person.complaints() if "WebSocket" in text], "the console names no answer"
    )
    assert answer in message
