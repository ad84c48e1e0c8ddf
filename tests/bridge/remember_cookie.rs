//! How the remember cookie is written, and how its time begins anew.

use std::time::Duration;

use actix_web::cookie::SameSite;
use serde_json::json;
use tollbridge::{Bridge, BridgeBuilder, BuildError, RememberCookie};

use crate::app::{PASSWORD, TestApp, World};
use crate::clients::{Anonymous, Browser, Client, REMEMBER, SESSION};

const DAY: i64 = 86_400;

/// The attributes of the remember cookie that a login sets, without its value.
fn written(configure: impl FnOnce(BridgeBuilder) -> BridgeBuilder) -> String {
    let app = TestApp::with(configure);
    let answer = Browser::new(&app).sign_in("panther", true);
    let set = answer.set_cookies().into_iter().find(|set| !set.contains("_session=")).expect("a cookie").to_owned();
    let (name, rest) = set.split_once('=').expect("a name");
    let (_, attributes) = rest.split_once("; ").expect("attributes");
    format!("{name}; {attributes}")
}

fn with(cookie: RememberCookie) -> String {
    written(|bridge| bridge.remember_cookie(cookie))
}

#[test]
fn it_is_written_as_configured() {
    let age = "Max-Age=2592000";
    assert_eq!(with(RememberCookie::new()), format!("{REMEMBER}; HttpOnly; SameSite=Lax; Path=/; {age}"));
    assert_eq!(
        with(RememberCookie::new().name("rm").domain(".example.org").path("/app").secure(true).http_only(false)),
        format!("rm; SameSite=Lax; Secure; Path=/app; Domain=example.org; {age}")
    );
    assert_eq!(
        with(RememberCookie::new().same_site(SameSite::Strict)),
        format!("{REMEMBER}; HttpOnly; SameSite=Strict; Path=/; {age}")
    );
    assert_eq!(
        with(RememberCookie::new().same_site(SameSite::None).secure(true)),
        format!("__Host-{REMEMBER}; HttpOnly; SameSite=None; Secure; Path=/; {age}")
    );
    let https = |cookie| written(|bridge| bridge.public_url("https://example.org").remember_cookie(cookie));
    assert!(https(RememberCookie::new()).starts_with(&format!("__Host-{REMEMBER}; HttpOnly; SameSite=Lax; Secure; ")));
    assert!(https(RememberCookie::new().domain("example.org")).starts_with(&format!("__Secure-{REMEMBER}; ")));
    assert!(https(RememberCookie::new().path("/app")).starts_with(&format!("__Secure-{REMEMBER}; ")));
}

#[test]
fn what_no_browser_would_keep_or_keep_safe_is_refused() {
    let fails = |cookie: RememberCookie, url: &str, why: &str| {
        let world = World::default();
        let built: Result<Bridge, BuildError> = world.bridge().public_url(url).remember_cookie(cookie).build();
        match built {
            Err(BuildError::RememberCookie(said)) => assert!(said.contains(why), "{why}: {said}"),
            other => panic!("{why}: {other:?}"),
        }
    };
    let (http, https) = ("http://example.org", "https://example.org");
    let new = RememberCookie::new;
    fails(new().same_site(SameSite::None), http, "SameSite=None");
    fails(new().name("__Host-rm"), http, "Secure");
    fails(new().name("__Host-rm").domain("example.org"), https, "no domain");
    fails(new().name("__host-rm").path("/app"), https, "path `/`");
    fails(new().name("__Secure-rm"), http, "Secure");
    fails(new().secure(false), https, "in clear");
    fails(new().name(SESSION), http, "session cookie");
    for name in ["", "a b", "a;b", "a=b", "a%62", "ä", "a\r\nb", "a\""] {
        fails(new().name(name), http, "no name");
    }
    for path in ["", "app", "/a;b", "/a\r\nSet-Cookie: x=y", "/ä"] {
        fails(new().path(path), http, "no path");
    }
    for domain in ["", ".", "a b", "a;b", "example.org:80", "http://example.org", "exämple.org", "-a.org", "a\r\nb"] {
        fails(new().domain(domain), http, "no domain");
    }
}

#[test]
fn it_is_removed_as_it_was_written() {
    let app = TestApp::with(|bridge| bridge.remember_cookie(RememberCookie::new().name("rm").domain("example.org")));
    let (browser, _) = Browser::signed_in(&app, "panther", true);
    let gone = browser.post("/logout").expect(204);
    let removal = gone.set_cookies().into_iter().find(|set| set.starts_with("rm=;")).expect("a removal").to_owned();
    assert!(removal.contains("Domain=example.org") && removal.contains("Path=/"), "{removal}");
    assert_eq!(browser.cookie("rm"), None);
    // It is one of ours by its new name too.
    let token = Anonymous(&app).token_login("panther").access;
    let (browser, _) = Browser::signed_in(&app, "panther", true);
    let twice = format!("rm={0}; rm={0}", browser.cookie("rm").expect("a cookie"));
    Anonymous(&app).call("GET", "/who_am_i").header("cookie", twice).send().expect(200);
    let answer = Anonymous(&app).call("GET", "/how").header("cookie", browser.cookie_header()).bearer(&token).send();
    assert!(answer.expect(200).set_cookies().is_empty());
    browser.forget(SESSION);
    browser.get("/who_am_i").expect(200);
    browser.call("POST", "/who_am_i").header("origin", "https://evil.example").send().refused(403, "csrf_rejected");
}

fn renewing(absolute_days: i64) -> TestApp {
    TestApp::with(|bridge| {
        let absolute = Duration::from_secs((absolute_days * DAY).unsigned_abs());
        bridge
            .absolute_ttl(absolute)
            .idle_ttl(absolute)
            .remember_cookie(RememberCookie::new().refresh_each_request(true))
    })
}

/// The age of the remember cookie that an answer sets.
fn age(answer: &crate::clients::Answer) -> Option<i64> {
    let cookies = answer.set_cookies();
    let set = cookies.iter().find(|set| set.starts_with(REMEMBER))?;
    set.split_once("Max-Age=")?.1.split(';').next()?.parse().ok()
}

#[test]
fn its_time_begins_anew_with_each_visit() {
    let app = renewing(100);
    let (browser, _) = Browser::signed_in(&app, "panther", true);
    let value = browser.cookie(REMEMBER);
    assert_eq!(age(&browser.get("/who_am_i").expect(200)), None, "not within the same minute");
    app.advance(60);
    assert_eq!(age(&browser.get("/never-asks").expect(200)), None, "nobody was asked for");
    assert_eq!(age(&browser.get("/who_am_i").expect(200)), Some(30 * DAY));
    assert_eq!(browser.cookie(REMEMBER), value, "a response that gets lost must not cost the login");
    app.advance(29 * DAY);
    assert_eq!(age(&browser.get("/who_am_i").expect(200)), Some(30 * DAY));
    app.advance(29 * DAY);
    browser.forget(SESSION);
    assert_eq!(age(&browser.get("/who_am_i").expect(200)), Some(30 * DAY), "when it opens a session too");
    app.advance(30 * DAY);
    assert_eq!(age(&browser.get("/who_am_i").expect(200)), None, "what has run out stays so");
    browser.forget(SESSION);
    browser.get("/who_am_i").refused(401, "login_required");
}

#[test]
fn it_does_not_outlive_its_login() {
    let app = renewing(40);
    let (browser, _) = Browser::signed_in(&app, "panther", true);
    app.advance(20 * DAY);
    assert_eq!(age(&browser.get("/who_am_i").expect(200)), Some(20 * DAY));
    app.advance(19 * DAY);
    assert_eq!(age(&browser.get("/who_am_i").expect(200)), None);
    app.advance(DAY);
    browser.get("/who_am_i").expect(401);
}

#[test]
fn it_is_made_for_nobody_who_did_not_ask_for_it() {
    let app = renewing(100);
    assert_eq!(Anonymous(&app).get("/maybe").expect(200).set_cookies(), [""; 0]);
    let (browser, _) = Browser::signed_in(&app, "panther", false);
    app.advance(DAY);
    assert_eq!(age(&browser.get("/who_am_i").expect(200)), None);
    // Nor for a browser that has thrown it away, or brings another's.
    let (browser, _) = Browser::signed_in(&app, "panther", true);
    let (other, _) = Browser::signed_in(&app, "batman", true);
    app.advance(DAY);
    browser.set_cookie(REMEMBER, &other.cookie(REMEMBER).expect("a cookie"));
    assert_eq!(age(&browser.get("/who_am_i").expect(200)), None);
    browser.forget(REMEMBER);
    assert_eq!(age(&browser.get("/who_am_i").expect(200)), None);
}

#[test]
fn a_login_with_a_time_of_its_own_keeps_it() {
    let app = renewing(100);
    let browser = Browser::new(&app);
    let form = json!({ "username": "panther", "password": PASSWORD, "remember": true, "duration": 3_600_000 });
    assert_eq!(age(&browser.post_json("/login", &form).expect(200)), Some(3600));
    app.advance(600);
    assert_eq!(age(&browser.get("/who_am_i").expect(200)), Some(3600));
}

/// The session that knew the time is gone, with the browser of a place where others sit down next.
#[test]
fn a_time_of_its_own_is_kept_when_the_session_is_gone() {
    let app = renewing(100);
    let browser = Browser::new(&app);
    let form = json!({ "username": "panther", "password": PASSWORD, "remember": true, "duration": 3_600_000 });
    browser.post_json("/login", &form).expect(200);
    browser.forget(SESSION);
    app.advance(1800);
    assert_eq!(age(&browser.get("/who_am_i").expect(200)), Some(3600));
    app.advance(600);
    assert_eq!(age(&browser.get("/who_am_i").expect(200)), Some(3600));
    browser.forget(SESSION);
    app.advance(3600);
    browser.get("/who_am_i").refused(401, "login_required");
}
