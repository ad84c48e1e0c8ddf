"""Two other services that verify our tokens, of every template and with every kind of key: one in Python, one in JavaScript."""

import base64
import json
import pathlib
import subprocess

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from client import PANTHER, Client, tokens
from pages import NAME

HERE = pathlib.Path(__file__).parent
ISSUER = "https://login.example"
OURS = "tollbridge"
BILLING = "https://billing.example"
TEMPLATES = {
    "TEMPLATES__BILLING__AUDIENCE": BILLING,
    "TEMPLATES__BILLING__ACCESS_TTL": "2m",
    "TEMPLATES__BILLING__CLAIMS": "name=full_name,login=username",
    "TEMPLATES__NOTES__SCOPE": "notes:read,notes:write",
}
PRIVATE_KEYS = {
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "RS256": lambda: rsa.generate_private_key(public_exponent=65537, key_size=3072),
}


def by_pyjwt(token, algorithm, key, audience):
    secret = key.get("secret")
    if secret is None:
        kid = jwt.get_unverified_header(token)["kid"]
        secret = jwt.PyJWKSet.from_dict(key["jwks"])[kid].key
    return jwt.decode(token, secret, algorithms=[algorithm], audience=audience, issuer=ISSUER)


def by_jose(token, algorithm, key, audience):
    question = {"token": token, "algorithms": [algorithm], "audience": audience, "issuer": ISSUER, **key}
    done = subprocess.run(
        ["node", HERE / "verify.mjs"], input=json.dumps(question), capture_output=True, text=True, timeout=30, check=True
    )
    answer = json.loads(done.stdout)
    if "code" in answer:
        raise jwt.InvalidTokenError(answer)
    return answer["payload"]


@pytest.fixture(params=["HS256", *PRIVATE_KEYS])
def signed(request, start, secret, tmp_path):
    """A signed-in client of a server with this algorithm, and what the other services know of its key."""
    algorithm, key = request.param, {"secret": secret}
    if algorithm == "HS256":
        settings = {"TOKEN__SECRET": base64.urlsafe_b64encode(secret.encode()).rstrip(b"=").decode()}
    else:
        pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        private = PRIVATE_KEYS[algorithm]().private_bytes(pem, pkcs8, serialization.NoEncryption())
        file = tmp_path / "signing.pem"
        file.touch(mode=0o600)
        file.write_bytes(private)
        settings = {"TOKEN__ALGORITHM": algorithm, "TOKEN__PRIVATE_KEY_FILE": str(file)}
    server = start("--demo", TOKEN__ISSUER=ISSUER, **TEMPLATES, **settings)
    with Client(server.url) as client:
        if algorithm != "HS256":
            key = {"jwks": client.get("/.well-known/jwks.json").json()}
        assert client.log_in(mode="session").status_code == 200
        yield client, algorithm, key


@pytest.mark.parametrize("verify", [by_pyjwt, by_jose])
def test_tokens_of_every_template_are_verified_by_others(signed, verify):
    client, algorithm, key = signed
    login = client.get("/session").json()["login_id"]
    for template, audience, more in [
        (None, OURS, {}),
        ("billing", BILLING, {"name": NAME, "login": PANTHER["username"]}),
        ("notes", OURS, {"scope": "notes:read notes:write"}),
    ]:
        token = tokens(client.post("/token", json={"template": template}))["access_token"]
        claims = verify(token, algorithm, key, audience)
        assert (claims["sub"], claims["sid"], claims["fresh"]) == (str(PANTHER["id"]), login, True)
        assert {name: claims.get(name) for name in more} == more
        for altered in (token[:-8] + "AAAAAAAA", token.replace(".", ".e30", 1)):
            with pytest.raises(jwt.InvalidTokenError):
                verify(altered, algorithm, key, audience)
        with pytest.raises(jwt.InvalidTokenError):
            verify(token, algorithm, key, "https://another.example")
