//! A request that presents a token, valid or not, never loads, writes or sets a session.

use serde_json::json;

use crate::app::{PASSWORD, TestApp};
use crate::clients::{Anonymous, Answer, Browser, Call, Client};

/// Tokens of every kind: the rule is about presence, not about validity.
fn tokens(app: &TestApp) -> Vec<(&'static str, String)> {
    let expired = Anonymous(app).token_login("batman").access;
    app.advance(16 * 60);
    let revoked = Anonymous(app).token_login("batman").access;
    Anonymous(app).call("POST", "/logout").bearer(&revoked).send().expect(204);
    let pair = Anonymous(app).token_login("batman");
    vec![
        ("valid", pair.access),
        ("expired", expired),
        ("garbage", "garbage".to_owned()),
        ("wrong type", pair.refresh),
        ("revoked", revoked),
    ]
}

#[track_caller]
fn assert_untouched(app: &TestApp, case: &str) {
    let calls = app.store().take_calls();
    assert!(!calls.keys().any(|name| name.ends_with("_session")), "{case}: {calls:?}");
}

#[track_caller]
fn assert_silent(app: &TestApp, answer: &Answer, case: &str) {
    assert_untouched(app, case);
    assert_eq!(answer.set_cookies(), [""; 0], "{case}");
    assert_eq!(answer.all("cache-control"), "no-store", "{case}");
    let vary = answer.all("vary").to_lowercase();
    assert!(vary.contains("authorization") && vary.contains("cookie"), "{case}: Vary is {vary}");
}

/// With the token in the header, and in the body.
fn both_ways<'a>(call: impl Fn() -> Call<'a>, token: &str) -> [(&'static str, Call<'a>); 2] {
    [("header", call().bearer(token)), ("body", call().json(&json!({ "access_token": token })))]
}

#[test]
fn with_any_token_the_session_is_not_there() {
    let app = TestApp::start();
    let tokens = tokens(&app);
    let (browser, _) = Browser::signed_in(&app, "panther", true);
    let expected = |path: &str, kind: &str| match (path, kind) {
        ("/never-asks", _) => 200,
        ("/session-write", _) => 204,
        ("/fail", _) => 500,
        ("/not-there", _) => 404,
        ("/broken-middleware", _) => 418,
        ("/browser", "valid") => 400,
        (_, "valid") => 200,
        _ => 401,
    };
    let paths = ["/who_am_i", "/maybe", "/twice", "/browser", "/token", "/never-asks", "/session-write", "/fail"];
    for path in paths.into_iter().chain(["/not-there", "/broken-middleware"]) {
        for (kind, token) in &tokens {
            for (location, call) in both_ways(|| browser.call("POST", path), token) {
                app.store().take_calls();
                let case = format!("{path} with a {kind} token in the {location}");
                let answer = call.send();
                assert_eq!(answer.status, expected(path, kind), "{case}: {}", answer.text());
                assert_silent(&app, &answer, &case);
            }
        }
    }
}

#[test]
fn without_a_token_the_same_requests_do_touch_the_session() {
    let app = TestApp::start();
    let (browser, _) = Browser::signed_in(&app, "panther", true);
    for (path, calls) in
        [("/session-write", ["load_session", "update_session"]), ("/fail", ["load_session", "update_session"])]
    {
        app.store().take_calls();
        let answer = browser.post(path);
        let made: Vec<_> = app.store().take_calls().into_keys().collect();
        assert_eq!(made, calls, "{path}");
        assert!(!answer.set_cookies().is_empty(), "{path}");
    }
}

#[test]
fn a_panicking_handler_touches_no_session() {
    let app = TestApp::start();
    let tokens = tokens(&app);
    let (browser, _) = Browser::signed_in(&app, "panther", true);
    for (kind, token) in &tokens {
        for (location, call) in both_ways(|| browser.call("POST", "/panic"), token) {
            app.store().take_calls();
            let case = format!("{kind} token in the {location}");
            if let Ok(answer) = call.try_send() {
                assert_eq!((answer.status, answer.set_cookies().len()), (500, 0), "{case}");
            }
            assert_untouched(&app, &case);
        }
    }
    browser.get("/who_am_i").expect(200);
}

#[test]
fn signing_in_a_browser_with_a_token_is_an_error_that_the_caller_sees() {
    let app = TestApp::start();
    let tokens = tokens(&app);
    let (browser, _) = Browser::signed_in(&app, "panther", true);
    let form = json!({ "username": "batman", "password": PASSWORD, "remember": true });
    for (kind, token) in &tokens {
        let mut with_token = form.clone();
        with_token["access_token"] = token.as_str().into();
        let calls = [
            browser.call("POST", "/login").bearer(token).json(&form),
            browser.call("POST", "/login").json(&with_token),
        ];
        for call in calls {
            app.store().take_calls();
            let answer = call.send().refused(400, "credential_conflict");
            assert_silent(&app, &answer, kind);
        }
    }
    assert_eq!(browser.get("/who_am_i").json()["username"], "panther", "the session is as it was");
}

#[test]
fn signing_in_for_tokens_alone_sets_no_cookie() {
    let app = TestApp::start();
    let form = json!({ "username": "batman", "password": PASSWORD, "remember": true, "tokens_only": true });
    let browser = Browser::new(&app);
    let answer = browser.post_json("/login", &form).expect(200);
    assert_eq!(answer.set_cookies(), [""; 0]);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_untouched(&app, "tokens only");
}

#[test]
fn signing_out_with_a_token_leaves_the_browsers_cookies_alone() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", true);
    let other = Anonymous(&app).token_login("batman");
    for token in [other.access, other.refresh, pair.access] {
        app.store().take_calls();
        let answer = browser.call("POST", "/logout").bearer(&token).send().expect(204);
        assert_silent(&app, &answer, "logout");
    }
}

#[test]
fn what_cookies_decide_is_not_for_caches() {
    let app = TestApp::start();
    let (browser, _) = Browser::signed_in(&app, "panther", false);
    for answer in [browser.get("/who_am_i"), browser.get("/never-asks"), Anonymous(&app).get("/maybe")] {
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(answer.all("vary").contains("Cookie"), "{:?}", answer.headers);
    }
    let public = Anonymous(&app).get("/never-asks").expect(200);
    assert_eq!(public.all("cache-control"), "", "a public page may be cached");
}
