#!/usr/bin/env python3
"""Writes the seeds of every target below fuzz/corpus: the vectors of the tests, in the form that the target takes."""

import base64
import hashlib
import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
VECTORS = ROOT / "tests/vectors"
# The order of `Algorithm::ALL`, by which the first byte of a seed for `pem` chooses.
ALGORITHMS = re.findall(r"Self::(\w+)", re.search(
    r"const ALL: .*?\];", (ROOT / "src/bridge/token/algorithm.rs").read_text(), re.DOTALL)[0])


def lines(name):
    return [json.loads(line) for line in (VECTORS / name).read_text().splitlines()]


def bytes_of(name):
    return [base64.b64decode(line["bytes_b64"]) for line in lines(name)]


def values(tree, name):
    """The texts that go by this name anywhere in a tree, whatever the case of the name."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key.lower() == name and isinstance(value, str):
                yield value
            yield from values(value, name)
    elif isinstance(tree, list):
        for value in tree:
            yield from values(value, name)


def part(token, index):
    try:
        text = token.split(".")[index]
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (IndexError, ValueError):
        return b""


def seeds():
    recordings = [json.loads((VECTORS / "flask" / name).read_text())
                  for name in ("golden_jwt_http.json", "golden_jwt_more.json", "jwt_tokens.json")]
    logins = [json.loads((VECTORS / name).read_text())
              for name in ("golden_login_http_063.json", "golden_login_own_063.json")]
    json_texts = bytes_of("public/json_parsing.jsonl") + bytes_of("public/utf8.jsonl")
    python_texts = bytes_of("flask/python_json.jsonl")
    requests = bytes_of("public/http11probe_requests.jsonl")
    signatures = lines("public/wycheproof_jws.jsonl")
    strings = [text.encode() for text in json.loads((VECTORS / "public/naughty_strings.json").read_text())]
    headers = [text.encode() for tree in recordings for text in values(tree, "authorization")]
    tokens = [line["token"] for line in lines("public/jwt_corpus.jsonl") + signatures if isinstance(line["token"], str)]
    flask_tokens = [text for text in values(recordings, "token")]
    flask_tokens += [text.split()[-1] for tree in recordings for text in values(tree, "authorization") if text.split()]
    cookies = [text.encode() for tree in recordings + logins for text in values(tree, "cookie")]
    queries = [text.partition("?")[2].encode() for tree in recordings for text in values(tree, "path") if "?" in text]
    queries += [text.encode() for tree in recordings for text in values(tree, "query")]
    bodies = [text.encode() for tree in recordings for text in values(tree, "data")]

    yield "api_token", strings
    yield "authorization", headers + strings
    yield "claims", json_texts + [part(token, 1) for token in tokens]
    yield "compact", [token.encode() for token in tokens]
    yield "cookies", cookies + [field for text in requests for field in re.findall(rb"(?mi)^cookie: *(.*)\r$", text)]
    yield "flask_claims", [part(token, 0) + b"\n" + part(token, 1) for token in flask_tokens + tokens]
    yield "flask_places", headers + queries + bodies + python_texts
    yield "flask_token", [token.encode() for token in flask_tokens + tokens]
    yield "form", [b"\x04" + text for text in queries + bodies + strings]
    yield "jose_header", [part(token, 0) for token in tokens] + json_texts
    yield "json_body", [b"\x04" + text for text in json_texts + bodies]
    yield "jwk", [json.dumps(line["verify_key"]).encode() for line in signatures if line.get("verify_key")]
    yield "multipart", [b"multipart/form-data; boundary=b\n\x04" + text for text in bodies + strings]
    yield "next", [line["next"].encode(errors="surrogatepass") for line in lines("public/open_redirect.jsonl")]
    yield "pem", [bytes([index]) + path.read_bytes() for path in (ROOT / "tests/fixtures").glob("*.pem")
                  for index, name in enumerate(ALGORITHMS) if name[:2] in ("RS", "ES", "Ed")]
    yield "python_json", python_texts + json_texts
    yield "query", queries + strings
    yield "remember_cookie", cookies + strings
    yield "session", json_texts


for target, inputs in seeds():
    folder = ROOT / "fuzz/corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    kept = [path.read_bytes() for path in (VECTORS / "fuzz" / target).glob("*")]
    for text in inputs + kept:
        (folder / hashlib.sha1(text).hexdigest()).write_bytes(text)
