"""An API client: `requests` to talk and PyJWT to look into our tokens."""

import threading

import jwt
import pytest

from client import PANTHER, PASSWORD, Client, assert_problem, assert_silent, bearer, refresh, tokens

# What a request says whose login is over. Which of the two depends on what the server still knows of it.
OVER = ("login_ended", "token_revoked")


def decode(token, secret, **options):
    return jwt.decode(token, secret, algorithms=["HS256"], audience="tollbridge", issuer="tollbridge", options=options)


def re_signed(token, secret, header=None, **changes):
    """The token with some claims changed, signed by somebody who has the key."""
    claims = decode(token, secret, verify_exp=False) | changes
    return jwt.encode(claims, secret, "HS256", headers=header or jwt.get_unverified_header(token))


def expired(token, secret):
    """The token as it would be if the login were an hour older: past any leeway."""
    claims = decode(token, secret)
    times = {name: claims[name] - 3600 for name in ("iat", "nbf", "exp", "auth_time")}
    return re_signed(token, secret, **times)


def forged(token):
    """The token with one bit of its signature changed."""
    head, payload, signature = token.split(".")
    first = "B" if signature[0] == "A" else "A"
    return f"{head}.{payload}.{first}{signature[1:]}"


@pytest.fixture
def pair(client):
    return tokens(client.log_in())


def both_faces(client, secret):
    """A browser session in `client` and a token pair, both of one login.

    The tokens of a session are signed here, as those of another login with its id.
    """
    with Client(client.base) as other:
        pair = tokens(other.log_in())
    session = client.log_in(mode="session")
    assert session.status_code == 200, session.text
    login_id = client.get("/session").json()["login_id"]
    return {name: re_signed(pair[name], secret, sid=login_id) for name in ("access_token", "refresh_token")}


class TestLogin:
    def test_gives_tokens_and_no_cookie(self, client):
        response = client.log_in()
        pair = tokens(response)
        assert pair["expires_in"] == 15 * 60
        assert pair["access_token"] != pair["refresh_token"]
        assert_silent(response)
        assert not client.cookies

    def test_gives_a_session_cookie_and_no_token_when_asked_for_a_session(self, client):
        response = client.log_in(mode="session")
        assert response.status_code == 200
        assert response.json() == {"user": PANTHER}
        assert set(client.cookies.keys()) == {"tollbridge_session", "tollbridge_device"}
        flags = response.headers["Set-Cookie"].lower()
        assert "httponly" in flags and "samesite=lax" in flags and "path=/" in flags
        assert client.get("/who_am_i").json() == PANTHER

    def test_fails_alike_for_a_wrong_password_and_an_unknown_user(self, client):
        wrong = client.log_in(password="passw0rd")
        unknown = client.log_in(username="nobody")
        assert_problem(wrong, 401, "invalid_credentials")
        assert unknown.status_code == wrong.status_code
        assert unknown.json() == wrong.json()
        assert unknown.headers.get("WWW-Authenticate") == wrong.headers.get("WWW-Authenticate")
        assert_silent(wrong)
        assert_silent(unknown)

    @pytest.mark.parametrize("body", ["{", "[]", '{"username": "panther"}', '{"username": 1, "password": 2}'])
    def test_says_what_is_wrong_with_a_body_it_cannot_read(self, client, body):
        response = client.post("/login", data=body, headers={"Content-Type": "application/json"})
        assert_problem(response, 400, "invalid_request")
        assert "Set-Cookie" not in response.headers


class TestAccessToken:
    def test_is_a_jwt_as_pyjwt_reads_it(self, pair, secret):
        header = jwt.get_unverified_header(pair["access_token"])
        assert header["alg"] == "HS256"
        assert header["typ"] == "at+jwt"
        assert header["kid"]

        claims = decode(pair["access_token"], secret)
        assert list(claims)[:12] == "fresh iat jti type sub nbf exp sid auth_time iss aud gen".split()
        assert claims["fresh"] is True
        assert claims["type"] == "access"
        assert claims["sub"] == "2"
        assert claims["nbf"] == claims["iat"] == claims["auth_time"]
        assert claims["exp"] - claims["iat"] == pair["expires_in"]
        assert claims["iss"] == claims["aud"] == "tollbridge"
        assert claims["jti"] != claims["sid"]

    def test_belongs_to_the_same_login_as_its_refresh_token(self, pair, secret):
        assert jwt.get_unverified_header(pair["refresh_token"])["typ"] == "rt+jwt"
        access, refreshing = (decode(pair[name], secret) for name in ("access_token", "refresh_token"))
        assert refreshing["type"] == "refresh"
        assert refreshing["sid"] == access["sid"]
        assert refreshing["sub"] == access["sub"]
        assert refreshing["jti"] != access["jti"]

    def test_is_refused_by_another_key(self, pair):
        with pytest.raises(jwt.InvalidSignatureError):
            decode(pair["access_token"], "another key, of the sixty-four characters that a key has here..")

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_says_who_i_am_in_the_header(self, client, pair, method):
        response = client.request(method, "/who_am_i", headers=bearer(pair["access_token"]))
        assert response.status_code == 200, response.text
        assert list(response.json().items()) == list(PANTHER.items())
        assert_silent(response)

    def test_says_who_i_am_in_a_json_body(self, client, pair):
        response = client.post("/who_am_i", json={"access_token": pair["access_token"]})
        assert response.status_code == 200, response.text
        assert response.json() == PANTHER
        assert_silent(response)

    def test_is_how_the_request_is_authenticated(self, client, pair, secret):
        response = client.get("/session", headers=bearer(pair["access_token"]))
        assert response.status_code == 200, response.text
        session = response.json()
        claims = decode(pair["access_token"], secret)
        assert session["user"] == PANTHER
        assert (session["via"], session["location"], session["fresh"]) == ("token", "header", True)
        assert session["login_id"] == claims["sid"]
        assert_silent(response)

    def test_in_the_body_of_a_get_is_no_credential(self, client, pair):
        response = client.request("GET", "/session", json={"access_token": pair["access_token"]})
        assert_problem(response, 401, "login_required")

    def test_twice_and_different_is_ambiguous(self, client, pair):
        other = tokens(client.log_in())
        response = client.post(
            "/who_am_i", headers=bearer(pair["access_token"]), json={"access_token": other["access_token"]}
        )
        assert_problem(response, 400, "invalid_request")
        assert_silent(response)


class TestRefusal:
    """A token that is presented and not good: always 401, never silence, never somebody else's face."""

    BAD = {
        "not a token": lambda pair, secret: ("zoo", "token_invalid"),
        "forged": lambda pair, secret: (forged(pair["access_token"]), "token_invalid"),
        "expired": lambda pair, secret: (expired(pair["access_token"], secret), "token_expired"),
        "a refresh token": lambda pair, secret: (pair["refresh_token"], "token_wrong_type"),
        "unsigned": lambda pair, secret: (
            jwt.encode(decode(pair["access_token"], secret), None, "none", headers={"typ": "at+jwt"}),
            "token_invalid",
        ),
        "for somebody else": lambda pair, secret: (
            re_signed(pair["access_token"], secret, aud="another"),
            "token_invalid",
        ),
        "by somebody else": lambda pair, secret: (re_signed(pair["access_token"], secret, iss="another"), "token_invalid"),
        "of Flask-JWT-Extended": lambda pair, secret: (
            re_signed(pair["access_token"], secret, header={"typ": "JWT"}),
            "token_invalid",
        ),
    }

    @pytest.fixture(params=BAD.values(), ids=BAD.keys())
    def bad(self, request, pair, secret):
        return request.param(pair, secret)

    @pytest.mark.parametrize("location", ["header", "json"])
    def test_with_a_live_session_is_401_and_the_session_lives_on(self, client, another_client, bad, location):
        token, code = bad
        browser = another_client
        assert browser.log_in(username="batman", mode="session").status_code == 200
        before = list(browser.cookies)

        if location == "header":
            response = browser.get("/who_am_i", headers=bearer(token))
        else:
            response = browser.post("/who_am_i", json={"access_token": token})
        assert_problem(response, 401, code)
        assert_silent(response)
        challenge = response.headers["WWW-Authenticate"]
        assert challenge.startswith("Bearer ")
        assert 'error="invalid_token"' in challenge

        assert list(browser.cookies) == before
        assert browser.get("/who_am_i").json()["username"] == "batman"

    def test_without_any_credential_says_how_to_bring_one(self, client):
        response = client.get("/who_am_i")
        assert_problem(response, 401, "login_required")
        challenge = response.headers["WWW-Authenticate"]
        assert challenge.startswith("Bearer")
        assert "error=" not in challenge

    def test_another_scheme_is_no_token(self, client):
        assert client.log_in(mode="session").status_code == 200
        response = client.get("/who_am_i", headers={"Authorization": "Basic cGFudGhlcjpwYXNzd29yZA=="})
        assert response.json() == PANTHER


class TestRefresh:
    @pytest.mark.parametrize("location", ["header", "json"])
    def test_gives_a_new_pair_of_the_same_login(self, client, pair, secret, location):
        if location == "header":
            response = client.post("/refresh", headers=bearer(pair["refresh_token"]))
        else:
            response = refresh(client, pair["refresh_token"])
        new = tokens(response)
        assert_silent(response)
        assert new["refresh_token"] != pair["refresh_token"]
        old_claims, claims = (decode(one["access_token"], secret) for one in (pair, new))
        assert claims["sid"] == old_claims["sid"]
        assert claims["auth_time"] == old_claims["auth_time"]
        assert claims["fresh"] is False
        assert client.get("/who_am_i", headers=bearer(new["access_token"])).json() == PANTHER

    def test_takes_no_access_token(self, client, pair):
        response = client.post("/refresh", headers=bearer(pair["access_token"]))
        assert_problem(response, 401, "token_wrong_type")
        assert_silent(response)

    def test_gives_racers_the_same_successor(self, client, pair):
        start = threading.Barrier(8)
        answers = []

        def race():
            start.wait()
            with Client(client.base) as racer:
                answers.append(refresh(racer, pair["refresh_token"]))

        racers = [threading.Thread(target=race) for _ in range(start.parties)]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join()

        assert len(answers) == len(racers)
        successors = {tokens(answer)["refresh_token"] for answer in answers}
        assert len(successors) == 1
        tokens(refresh(client, successors.pop()))

    def test_reuse_after_the_grace_ends_both_faces_of_the_login(self, demo, secret):
        server = demo(TOKEN__REFRESH_GRACE="0s")
        with Client(server.url) as thief, Client(server.url) as owner, Client(server.url) as bystander:
            first = both_faces(owner, secret)
            other_login = both_faces(bystander, secret)
            second = tokens(refresh(owner, first["refresh_token"]))
            third = tokens(refresh(owner, second["refresh_token"]))

            reused = refresh(thief, first["refresh_token"])
            assert_problem(reused, 401, "token_reused")
            assert_silent(reused)

            for access_token in (pair["access_token"] for pair in (first, second, third)):
                assert_problem(thief.get("/who_am_i", headers=bearer(access_token)), 401, *OVER)
            after = refresh(thief, third["refresh_token"])
            assert_problem(after, 401, *OVER, "token_reused")
            assert_problem(owner.get("/who_am_i"), 401, "login_ended", "login_required")

            assert bystander.get("/who_am_i").json() == PANTHER
            assert thief.get("/who_am_i", headers=bearer(other_login["access_token"])).json() == PANTHER


class TestLogout:
    @pytest.mark.parametrize("location", ["header", "json"])
    def test_takes_the_refresh_token_alone(self, client, another_client, secret, location):
        pair = both_faces(client, secret)
        if location == "header":
            response = another_client.post("/logout", headers=bearer(pair["refresh_token"]))
        else:
            response = another_client.post("/logout", json={"refresh_token": pair["refresh_token"]})
        assert response.status_code == 204, response.text
        assert_silent(response)
        self.assert_over(client, another_client, pair)

    def test_takes_the_access_token(self, client, another_client, secret):
        pair = both_faces(client, secret)
        response = another_client.post("/logout", headers=bearer(pair["access_token"]))
        assert response.status_code == 204, response.text
        assert_silent(response)
        self.assert_over(client, another_client, pair)

    def test_takes_an_expired_access_token_of_a_live_login(self, client, another_client, secret):
        pair = both_faces(client, secret)
        stale = expired(pair["access_token"], secret)
        assert_problem(another_client.get("/who_am_i", headers=bearer(stale)), 401, "token_expired")
        response = another_client.post("/logout", headers=bearer(stale))
        assert response.status_code == 204, response.text
        assert_silent(response)
        self.assert_over(client, another_client, pair)

    def test_takes_the_session_cookie(self, client, another_client, secret):
        pair = both_faces(client, secret)
        response = client.from_page("/logout")
        assert response.status_code == 204, response.text
        assert set(client.cookies.keys()) <= {"tollbridge_device"}
        self.assert_over(client, another_client, pair)

    def test_ends_this_login_alone(self, client, another_client):
        mine, other = tokens(client.log_in()), tokens(client.log_in())
        assert client.post("/logout", headers=bearer(mine["access_token"])).status_code == 204
        assert_problem(client.get("/who_am_i", headers=bearer(mine["access_token"])), 401, *OVER)
        assert another_client.get("/who_am_i", headers=bearer(other["access_token"])).json() == PANTHER

    @pytest.mark.parametrize(("scope", "mine_lives"), [("others", True), ("all", False)])
    def test_ends_the_logins_that_the_scope_names(self, client, scope, mine_lives):
        mine, other = tokens(client.log_in()), tokens(client.log_in())
        stranger = tokens(client.log_in(username="batman"))
        response = client.post("/logout", headers=bearer(mine["access_token"]), json={"scope": scope})
        assert response.status_code == 204, response.text
        assert_problem(client.get("/who_am_i", headers=bearer(other["access_token"])), 401, *OVER)
        assert client.get("/who_am_i", headers=bearer(mine["access_token"])).ok is mine_lives
        assert client.get("/who_am_i", headers=bearer(stranger["access_token"])).json()["username"] == "batman"

    @staticmethod
    def assert_over(browser, api, pair):
        assert_problem(api.get("/who_am_i", headers=bearer(pair["access_token"])), 401, *OVER)
        assert_problem(refresh(api, pair["refresh_token"]), 401, *OVER)
        assert_problem(browser.get("/who_am_i"), 401, "login_required", "login_ended")


def test_a_password_change_needs_the_password_and_ends_the_other_logins(client, another_client):
    assert client.log_in(mode="session").status_code == 200
    other = tokens(another_client.log_in())
    wrong = client.from_page("/account/password", data={"current_password": "guess", "new_password": "correct horse"})
    assert wrong.status_code == 401, wrong.text
    tokens(another_client.log_in(password=PASSWORD))

    done = client.from_page("/account/password", data={"current_password": PASSWORD, "new_password": "correct horse"})
    assert done.ok, done.text
    assert client.get("/who_am_i").json() == PANTHER
    assert_problem(another_client.get("/who_am_i", headers=bearer(other["access_token"])), 401, *OVER)
    assert_problem(another_client.log_in(password=PASSWORD), 401, "invalid_credentials")
    tokens(another_client.log_in(password="correct horse"))


def test_the_key_set_holds_no_shared_key(client):
    response = client.get("/.well-known/jwks.json")
    assert response.status_code == 200
    assert response.json() == {"keys": []}
