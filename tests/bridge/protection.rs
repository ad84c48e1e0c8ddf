//! Session protection: what becomes of a session that comes from another client, and what does not trip it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tollbridge::{AuthEvent, SessionProtection};

use crate::app::{PASSWORD, TestApp, World};
use crate::clients::{Anonymous, Answer, Browser, Client, REMEMBER, SESSION, Token};

const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const OTHER: &str = "curl/8.0";

fn protected(protection: SessionProtection) -> (TestApp, Arc<Mutex<Vec<Value>>>) {
    let told: Arc<Mutex<Vec<Value>>> = Arc::default();
    let listener = Arc::clone(&told);
    let app = TestApp::with(|bridge| {
        bridge.session_protection(protection).on_event(move |event: &AuthEvent| {
            if event.name() == "session_protected" {
                listener.lock().expect("a whole list").push(serde_json::to_value(event).expect("JSON"));
            }
        })
    });
    (app, told)
}

fn signed_in<'a>(app: &'a TestApp, remember: bool) -> (Browser<'a>, String) {
    let browser = Browser::new(app);
    let form = json!({ "username": "panther", "password": PASSWORD, "remember": remember });
    let login = browser.call("POST", "/login").header("user-agent", AGENT).json(&form).send().expect(200);
    (browser, login.pair().access)
}

fn get(browser: &Browser<'_>, path: &str, agent: &str) -> Answer {
    browser.call("GET", path).header("user-agent", agent).send()
}

/// The same request from another address of this machine.
fn from_elsewhere(app: &TestApp, browser: &Browser<'_>, path: &str) -> u16 {
    let elsewhere = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
    let client = reqwest::blocking::Client::builder().no_proxy().local_address(elsewhere).build().expect("a client");
    let request = client.get(app.url(path)).header("cookie", browser.cookie_header()).header("user-agent", AGENT);
    request.send().expect("an answer").status().as_u16()
}

#[test]
fn without_it_any_client_will_do() {
    let (app, told) = protected(SessionProtection::None);
    let (browser, _) = signed_in(&app, false);
    get(&browser, "/fresh", OTHER).expect(200);
    assert_eq!(from_elsewhere(&app, &browser, "/fresh"), 200);
    assert!(told.lock().expect("a whole list").is_empty());
}

#[test]
fn basic_keeps_the_user_and_takes_the_freshness() {
    let (app, told) = protected(SessionProtection::Basic);
    let (browser, _) = signed_in(&app, true);
    for _ in 0..2 {
        get(&browser, "/fresh", AGENT).expect(200);
    }
    assert!(told.lock().expect("a whole list").is_empty());
    let login = get(&browser, "/how", AGENT).json()["login_id"].clone();
    assert_eq!(get(&browser, "/freshness", OTHER).json()["fresh"], false, "asking for it changes nothing");
    get(&browser, "/fresh", AGENT).expect(200);

    get(&browser, "/who_am_i", OTHER).expect(200);
    let event = json!({ "event": "session_protected", "user": "2", "login": login });
    assert_eq!(*told.lock().expect("a whole list"), std::slice::from_ref(&event));
    get(&browser, "/fresh", AGENT).refused(401, "reauth_required");
    assert_eq!(told.lock().expect("a whole list").len(), 1, "its own client is not another");
    get(&browser, "/fresh", OTHER).refused(401, "reauth_required");
    assert_eq!(*told.lock().expect("a whole list"), [event.clone(), event]);

    browser.call("POST", "/confirm").header("user-agent", OTHER).send().expect(200);
    get(&browser, "/fresh", OTHER).expect(200);
    get(&browser, "/fresh", AGENT).refused(401, "reauth_required");
}

#[test]
fn strong_ends_the_login_with_every_face_of_it() {
    let (app, told) = protected(SessionProtection::Strong);
    let (browser, access) = signed_in(&app, true);
    get(&browser, "/fresh", AGENT).expect(200);
    let stolen = browser.cookie_header();
    let with_stolen = |agent: &str| {
        Anonymous(&app).call("GET", "/who_am_i").header("cookie", &stolen).header("user-agent", agent).send()
    };
    let refused = with_stolen(OTHER).refused(401, "login_ended");
    assert!(refused.set_cookies().iter().any(|set| set.starts_with(REMEMBER) && set.contains("Max-Age=0")));
    with_stolen(AGENT).refused(401, "login_required");
    with_stolen(OTHER).refused(401, "login_required");
    assert_eq!(told.lock().expect("a whole list").len(), 1, "what has ended needs no protection");
    Token(&app, access).get("/who_am_i").refused(401, "login_ended");
    browser.forget(SESSION);
    get(&browser, "/who_am_i", AGENT).refused(401, "login_required");
    get(&browser, "/who_am_i", OTHER).refused(401, "login_required");
}

#[test]
fn strong_and_remembered_go_together() {
    let (app, told) = protected(SessionProtection::Strong);
    let (browser, _) = signed_in(&app, true);
    browser.forget(SESSION);
    // A new version of the browser has another name. The remember cookie is what says who it is.
    for _ in 0..3 {
        get(&browser, "/who_am_i", OTHER).expect(200);
    }
    assert!(told.lock().expect("a whole list").is_empty());
    get(&browser, "/who_am_i", AGENT).refused(401, "login_ended");
}

#[test]
fn the_address_counts_and_what_a_client_says_of_it_does_not() {
    let (app, _) = protected(SessionProtection::Strong);
    let (browser, _) = signed_in(&app, false);
    for name in ["x-forwarded-for", "forwarded", "x-real-ip"] {
        let value = if name == "forwarded" { "for=10.9.8.7" } else { "10.9.8.7" };
        browser.call("GET", "/fresh").header("user-agent", AGENT).header(name, value).send().expect(200);
    }
    assert_eq!(from_elsewhere(&app, &browser, "/fresh"), 401);
    // Nor can a thief say that they are where the session was opened.
    let (browser, _) = signed_in(&app, false);
    let mark = browser.call("GET", "/fresh").header("user-agent", OTHER).header("x-forwarded-for", "127.0.0.1").send();
    mark.refused(401, "login_ended");
}

#[test]
fn a_session_without_a_login_is_not_protected() {
    let (app, told) = protected(SessionProtection::Strong);
    let browser = Browser::new(&app);
    browser.call("POST", "/session-write").header("user-agent", AGENT).body("text/plain", "mine").send().expect(204);
    assert_eq!(get(&browser, "/session-read", OTHER).json()["note"], "mine");
    assert_eq!(get(&browser, "/session-read", AGENT).json()["note"], "mine");
    assert!(told.lock().expect("a whole list").is_empty());
    Anonymous(&app).get("/maybe").expect(200);
}

#[test]
fn a_session_from_before_the_protection_is_no_exception() {
    let world = World::default();
    let unprotected = TestApp::over(world.clone(), |bridge| bridge);
    let (browser, _) = signed_in(&unprotected, false);
    let cookies = browser.cookie_header();
    let over = |protection| TestApp::over(world.clone(), |bridge| bridge.session_protection(protection));
    let show = |app: &TestApp, path: &str| {
        Anonymous(app).call("GET", path).header("cookie", &cookies).header("user-agent", AGENT).send()
    };
    let basic = over(SessionProtection::Basic);
    show(&basic, "/who_am_i").expect(200);
    show(&basic, "/fresh").refused(401, "reauth_required");
    show(&over(SessionProtection::Strong), "/who_am_i").refused(401, "login_ended");
}

#[test]
fn what_was_in_a_session_that_is_ended_is_not_in_the_next() {
    let (app, _) = protected(SessionProtection::Strong);
    let (browser, _) = signed_in(&app, false);
    browser.call("POST", "/session-write").header("user-agent", AGENT).body("text/plain", "secret").send().expect(204);
    let before = browser.cookie(SESSION);
    assert_eq!(get(&browser, "/session-read", OTHER).json(), json!({ "note": null, "user": null }));
    assert_ne!(browser.cookie(SESSION), before);
    assert_eq!(get(&browser, "/session-read", OTHER).json(), json!({ "note": null, "user": null }));
}

#[test]
fn a_store_that_cannot_end_the_login_lets_nobody_in() {
    let (app, _) = protected(SessionProtection::Strong);
    let (browser, _) = signed_in(&app, false);
    app.store().fail(&["end"]);
    get(&browser, "/who_am_i", OTHER).refused(503, "store_unavailable");
    app.store().fail(&[]);
    get(&browser, "/who_am_i", AGENT).expect(200);
}

/// Nothing asks who the request is before it is confirmed, as on a page that checks the password of a name in a form.
#[test]
fn strong_confirms_no_other_client() {
    let (app, told) = protected(SessionProtection::Strong);
    let (browser, access) = signed_in(&app, true);
    let stolen = browser.call("POST", "/confirm").header("user-agent", OTHER).send();
    assert_eq!(stolen.outcome(), (401, "login_ended".to_owned()));
    assert_eq!(told.lock().expect("a whole list").len(), 1);
    Token(&app, access).get("/who_am_i").refused(401, "login_ended");
    let (browser, _) = signed_in(&app, false);
    browser.call("POST", "/confirm").header("user-agent", AGENT).send().expect(200);
}

#[test]
fn strong_lets_no_other_client_end_other_logins() {
    for scope in ["all", "others"] {
        let (app, _) = protected(SessionProtection::Strong);
        let elsewhere = Anonymous(&app).token_login("panther").access;
        let (browser, _) = signed_in(&app, true);
        let stolen = browser.call("POST", &format!("/logout?scope={scope}")).header("user-agent", OTHER).send();
        assert_eq!(stolen.outcome(), (401, "login_ended".to_owned()), "{scope}");
        Token(&app, elsewhere.clone()).get("/who_am_i").expect(200);
        let (browser, _) = signed_in(&app, true);
        let own = browser.call("POST", &format!("/logout?scope={scope}")).header("user-agent", AGENT).send();
        own.expect(204);
        Token(&app, elsewhere).get("/who_am_i").refused(401, "login_ended");
    }
}
