"""One login that changes its face: an app opens a page in a browser, and a page gets tokens, also for another service."""

import jwt
import pytest

from client import Client, assert_problem, bearer, tokens
from pages import NAME, assert_signed_in, assert_signed_out, form, path, session

BILLING = "https://billing.example"


def link(client, access):
    """A link that takes the login of this token to a browser."""
    made = client.post("/handoff", headers=bearer(access))
    assert made.status_code == 201, made.text
    assert made.json()["expires_in"] == 60
    return made.json()["url"]


def assert_over(client, access):
    refused = client.get("/who_am_i", headers=bearer(access))
    assert_problem(refused, 401, "login_ended", "token_revoked")


def test_an_app_opens_a_page_and_signing_out_there_ends_its_tokens(person, server, client):
    access = tokens(client.log_in())["access_token"]
    login = client.get("/session", headers=bearer(access)).json()["login_id"]
    url = link(client, access)
    for _ in range(2):
        person.visit(url)
        assert f"Continue as {NAME}?" in person.text()
    assert_signed_out(person, server)
    person.visit(url)
    person.press("Continue as panther")
    assert path(person) == "/account"
    assert NAME in person.text()
    assert person.complaints() == []
    assert session(person, server)["login_id"] == login

    person.visit(server.url + "/account")
    person.press("Sign out")
    assert_over(client, access)


def test_a_link_works_once_and_the_page_says_so(person, open_browser, client):
    url = link(client, tokens(client.log_in())["access_token"])
    person.visit(url)
    person.press("Continue as panther")
    other = open_browser("other")
    other.visit(url)
    assert other.status() == 410
    assert "no longer valid" in other.text()


def test_the_button_works_where_a_browser_sends_no_fetch_metadata(person, server, client):
    """It does not over plain HTTP to a name, so the page must not hide its origin."""
    url = link(client, tokens(client.log_in())["access_token"]).replace("127.0.0.1", "app.test")
    person.visit(url)
    person.press("Continue as panther")
    assert path(person) == "/account"
    assert NAME in person.text()


def test_a_page_of_another_site_redeems_nothing(person, server, client, site):
    """Login CSRF: its visitors would go on in an account of the attacker."""
    person.visit(server.url + "/login")
    person.sign_in(username="batman")
    url = link(client, tokens(client.log_in())["access_token"])
    site["/"] = form(url)
    person.visit(f"http://localhost:{site['port']}/")
    person.press("Play")
    assert person.status() == 403
    assert session(person, server)["user"]["username"] == "batman"
    # A link leads to the page, which names the account.
    site["/link"] = f'<!DOCTYPE html><title>A game</title><a href="{url}">Play</a>'
    person.visit(f"http://localhost:{site['port']}/link")
    person.follow("Play")
    assert f"Continue as {NAME}?" in person.text()
    assert "batman" in person.text()
    person.follow("Leave")
    assert session(person, server)["user"]["username"] == "batman"


def test_a_web_view_is_signed_in_at_once_where_it_is_configured_but_not_by_a_link_of_another_site(
    person, open_browser, demo, site
):
    server = demo(LOGIN__HANDOFF_CONFIRM="false")
    with Client(server.url) as client:
        access = tokens(client.log_in())["access_token"]
        person.visit(link(client, access))
        assert path(person) == "/account"
        assert_signed_in(person, server)

        site["/"] = f'<!DOCTYPE html><title>A game</title><a href="{link(client, access)}">Play</a>'
        visitor = open_browser("visitor")
        visitor.visit(f"http://localhost:{site['port']}/")
        visitor.follow("Play")
        assert f"Continue as {NAME}?" in visitor.text()
        assert_signed_out(visitor, server)


@pytest.mark.parametrize("level", ["trace", "debug"])
def test_a_link_is_in_no_log(demo, level):
    server = demo(LOG__LEVEL=level)
    with Client(server.url) as client, Client(server.url) as browser:
        url = link(client, tokens(client.log_in())["access_token"])
        place, code = url.removeprefix(server.url), url.rsplit("/", 1)[1]
        assert len(code) == 22
        for headers in ({}, {"Accept": "text/html"}, {"Origin": "https://evil.example"}, {"Cookie": "tollbridge_session=x"}):
            browser.get(place, headers=headers)
            browser.head(place, headers=headers)
        browser.post(place, headers={"Origin": "https://evil.example"})
        browser.put(place)
        browser.post(place + "/more")
        assert browser.from_page(place, allow_redirects=False).status_code == 303
        assert browser.from_page(place).status_code == 410
        assert code not in client.get("/metrics").text
    server.stop()
    assert "handoff redeemed" in server.log()
    assert code not in server.log()


def test_both_faces_at_once(client, secret):
    pair = tokens(client.log_in(mode="both", remember=True))
    assert set(client.cookies.keys()) == {"tollbridge_session", "tollbridge_remember", "tollbridge_device"}
    claims = jwt.decode(pair["access_token"], secret, algorithms=["HS256"], audience="tollbridge")
    assert claims["sid"] == client.get("/session").json()["login_id"]
    assert client.from_page("/logout").status_code == 204
    assert_over(client, pair["access_token"])


class TestTemplate:
    @pytest.fixture
    def billing(self, demo):
        server = demo(
            TEMPLATES__BILLING__AUDIENCE=BILLING,
            TEMPLATES__BILLING__ACCESS_TTL="2m",
            TEMPLATES__BILLING__CLAIMS="name=full_name,login=username",
        )
        with Client(server.url) as client:
            assert client.log_in(mode="session").status_code == 200
            yield client

    def test_the_other_service_verifies_it(self, billing, secret):
        pair = tokens(billing.post("/token", json={"template": "billing"}))
        access = pair["access_token"]
        assert jwt.get_unverified_header(access)["typ"] == "at+jwt"
        claims = jwt.decode(access, secret, algorithms=["HS256"], audience=BILLING, issuer="tollbridge")
        assert (claims["name"], claims["login"], claims["sub"]) == (NAME, "panther", "2")
        assert claims["exp"] - claims["iat"] == pair["expires_in"] == 120
        assert claims["sid"] == billing.get("/session").json()["login_id"]

    def test_it_is_for_nobody_else(self, billing, secret):
        access = tokens(billing.post("/token", json={"template": "billing"}))["access_token"]
        with pytest.raises(jwt.InvalidAudienceError):
            jwt.decode(access, secret, algorithms=["HS256"], audience="tollbridge")
        with Client(billing.base) as client:
            assert_problem(client.get("/who_am_i", headers=bearer(access)), 401, "token_invalid")
            assert_problem(client.post("/handoff", headers=bearer(access)), 401, "token_invalid")
        own = tokens(billing.post("/token"))["access_token"]
        with pytest.raises(jwt.InvalidAudienceError):
            jwt.decode(own, secret, algorithms=["HS256"], audience=BILLING)
