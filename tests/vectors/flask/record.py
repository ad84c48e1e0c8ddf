"""Records what Flask-JWT-Extended 4.7.4 answers, in the form of golden_jwt_http.json, whose tokens it uses.

    python3.11 -m venv venv && venv/bin/pip install -r tests/people/requirements.txt
    venv/bin/python tests/vectors/flask/record.py > tests/vectors/flask/golden_jwt_more.json

The cases are chosen to go where golden_jwt_http.json does not: every token everywhere, every key of the configuration
that a request can show, every loader.
"""

import json
import pathlib
import sys
from importlib.metadata import version

from flask import Flask, Response, jsonify, request
from flask_jwt_extended import (
    JWTManager,
    current_user,
    get_jwt,
    get_jwt_identity,
    get_jwt_request_location,
    jwt_required,
)

HERE = pathlib.Path(__file__).parent
GOLDEN = json.loads((HERE / "golden_jwt_http.json").read_text())
KEYS = json.loads((HERE / "jwt_keys.json").read_text())
TOKENS = GOLDEN["tokens"]
SECRET = GOLDEN["secret_key"]

ERROR_LOADERS = [
    "unauthorized",
    "invalid_token",
    "expired_token",
    "needs_fresh_token",
    "revoked_token",
    "token_verification_failed",
    "user_lookup_error",
]
EVERY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def application(config, hooks):
    app = Flask(__name__)
    app.config.update(JWT_SECRET_KEY=SECRET)
    algorithm = (config.get("JWT_ALGORITHM") or "HS256").lower()
    if not algorithm.startswith("hs"):
        app.config.update(JWT_PRIVATE_KEY=KEYS[f"{algorithm}_private"], JWT_PUBLIC_KEY=KEYS[f"{algorithm}_public"])
    app.config.update(config)
    jwt = JWTManager(app)
    for hook in hooks:
        install(jwt, hook)

    def who():
        return jsonify(
            ok=True, identity=get_jwt_identity(), claims=sorted(get_jwt()), location=get_jwt_request_location()
        )

    def route(path, **options):
        app.add_url_rule(path, path, jwt_required(**options)(who), methods=EVERY_METHOD)

    route("/protected")
    route("/fresh", fresh=True)
    route("/refresh", refresh=True)
    route("/optional", optional=True)
    route("/notype", verify_type=False)
    route("/refresh_fresh", refresh=True, fresh=True)
    route("/optional_fresh", optional=True, fresh=True)
    route("/skip", skip_revocation_check=True)
    route("/headers_only", locations="headers")
    route("/hj", locations=["headers", "json"])
    app.add_url_rule("/user", "user", jwt_required()(lambda: jsonify(user=dict(current_user))), methods=EVERY_METHOD)
    app.add_url_rule("/opts", "opts", jwt_required()(lambda: "ok"), methods=["GET", "OPTIONS"])
    return app


def install(jwt, hook):
    if hook == "blocklist":
        jwt.token_in_blocklist_loader(lambda header, payload: payload["jti"] == "blocked")
    elif hook == "verify":
        jwt.token_verification_loader(lambda header, payload: payload.get("role") != "bad")
    elif hook == "user":
        jwt.user_lookup_loader(
            lambda header, payload: None if payload["sub"] == "ghost" else {"id": str(payload["sub"])}
        )
    elif hook == "decode_key":
        jwt.decode_key_loader(
            lambda header, payload: SECRET if payload.get("sub") == "42" else "another-secret-of-more-than-32-bytes"
        )
    elif hook in ("unauthorized", "invalid_token"):
        getattr(jwt, f"{hook}_loader")(lambda reason: (jsonify(loader=hook, reason=reason), 418))
    elif hook in ERROR_LOADERS:

        def answer(header, payload):
            return jsonify(loader=hook, alg=header["alg"], claims=sorted(payload)), 418

        getattr(jwt, f"{hook}_loader")(answer)
    else:
        raise ValueError(hook)


CASES = []


def case(name, path="/protected", *, config=None, hooks=(), method="GET", token=None, cookie=None, **given):
    if token is not None:
        given.setdefault("headers", {})["Authorization"] = f"Bearer {TOKENS[token]}"
    if cookie is not None:
        given.setdefault("headers", {})["Cookie"] = cookie
    sent = {
        "method": method,
        "path": path,
        "query": None,
        "headers": {},
        "json": None,
        "form": None,
        "data": None,
        "content_type": None,
    }
    sent.update(given)
    config = config or {}
    client = application(json.loads(json.dumps(config)), hooks).test_client(use_cookies=False)
    arguments = {
        "method": method,
        "query_string": sent["query"],
        "headers": sent["headers"],
        "content_type": sent["content_type"],
    }
    for body in ("json", "data"):
        if sent[body] is not None:
            arguments[body] = sent[body]
    if sent["form"] is not None:
        arguments["data"] = sent["form"]
    answer = client.open(path, **arguments)
    broken = answer.status_code == 500
    CASES.append(
        {
            "name": name,
            "config": config,
            "hooks": list(hooks),
            "request": sent,
            "response": {
                "status": answer.status_code,
                "content_type": answer.headers["Content-Type"],
                "www_authenticate": answer.headers.get("WWW-Authenticate"),
                "body": "<500>" if broken else answer.text,
            },
        }
    )


def access(token="access"):
    return f"access_token_cookie={TOKENS[token]}"


def refresh(token="refresh"):
    return f"refresh_token_cookie={TOKENS[token]}"


def tokens_everywhere():
    for token in TOKENS:
        case(f"tok_{token}", token=token)
        case(f"decode_aud_{token}", token=token, config={"JWT_DECODE_AUDIENCE": "api"})
        case(f"decode_iss_{token}", token=token, config={"JWT_DECODE_ISSUER": "me"})
        case(f"cookie_{token}", cookie=access(token), config={"JWT_TOKEN_LOCATION": ["cookies"]})
        case(f"all_hooks_{token}", token=token, hooks=["blocklist", "verify", "user"])
        case(f"all_loaders_{token}", "/fresh", token=token, hooks=["blocklist", "verify", "user", *ERROR_LOADERS])
    for path in ("fresh", "refresh", "optional", "notype", "refresh_fresh", "optional_fresh", "skip", "user"):
        for token in (*TOKENS, None):
            hooks = ["blocklist", "user"] if path in ("skip", "user") else []
            case(f"{path}__{token or 'none'}", f"/{path}", token=token, hooks=hooks)
    for token in ("aud", "aud_list", "aud_wrong", "aud_bad", "access"):
        for name, audience in (("list", ["x", "api"]), ("empty_list", []), ("empty", ""), ("web", ["web"])):
            case(f"aud_{name}_{token}", token=token, config={"JWT_DECODE_AUDIENCE": audience})
    for token in ("int_sub", "null_sub", "empty_sub", "no_sub", "sub_unknown"):
        case(f"verify_sub_off_{token}", token=token, config={"JWT_VERIFY_SUB": False})
        case(f"verify_sub_off_user_{token}", "/user", token=token, config={"JWT_VERIFY_SUB": False}, hooks=["user"])
    for claim in ("role", "csrf", "identity"):
        case(f"identity_claim_{claim}", token="verify_fail", config={"JWT_IDENTITY_CLAIM": claim})
    for leeway in (0, 10, 10**10, 0.5):
        for token in ("expired", "nbf_future", "iat_future"):
            case(f"leeway_{leeway}_{token}", token=token, config={"JWT_DECODE_LEEWAY": leeway})
    for algorithms in (["HS512"], ["HS512", "HS256"], ["RS256"], ["HS256", "RS256"]):
        for token in ("access", "hs512", "rs256", "none_alg", "no_alg", "alg_unknown"):
            case(f"algs_{'_'.join(algorithms)}_{token}", token=token, config={"JWT_DECODE_ALGORITHMS": algorithms})
    for algorithm in ("HS512", "RS256", "ES256", "EdDSA"):
        for token in ("access", "hs512", "rs256", "none_alg"):
            case(f"{algorithm}_app_{token}", token=token, config={"JWT_ALGORITHM": algorithm})
    case(
        "rs256_app_all_allowed_rs256",
        token="rs256",
        config={"JWT_ALGORITHM": "RS256", "JWT_DECODE_ALGORITHMS": ["HS256", "RS256"]},
    )


def headers():
    written = {
        "none": None,
        "empty": "",
        "spaces": "   ",
        "commas": ",,",
        "comma_space": ", ",
        "scheme": "Bearer",
        "scheme_space": "Bearer ",
        "scheme_comma": "Bearer,",
        "lower": "bearer {t}",
        "upper": "BEARER {t}",
        "basic": "Basic x",
        "basic_then": "Basic x, Bearer {t}",
        "then_basic": "Bearer {t}, Basic x",
        "twice": "Bearer {t}, Bearer {t}",
        "three_words": "Bearer {t} x",
        "two_spaces": "Bearer  {t}",
        "tab": "Bearer\t{t}",
        "leading": "  Bearer {t}",
        "trailing": "Bearer {t} ",
        "trailing_commas": "Bearer {t},,",
        "leading_comma": ", Bearer {t}",
        "raw": "{t}",
        "raw_comma": "{t},",
        "quoted": 'Bearer "{t}"',
        "no_space": "Bearer{t}",
        "colon": "Bearer: {t}",
        "token_scheme": "Token {t}",
        "inner_comma": "Bearer a,b",
        "jwt": "JWT {t}",
        "non_ascii": "Bearer \xe9",
        "list_no_space": "Basic x,Bearer {t}",
        "nbsp": "Bearer\xa0{t}",
    }
    configs = {
        "": {},
        "_jwt": {"JWT_HEADER_TYPE": "JWT"},
        "_bare": {"JWT_HEADER_TYPE": ""},
        "_x": {"JWT_HEADER_NAME": "X-Access"},
        "_x_bare": {"JWT_HEADER_NAME": "x-access", "JWT_HEADER_TYPE": ""},
    }
    for suffix, config in configs.items():
        for name, value in written.items():
            header = (
                {}
                if value is None
                else {config.get("JWT_HEADER_NAME", "Authorization"): value.format(t=TOKENS["access"])}
            )
            case(f"header_{name}{suffix}", headers=header, config=config)
            if suffix == "":
                case(f"header_{name}_optional", "/optional", headers=dict(header))


def cookies():
    on = {"JWT_TOKEN_LOCATION": ["cookies"]}
    csrf = {"X-CSRF-TOKEN": "csrf-value-1"}
    for method in EVERY_METHOD:
        for path in ("protected", "optional", "refresh", "notype"):
            case(f"cookie_{method}_{path}_none", f"/{path}", method=method, config=on)
            case(
                f"cookie_{method}_{path}_no_csrf",
                f"/{path}",
                method=method,
                config=on,
                cookie=f"{access()}; {refresh()}",
            )
            case(
                f"cookie_{method}_{path}_csrf",
                f"/{path}",
                method=method,
                config=on,
                cookie=f"{access()}; {refresh()}",
                headers=dict(csrf),
            )
            case(
                f"cookie_{method}_{path}_wrong",
                f"/{path}",
                method=method,
                config=on,
                cookie=f"{access()}; {refresh()}",
                headers={"X-CSRF-TOKEN": "x"},
            )
    case("cookie_notype_refresh_cookie", "/notype", config=on, cookie=refresh())
    case("cookie_post_csrf_nonascii", method="POST", config=on, cookie=access(), headers={"X-CSRF-TOKEN": "\xe9"})
    for token in ("no_csrf", "expired", "wrong_key", "expired_no_sub", "blocked", "refresh", "garbage"):
        for name, value in (("missing", None), ("wrong", "x"), ("right", "csrf-value-1")):
            header = {} if value is None else {"X-CSRF-TOKEN": value}
            case(
                f"cookie_post_{token}_csrf_{name}",
                method="POST",
                config=on,
                cookie=access(token),
                headers=header,
                hooks=["blocklist"],
            )
    names = {
        "JWT_ACCESS_COOKIE_NAME": "at",
        "JWT_REFRESH_COOKIE_NAME": "rt",
        "JWT_ACCESS_CSRF_HEADER_NAME": "X-A",
        "JWT_REFRESH_CSRF_HEADER_NAME": "X-R",
        "JWT_ACCESS_CSRF_FIELD_NAME": "fa",
        "JWT_REFRESH_CSRF_FIELD_NAME": "fr",
        "JWT_CSRF_CHECK_FORM": True,
        **on,
    }
    both = f"at={TOKENS['access']}; rt={TOKENS['refresh']}"
    for path in ("protected", "refresh"):
        case(f"cookie_named_{path}", f"/{path}", config=names, cookie=both)
        case(f"cookie_named_{path}_missing", f"/{path}", config=names, cookie=f"{access()}; {refresh()}")
        for header in ("X-A", "X-R", "X-CSRF-TOKEN"):
            case(
                f"cookie_named_{path}_post_{header}",
                f"/{path}",
                method="POST",
                config=names,
                cookie=both,
                headers={header: "csrf-value-1"},
            )
        for field in ("fa", "fr", "csrf_token"):
            case(
                f"cookie_named_{path}_post_{field}",
                f"/{path}",
                method="POST",
                config=names,
                cookie=both,
                form={field: "csrf-value-1"},
            )
    form = {"JWT_CSRF_CHECK_FORM": True, **on}
    case("cookie_form_empty", method="POST", config=form, cookie=access(), form={"csrf_token": ""})
    case(
        "cookie_form_and_wrong_header",
        method="POST",
        config=form,
        cookie=access(),
        form={"csrf_token": "csrf-value-1"},
        headers={"X-CSRF-TOKEN": "x"},
    )
    case(
        "cookie_form_and_empty_header",
        method="POST",
        config=form,
        cookie=access(),
        form={"csrf_token": "csrf-value-1"},
        headers={"X-CSRF-TOKEN": ""},
    )
    case("cookie_form_as_json", method="POST", config=form, cookie=access(), json={"csrf_token": "csrf-value-1"})
    case(
        "cookie_form_put",
        method="PUT",
        config=form,
        cookie=access(),
        form={"csrf_token": "csrf-value-1", "more": "é &="},
    )
    for methods in (["GET"], ["POST"], []):
        for method in ("GET", "POST", "DELETE"):
            case(
                f"cookie_methods_{''.join(methods)}_{method}",
                method=method,
                config={"JWT_CSRF_METHODS": methods, **on},
                cookie=access(),
            )
    off = {"JWT_COOKIE_CSRF_PROTECT": False, **on}
    case("cookie_protect_off_wrong", method="POST", config=off, cookie=access(), headers={"X-CSRF-TOKEN": "x"})
    case("cookie_other", config=on, cookie="other=1; another=2")
    case("cookie_in_header_config", cookie=access())


def queries():
    on = {"JWT_TOKEN_LOCATION": ["query_string"]}
    for suffix, config in (
        ("", {}),
        ("_named", {"JWT_QUERY_STRING_NAME": "t"}),
        ("_prefix", {"JWT_QUERY_STRING_VALUE_PREFIX": "Bearer "}),
    ):
        for name, query in {
            "none": None,
            "jwt": {"jwt": TOKENS["access"]},
            "t": {"t": TOKENS["access"]},
            "prefixed": {"jwt": f"Bearer {TOKENS['access']}"},
            "prefix_only": {"jwt": "Bearer "},
            "refresh": {"jwt": TOKENS["refresh"]},
            "garbage": {"jwt": "gar bage"},
            "non_ascii": {"jwt": "é"},
            "other": {"x": "1"},
        }.items():
            case(f"query_{name}{suffix}", config={**on, **config}, query=query)
            case(f"query_{name}{suffix}_optional", "/optional", config={**on, **config}, query=query)
    case("query_post", method="POST", config=on, query={"jwt": TOKENS["access"]})


def bodies():
    on = {"JWT_TOKEN_LOCATION": ["json"]}
    bodies = {
        "access": {"access_token": TOKENS["access"]},
        "both": {"access_token": TOKENS["access"], "refresh_token": TOKENS["refresh"]},
        "refresh": {"refresh_token": TOKENS["refresh"]},
        "empty": {},
        "zero": {"access_token": 0},
        "five": {"access_token": 5},
        "float": {"access_token": 1.5},
        "true": {"access_token": True},
        "false": {"access_token": False},
        "list": {"access_token": ["x"]},
        "empty_list": {"access_token": []},
        "object": {"access_token": {"a": 1}},
        "empty_object": {"access_token": {}},
        "empty_text": {"access_token": ""},
        "garbage": {"access_token": "garbage"},
        "non_ascii": {"access_token": "é"},
        "more": {"x": [1, {"access_token": "y"}], "access_token": TOKENS["access"]},
        "expired": {"access_token": TOKENS["expired"]},
        "not_object_list": ["x"],
        "not_object_text": "abc",
        "not_object_number": 5,
        "not_object_true": True,
        "nothing_list": [],
        "nothing_text": "",
        "nothing_number": 0,
        "nothing_false": False,
    }
    for name, body in bodies.items():
        for path in ("protected", "refresh", "optional", "notype"):
            case(f"json_{path}_{name}", f"/{path}", method="POST", config=on, json=body)
    for method in EVERY_METHOD:
        case(f"json_{method}", method=method, config=on, json={"access_token": TOKENS["access"]})
    written = '{"access_token": "%s"}' % TOKENS["access"]
    for name, content_type in {
        "none": None,
        "plain": "text/plain",
        "json": "application/json",
        "upper": "APPLICATION/JSON",
        "charset": "application/json; charset=utf-8",
        "latin1": "application/json; charset=latin-1",
        "vendor": "application/vnd.api+json",
        "problem": "application/problem+json; x=y",
        "text_json": "text/json",
        "plus_only": "application/+json",
        "plus_xml": "application/json+xml",
        "jsonp": "application/jsonp",
        "image_json": "image/svg+json",
        "form": "application/x-www-form-urlencoded",
        "empty": "",
        "semicolon": "application/json;",
    }.items():
        case(f"json_type_{name}", method="POST", config=on, data=written, content_type=content_type)
    for name, data in {
        "empty": "",
        "space": " ",
        "null": "null",
        "broken": '{"access_token": ',
        "not_json": "hello",
        "trailing": written + " x",
        "twice": '{"access_token": "x", "access_token": "%s"}' % TOKENS["access"],
        "escaped": '{"access\\u005ftoken": "%s"}' % TOKENS["access"],
        "nan": '{"a": NaN, "access_token": "%s"}' % TOKENS["access"],
        "bom": "\ufeff" + written,
        "huge": '{"a": 1%s, "access_token": "%s"}' % ("0" * 400, TOKENS["access"]),
        "comment": written + " // x",
        "surrogate": '{"a": "\\ud800", "access_token": "%s"}' % TOKENS["access"],
    }.items():
        case(f"json_data_{name}", method="POST", config=on, data=data, content_type="application/json")
    named = {"JWT_JSON_KEY": "at", "JWT_REFRESH_JSON_KEY": "rt", **on}
    for path in ("protected", "refresh"):
        for key in ("at", "rt", "access_token"):
            token = TOKENS["access" if path == "protected" else "refresh"]
            case(f"json_named_{path}_{key}", f"/{path}", method="POST", config=named, json={key: token})


def places():
    every = ["headers", "cookies", "query_string", "json"]
    good, bad = TOKENS["access"], TOKENS["garbage"]
    for order in (
        every,
        every[::-1],
        ["cookies", "headers"],
        ["json", "headers"],
        ["query_string", "cookies"],
        ["headers", "headers"],
    ):
        name, config = "_".join(order), {"JWT_TOKEN_LOCATION": order}
        for method in ("GET", "POST"):
            case(f"places_{name}_{method}_none", method=method, config=config)
            case(f"places_{name}_{method}_none_refresh", "/refresh", method=method, config=config)
            for place in every:
                held = {p: good if p == place else bad for p in every}
                case(
                    f"places_{name}_{method}_only_{place}", method=method, config=config, **request_with({place: good})
                )
                case(f"places_{name}_{method}_good_{place}", method=method, config=config, **request_with(held))
    for path in ("headers_only", "hj"):
        for place in every:
            case(
                f"{path}_{place}",
                f"/{path}",
                method="POST",
                config={"JWT_TOKEN_LOCATION": ["cookies"]},
                **request_with({place: good}),
            )
        case(f"{path}_none", f"/{path}", config={"JWT_TOKEN_LOCATION": ["cookies"]})
    for name, value in {
        "text": "query_string",
        "bad_none": None,
        "bad_number": 5,
        "bad_name": ["header"],
        "bad_empty": [],
        "bad_empty_text": "",
    }.items():
        case(f"location_{name}", token="access", config={"JWT_TOKEN_LOCATION": value})


def request_with(tokens):
    given = {"headers": {}}
    if "headers" in tokens:
        given["headers"]["Authorization"] = f"Bearer {tokens['headers']}"
    if "cookies" in tokens:
        given["headers"].update({"Cookie": f"access_token_cookie={tokens['cookies']}", "X-CSRF-TOKEN": "csrf-value-1"})
    if "query_string" in tokens:
        given["query"] = {"jwt": tokens["query_string"]}
    if "json" in tokens:
        given["json"] = {"access_token": tokens["json"]}
    return given


def loaders():
    for hook in ERROR_LOADERS:
        for name, given in {
            "none": {},
            "garbage": {"token": "garbage"},
            "expired": {"token": "expired"},
            "expired_wrong_aud": {"token": "expired_wrong_aud"},
            "blocked": {"token": "blocked"},
            "verify_fail": {"token": "verify_fail"},
            "ghost": {"token": "sub_unknown"},
            "refresh": {"token": "refresh"},
            "padded": {"token": "padded"},
            "good": {"token": "fresh"},
        }.items():
            case(f"loader_{hook}_{name}", hooks=["blocklist", "verify", "user", hook], **given)
        case(f"loader_{hook}_stale", "/fresh", hooks=[hook], token="access")
        case(
            f"loader_{hook}_csrf",
            method="POST",
            hooks=[hook],
            cookie=access(),
            config={"JWT_TOKEN_LOCATION": "cookies"},
        )
        case(f"loader_{hook}_key", hooks=[hook], config={"JWT_ERROR_MESSAGE_KEY": "error"})
    for token in ("access", "sub_unknown", "no_sub", "garbage", "hs512", "none_alg"):
        case(f"decode_key_{token}", hooks=["decode_key"], token=token)
    for key in ("message", "", "é", 'a"b', "with space"):
        case(f"error_key_{key}", config={"JWT_ERROR_MESSAGE_KEY": key})
    for method in ("GET", "OPTIONS"):
        for token in (None, "access", "garbage", "expired"):
            case(f"opts_{method}_{token}", "/opts", method=method, token=token)
    case("user_without_loader", "/user", token="access")


def main():
    for record in (tokens_everywhere, headers, cookies, queries, bodies, places, loaders):
        record()
    names = [each["name"] for each in CASES]
    assert len(names) == len(set(names)), "names are used once"
    libraries = {name: version(name) for name in ("flask", "werkzeug", "flask-jwt-extended", "pyjwt", "cryptography")}
    json.dump(
        {"generated_with": libraries, "secret_key": SECRET, "cases": CASES},
        sys.stdout,
        indent=None,
        separators=(",", ":"),
        sort_keys=True,
    )
    print()


main()
