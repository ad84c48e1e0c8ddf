"""An HTTP client as somebody writes it in an afternoon with `requests`."""

import requests

TIMEOUT_SECONDS = 15

PANTHER = {"id": 2, "full_name": "Ann Takamaki", "username": "panther"}
PASSWORD = "password"


class Client(requests.Session):
    """A `requests.Session` that knows the server's address; it keeps cookies, so it can play a browser too."""

    def __init__(self, base):
        super().__init__()
        self.base = base
        self.trust_env = False  # no proxies, no ~/.netrc

    def request(self, method, url, **options):
        options.setdefault("timeout", TIMEOUT_SECONDS)
        return super().request(method, self.base + url, **options)

    def log_in(self, username="panther", password=PASSWORD, **more):
        """`POST /login` with a JSON body."""
        return self.post("/login", json={"username": username, "password": password, **more})

    def from_page(self, path, **options):
        """A POST as a page of the server itself sends it: with its own origin."""
        return self.post(path, headers={"Origin": self.base, **options.pop("headers", {})}, **options)


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def refresh(client, refresh_token):
    return client.post("/refresh", json={"refresh_token": refresh_token})


def tokens(response):
    """The token pair of a response that must hold one."""
    assert response.status_code == 200, response.text
    pair = response.json()
    assert set(pair) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert pair["token_type"] == "Bearer"
    return pair


def assert_silent(response):
    """What holds for every response to a request with a token, and for every response that brings tokens."""
    assert "Set-Cookie" not in response.headers
    assert "no-store" in response.headers["Cache-Control"]


def assert_problem(response, status, *codes):
    """The shape of every JSON error (RFC 9457), with one of `codes`."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"].split(";")[0] == "application/problem+json"
    problem = response.json()
    assert {"type", "title", "status", "detail", "code", "msg"} <= set(problem)
    assert problem["status"] == status
    assert problem["msg"] == problem["detail"] != ""
    assert problem["code"] in codes
    return problem
