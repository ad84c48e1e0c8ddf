//! Both faces of a login at once, and tokens for a session.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use tollbridge::Act;

use crate::app::{PANTHER, PASSWORD, START, TestApp, wait};
use crate::clients::{Anonymous, Answer, Browser, Client, Pair, REMEMBER, SESSION, Token};

/// Signs a browser in that gets tokens of the same login.
fn sign_in_with_both<'a>(app: &'a TestApp, username: &str) -> (Browser<'a>, Pair) {
    let browser = Browser::new(app);
    let form = json!({ "username": username, "password": PASSWORD, "mode": "both" });
    let pair = browser.post_json("/login", &form).expect(200).pair();
    (browser, pair)
}

fn signed_in(app: &TestApp) -> Browser<'_> {
    let browser = Browser::new(app);
    browser.sign_in("panther", false);
    browser
}

/// The claims of a token, unverified.
fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a payload");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64url")).expect("JSON")
}

fn how(client: &impl Client) -> Value {
    client.get("/session").expect(200).json()
}

#[track_caller]
fn assert_same_login(one: &Value, other: &Value) {
    for member in ["user", "login_id", "auth_time", "amr", "fresh"] {
        assert_eq!(one[member], other[member], "{member}: {one} {other}");
    }
}

#[test]
fn both_faces_at_once_are_one_login() {
    let app = TestApp::start();
    let browser = Browser::new(&app);
    let form = json!({ "username": "panther", "password": PASSWORD, "mode": "both", "remember": true });
    let answer = browser.post_json("/login", &form).expect(200);
    let mut names: Vec<_> = answer.set_cookies().iter().filter_map(|cookie| cookie.split('=').next()).collect();
    names.sort_unstable();
    assert_eq!(names, [REMEMBER, SESSION]);
    assert_eq!(answer.json().as_object().map(|members| members.len()), Some(4), "{}", answer.text());
    assert_eq!(answer.header("cache-control"), "no-store");
    let pair = answer.pair();
    assert_same_login(&how(&browser), &how(&Token(&app, pair.access.clone())));

    browser.post("/logout").expect(204);
    Token(&app, pair.access).get("/who_am_i").refused(401, "login_ended");
    Token(&app, pair.refresh).post("/refresh").refused(401, "login_ended");

    let (browser, pair) = sign_in_with_both(&app, "panther");
    assert_eq!(browser.cookie(REMEMBER), None);
    Token(&app, pair.access).post("/logout").expect(204);
    browser.get("/who_am_i").expect(401);
}

#[test]
fn both_faces_at_once_need_what_a_session_needs() {
    let app = TestApp::start();
    let form = json!({ "username": "panther", "password": PASSWORD, "mode": "both" });
    let from_afar = Anonymous(&app).call("POST", "/login").header("origin", "https://evil.example").json(&form).send();
    assert!(from_afar.refused(403, "csrf_rejected").set_cookies().is_empty());
    let token = Token(&app, Anonymous(&app).token_login("panther").access);
    assert!(token.post_json("/login", &form).refused(400, "credential_conflict").set_cookies().is_empty());
}

#[test]
fn tokens_for_a_session_are_of_its_login() {
    let app = TestApp::start();
    let browser = signed_in(&app);
    app.advance(60);
    let answer = browser.post("/token").expect(200);
    assert!(answer.set_cookies().is_empty(), "{:?}", answer.headers);
    assert_eq!(answer.header("cache-control"), "no-store");
    let pair = answer.pair();
    assert_same_login(&how(&browser), &how(&Token(&app, pair.access.clone())));
    assert_eq!(claims(&pair.access)["auth_time"], START);
    let refreshed = Token(&app, pair.refresh).post("/refresh").expect(200).pair();
    assert_eq!(how(&Token(&app, refreshed.access.clone()))["fresh"], false);
    assert_eq!(how(&browser)["fresh"], true, "the session is as it was");
    browser.post_json("/token", &json!({})).expect(200);

    browser.post("/logout").expect(204);
    for token in [pair.access, refreshed.access] {
        Token(&app, token).get("/who_am_i").refused(401, "login_ended");
    }
    browser.post("/token").refused(401, "login_required");
}

#[test]
fn tokens_for_a_session_are_no_fresher_and_live_no_longer() {
    let app = TestApp::with(&[
        ("LOGIN__FRESH_WINDOW", "50s"),
        ("SESSION__IDLE_TTL", "500s"),
        ("SESSION__ABSOLUTE_TTL", "500s"),
        ("SESSION__REMEMBER_TTL", "500s"),
        ("TOKEN__LEEWAY", "0s"),
    ]);
    let browser = Browser::new(&app);
    browser.sign_in("panther", true);
    let fresh = |answer: Answer| claims(&answer.expect(200).pair().access)["fresh"].clone();
    assert_eq!(fresh(browser.post("/token")), true);
    let early = Token(&app, browser.post("/token").pair().access);
    app.advance(49);
    assert_eq!(how(&early)["fresh"], true);
    app.advance(1);
    assert_eq!(how(&early)["fresh"], false);
    assert_eq!(fresh(browser.post("/token")), false);

    // A remember cookie proves no authentication, however short a time ago that was.
    browser.post("/logout").expect(204);
    browser.sign_in("panther", true);
    browser.forget(SESSION);
    assert_eq!(fresh(browser.post("/token")), false);
    assert_eq!(how(&browser)["via"], "session", "the remember cookie has opened one");

    app.advance(450);
    let last = browser.post("/token").expect(200);
    assert_eq!(last.json()["expires_in"], 50);
    let end = app.clock.now() + 50;
    assert_eq!((&claims(&last.pair().access)["exp"], &claims(&last.pair().refresh)["exp"]), (&json!(end), &json!(end)));
    app.advance(50);
    Token(&app, last.pair().access).get("/who_am_i").expect(401);
    Token(&app, last.pair().refresh).post("/refresh").expect(401);
}

#[test]
fn an_exchange_may_be_repeated_and_revives_no_old_token() {
    let app = TestApp::start();
    let browser = signed_in(&app);
    let (one, two) = (browser.post("/token").pair(), browser.post("/token").pair());
    assert_eq!(one.refresh, two.refresh, "a login has one chain of refresh tokens");
    assert_ne!(one.access, two.access);
    let next = Token(&app, one.refresh.clone()).post("/refresh").expect(200).pair();
    Token(&app, next.refresh.clone()).post("/refresh").expect(200);
    for token in [&one.access, &two.access] {
        Token(&app, token.clone()).get("/who_am_i").expect(200);
    }
    let current = browser.post("/token").expect(200).pair();
    assert!(![&one.refresh, &next.refresh].contains(&&current.refresh));
    Token(&app, current.refresh).post("/refresh").expect(200);
    app.advance(11);
    Token(&app, one.refresh).post("/refresh").refused(401, "token_reused");
    browser.post("/token").expect(401);
}

/// The answer to a refresh was lost. That the browser exchanges meanwhile, and uses what it gets, does not show that the
/// app has it.
#[test]
fn an_exchange_confirms_no_rotation() {
    let app = TestApp::start();
    let (browser, lost) = sign_in_with_both(&app, "panther");
    let successor = Token(&app, lost.refresh.clone()).post("/refresh").expect(200).pair();
    let pair = browser.post("/token").expect(200).pair();
    assert_eq!(pair.refresh, successor.refresh);
    let exchanged = Token(&app, pair.access);
    for _ in 0..5 {
        exchanged.get("/who_am_i").expect(200);
        app.advance(10);
    }
    let again = Token(&app, lost.refresh).post("/refresh").expect(200).pair();
    assert_eq!(again.refresh, successor.refresh);
}

#[test]
fn a_refresh_token_that_has_expired_unused_is_replaced() {
    let app = TestApp::with(&[("TOKEN__ACCESS_TTL", "100s"), ("TOKEN__REFRESH_TTL", "1000s"), ("TOKEN__LEEWAY", "5s")]);
    let browser = signed_in(&app);
    let old = browser.post("/token").expect(200).pair();
    app.advance(1004);
    assert_eq!(browser.post("/token").pair().refresh, old.refresh, "it is still accepted");
    app.advance(1);
    let (one, two) = (browser.post("/token").expect(200).pair(), browser.post("/token").expect(200).pair());
    assert_eq!(one.refresh, two.refresh);
    Token(&app, old.refresh).post("/refresh").refused(401, "token_expired");
    let next = Token(&app, one.refresh).post("/refresh").expect(200).pair();
    Token(&app, next.access).get("/who_am_i").expect(200);
}

#[test]
fn only_a_session_gets_tokens() {
    let app = TestApp::start();
    let (browser, pair) = sign_in_with_both(&app, "panther");
    for token in [&pair.access, &pair.refresh] {
        let refused = Token(&app, token.clone()).post("/token");
        assert!([400, 401].contains(&refused.status), "{}", refused.text());
        assert_eq!(refused.json()["access_token"], Value::Null);
    }
    Token(&app, pair.access.clone()).post("/token").refused(400, "credential_conflict");
    let with_both = browser.call("POST", "/token").bearer(&pair.access).send();
    with_both.refused(400, "credential_conflict");
    let in_body = browser.post_json("/token", &json!({ "access_token": pair.access }));
    in_body.refused(400, "credential_conflict");
    Anonymous(&app).post("/token").refused(401, "login_required");
    for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "same-site"), ("origin", "null")] {
        browser.call("POST", "/token").header(name, value).send().refused(403, "csrf_rejected");
    }
    browser.call("POST", "/token").body("text/plain", "{}").send().expect(415);
    browser.post_json("/token", &json!([])).refused(400, "invalid_request");
    browser.get("/token").expect(405);
}

#[test]
fn tokens_for_a_session_die_as_the_others_do() {
    let app = TestApp::start();
    let browser = signed_in(&app);
    let pair = browser.post("/token").expect(200).pair();
    let new = json!({ "current_password": PASSWORD, "new_password": "a new and longer staple" });
    browser.post_json("/account/password", &new).expect(204);
    Token(&app, pair.access).get("/who_am_i").refused(401, "token_revoked");
    Token(&app, pair.refresh).post("/refresh").refused(401, "token_revoked");
    let pair = browser.post("/token").expect(200).pair();
    Token(&app, pair.access.clone()).get("/who_am_i").expect(200);
    assert!(wait(app.database.set_active(PANTHER, false, &Act::of_application(), app.clock.now())).expect("an answer"));
    Token(&app, pair.access).get("/who_am_i").expect(401);
    browser.post("/token").expect(401);
}

const TEMPLATES: [(&str, &str); 3] = [
    ("TEMPLATES__BILLING__AUDIENCE", "https://billing.example"),
    ("TEMPLATES__BILLING__ACCESS_TTL", "2m"),
    ("TEMPLATES__BILLING__CLAIMS", "name=full_name, number=id"),
];

#[test]
fn a_template_makes_a_token_for_another_service() {
    let app = TestApp::with(&TEMPLATES);
    let browser = signed_in(&app);
    let answer = browser.post_json("/token", &json!({ "template": "billing" })).expect(200);
    assert_eq!(answer.json()["expires_in"], 120);
    let (access, refresh) = (claims(&answer.pair().access), claims(&answer.pair().refresh));
    assert_eq!((&access["aud"], &refresh["aud"]), (&json!("https://billing.example"), &json!("tollbridge")));
    let login = how(&browser);
    assert_eq!((&access["sid"], &access["sub"]), (&login["login_id"], &json!("2")));
    assert_eq!((&access["fresh"], &access["auth_time"]), (&login["fresh"], &login["auth_time"]));
    assert_eq!((&access["name"], &access["number"]), (&json!("Ann Takamaki"), &json!(2)));

    // It is nothing here.
    let token = Token(&app, answer.pair().access);
    for refused in [token.get("/who_am_i"), token.post("/handoff"), token.post("/logout"), token.post("/refresh")] {
        refused.refused(401, "token_invalid");
    }
    browser.get("/who_am_i").expect(200);
    let ours = Token(&app, answer.pair().refresh).post("/refresh").expect(200).pair();
    assert_eq!(claims(&ours.access)["aud"], "tollbridge");
}

#[test]
fn an_unknown_template_names_the_known_ones() {
    let app = TestApp::with(&[&TEMPLATES[..], &[("TEMPLATES__AUDIT__ACCESS_TTL", "1m")]].concat());
    let browser = signed_in(&app);
    let refused = browser.post_json("/token", &json!({ "template": "biling" })).refused(400, "invalid_request");
    assert!(refused.text().contains("The templates are audit, billing."), "{}", refused.text());
    browser.post_json("/token", &json!({ "template": 7 })).refused(400, "invalid_request");
    browser.post_json("/token", &json!({ "template": null })).expect(200);
    let none = TestApp::start();
    let refused = signed_in(&none).post_json("/token", &json!({ "template": "billing" }));
    assert!(refused.refused(400, "invalid_request").text().contains("none is configured"));
}

/// Neither a refresh nor another face widens a scope.
#[test]
fn tokens_are_narrowed_by_a_request_or_a_template() {
    let app = TestApp::with(&[&TEMPLATES[..], &[("TEMPLATES__NOTES__SCOPE", "notes:read, notes:write")]].concat());
    let browser = signed_in(&app);
    let pair_for = |body: Value| browser.post_json("/token", &body).expect(200).pair();
    for (body, scope) in [
        (json!({ "template": "notes" }), "notes:read notes:write"),
        (json!({ "scope": "notes:read" }), "notes:read"),
        (json!({ "template": "notes", "scope": "notes:purge" }), "notes:purge"),
        (json!({ "scope": "" }), ""),
    ] {
        let pair = pair_for(body.clone());
        assert_eq!(how(&Token(&app, pair.access.clone()))["scope"], scope, "{body}");
        assert_eq!(claims(&pair.refresh)["scope"], scope, "{body}");
        let narrowed = Token(&app, pair.access);
        for path in ["/handoff", "/token", "/tokens", "/account/password"] {
            let status = narrowed
                .post_json(
                    path,
                    &json!({ "name": "x", "current_password": PASSWORD, "new_password": "a longer staple" }),
                )
                .status;
            assert!((400..404).contains(&status), "{path}: {status}");
        }
        narrowed.post("/handoff").refused(403, "insufficient_scope");
        narrowed.post_json("/logout", &json!({ "scope": "others" })).refused(403, "insufficient_scope");
        let fresh = narrowed.post_json("/reauth", &json!({ "password": PASSWORD })).expect(200).json();
        let fresh = fresh["access_token"].as_str().expect("a token").to_owned();
        assert_eq!(how(&Token(&app, fresh))["scope"], scope, "{body}");
    }
    assert_eq!(claims(&pair_for(json!({ "template": "billing" })).access).get("scope"), None);
    let narrow = pair_for(json!({ "scope": "notes:read" })).refresh;
    let refreshed = Token(&app, narrow).post("/refresh").expect(200).pair();
    assert_eq!(how(&Token(&app, refreshed.access))["scope"], "notes:read");
    browser.post_json("/token", &json!({ "scope": "a\"b" })).refused(400, "invalid_request");
}
