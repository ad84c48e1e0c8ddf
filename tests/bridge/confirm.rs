//! Freshness: signing in without proof, proving again, and asking for it without loading anybody.

use serde_json::{Value, json};

use crate::app::{PASSWORD, START, TestApp};
use crate::clients::{Anonymous, Browser, Client, Pair, REMEMBER, SESSION, Token};

fn form(with: &Value) -> Value {
    let mut form = json!({ "username": "panther", "password": PASSWORD });
    form.as_object_mut().expect("an object").extend(with.as_object().expect("an object").clone());
    form
}

/// A browser that has signed in like this, with the tokens of the login.
fn signed_in<'a>(app: &'a TestApp, with: &Value) -> (Browser<'a>, Pair) {
    let browser = Browser::new(app);
    let pair = browser.post_json("/login", &form(with)).expect(200).pair();
    (browser, pair)
}

fn freshness(client: &impl Client) -> (bool, bool) {
    let told = client.get("/freshness").expect(200).json();
    (told["fresh"] == true, told["remembered"] == true)
}

#[test]
fn a_login_without_proof_is_not_fresh_until_it_is_confirmed() {
    let app = TestApp::start();
    let (browser, pair) = signed_in(&app, &json!({ "stale": true }));
    browser.get("/who_am_i").expect(200);
    browser.get("/fresh").refused(401, "reauth_required");
    assert_eq!(freshness(&browser), (false, false));
    let token = Token(&app, pair.access);
    token.get("/who_am_i").expect(200);
    token.get("/fresh").refused(401, "reauth_required");

    app.advance(60);
    let before = browser.cookie(SESSION);
    let confirmed = browser.post("/confirm").expect(200).pair();
    assert_ne!(browser.cookie(SESSION), before, "who is more than before has a new key");
    browser.get("/fresh").expect(200);
    assert_eq!(freshness(&browser), (true, false));
    assert_eq!(browser.get("/how").json()["auth_time"], START + 60);
    Token(&app, confirmed.access).get("/fresh").expect(200);
    token.get("/fresh").refused(401, "reauth_required");
    app.advance(900);
    browser.get("/fresh").refused(401, "reauth_required");
}

#[test]
fn an_old_login_and_a_restored_one_are_fresh_again() {
    let app = TestApp::start();
    let (browser, _) = signed_in(&app, &json!({ "remember": true }));
    assert_eq!(freshness(&browser), (true, true));
    app.advance(900);
    assert_eq!(freshness(&browser), (false, true));
    browser.post("/confirm").expect(200);
    assert_eq!(freshness(&browser), (true, true));

    browser.forget(SESSION);
    assert_eq!(freshness(&browser), (false, true), "its cookie has restored nobody yet");
    browser.get("/fresh").refused(401, "reauth_required");
    browser.post("/confirm").expect(200);
    browser.get("/fresh").expect(200);
    browser.forget(SESSION);
    browser.post("/confirm").expect(200);
    browser.get("/fresh").expect(200);
}

#[test]
fn a_tokens_login_is_confirmed_by_a_new_token() {
    let app = TestApp::start();
    let pair = Anonymous(&app).token_login("panther");
    let refreshed = Token(&app, pair.refresh).post("/refresh").expect(200).pair();
    let token = Token(&app, refreshed.access);
    assert_eq!(freshness(&token), (false, false));
    let confirmed = token.post("/confirm").expect(200);
    assert!(confirmed.set_cookies().is_empty());
    let confirmed = confirmed.pair();
    assert_eq!(freshness(&Token(&app, confirmed.access)), (true, false));
    Token(&app, confirmed.refresh).post("/refresh").expect(200);
}

#[test]
fn nobody_is_confirmed_who_is_not_signed_in() {
    let app = TestApp::start();
    Anonymous(&app).post("/confirm").refused(401, "login_required");
    assert_eq!(freshness(&Anonymous(&app)), (false, false));
    Token(&app, "junk".to_owned()).post("/confirm").refused(401, "token_invalid");
    let (browser, pair) = signed_in(&app, &json!({ "stale": true, "remember": true }));
    // Neither is somebody confirmed by another site, or without their user.
    let forged = browser.call("POST", "/confirm").header("origin", "https://evil.example").send();
    forged.refused(403, "csrf_rejected");
    app.world.users.change(2, |user| user.epoch += 1);
    browser.post("/confirm").refused(401, "login_ended");
    app.world.users.change(2, |user| user.epoch -= 1);
    Token(&app, pair.access.clone()).post("/logout").expect(204);
    Token(&app, pair.access).post("/confirm").refused(401, "login_ended");
    browser.post("/confirm").expect(401);
    assert_eq!(freshness(&browser), (false, false));
}

#[test]
fn a_store_that_is_down_confirms_nobody() {
    let app = TestApp::start();
    let (browser, _) = signed_in(&app, &json!({ "stale": true, "remember": true }));
    app.store().fail(&["confirm"]);
    browser.post("/confirm").refused(503, "store_unavailable");
    app.store().fail(&["find"]);
    browser.get("/freshness").refused(503, "store_unavailable");
    app.store().fail(&[]);
    browser.get("/fresh").refused(401, "reauth_required");
}

#[test]
fn asking_for_freshness_loads_nobody_and_writes_nothing() {
    let app = TestApp::start();
    let (browser, _) = signed_in(&app, &json!({ "remember": true }));
    app.world.users.take_finds();
    app.store().take_calls();
    browser.get("/freshness").expect(200);
    let calls: Vec<_> = app.store().take_calls().into_keys().collect();
    assert_eq!((app.world.users.take_finds(), &*calls), (0, &["find", "find_remembered", "load_session"][..]));
}

#[test]
fn a_remember_cookie_is_remembered_only_if_it_would_open_a_session() {
    let app = TestApp::start();
    let (browser, _) = signed_in(&app, &json!({ "remember": true }));
    let good = browser.cookie(REMEMBER).expect("a cookie");
    let shown = |value: &str| {
        let shown = Anonymous(&app).call("GET", "/freshness").header("cookie", format!("{REMEMBER}={value}")).send();
        shown.expect(200).json()["remembered"] == true
    };
    assert!(shown(&good) && shown(&good), "it is not used up");
    let other_half = format!("{}{}", &good[..good.len() - 3], "AAA");
    for bad in ["", "x", "..", "1|0e9e6e98", &good[1..], &format!("{good}x"), &other_half] {
        assert!(!shown(bad), "{bad}");
    }
    app.advance(30 * 86_400);
    assert!(!shown(&good), "it has expired");
    let (browser, _) = signed_in(&app, &json!({ "remember": true }));
    let good = browser.cookie(REMEMBER).expect("a cookie");
    browser.post("/logout").expect(204);
    assert!(!shown(&good), "its login is over");
}

#[test]
fn a_browser_is_remembered_for_as_long_as_is_said() {
    let app = TestApp::start();
    let remembered = |duration: u64| {
        let answer = Browser::new(&app).post_json("/login", &form(&json!({ "remember": true, "duration": duration })));
        let cookies = answer.expect(200).set_cookies().join(" ");
        let (_, age) = cookies.split_once("Max-Age=").expect("an age");
        age.split([';', ' ']).next().and_then(|age| age.parse::<i64>().ok()).expect("a number")
    };
    assert_eq!(remembered(3_600_000), 3600);
    assert_eq!(remembered(1_000), 1);
    assert_eq!(remembered(u64::MAX), 400 * 86_400);
    let (browser, _) = signed_in(&app, &json!({ "remember": true, "duration": 40 * 86_400_000_u64 }));
    app.advance(40 * 86_400 - 1);
    browser.get("/who_am_i").expect(200);
    app.advance(1);
    browser.forget(SESSION);
    browser.get("/who_am_i").refused(401, "login_required");
    let none = form(&json!({ "remember": true, "duration": 999 }));
    Browser::new(&app).post_json("/login", &none).refused(500, "internal_error");
}

#[test]
fn an_inactive_user_who_is_signed_in_by_force_is_known_and_let_in_nowhere() {
    let app = TestApp::start();
    app.world.users.change(2, |user| user.active = false);
    Browser::new(&app).post_json("/login", &form(&json!({}))).refused(401, "user_disabled");
    let (browser, pair) = signed_in(&app, &json!({ "force": true, "remember": true }));
    let known = json!({ "id": 2, "authenticated": false, "active": false, "anonymous": false });
    let nobody = json!({ "id": null, "authenticated": false, "active": false, "anonymous": true });
    for _ in 0..2 {
        assert_eq!(browser.get("/any").expect(200).json(), known);
        assert_eq!(browser.get("/maybe").expect(200).json(), Value::Null);
        for path in ["/who_am_i", "/browser", "/how", "/fresh", "/twice"] {
            browser.get(path).refused(401, "user_disabled");
        }
    }
    browser.post("/confirm").refused(401, "user_disabled");
    Token(&app, pair.access.clone()).get("/any").refused(401, "user_disabled");
    Token(&app, pair.refresh).post("/refresh").refused(401, "user_disabled");

    app.world.users.change(2, |user| user.active = true);
    let user = json!({ "id": 2, "authenticated": true, "active": true, "anonymous": false });
    assert_eq!(browser.get("/any").expect(200).json(), user);
    assert_eq!(Token(&app, pair.access).get("/any").expect(200).json(), user);
    browser.post("/logout").expect(204);
    assert_eq!(browser.get("/any").expect(200).json(), nobody);

    // Who was signed in without force and disabled later is nobody, and stays nobody in that session.
    let (browser, _) = signed_in(&app, &json!({}));
    app.world.users.change(2, |user| user.active = false);
    assert_eq!(browser.get("/any").expect(200).json(), nobody);
    app.world.users.change(2, |user| user.active = true);
    assert_eq!(browser.get("/any").expect(200).json(), nobody);
    Token(&app, "junk".to_owned()).get("/any").refused(401, "token_invalid");
    app.store().fail(&["session"]);
    browser.get("/any").refused(503, "store_unavailable");
}
