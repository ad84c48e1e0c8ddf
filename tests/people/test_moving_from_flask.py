"""A Flask application with Flask-JWT-Extended and the same application after its move (examples/from_flask.rs), side by
side: what one of them issues the other accepts, and a request gets the same answer from both."""

import http.cookies
import json
import os
import pathlib
import subprocess
import threading

import pytest
import requests
from flask import Flask, jsonify, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    get_jwt,
    get_jwt_identity,
    jwt_required,
    set_access_cookies,
    set_refresh_cookies,
)
from werkzeug.serving import make_server

import tollbridge
from client import TIMEOUT_SECONDS

EXAMPLE = tollbridge.BINARY.parent / "examples" / "from_flask"
KEYS = json.loads((tollbridge.REPOSITORY / "tests/vectors/flask/jwt_keys.json").read_text())
CREDENTIALS = {"username": "test", "password": "test"}

KEY_CONFIGS = {
    "HS256": {"JWT_SECRET_KEY": "a secret that both applications know about"},
    **{
        algorithm: {
            "JWT_ALGORITHM": algorithm,
            "JWT_PRIVATE_KEY": KEYS[f"{algorithm.lower()}_private"],
            "JWT_PUBLIC_KEY": KEYS[f"{algorithm.lower()}_public"],
        }
        for algorithm in ("RS256", "ES256", "EdDSA")
    },
}


def flask_application(config):
    app = Flask(__name__)
    app.config.update(config)
    jwt = JWTManager(app)
    revoked = set()
    jwt.token_in_blocklist_loader(lambda header, payload: payload["jti"] in revoked)
    jwt.user_lookup_loader(lambda header, payload: payload["sub"] if payload["sub"] == "test" else None)

    @app.post("/login")
    def login():
        user = request.json["username"]
        return jsonify(access_token=create_access_token(user, fresh=True), refresh_token=create_refresh_token(user))

    @app.post("/login_with_cookies")
    def login_with_cookies():
        user = request.json["username"]
        response = jsonify(msg="login successful")
        set_access_cookies(response, create_access_token(user, fresh=True))
        set_refresh_cookies(response, create_refresh_token(user))
        return response

    @app.post("/refresh")
    @jwt_required(refresh=True)
    def refresh():
        return jsonify(access_token=create_access_token(get_jwt_identity()))

    @app.route("/protected", methods=["GET", "POST"])
    @jwt_required()
    def protected():
        return jsonify(logged_in_as=get_jwt_identity())

    @app.get("/fresh")
    @jwt_required(fresh=True)
    def fresh():
        return jsonify(logged_in_as=get_jwt_identity())

    @app.delete("/logout")
    @jwt_required(verify_type=False)
    def logout():
        revoked.add(get_jwt()["jti"])
        return jsonify(msg="token revoked")

    return app


class Application:
    """One of the two, at its address."""

    def __init__(self, url):
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False

    def request(self, method, path, **options):
        # The cookies of a request are those that the test gives it.
        self.session.cookies.clear()
        return self.session.request(method, self.url + path, timeout=TIMEOUT_SECONDS, **options)

    def log_in(self):
        response = self.request("POST", "/login", json=CREDENTIALS)
        assert response.status_code == 200, response.text
        return response.json()

    def log_in_with_cookies(self):
        response = self.request("POST", "/login_with_cookies", json=CREDENTIALS)
        assert response.status_code == 200, response.text
        return response


@pytest.fixture
def pair(request):
    """(the Flask application, the moved one), with one configuration."""
    config = request.param
    server = make_server("127.0.0.1", 0, flask_application(dict(config)), threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    environment = os.environ | {"FLASK_CONFIG": json.dumps(config), "PORT": "0"}
    moved = subprocess.Popen([EXAMPLE], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        line = moved.stdout.readline()
        assert line.startswith("listening on "), line
        applications = Application(f"http://127.0.0.1:{server.port}"), Application(line.split()[-1])
        yield applications
        for application in applications:
            application.session.close()
    finally:
        moved.kill()
        moved.wait()
        moved.stdout.close()
        server.shutdown()
        server.server_close()


def configured(**more):
    """Runs a test once for each kind of key."""
    configs = [config | more for config in KEY_CONFIGS.values()]
    return pytest.mark.parametrize("pair", configs, ids=list(KEY_CONFIGS), indirect=True)


def same_answers(pair, method, path, **options):
    """Sends one request to both, which have to answer the same; the status and the JSON of it."""
    theirs, ours = (application.request(method, path, **options) for application in pair)
    assert (ours.status_code, ours.text.strip()) == (theirs.status_code, theirs.text.strip())
    assert ours.headers["Content-Type"] == theirs.headers["Content-Type"]
    return theirs.status_code, theirs.json()


def bearer(token):
    return {"headers": {"Authorization": f"Bearer {token}"}}


IN = (200, {"logged_in_as": "test"})


@configured()
def test_each_accepts_the_tokens_of_the_other(pair):
    for issuer in pair:
        tokens = issuer.log_in()
        access, refresh = bearer(tokens["access_token"]), bearer(tokens["refresh_token"])
        assert same_answers(pair, "GET", "/protected", **access) == IN
        assert same_answers(pair, "GET", "/fresh", **access) == IN
        assert same_answers(pair, "GET", "/protected", **refresh) == (
            422,
            {"msg": "Only non-refresh tokens are allowed"},
        )
        assert same_answers(pair, "POST", "/refresh", **access) == (422, {"msg": "Only refresh tokens are allowed"})
        for renewer in pair:
            renewed = renewer.request("POST", "/refresh", **refresh)
            assert renewed.status_code == 200, renewed.text
            stale = bearer(renewed.json()["access_token"])
            assert same_answers(pair, "GET", "/protected", **stale) == IN
            assert same_answers(pair, "GET", "/fresh", **stale) == (401, {"msg": "Fresh token required"})


@configured()
def test_each_refuses_what_the_other_refuses(pair):
    theirs, ours = pair
    assert same_answers(pair, "GET", "/protected") == (401, {"msg": "Missing Authorization Header"})
    for issuer in pair:
        token = issuer.log_in()["access_token"]
        signature = token.rpartition(".")[2]
        for changed in (token[:-8] + "AAAAAAAA", token.removesuffix(signature), token + "x", token[1:], token + ".x"):
            status, body = same_answers(pair, "GET", "/protected", **bearer(changed))
            assert status == 422 and body["msg"]
    for application in (theirs, ours):
        token = bearer(application.log_in()["access_token"])
        assert application.request("DELETE", "/logout", **token).json() == {"msg": "token revoked"}
        refused = application.request("GET", "/protected", **token)
        assert (refused.status_code, refused.json()) == (401, {"msg": "Token has been revoked"})


@configured(JWT_TOKEN_LOCATION=["headers", "cookies"])
def test_each_accepts_the_cookies_of_the_other(pair):
    for issuer in pair:
        cookies = issuer.log_in_with_cookies().cookies.get_dict()
        assert set(cookies) == {
            "access_token_cookie",
            "csrf_access_token",
            "refresh_token_cookie",
            "csrf_refresh_token",
        }
        csrf = {"X-CSRF-TOKEN": cookies["csrf_access_token"]}
        refresh_csrf = {"X-CSRF-TOKEN": cookies["csrf_refresh_token"]}
        assert same_answers(pair, "GET", "/protected", cookies=cookies) == IN
        assert same_answers(pair, "POST", "/protected", cookies=cookies, headers=csrf) == IN
        missing = 401, {"msg": "Missing CSRF token"}
        mismatch = 401, {"msg": "CSRF double submit tokens do not match"}
        assert same_answers(pair, "POST", "/protected", cookies=cookies) == missing
        assert same_answers(pair, "POST", "/protected", cookies=cookies, headers=refresh_csrf) == mismatch
        assert same_answers(pair, "POST", "/refresh", cookies=cookies, headers=csrf) == mismatch
        for renewer in pair:
            renewed = renewer.request("POST", "/refresh", cookies=cookies, headers=refresh_csrf)
            assert renewed.status_code == 200, renewed.text
            assert same_answers(pair, "GET", "/protected", **bearer(renewed.json()["access_token"])) == IN


COOKIE_CONFIGS = {
    "defaults": {},
    "all": {
        "JWT_COOKIE_SECURE": True,
        "JWT_COOKIE_SAMESITE": "Lax",
        "JWT_COOKIE_DOMAIN": "example.com",
        "JWT_SESSION_COOKIE": False,
        "JWT_ACCESS_COOKIE_NAME": "a",
        "JWT_ACCESS_COOKIE_PATH": "/api",
        "JWT_REFRESH_COOKIE_PATH": "/refresh",
        "JWT_ACCESS_CSRF_COOKIE_NAME": "a_csrf",
        "JWT_REFRESH_CSRF_COOKIE_PATH": "/somewhere",
    },
    "no_csrf": {"JWT_COOKIE_CSRF_PROTECT": False},
    "csrf_elsewhere": {"JWT_CSRF_IN_COOKIES": False},
}


@pytest.mark.parametrize(
    "pair",
    [{"JWT_TOKEN_LOCATION": ["cookies"]} | KEY_CONFIGS["HS256"] | config for config in COOKIE_CONFIGS.values()],
    ids=list(COOKIE_CONFIGS),
    indirect=True,
)
def test_both_set_the_same_cookies(pair):
    def attributes(response):
        """The cookies of a response: name, attributes, and whether there is a value. `Expires` follows `Max-Age`."""
        found = {}
        for line in response.raw.headers.getlist("Set-Cookie"):
            for name, morsel in http.cookies.SimpleCookie(line).items():
                found[name] = {key: value for key, value in morsel.items() if value and key != "expires"}
                found[name]["has a value"] = bool(morsel.value)
        return found

    theirs, ours = (attributes(application.log_in_with_cookies()) for application in pair)
    assert ours == theirs
