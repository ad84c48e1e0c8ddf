//! Signing in where a login is already.

use serde_json::json;
use tollbridge::EndReason;

use crate::app::{PASSWORD, START, TestApp};
use crate::clients::{Anonymous, Answer, Browser, Client, Pair, REMEMBER, SESSION};

struct Copies {
    login: String,
    session: String,
    remember: String,
    tokens: Pair,
}

/// A copy of everything that the browser has.
fn copy(browser: &Browser<'_>, tokens: Pair) -> Copies {
    let how = browser.get("/how").expect(200).json();
    Copies {
        login: how["login_id"].as_str().expect("an id").to_owned(),
        session: browser.cookie(SESSION).expect("a session"),
        remember: browser.cookie(REMEMBER).expect("a remember cookie"),
        tokens,
    }
}

fn uses(app: &TestApp, copies: &Copies) -> [Answer; 4] {
    let cookie = |name: &str, value: &str| {
        Anonymous(app).call("GET", "/who_am_i").header("cookie", format!("{name}={value}")).send()
    };
    let bearer = |method: &str, path: &str, token: &str| Anonymous(app).call(method, path).bearer(token).send();
    [
        cookie(SESSION, &copies.session),
        bearer("GET", "/who_am_i", &copies.tokens.access),
        bearer("POST", "/refresh", &copies.tokens.refresh),
        cookie(REMEMBER, &copies.remember),
    ]
}

#[test]
fn a_sign_in_ends_the_login_that_the_browser_had() {
    for (next, without_session) in [("panther", false), ("panther", true), ("batman", false), ("batman", true)] {
        let app = TestApp::start();
        let elsewhere = Browser::signed_in(&app, "panther", true).0;
        let (browser, tokens) = Browser::signed_in(&app, "panther", true);
        let old = copy(&browser, tokens);
        if without_session {
            browser.forget(SESSION);
        }
        browser.sign_in(next, false);
        for answer in uses(&app, &old) {
            assert_eq!(answer.status, 401, "{next}: {}", answer.text());
        }
        let ended = app.store().login(&old.login).expect("a login").ended;
        assert_eq!(ended, Some((START, EndReason::Replaced)));
        assert_eq!(browser.get("/who_am_i").expect(200).json()["username"], next);
        elsewhere.get("/who_am_i").expect(200);
    }
}

#[test]
fn a_sign_in_ends_no_login_unless_it_replaces_it() {
    let forms = [
        ("another password", json!({ "username": "batman", "password": "wrong" }), 401),
        ("tokens only", json!({ "username": "batman", "password": PASSWORD, "tokens_only": true }), 200),
        ("on request", json!({ "username": "batman", "password": PASSWORD, "keep_previous": true }), 200),
    ];
    for (case, form, status) in forms {
        let app = TestApp::start();
        let (browser, tokens) = Browser::signed_in(&app, "panther", true);
        let old = copy(&browser, tokens);
        browser.post_json("/login", &form).expect(status);
        let [session, bearer, refresh, remember] = uses(&app, &old).map(|answer| answer.status);
        assert_eq!((bearer, refresh, remember), (200, 200, 200), "{case}");
        // The session itself has a new key.
        assert_eq!(session, if case == "on request" { 401 } else { 200 }, "{case}");
    }
    let app = TestApp::start();
    let (browser, tokens) = Browser::signed_in(&app, "panther", true);
    let old = copy(&browser, tokens);
    let form = json!({ "username": "batman", "password": PASSWORD });
    browser.call("POST", "/login").header("origin", "https://evil.example").json(&form).send().expect(403);
    app.store().fail(&["insert"]);
    browser.post_json("/login", &form).refused(503, "store_unavailable");
    app.store().fail(&[]);
    for answer in uses(&app, &old) {
        answer.expect(200);
    }
}
