//! Guards: what a route demands of the credential.

use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, HttpResponse, web};
use serde_json::{Value, json};
use tollbridge::{CredentialLocation, Require, TokenLocations};

use crate::app::{TestApp, World};
use crate::clients::{Anonymous, Answer, Browser, Client, REMEMBER, SESSION, Token};

#[test]
fn each_guard_has_its_policy() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    let ask = |path: &str| {
        let path = format!("/require/{path}");
        [
            Anonymous(&app).get(&path).outcome(),
            browser.get(&path).outcome(),
            Token(&app, pair.access.clone()).get(&path).outcome(),
            Token(&app, pair.refresh.clone()).get(&path).outcome(),
            Token(&app, "junk".into()).get(&path).outcome(),
        ]
    };
    const OK: (u16, &str) = (200, "");
    const NOBODY: (u16, &str) = (401, "login_required");
    const TYPE: (u16, &str) = (401, "token_wrong_type");
    const JUNK: (u16, &str) = (401, "token_invalid");
    const CONFLICT: (u16, &str) = (400, "credential_conflict");
    const STALE: (u16, &str) = (401, "reauth_required");
    let table = [
        ("login", [NOBODY, OK, OK, TYPE, JUNK]),
        ("token", [NOBODY, NOBODY, OK, TYPE, JUNK]),
        ("browser", [NOBODY, OK, CONFLICT, CONFLICT, CONFLICT]),
        ("fresh", [NOBODY, OK, OK, TYPE, JUNK]),
        ("fresh-token", [NOBODY, NOBODY, OK, TYPE, JUNK]),
        ("optional", [OK, OK, OK, TYPE, JUNK]),
        ("optional-token", [OK, OK, OK, TYPE, JUNK]),
        ("optional-browser", [OK, OK, CONFLICT, CONFLICT, CONFLICT]),
        ("refresh", [NOBODY, NOBODY, TYPE, OK, JUNK]),
        ("either", [NOBODY, NOBODY, OK, OK, JUNK]),
        ("fresh-refresh", [NOBODY, NOBODY, TYPE, STALE, JUNK]),
        ("header", [NOBODY, NOBODY, OK, TYPE, JUNK]),
        ("login-by-header", [NOBODY, OK, OK, TYPE, JUNK]),
    ];
    for (path, expected) in table {
        assert_eq!(ask(path), expected.map(|(status, code)| (status, code.to_owned())), "{path}");
    }
}

#[test]
fn the_extractors_inside_see_what_the_guard_has_decided() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    let seen = |answer: Answer| {
        let who = answer.expect(200).json();
        (who["identity"].clone(), who["via"].clone(), who["type"].clone())
    };
    let nobody = (Value::Null, Value::Null, Value::Null);
    let by_token = |kind: &str| (json!("2"), json!("token"), json!(kind));
    let by_session = (json!("2"), json!("session"), Value::Null);
    let token = |path: &str, token: &String| Token(&app, token.clone()).get(path);
    assert_eq!(seen(browser.get("/require/login")), by_session);
    assert_eq!(seen(browser.get("/require/optional")), by_session);
    assert_eq!(seen(browser.get("/require/optional-token")), nobody, "the session does not count there");
    assert_eq!(seen(Anonymous(&app).get("/require/optional")), nobody);
    assert_eq!(seen(token("/require/token", &pair.access)), by_token("access"));
    assert_eq!(seen(token("/require/refresh", &pair.refresh)), by_token("refresh"));
    assert_eq!(seen(token("/require/either", &pair.refresh)), by_token("refresh"));
}

#[test]
fn the_innermost_guard_has_the_last_word() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    let access = Token(&app, pair.access.clone());
    Anonymous(&app).get("/inside/who").refused(401, "login_required");
    Anonymous(&app).get("/inside/never-asks").refused(401, "login_required");
    browser.get("/inside/never-asks").expect(200);
    access.get("/inside/browser").refused(400, "credential_conflict");
    browser.get("/inside/browser").expect(200);
    browser.get("/inside/token").refused(401, "login_required");
    // The outer guard is content with nobody, and would not be with a refresh token.
    Anonymous(&app).get("/around/refresh").refused(401, "login_required");
    Token(&app, pair.refresh).get("/around/refresh").refused(401, "token_wrong_type");
    // One credential, one answer: both guards and the handler cost one look.
    for (client, path) in [
        (&browser as &dyn Client, "/inside/fresh"),
        (&access, "/inside/fresh"),
        (&access, "/inside/token"),
        (&browser, "/inside/browser"),
    ] {
        app.store().take_calls();
        app.world.users.take_finds();
        client.get(path).expect(200);
        assert_eq!(app.store().take_calls().get("find"), Some(&1));
        assert_eq!(app.world.users.take_finds(), 1);
    }
    app.advance(900 - 1);
    browser.get("/inside/fresh").expect(200);
    app.advance(1);
    browser.get("/inside/fresh").refused(401, "reauth_required");
    browser.get("/inside/who").expect(200);
}

/// A stolen token that is not fresh, and a fresh one of the thief's: each would satisfy one of two guards.
#[test]
fn guards_around_each_other_are_not_satisfied_by_different_people() {
    let locations = TokenLocations::default().also(&[CredentialLocation::Query]);
    let app = TestApp::with(|bridge| bridge.token_locations(locations));
    let (victim, thief) = (Anonymous(&app).token_login("panther"), Anonymous(&app).token_login("batman"));
    let stolen = Token(&app, victim.refresh.clone()).post("/refresh").expect(200).pair().access;
    for path in ["/proved/ticket", "/proved/aside/ticket"] {
        let ticket = |header: &str, query: &str| {
            Anonymous(&app).call("GET", &format!("{path}?access_token={query}")).bearer(header).send()
        };
        ticket(&stolen, &stolen).refused(401, "reauth_required");
        ticket(&thief.access, &stolen).refused(400, "invalid_request");
        ticket(&thief.access, &victim.access).refused(400, "invalid_request");
        for (header, query, identity) in [(&thief.access, &thief.access, "1"), (&victim.access, &stolen, "2")] {
            assert_eq!(ticket(header, query).expect(200).json()["identity"], identity);
        }
    }
}

#[test]
fn options_passes_and_head_does_not() {
    let app = TestApp::start();
    for path in ["login", "token", "browser", "fresh", "refresh", "header"] {
        let path = format!("/require/{path}");
        Anonymous(&app).call("OPTIONS", &path).send().expect(200);
    }
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE"] {
        Anonymous(&app).call(method, "/require/login").send().expect(401);
    }
}

/// The handler runs, and is told nothing better than what the guard has found: `OPTIONS` makes nobody fresh.
#[test]
fn options_gets_nobody_in_whom_the_guard_would_refuse() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    let access = Token(&app, pair.access.clone());
    let stale = Token(&app, Token(&app, pair.refresh.clone()).post("/refresh").expect(200).pair().access);
    let options = |client: &dyn Client, guard: &str| client.call("OPTIONS", &format!("/require/{guard}")).send();
    options(&access, "fresh").expect(200);
    options(&stale, "fresh").refused(401, "reauth_required");
    options(&stale, "fresh-token").refused(401, "reauth_required");
    options(&access, "refresh").refused(401, "token_wrong_type");
    options(&access, "browser").refused(400, "credential_conflict");
    assert_eq!(options(&browser, "token").expect(200).json()["identity"], Value::Null);
    app.advance(900);
    options(&browser, "fresh").refused(401, "reauth_required");
    options(&browser, "login").expect(200);
}

#[test]
fn a_token_is_judged_in_the_stated_order() {
    let app = TestApp::start();
    let pair = Anonymous(&app).token_login("panther");
    let ask = |path: &str, token: &str| Anonymous(&app).call("GET", path).bearer(token).send().outcome().1;
    app.world.users.change(2, |user| user.active = false);
    assert_eq!(ask("/require/refresh", &pair.access), "token_wrong_type", "before the user is asked for");
    assert_eq!(ask("/require/fresh-refresh", &pair.refresh), "reauth_required", "before the user is asked for");
    assert_eq!(ask("/require/token", &pair.access), "user_disabled");
    app.advance(900 + 5);
    assert_eq!(ask("/require/refresh", &pair.access), "token_expired", "before its type");
}

#[test]
fn a_refresh_token_that_has_been_used_opens_nothing_and_ends_its_login() {
    let app = TestApp::start();
    let first = Anonymous(&app).token_login("panther");
    let refresh = |token: &str| Anonymous(&app).call("POST", "/refresh").bearer(token).send();
    let guarded = |token: &str| Anonymous(&app).call("GET", "/require/refresh").bearer(token).send();
    guarded(&first.refresh).expect(200);
    guarded(&first.refresh).expect(200);
    let second = refresh(&first.refresh).expect(200).pair();
    guarded(&first.refresh).expect(200);
    app.advance(10);
    guarded(&second.refresh).expect(200);
    guarded(&first.refresh).refused(401, "token_reused");
    guarded(&second.refresh).refused(401, "login_ended");
    Anonymous(&app).call("GET", "/who_am_i").bearer(&second.access).send().refused(401, "login_ended");
}

/// A guard's refusal is a response: what was found out about the session on the way is kept.
#[test]
fn a_refusal_keeps_the_session_that_a_remember_cookie_opened() {
    let app = TestApp::start();
    let (browser, _) = Browser::signed_in(&app, "panther", true);
    browser.forget(SESSION);
    let before = browser.cookie(REMEMBER);
    browser.get("/require/fresh").refused(401, "reauth_required");
    assert!(browser.cookie(SESSION).is_some(), "the session");
    assert_ne!(browser.cookie(REMEMBER), before, "the cookie has been rotated");
    assert_eq!(browser.get("/require/login").expect(200).json()["via"], "session");
}

#[test]
fn a_store_that_is_down_is_not_nobody() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    app.store().fail(&["find"]);
    for path in ["/require/login", "/require/optional", "/require/optional-token", "/require/token"] {
        Token(&app, pair.access.clone()).get(path).refused(503, "store_unavailable");
    }
    browser.get("/require/optional").refused(503, "store_unavailable");
}

#[test]
fn a_browser_is_sent_to_the_login_page_by_a_guard() {
    let app = TestApp::with(|bridge| bridge.login_view("/login"));
    let answer = Anonymous(&app).call("GET", "/require/login").header("accept", "text/html").send().expect(303);
    assert_eq!(answer.header("location"), "/login?next=%2Frequire%2Flogin");
}

#[actix_web::test]
async fn an_app_is_guarded_as_a_whole_inside_the_bridge_and_not_outside() {
    let bridge = World::default().bridge().build().expect("the bridge is complete");
    let hello = || web::get().to(|| async { HttpResponse::Ok().finish() });
    let ask = || TestRequest::get().uri("/").to_request();
    let inside = App::new().route("/", hello()).wrap(Require::login()).wrap(bridge.clone());
    assert_eq!(call_service(&init_service(inside).await, ask()).await.status(), 401);
    let outside = App::new().route("/", hello()).wrap(bridge).wrap(Require::login());
    assert_eq!(call_service(&init_service(outside).await, ask()).await.status(), 500);
}
