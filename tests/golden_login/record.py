"""Records what the real Flask-Login does: `python tests/golden_login/record.py > tests/vectors/golden_login_own_063.json`.

Needs Flask 3.1.3, Werkzeug 3.1.9, Flask-Login 0.6.3 and time-machine. The application is that of golden_login_http_063.json, as far as
that recording shows it; the cases are those that it leaves out.
"""

import datetime
import hashlib
import json
import re
import sys
from urllib.parse import quote

import flask_login
import itsdangerous
import time_machine
from flask import Blueprint, Flask, get_flashed_messages, request, session
from flask_login import signals

SECRET_KEY = "deterministic"
KNOWN = {"1", "2", "3", "佐藤"}
SIGNALS = [
    "user_logged_in", "user_logged_out", "user_loaded_from_cookie", "user_loaded_from_request", "user_login_confirmed",
    "user_unauthorized", "user_needs_refresh", "user_accessed", "session_protected",
]


class User(flask_login.UserMixin):
    def __init__(self, user_id):
        self.id = user_id

    @property
    def is_active(self):
        return self.id != "3"


def application(config, manager, handlers):
    app = Flask(__name__)
    app.secret_key = SECRET_KEY
    app.config.update(config)
    app.signals = []
    login = flask_login.LoginManager(app)
    login.user_loader(lambda user_id: User(user_id) if user_id in KNOWN else None)
    for name, value in manager.items():
        setattr(login, name, value)
    for name, handler in handlers.items():
        getattr(login, name)(handler)
    for name in SIGNALS:
        getattr(signals, name).connect(lambda _, told=name, **__: app.signals.append(told), app, weak=False)
    if "header_loader" in handlers:
        loaded = lambda _, **__: app.signals.append("user_loaded_from_header")
        signals._user_loaded_from_header.connect(loaded, app, weak=False)
    routes(app)
    return app


def routes(app):
    @app.route("/")
    def index():
        return "index"

    @app.route("/whoami")
    def whoami():
        user = flask_login.current_user
        return "anon" if user.is_anonymous else f"{user.id} auth={user.is_authenticated} active={user.is_active}"

    @app.route("/login/<user_id>")
    def login(user_id):
        given = request.args
        if given.get("permanent"):
            session.permanent = True
        options = {}
        if "duration" in given:
            is_number = given["duration"].isdigit()
            options["duration"] = datetime.timedelta(seconds=int(given["duration"])) if is_number else given["duration"]
        return str(flask_login.login_user(
            User(user_id), remember=bool(given.get("remember")), force=bool(given.get("force")),
            fresh=not given.get("stale"), **options,
        ))

    @app.route("/login-logout/<user_id>")
    def login_logout(user_id):
        flask_login.login_user(User(user_id))
        return str(flask_login.logout_user())

    @app.route("/logout")
    def logout():
        return str(flask_login.logout_user())

    @app.route("/confirm")
    def confirm():
        flask_login.confirm_login()
        return "ok"

    methods = {"methods": ["GET", "POST", "OPTIONS"], "provide_automatic_options": False}
    app.add_url_rule("/secret", "secret", flask_login.login_required(lambda: "secret"), **methods)
    app.add_url_rule("/very", "very", flask_login.fresh_login_required(lambda: "very"), **methods)

    @app.route("/fresh")
    def fresh():
        return f"fresh={flask_login.login_fresh()} remembered={flask_login.login_remembered()}"

    @app.route("/state")
    def state():
        return json.dumps(dict(session), sort_keys=True)

    @app.route("/set/<key>/<value>")
    def set_value(key, value):
        session[key] = value
        return "ok"

    @app.route("/flash")
    def flash():
        return json.dumps(get_flashed_messages(with_categories=True))

    @app.route("/auth/login")
    def authlogin():
        return f"form next={request.args.get('next') or session.get('next')}"

    @app.route("/auth/reauth")
    def reauth():
        return "reauth"

    for name in ("first", "second", "third"):
        blueprint = Blueprint(name, name, url_prefix=f"/{name}")
        blueprint.add_url_rule("/x", "x", flask_login.login_required(lambda: "x"))
        app.register_blueprint(blueprint)


def decoded(cookie):
    """A Set-Cookie with the session in clear and times that count from now."""
    found = re.match(r"session=([^;]+)(;.*)$", cookie)
    if found:
        serializer = itsdangerous.URLSafeTimedSerializer(
            SECRET_KEY, salt="cookie-session", signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha1}
        )
        values = json.dumps(serializer.loads(found[1]), sort_keys=True, ensure_ascii=False)
        cookie = f"session=SESSION{values}{found[2]}"
    now = datetime.datetime.now(datetime.timezone.utc)

    def from_now(found):
        at = datetime.datetime.strptime(found[1], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=datetime.timezone.utc)
        return found[0] if at.year == 1970 else f"Expires=<now+{round((at - now).total_seconds() / 10) * 10}s>"

    return re.sub(r"Expires=([^;]+GMT)", from_now, cookie)


DROP = "<session cookie dropped by client>"
DAY = 24 * 60 * 60


def passes(seconds):
    return f"<{seconds} seconds pass>"


def client_acts(client, what, clock):
    """What a client does by itself, and what time does to it."""
    said = what.strip("<>").split(" ", 3)
    if what == DROP:
        client.delete_cookie("session")
    elif said[:3] == ["client", "sets", "cookie"]:
        client.set_cookie(*said[3].split("=", 1))
    elif said[:3] == ["client", "sets", "session"]:
        with client.session_transaction() as values:
            values.update([said[3].split("=", 1)])
    else:
        clock.shift(int(said[0]))
        now = datetime.datetime.now(datetime.timezone.utc)
        for cookie in list(client._cookies.values()):
            if cookie.expires and cookie.expires <= now:
                client.delete_cookie(cookie.key, domain=cookie.domain, path=cookie.path)


def record(name, steps, config={}, manager={}, **handlers):
    with time_machine.travel(datetime.datetime.now(), tick=False) as clock:
        return record_now(clock, name, steps, config, manager, handlers)


def record_now(clock, name, steps, config, manager, handlers):
    app = application(config, manager, handlers)
    client = app.test_client()
    recorded = []
    for step in steps:
        if isinstance(step, str) and step.startswith("<"):
            client_acts(client, step, clock)
            recorded.append(step)
            continue
        path, options = step if isinstance(step, tuple) else (step, {})
        app.signals.clear()
        answer = client.open(path, **options)
        recorded.append({
            "request": {"path": path, **options},
            "status": answer.status_code,
            "location": answer.headers.get("Location"),
            "set_cookie": [decoded(cookie) for cookie in answer.headers.getlist("Set-Cookie")],
            "signals": list(app.signals),
            "body": "<500>" if answer.status_code == 500 else answer.get_data(as_text=True),
        })
    as_text = lambda settings: {key: value if isinstance(value, str) else str(value) for key, value in settings.items()}
    return {"name": name, "config": as_text(config), "manager": as_text(manager), "steps": recorded}


def protection_cases(mode):
    config, other = {"SESSION_PROTECTION": mode}, {"headers": {"User-Agent": "UA2"}}
    cases = {
        "ua_change": ["/login/1?remember=1", "/fresh", ("/whoami", other), "/state", "/fresh", "/whoami"],
        "ua_change_not_remembered": [
            "/login/1", "/set/foo/bar", ("/secret", other), ("/very", other), "/fresh", "/whoami", "/confirm", "/very",
            ("/very", other), "/logout", "/state",
        ],
        "ua_change_permanent": ["/login/1?permanent=1", ("/whoami", other), "/fresh"],
        "anon_with_session_data": ["/set/foo/bar", "/whoami", "/state"],
        "anon_data_plus_remember": ["/login/1?remember=1", DROP, "/set/foo/bar", "/whoami", "/state"],
        "remember_restore_two_requests": ["/login/1?remember=1", DROP, "/whoami", "/whoami", "/state"],
        "ip_change": ["/login/1", ("/whoami", {"environ_base": {"REMOTE_ADDR": "10.9.8.7"}}), "/fresh"],
        "xff_change": ["/login/1", ("/whoami", {"headers": {"X-Forwarded-For": "10.9.8.7"}}), "/fresh"],
        "logout_from_elsewhere": ["/login/1?remember=1", ("/logout", other), "/whoami"],
        "confirm_from_elsewhere": [
            "/login/1?stale=1", ("/confirm", other), ("/very", other), "/very", "/whoami", "/fresh",
        ],
        "fresh_from_elsewhere": ["/login/1", ("/fresh", other), "/fresh", ("/whoami", other), "/fresh"],
        "stale_login": ["/login/1?stale=1&remember=1", ("/very", other), "/confirm", "/very", "/whoami"],
    }
    return [record(f"prot_{mode}_{name}", steps, config) for name, steps in cases.items()]


def login_cases():
    return [
        record("plain_login", [
            "/login/1", "/whoami", "/secret", "/very", "/fresh", "/state", "/logout", "/whoami", "/secret",
        ]),
        record("login_inactive", ["/login/3", "/whoami", "/secret"]),
        record("login_other_user", ["/login/1", "/set/foo/bar", "/login/2", "/whoami", "/state"]),
        record("logout_anonymous", ["/logout", "/whoami"]),
        record("logout_anonymous_with_data", ["/set/foo/bar", "/logout", "/state", "/whoami"]),
        record("logout_keeps_data", [
            "/login/1", "/set/foo/bar", "/logout", "/state", "/whoami", "/login/2", "/state",
        ]),
        record("session_user_unknown", ["/login/ghost", "/whoami", "/state", "/secret", "/whoami", "/state"]),
        record("session_user_planted", [
            "/set/_user_id/2", "/state", "/whoami", "/secret", "/very", "/fresh", "/logout", "/state", "/whoami",
        ]),
        record("session_user_planted_unknown", ["/set/_user_id/ghost", "/whoami", "/state", "/login/1", "/whoami"]),
        record("session_user_planted_over_login", [
            "/login/1", "/set/foo/bar", "/set/_user_id/2", "/whoami", "/state", "/very", "/login/1", "/secret",
        ]),
        record("session_user_planted_over_remembered", [
            "/login/1?remember=1", "/set/_user_id/2", "/fresh", "/secret", "/whoami", DROP, "/whoami",
        ]),
        record("session_user_planted_beside_remember", [
            "/login/1?remember=1", DROP, "/set/_user_id/2", "/whoami", "/state", "/logout", "/whoami",
        ]),
        record("session_user_planted_then_logged_out", [
            "/login/1?remember=1", "/set/_user_id/2", "/confirm", "/logout", "/login", "/whoami",
        ], {"REMEMBER_COOKIE_PATH": "/login"}),
        record("session_user_planted_strong", [
            "/login/1", "/set/_user_id/2", "/whoami", "/secret", "/state",
        ], {"SESSION_PROTECTION": "strong"}),
        record("session_user_planted_by_client", [
            "<client sets session _user_id=2>", "/whoami", "/secret", "<client sets session _user_id=ghost>", "/whoami",
        ]),
        record("login_inactive_forced_remember", [
            "/login/3?force=1&remember=1", "/whoami", "/secret", DROP, "/whoami", "/state", "/fresh",
        ]),
        record("confirm_inactive", ["/login/3?force=1&stale=1", "/confirm", "/very", "/fresh", "/whoami"]),
        record("confirm_inactive_view", [
            "/login/3?force=1&stale=1", "/confirm", "/login/ghost", "/confirm", "/flash",
        ], manager={"login_view": "authlogin"}),
        record("confirm_unknown", ["/login/ghost?stale=1", "/confirm", "/fresh", "/whoami", "/fresh"]),
        record("session_in_time", [
            "/login/1", passes(20 * DAY), "/very", passes(20 * DAY), "/whoami", passes(32 * DAY), "/whoami", "/state",
        ]),
        record("session_permanent_in_time", [
            "/login/1?permanent=1", passes(20 * DAY), "/very", passes(20 * DAY), "/whoami", passes(32 * DAY), "/whoami",
        ]),
        record("login_in_and_out_inactive", ["/login-logout/3", "/whoami"]),
        record("login_in_and_out", [
            "/login-logout/1", "/state", "/login/1?remember=1", "/login-logout/2", "/whoami",
        ]),
        record("confirm_logged_in", ["/login/1?stale=1", "/confirm", "/very", "/state"]),
        record("options_head", [
            ("/very", {"method": "OPTIONS"}), ("/secret", {"method": "HEAD"}), ("/very", {"method": "HEAD"}),
        ], manager={"login_view": "authlogin"}),
        record("login_disabled", ["/secret", "/very"], {"LOGIN_DISABLED": True}),
    ]


def remember_cases():
    renewing = {"REMEMBER_COOKIE_REFRESH_EACH_REQUEST": True}
    forged = "1|" + "0" * 128
    genuine = flask_login.utils.encode_cookie("1", SECRET_KEY)
    hours = datetime.timedelta(hours=1)
    return [
        record("remember_plain", [
            "/login/1?remember=1", DROP, "/fresh", "/whoami", "/fresh", "/secret", "/very", "/confirm", "/very",
            "/fresh", "/logout", "/whoami", "/fresh",
        ]),
        record("remember_not_restored_if_untouched", [
            "/login/1?remember=1", DROP, "/", "/fresh", "/confirm", "/fresh",
        ]),
        record("remember_tampered", [f"<client sets cookie remember_token={forged}>", "/whoami", "/fresh", "/secret"]),
        record("remember_nonascii_utf8", ["<client sets cookie remember_token=2|café>", "/whoami"]),
        record("remember_foo", ["<client sets cookie remember_token=foo>", "/whoami", "/state"]),
        record("remember_genuine", [
            f"<client sets cookie remember_token={genuine}>", "/whoami", "/fresh", "/logout", "/fresh",
        ]),
        record("remember_relogin_without", [
            "/login/1?remember=1", "/login/1", "/fresh", "/login/2", "/fresh", DROP, "/whoami",
        ]),
        record("remember_refresh_each_request_login", [
            "/login/1", "/whoami", "/", "/fresh", "/logout", "/whoami",
        ], renewing),
        record("remember_refresh_each_request_remember", [
            "/login/1?remember=1&duration=3600", "/whoami", "/", "/fresh", DROP, "/whoami", "/secret", "/logout",
            "/whoami",
        ], renewing),
        record("remember_refresh_each_request_drop", ["/login/1", "/", DROP, "/whoami"], renewing),
        record("remember_refresh_each_request_in_time", [
            "/login/1?remember=1&duration=3600", passes(1800), "/", passes(30), "/whoami", passes(30), "/whoami",
            passes(2700), "/secret", passes(2700), DROP, "/whoami", "/whoami", passes(3000), "/whoami",
        ], renewing),
        record("remember_refresh_each_request_untouched", [
            "/login/1?remember=1&duration=3600", passes(1800), "/", "/fresh", passes(2700), DROP, "/whoami", "/fresh",
        ], renewing),
        record("remember_refresh_each_request_usual", [
            "/login/1?remember=1", passes(DAY), "/whoami", passes(DAY), DROP, "/whoami", passes(DAY), "/whoami", "/logout",
        ], renewing),
        record("remember_runs_out", [
            "/login/1?remember=1&duration=3600", passes(3000), DROP, "/whoami", DROP, passes(601), "/fresh", "/whoami",
        ]),
        record("remember_usual_time", ["/login/1?remember=1", passes(364 * DAY), "/whoami", passes(2 * DAY), "/whoami"]),
        record("remember_duration_once", [
            "/login/1?remember=1&duration=60", "/login/1?remember=1", passes(61), DROP, "/whoami",
        ]),
        record("remember_path", [
            "/login/1?remember=1", DROP, "/whoami", "/auth/login",
        ], {"REMEMBER_COOKIE_PATH": "/auth"}),
        record("remember_path_outlives_logout", [
            "/login/1?remember=1", "/logout", "/whoami", "/login", "/login/2?remember=1", DROP, "/whoami",
        ], {"REMEMBER_COOKIE_PATH": "/login"}),
        record("remember_days", ["/login/1?remember=1"], {"REMEMBER_COOKIE_DURATION": datetime.timedelta(days=2)}),
        record("remember_hours", [
            "/login/1?remember=1", "/login/1?remember=1&duration=60",
        ], {"REMEMBER_COOKIE_DURATION": hours}),
        record("remember_bad_duration_argument", ["/login/1?remember=1&duration=abc"]),
        record("remember_domain", ["/login/1?remember=1", "/logout"], {
            "REMEMBER_COOKIE_DOMAIN": ".localhost", "REMEMBER_COOKIE_SAMESITE": "Strict",
        }),
    ]


def view_cases():
    view, both = {"login_view": "authlogin"}, {"login_view": "authlogin", "refresh_view": "reauth"}
    return [
        record("login_message_custom", ["/secret", "/flash"], manager={
            **view, "login_message": "Hey", "login_message_category": "info",
        }),
        record("login_message_none", ["/secret", "/flash"], manager={**view, "login_message": None}),
        record("login_message_localized", ["/secret", "/flash"], manager={**view, "localize_callback": str.upper}),
        record("needs_refresh_view", [
            "/login/1?stale=1", "/very?q=1", "/flash", ("/very", {"method": "POST"}),
        ], manager={"refresh_view": "reauth"}),
        record("needs_refresh_message", ["/login/1?stale=1", "/very", "/flash"], manager={
            "refresh_view": "reauth", "needs_refresh_message": "Again", "needs_refresh_message_category": "w",
        }),
        record("needs_refresh_handler", ["/login/1?stale=1", "/very"], needs_refresh_handler=lambda: ("again", 418)),
        record("unauthorized_handler", ["/secret", "/very"], manager=view, unauthorized_handler=lambda: ("nope", 403)),
        record("blueprint_views_and_login", [
            "/first/x", "/second/x", "/third/x", "/secret", "/login/1", "/second/x",
        ], manager={**view, "blueprint_login_views": {"first": "/first-login", "second": None}}),
        record("unauthorized_view_query", ["/secret?x=y"], manager={"login_view": "/auth/login?a=b&next=old#frag"}),
        record("unauthorized_unicode", [f"/secret?x={quote('佐藤')}+%2B&e=%26%3D"], manager=view),
        record("unauthorized_view_port", ["/secret"], manager={"login_view": "http://localhost:80/auth/login"}),
        record("unauthorized_view_scheme", ["/secret"], manager={"login_view": "https://localhost/auth/login"}),
        record("login_view_itself", ["/secret"], manager={"login_view": "/secret"}),
        record("use_session_for_next_strong", [
            "/secret?a=1", "/whoami", "/state", "/auth/login", "/login/1", "/state", "/logout", "/state",
        ], {"USE_SESSION_FOR_NEXT": True, "SESSION_PROTECTION": "strong"}, view),
        record("use_session_for_next_from_elsewhere", [
            "/login/3?force=1", ("/secret", {"headers": {"User-Agent": "UA2"}}), "/secret", "/whoami",
        ], {"USE_SESSION_FOR_NEXT": True}, view),
        record("use_session_for_next_elsewhere", ["/secret?a=1", "/state", "/auth/login"], {
            "USE_SESSION_FOR_NEXT": True,
        }, {"login_view": "https://sso.example/login"}),
        record("protected_then_redirected", [
            "/login/1?remember=1", "/set/foo/bar", ("/secret", {"headers": {"User-Agent": "UA2"}}), "/flash", "/state",
        ], {"SESSION_PROTECTION": "strong"}, view),
        record("protected_then_to_prove", [
            "/login/1", ("/very", {"headers": {"User-Agent": "UA2"}}), "/flash", "/very",
        ], manager=both),
        record("force_host_next_in_session", ["/secret?x=%2F", "/state", "/auth/login"], {
            "FORCE_HOST_FOR_REDIRECTS": "good.com", "USE_SESSION_FOR_NEXT": True,
        }, view),
        record("force_host_absolute", [("/secret", {"base_url": "http://bad.com"})], {
            "FORCE_HOST_FOR_REDIRECTS": "good.com",
        }, {"login_view": "https://sso.example/login"}),
        record("force_host_port", ["/secret", "/login/1?stale=1", "/very"], {
            "FORCE_HOST_FOR_REDIRECTS": "good.com:8080",
        }, both),
    ]


def request_loader_cases():
    def named(user_id):
        return User(user_id) if user_id in {"1", "2", "3"} else None

    by_header = lambda request: named(request.headers.get("Authorization", "").removeprefix("Basic "))
    by_argument = lambda request: named(request.args.get("user_id"))
    brings = lambda user_id: {"headers": {"Authorization": f"Basic {user_id}"}}
    forged = "1|" + "0" * 128
    return [
        record("request_loader", [
            ("/whoami", brings("1")), ("/secret", brings("1")), ("/secret", brings("bad")), "/whoami",
        ], request_loader=by_header),
        record("request_loader_argument", [
            "/whoami?user_id=2", "/secret?user_id=2", "/whoami",
        ], manager={"login_view": "authlogin"}, request_loader=by_argument),
        record("request_loader_fresh", [("/very", brings("1")), ("/fresh", brings("1"))], request_loader=by_header),
        record("request_loader_session_wins", ["/login/1", ("/whoami", brings("2"))], request_loader=by_header),
        record("remember_tampered_blocks_request_loader", [
            f"<client sets cookie remember_token={forged}>", ("/whoami", brings("1")),
        ], request_loader=by_header),
        record("request_loader_logout", [("/logout", brings("1")), ("/whoami", brings("1"))], request_loader=by_header),
        record("request_loader_login", [("/login/1", brings("1")), "/whoami"], request_loader=by_header),
        record("request_loader_bad", [("/whoami", brings("bad")), "/whoami"], request_loader=by_header),
        record("request_loader_and_session", [
            ("/set/foo/bar", brings("1")), "/state", ("/confirm", brings("1")), ("/confirm", brings("bad")),
            ("/confirm", brings("3")), ("/login-logout/1", brings("1")), ("/login-logout/3", brings("bad")), "/whoami",
        ], request_loader=by_header),
        record("request_loader_view", [
            ("/secret", brings("bad")), ("/very", brings("1")), "/flash", "/secret",
        ], manager={"login_view": "authlogin", "refresh_view": "reauth"}, request_loader=by_header),
        record("request_loader_beside_session", [
            "/login/1", ("/very", brings("2")), ("/fresh", brings("2")), ("/logout", brings("2")), "/whoami", "/logout",
        ], request_loader=by_header),
        record("request_loader_inactive", [
            ("/whoami", brings("3")), ("/secret", brings("3")),
        ], request_loader=by_header),
        record("header_loader", [
            ("/whoami", brings("1")), ("/secret", brings("1")), "/whoami",
        ], header_loader=lambda header: named(header.removeprefix("Basic "))),
    ]


if __name__ == "__main__":
    scenarios = [case for mode in (None, "basic", "strong", "bogus") for case in protection_cases(mode)]
    scenarios += login_cases() + remember_cases() + view_cases() + request_loader_cases()
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in scenarios)
    sys.stdout.write(f'{{"secret_key": {json.dumps(SECRET_KEY)}, "scenarios": [\n{lines}\n]}}\n')
