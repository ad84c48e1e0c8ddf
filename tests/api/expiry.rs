//! Everything ends in its time, to the second.

use std::time::{Duration, Instant};

use tollbridge::{SessionHash, SessionStore as _};

use crate::app::{TestApp, wait};
use crate::clients::{Anonymous, Answer, Browser, Client, SESSION, Token};

/// The clock stands still unless a test moves it, so that clocks that differ need not be forgiven.
const SETTINGS: [(&str, &str); 7] = [
    ("TOKEN__ACCESS_TTL", "100s"),
    ("TOKEN__REFRESH_TTL", "1000s"),
    ("TOKEN__LEEWAY", "0s"),
    ("SESSION__IDLE_TTL", "200s"),
    ("SESSION__ABSOLUTE_TTL", "500s"),
    ("SESSION__REMEMBER_TTL", "2000s"),
    ("LOGIN__FRESH_WINDOW", "50s"),
];

fn app() -> TestApp {
    TestApp::with(&SETTINGS)
}

fn signed_in(app: &TestApp, remember: bool) -> Browser<'_> {
    let browser = Browser::new(app);
    browser.sign_in("panther", remember);
    browser
}

#[test]
fn an_access_token_does() {
    let app = app();
    let pair = Anonymous(&app).token_login("panther");
    let token = Token(&app, pair.access);
    app.advance(99);
    token.get("/who_am_i").expect(200);
    app.advance(1);
    let answer = token.get("/who_am_i").refused(401, "token_expired");
    assert!(answer.header("www-authenticate").contains("The token has expired"), "{:?}", answer.headers);
    let renewed = Token(&app, pair.refresh).post("/refresh").expect(200).pair();
    Token(&app, renewed.access).get("/who_am_i").expect(200);
}

#[test]
fn the_leeway_forgives_a_clock_that_is_behind() {
    let app = TestApp::with(&[("TOKEN__ACCESS_TTL", "100s"), ("TOKEN__LEEWAY", "5s")]);
    let token = Token(&app, Anonymous(&app).token_login("panther").access);
    app.advance(104);
    token.get("/who_am_i").expect(200);
    app.advance(1);
    token.get("/who_am_i").refused(401, "token_expired");
}

#[test]
fn a_login_of_tokens_does_with_its_refresh_token() {
    let app = app();
    let mut pair = Anonymous(&app).token_login("panther");
    app.advance(999);
    pair = Token(&app, pair.refresh).post("/refresh").expect(200).pair();
    Token(&app, pair.access.clone()).get("/who_am_i").expect(200);
    app.advance(1);
    // The login began 1000 seconds ago, and refreshing does not prolong it.
    for answer in [Token(&app, pair.access).get("/who_am_i"), Token(&app, pair.refresh).post("/refresh")] {
        let (status, code) = answer.outcome();
        assert!(status == 401 && (code == "login_ended" || code == "token_expired"), "{}", answer.text());
    }
}

#[test]
fn a_session_that_is_not_used_does() {
    let app = app();
    let browser = signed_in(&app, false);
    app.advance(199);
    browser.get("/who_am_i").expect(200);
    app.advance(200);
    browser.get("/who_am_i").refused(401, "login_required");
    let page = browser.call("GET", "/account").header("accept", "text/html").send().expect(303);
    assert_eq!(page.header("location"), "/login?next=%2Faccount");
}

/// The idle timeout is extended beside the request. A read that comes while the last extension is being written notes
/// none, so this reads until there is one.
fn wait_until_extended(app: &TestApp, browser: &Browser<'_>, idle: i64) {
    let cookie = browser.cookie(SESSION).expect("a session");
    let signed = percent_encoding::percent_decode_str(&cookie).decode_utf8().expect("UTF-8");
    // The signature is before the key.
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &signed.as_bytes()[44..]);
    let hash = SessionHash(digest.as_ref().try_into().expect("32 bytes"));
    let now = app.clock.now();
    let deadline = Instant::now() + Duration::from_secs(10);
    let load = || wait(app.database.load_session(&hash, now)).expect("the database is there").expect("a session");
    while load().expires_at != now + idle {
        assert!(Instant::now() < deadline, "the idle timeout was not extended");
        browser.get("/who_am_i").expect(200);
    }
}

#[test]
fn a_session_in_use_does_too_in_the_end() {
    let app = app();
    let browser = signed_in(&app, false);
    for _ in 0..4 {
        app.advance(120);
        wait_until_extended(&app, &browser, 200);
    }
    app.advance(19);
    browser.get("/who_am_i").expect(200);
    app.advance(1);
    let (status, code) = browser.get("/who_am_i").outcome();
    assert!(status == 401 && (code == "login_ended" || code == "login_required"), "{status} {code}");
}

#[test]
fn a_remember_cookie_does() {
    let app = app();
    let restore = |browser: &Browser<'_>| -> Answer {
        browser.forget(SESSION);
        browser.get("/session")
    };
    let browser = signed_in(&app, true);
    app.advance(1000);
    assert_eq!(restore(&browser).expect(200).json()["via"], "remember");
    app.advance(999);
    assert_eq!(restore(&browser).expect(200).json()["via"], "remember");
    app.advance(1);
    restore(&browser).refused(401, "login_required");
}

#[test]
fn freshness_does() {
    let app = app();
    let (browser, token) = (signed_in(&app, false), Token(&app, Anonymous(&app).token_login("panther").access));
    let fresh =
        || [browser.get("/session"), token.get("/session")].map(|answer| answer.expect(200).json()["fresh"].clone());
    app.advance(49);
    assert_eq!(fresh(), [true, true]);
    app.advance(1);
    assert_eq!(fresh(), [false, false]);
}

#[test]
fn a_refresh_token_is_good_until_its_successor_was_used() {
    let app = TestApp::with(&[("TOKEN__REFRESH_GRACE", "10s")]);
    let first = Anonymous(&app).token_login("panther");
    let second = Token(&app, first.refresh.clone()).post("/refresh").expect(200).pair();
    for pause in [9, 1, 3600] {
        app.advance(pause);
        let again = Token(&app, first.refresh.clone()).post("/refresh").expect(200).pair();
        assert_eq!(again.refresh, second.refresh, "a client that lost the answer gets it again");
    }
    let third = Token(&app, second.refresh).post("/refresh").expect(200).pair();
    Token(&app, first.refresh).post("/refresh").refused(401, "token_reused");
    Token(&app, third.refresh).post("/refresh").refused(401, "login_ended");
    Token(&app, third.access).get("/who_am_i").refused(401, "login_ended");
}
