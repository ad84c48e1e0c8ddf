//! Giving the password again: the same login is fresh, by either face.

use std::thread;

use serde_json::{Value, json};
use url::Url;

use tollbridge::Act;

use crate::app::{PANTHER, PASSWORD, START, TestApp, cheap, hash, wait};
use crate::clients::{Anonymous, Answer, Browser, Client, REMEMBER, SESSION, Token};
use crate::vectors;

const FORM: &str = "application/x-www-form-urlencoded";
/// How long a login is fresh, in seconds.
const FRESH: i64 = 900;

fn reauth(client: &impl Client, password: &str) -> Answer {
    client.post_json("/reauth", &json!({ "password": password }))
}

fn session(client: &impl Client) -> Value {
    client.get("/session").expect(200).json()
}

fn signed_in(app: &TestApp) -> Browser<'_> {
    let browser = Browser::new(app);
    browser.sign_in("panther", true);
    browser
}

fn browse(client: &impl Client, path: &str) -> Answer {
    client.call("GET", path).header("accept", "text/html").send()
}

fn submit(client: &impl Client, password: &str, next: &str) -> Answer {
    let pairs = [("password", password), ("next", next)];
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    client.call("POST", "/reauth").header("accept", "text/html").body(FORM, form).send()
}

#[test]
fn a_browser_is_fresh_under_a_new_key() {
    let app = TestApp::start();
    let browser = signed_in(&app);
    let before = session(&browser);
    app.advance(FRESH);
    assert_eq!(session(&browser)["fresh"], false);
    let (key, remember) = (browser.cookie(SESSION), browser.cookie(REMEMBER));
    let answer = reauth(&browser, PASSWORD).expect(204);
    assert_eq!(answer.set_cookies().len(), 1, "{answer:?}");
    assert_ne!(browser.cookie(SESSION), key);
    assert_eq!(browser.cookie(REMEMBER), remember);
    let after = session(&browser);
    assert_eq!((&after["fresh"], &after["auth_time"]), (&json!(true), &json!(START + FRESH)));
    assert_eq!(after["login_id"], before["login_id"], "it is the same login");
    assert_eq!(after["expires_at"], before["expires_at"], "which lasts no longer");
    let old = format!("{SESSION}={}", key.expect("a key"));
    Anonymous(&app).call("GET", "/who_am_i").header("cookie", old).send().refused(401, "login_required");
}

#[test]
fn a_client_gets_a_fresh_access_token_and_keeps_its_refresh_token() {
    let app = TestApp::start();
    let pair = Anonymous(&app).token_login("panther");
    let refreshed = Token(&app, pair.refresh).post("/refresh").expect(200).pair();
    let stale = Token(&app, refreshed.access.clone());
    app.advance(60);
    let answer = reauth(&stale, PASSWORD).expect(200);
    assert!(answer.set_cookies().is_empty(), "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    let body = answer.json();
    let names: Vec<_> = body.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(names, ["access_token", "expires_in", "token_type"]);
    let fresh = Token(&app, body["access_token"].as_str().expect("a token").to_owned());
    assert_eq!((&session(&fresh)["fresh"], &session(&fresh)["auth_time"]), (&json!(true), &json!(START + 60)));
    assert_eq!(session(&fresh)["login_id"], session(&stale)["login_id"]);
    // What was issued before stays as it was, and so does what a refresh gives.
    assert_eq!(session(&stale)["fresh"], false);
    let again = Token(&app, refreshed.refresh).post("/refresh").expect(200).pair();
    assert_eq!(session(&Token(&app, again.access))["fresh"], false);
}

#[test]
fn a_remembered_browser_can_too() {
    let app = TestApp::start();
    // With its remember cookie alone, and in the session that this has opened.
    for opens_session in [false, true] {
        let browser = signed_in(&app);
        browser.forget(SESSION);
        if opens_session {
            assert_eq!(session(&browser)["via"], "remember");
        }
        reauth(&browser, PASSWORD).expect(204);
        let after = session(&browser);
        assert_eq!((&after["via"], &after["fresh"]), (&json!("session"), &json!(true)));
    }
}

#[test]
fn only_the_password_of_this_user_does() {
    let app = TestApp::start();
    let others = hash(cheap(), "another password of batman");
    assert!(wait(app.database.reset_password(1, &others, &Act::of_application(), START)).expect("an answer"));
    let (browser, pair) = (signed_in(&app), Anonymous(&app).token_login("panther"));
    app.advance(FRESH - 1);
    let token = Token(&app, pair.access.clone());
    let key = browser.cookie(SESSION);
    for password in ["", "guess", "another password of batman", &PASSWORD[1..]] {
        reauth(&browser, password).refused(401, "invalid_credentials");
        reauth(&token, password).refused(401, "invalid_credentials");
        // Nobody else is confirmed because a body names them.
        let named = json!({ "password": password, "username": "batman", "user": 1 });
        browser.post_json("/reauth", &named).refused(401, "invalid_credentials");
    }
    assert_eq!(browser.cookie(SESSION), key);
    assert_eq!(session(&browser)["auth_time"], START);
    reauth(&browser, &"x".repeat(1025)).refused(400, "invalid_request");
    for body in [json!({}), json!({ "password": 1 }), json!([PASSWORD])] {
        browser.post_json("/reauth", &body).refused(400, "invalid_request");
    }
}

#[test]
fn only_a_live_login_can() {
    let app = TestApp::start();
    reauth(&Anonymous(&app), PASSWORD).refused(401, "login_required");
    reauth(&Token(&app, "junk".into()), PASSWORD).refused(401, "token_invalid");
    let pair = Anonymous(&app).token_login("panther");
    reauth(&Token(&app, pair.refresh.clone()), PASSWORD).refused(401, "token_wrong_type");
    let (browser, token) = (signed_in(&app), Token(&app, pair.access));
    app.advance(FRESH + 5);
    reauth(&token, PASSWORD).refused(401, "token_expired");
    let token = Token(&app, Token(&app, pair.refresh).post("/refresh").expect(200).pair().access);
    token.post("/logout").expect(204);
    reauth(&token, PASSWORD).refused(401, "login_ended");
    let copy = format!("{SESSION}={}", browser.cookie(SESSION).expect("a session"));
    browser.post("/logout").expect(204);
    let anonymous = Anonymous(&app);
    let with_copy = anonymous.call("POST", "/reauth").header("cookie", copy).json(&json!({ "password": PASSWORD }));
    with_copy.send().refused(401, "login_required");

    let browser = signed_in(&app);
    assert!(wait(app.database.set_active(PANTHER, false, &Act::of_application(), app.clock.now())).expect("an answer"));
    assert_eq!(reauth(&browser, PASSWORD).status, 401);
}

/// Another site must not make its visitors' browsers hash passwords, or confirm a login with a password that it knows.
#[test]
fn another_site_cannot() {
    let app = TestApp::start();
    let browser = signed_in(&app);
    app.advance(FRESH);
    let body = json!({ "password": PASSWORD });
    let forged = |name: &str, value: &str| browser.call("POST", "/reauth").header(name, value).json(&body).send();
    forged("origin", "https://evil.example").refused(403, "csrf_rejected");
    forged("sec-fetch-site", "cross-site").refused(403, "csrf_rejected");
    assert_eq!(session(&browser)["fresh"], false);
    // Where the browser withholds the cookies, nobody is signed in.
    let anonymous = Anonymous(&app);
    let withheld = anonymous.call("POST", "/reauth").header("sec-fetch-site", "cross-site").json(&body);
    withheld.send().refused(401, "login_required");
}

#[test]
fn the_page_names_the_user_and_comes_back() {
    let app = TestApp::start();
    let browser = signed_in(&app);
    app.advance(FRESH);
    let page = browse(&browser, "/reauth?next=/session?a=1").expect(200);
    assert_eq!(page.header("cache-control"), "no-store");
    let page = page.text();
    assert!(
        page.contains("<strong>panther</strong>") && page.contains(r#"name="next" value="/session?a=1""#),
        "{page}"
    );
    let wrong = submit(&browser, "a wrong guess", "/session?a=1").expect(401).text();
    assert!(wrong.contains("The password is wrong.") && wrong.contains(r#"value="/session?a=1""#), "{wrong}");
    assert!(!wrong.contains("a wrong guess"), "{wrong}");
    assert_eq!(session(&browser)["fresh"], false);
    assert_eq!(submit(&browser, PASSWORD, "/session?a=1").expect(303).header("location"), "/session?a=1");
    assert_eq!(session(&browser)["fresh"], true);
    assert_eq!(submit(&browser, PASSWORD, "").expect(303).header("location"), "/account");
    // The page stays: a route may want a fresher login than this one.
    browse(&browser, "/reauth?next=/session").expect(200);
}

#[test]
fn a_browser_that_is_not_fresh_is_led_there_and_back_without_a_loop() {
    let app = TestApp::start();
    let browser = signed_in(&app);
    app.advance(FRESH);
    let change = "current_password=a&new_password=b";
    let refused = browser.call("POST", "/account/password").header("accept", "text/html").body(FORM, change).send();
    assert_eq!(refused.expect(303).header("location"), "/reauth");
    browse(&browser, "/reauth").expect(200);
    let account = browse(&browser, "/account").expect(200).text();
    assert!(account.contains("/reauth?next=/account"), "{account}");
    // Nobody who is anonymous: to the login page, and from there on without this page.
    let sent = browse(&Anonymous(&app), "/reauth?next=/session").expect(303);
    assert_eq!(sent.header("location"), "/login?next=%2Fsession");
    assert_eq!(submit(&Anonymous(&app), PASSWORD, "/session").expect(303).header("location"), "/login");
    assert_eq!(browse(&browser, "/login?next=/session").expect(303).header("location"), "/session");
    // A page that leads to itself would never end.
    for next in ["/reauth", "/reauth?next=/reauth", "/reauth#top"] {
        let page = browse(&browser, &format!("/reauth?{}", query("next", next))).expect(200).text();
        assert!(page.contains(r#"name="next" value="/account""#), "{next}: {page}");
        assert_eq!(submit(&browser, PASSWORD, next).expect(303).header("location"), "/account");
    }
}

fn query(name: &str, value: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish()
}

#[test]
fn no_known_payload_leads_off_the_site() {
    let app = TestApp::start();
    let base = Url::parse(&app.url("/reauth")).expect("a URL");
    let browser = signed_in(&app);
    let assert_on_site = |location: &str, next: &str| {
        let landed = base.join(location).unwrap_or_else(|error| panic!("{next:?}: {error}"));
        assert!(location.starts_with('/') && landed.origin() == base.origin(), "{next:?} leads to {location:?}");
        assert!(!landed.path().starts_with("//"), "{next:?} leads to {location:?}");
    };
    for vector in vectors::lines("open_redirect.jsonl").iter().step_by(5) {
        let next = vector["next"].as_str().expect("next");
        assert_on_site(submit(&browser, PASSWORD, next).expect(303).header("location"), next);
        let path = format!("/reauth?{}", query("next", next));
        assert_on_site(browse(&Anonymous(&app), &path).expect(303).header("location"), next);
        if vector["off_origin"] == true {
            let page = browse(&browser, &path).expect(200).text();
            assert!(page.contains(r#"name="next" value="/account""#), "{next:?}: {page}");
        }
    }
}

#[test]
fn an_api_client_has_no_page() {
    let app = TestApp::start();
    let pair = Anonymous(&app).token_login("panther");
    Token(&app, pair.access.clone()).get("/reauth").refused(400, "credential_conflict");
    assert!(submit(&Token(&app, pair.access), PASSWORD, "/session").expect(200).json()["access_token"].is_string());
}

/// A password that was verified just before it was replaced confirms nobody.
#[test]
fn the_password_is_checked_again_when_it_is_written() {
    let app = TestApp::start();
    let (browser, pair) = (signed_in(&app), Anonymous(&app).token_login("panther"));
    let login = session(&Token(&app, pair.access.clone()))["login_id"].as_str().expect("a login").to_owned();
    let clock = tollbridge::Clock::from(&app.clock);
    let confirm = |hash: String| {
        wait(app.database.reauthenticate(PANTHER, hash, login.clone().into(), &Act::of_application(), &clock))
    };
    let stored = wait(app.database.current_password_hash(PANTHER)).expect("an answer").expect("a hash");
    app.advance(10);
    assert_eq!(confirm(stored.clone()).expect("it is the hash").auth_time, START + 10);
    let new = json!({ "current_password": PASSWORD, "new_password": "a new and longer staple" });
    Token(&app, pair.access).post_json("/account/password", &new).expect(200);
    app.advance(10);
    let replaced = confirm(stored).expect_err("it has been replaced");
    assert!(replaced.to_string().contains("changed"), "{replaced}");
    browser.get("/session").refused(401, "login_required");
}

/// Many at once: each that succeeds leaves a browser with a key that works.
#[test]
fn several_at_once_leave_one_good_session() {
    let app = TestApp::start();
    let browser = signed_in(&app);
    let cookies = browser.cookie_header();
    let confirm = || {
        let anonymous = Anonymous(&app);
        let call = anonymous.call("POST", "/reauth").header("cookie", &cookies);
        let answer = call.json(&json!({ "password": PASSWORD })).send();
        let key = answer.set_cookies().join("; ");
        (answer.status, key.split(';').next().unwrap_or_default().to_owned())
    };
    let answers: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(confirm)).collect();
        threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    });
    assert!(answers.iter().any(|(status, _)| *status == 204), "{answers:?}");
    for (status, key) in answers {
        assert!(status == 204 || status == 401, "{status}");
        if status == 204 {
            Anonymous(&app).call("GET", "/who_am_i").header("cookie", key).send().expect(200);
        }
    }
}
