"""Another service, written with Flask-JWT-Extended, that shares our key: it accepts our tokens, and we its, if we are told to."""

import pytest
from flask import Flask, jsonify
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    get_jwt,
    get_jwt_identity,
    jwt_required,
)

from client import PANTHER, Client, assert_problem, assert_silent, bearer, refresh, tokens


def flask_client(secret, audience="tollbridge"):
    app = Flask(__name__)
    app.config.update(
        JWT_SECRET_KEY=secret,
        JWT_DECODE_AUDIENCE=audience,
        JWT_DECODE_ISSUER="tollbridge",
        JWT_TOKEN_LOCATION=["headers", "json"],
    )
    JWTManager(app)

    @app.route("/protected", methods=["GET", "POST"])
    @jwt_required()
    def protected():
        return jsonify(identity=get_jwt_identity(), login=get_jwt()["sid"])

    @app.get("/fresh")
    @jwt_required(fresh=True)
    def fresh():
        return jsonify(identity=get_jwt_identity())

    @app.post("/refresh")
    @jwt_required(refresh=True)
    def refreshing():
        return jsonify(identity=get_jwt_identity())

    return app.test_client()


@pytest.fixture
def flask(secret):
    return flask_client(secret)


@pytest.fixture
def pair(client):
    return tokens(client.log_in())


def test_accepts_the_access_token_in_the_header(flask, client, pair):
    response = flask.get("/protected", headers=bearer(pair["access_token"]))
    assert response.status_code == 200, response.text
    login_id = client.get("/session", headers=bearer(pair["access_token"])).json()["login_id"]
    assert response.json == {"identity": "2", "login": login_id}


def test_accepts_the_access_token_in_a_json_body(flask, pair):
    response = flask.post("/protected", json={"access_token": pair["access_token"]})
    assert response.status_code == 200, response.text
    assert response.json["identity"] == "2"


def test_accepts_the_refresh_token_where_one_is_wanted(flask, pair):
    response = flask.post("/refresh", headers=bearer(pair["refresh_token"]))
    assert response.status_code == 200, response.text
    assert response.json == {"identity": "2"}


def test_tells_the_two_types_apart(flask, pair):
    assert flask.get("/protected", headers=bearer(pair["refresh_token"])).status_code == 422
    assert flask.post("/refresh", headers=bearer(pair["access_token"])).status_code == 422


def test_sees_whether_a_token_is_fresh(flask, client, pair):
    assert flask.get("/fresh", headers=bearer(pair["access_token"])).status_code == 200
    refreshed = tokens(refresh(client, pair["refresh_token"]))
    assert flask.get("/protected", headers=bearer(refreshed["access_token"])).status_code == 200
    stale = flask.get("/fresh", headers=bearer(refreshed["access_token"]))
    assert stale.status_code == 401
    assert stale.json["msg"] == "Fresh token required"


def test_refuses_our_token_with_another_key_or_audience(secret, pair):
    for stranger in (flask_client(secret[::-1]), flask_client(secret, audience="another")):
        assert stranger.get("/protected", headers=bearer(pair["access_token"])).status_code == 422


@pytest.fixture
def issue(secret):
    """Makes tokens as a Flask application does that knows nothing of us: without issuer, audience and login."""
    app = Flask(__name__)

    def issue(create, *arguments, key=secret, **claims):
        app.config["JWT_SECRET_KEY"] = key
        app.extensions.get("flask-jwt-extended") or JWTManager(app)
        with app.app_context():
            return create(*arguments, additional_claims=claims)

    return issue


def test_we_accept_its_tokens_if_we_are_told_to(demo, issue):
    server = demo(TOKEN__ACCEPT_FLASK_JWT_EXTENDED="true")
    with Client(server.url) as client:
        token = issue(create_access_token, "2", True)
        response = client.get("/who_am_i", headers=bearer(token))
        assert (response.status_code, response.json()) == (200, PANTHER), response.text
        assert_silent(response)
        assert client.post("/who_am_i", json={"access_token": token}).json() == PANTHER
        session = client.get("/session", headers=bearer(token)).json()
        assert (session["via"], session["fresh"], session["login_id"]) == ("token", True, None)
        # Ours are accepted as before.
        assert client.get("/who_am_i", headers=bearer(tokens(client.log_in())["access_token"])).json() == PANTHER

        wrong_type = client.get("/who_am_i", headers=bearer(issue(create_refresh_token, "2")))
        assert_problem(wrong_type, 401, "token_wrong_type")
        assert_problem(client.get("/who_am_i", headers=bearer(issue(create_access_token, "99"))), 401, "user_not_found")
        assert_problem(
            client.get("/who_am_i", headers=bearer(issue(create_access_token, "2", exp=1))), 401, "token_expired"
        )
        another = issue(create_access_token, "2", key="another secret that has thirty-two bytes or more")
        assert_problem(client.get("/who_am_i", headers=bearer(another)), 401, "token_invalid")
        # It belongs to no login: there is nothing to end, and nothing to refresh.
        assert_problem(client.post("/logout", headers=bearer(token)), 400, "credential_conflict")
        assert_problem(
            client.post("/refresh", headers=bearer(issue(create_refresh_token, "2"))), 400, "credential_conflict"
        )


def test_we_refuse_its_tokens_otherwise(client, issue):
    assert_problem(client.get("/who_am_i", headers=bearer(issue(create_access_token, "2"))), 401, "token_invalid")
