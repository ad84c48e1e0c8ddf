//! Signing out: whose logins end, and what browsers and programs are answered.

use serde_json::json;

use crate::app::TestApp;
use crate::clients::{Anonymous, Browser, Client, Pair, REMEMBER, SESSION, Token};

const FORM: &str = "application/x-www-form-urlencoded";

/// A user with two browsers and two clients, and a stranger.
struct Crowd<'a> {
    app: &'a TestApp,
    browsers: [Browser<'a>; 2],
    pairs: [Pair; 2],
    stranger: Pair,
}

impl<'a> Crowd<'a> {
    fn new(app: &'a TestApp) -> Self {
        let browser = || {
            let browser = Browser::new(app);
            browser.sign_in("panther", true);
            browser
        };
        let pair = |username| Anonymous(app).token_login(username);
        Self {
            app,
            browsers: [browser(), browser()],
            pairs: [pair("panther"), pair("panther")],
            stranger: pair("batman"),
        }
    }

    /// Who is still signed in, as `bBtT` for the browsers and the tokens.
    fn alive(&self) -> String {
        let by_token = |pair: &Pair| Token(self.app, pair.access.clone()).get("/who_am_i").status == 200;
        assert!(by_token(&self.stranger), "a stranger's login is not for this user to end");
        let alive = [
            ('b', self.browsers[0].get("/who_am_i").status == 200),
            ('B', self.browsers[1].get("/who_am_i").status == 200),
            ('t', by_token(&self.pairs[0])),
            ('T', by_token(&self.pairs[1])),
        ];
        alive.iter().filter(|(_, alive)| *alive).map(|(name, _)| *name).collect()
    }
}

#[test]
fn the_scope_names_the_logins_that_end() {
    for (scope, after_browser, after_token) in [("this", "BtT", "bBT"), ("others", "b", "t"), ("all", "", "")] {
        let app = TestApp::start();
        let crowd = Crowd::new(&app);
        assert_eq!(crowd.alive(), "bBtT");
        crowd.browsers[0].post_json("/logout", &json!({ "scope": scope })).expect(204);
        assert_eq!(crowd.alive(), after_browser, "{scope} by a browser");

        let crowd = Crowd::new(&app);
        let token = Token(&app, crowd.pairs[0].access.clone());
        let answer = token.post_json("/logout", &json!({ "scope": scope })).expect(204);
        assert!(answer.set_cookies().is_empty(), "{:?}", answer.headers);
        assert_eq!(crowd.alive(), after_token, "{scope} by a token");
    }
}

#[test]
fn any_credential_of_the_login_will_do() {
    let app = TestApp::start();
    let over = |pair: &Pair| {
        Token(&app, pair.access.clone()).get("/who_am_i").refused(401, "login_ended");
        Token(&app, pair.refresh.clone()).post("/refresh").refused(401, "login_ended");
    };
    let pair = || Anonymous(&app).token_login("panther");

    let by_refresh_token = pair();
    Token(&app, by_refresh_token.refresh.clone()).post("/logout").expect(204);
    over(&by_refresh_token);

    let by_body = pair();
    let body = json!({ "refresh_token": by_body.refresh, "scope": "this" });
    Anonymous(&app).post_json("/logout", &body).expect(204);
    over(&by_body);

    let by_remember_cookie = Browser::new(&app);
    by_remember_cookie.sign_in("panther", true);
    by_remember_cookie.forget(SESSION);
    by_remember_cookie.post("/logout").expect(204);
    assert_eq!(by_remember_cookie.cookie_header(), "");

    let (expired, other) = (pair(), pair());
    app.advance(906); // past the leeway
    Token(&app, expired.access.clone()).get("/who_am_i").refused(401, "token_expired");
    // What has expired reaches no further than its own login, and says so.
    Token(&app, expired.access.clone()).post_json("/logout", &json!({ "scope": "all" })).refused(401, "token_expired");
    Token(&app, expired.access.clone()).post("/logout").expect(204);
    Token(&app, expired.refresh).post("/refresh").refused(401, "login_ended");
    Token(&app, other.refresh).post("/refresh").expect(200);
}

#[test]
fn a_browser_is_led_on_and_loses_its_cookies() {
    let app = TestApp::start();
    for (scope, location, signed_out) in [
        (None, "/login?signed_out", true),
        (Some("scope=this"), "/login?signed_out", true),
        (Some("scope=all"), "/login?signed_out", true),
        (Some("scope=others"), "/account?ended", false),
    ] {
        let browser = Browser::new(&app);
        browser.sign_in("panther", true);
        let call = browser.call("POST", "/logout").header("accept", "text/html").header("origin", app.url(""));
        let call = match scope {
            Some(form) => call.body(FORM, form),
            None => call,
        };
        let answer = call.send().expect(303);
        assert_eq!(answer.header("location"), location, "{scope:?}");
        assert_eq!(answer.header("clear-site-data"), r#""cache""#, "{scope:?}");
        let cookies = [SESSION, REMEMBER].map(|name| browser.cookie(name).is_some());
        assert_eq!(cookies, [!signed_out; 2], "{scope:?}");
    }
}

#[test]
fn the_page_after_signing_out_makes_the_browser_forget_the_one_before() {
    let app = TestApp::start();
    let page = Anonymous(&app).call("GET", "/login?signed_out").header("accept", "text/html").send().expect(200);
    let asset = "/assets/signed_out.css";
    assert!(page.text().contains(&format!(r#"href="{asset}""#)), "{}", page.text());
    let before = Anonymous(&app).call("GET", "/login").header("accept", "text/html").send().expect(200);
    assert!(!before.text().contains(asset));
    for (from, cleared) in [("same-origin", r#""cache""#), ("same-site", ""), ("cross-site", "")] {
        let answer = Anonymous(&app).call("GET", asset).header("sec-fetch-site", from).send().expect(200);
        assert_eq!(answer.header("clear-site-data"), cleared, "{from}");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[test]
fn who_is_not_signed_in_may_sign_out() {
    let app = TestApp::start();
    for body in ["{}", r#"{"scope":"all"}"#, r#"{"scope":null}"#] {
        Anonymous(&app).call("POST", "/logout").body("application/json", body).send().expect(204);
    }
    let html = Anonymous(&app).call("POST", "/logout").header("accept", "text/html").send().expect(303);
    assert_eq!(html.header("location"), "/login?signed_out");
    let browser = Browser::new(&app);
    browser.set_cookie(SESSION, "made-up");
    browser.post("/logout").expect(204);
    assert_eq!(browser.cookie(SESSION), None, "a cookie that is worth nothing is taken too");
}

#[test]
fn nobody_else_signs_a_user_out() {
    let app = TestApp::start();
    let browser = Browser::new(&app);
    browser.sign_in("panther", false);
    for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        browser.call("POST", "/logout").header(name, value).send().refused(403, "csrf_rejected");
    }
    Token(&app, "zoo".to_owned()).post("/logout").refused(401, "token_invalid");
    let with_both = browser.call("POST", "/logout").bearer("zoo").send().refused(401, "token_invalid");
    assert!(with_both.set_cookies().is_empty(), "{:?}", with_both.headers);
    for body in [r#"{"scope":"everything"}"#, r#"{"scope":1}"#, "[]", "{"] {
        let answer = browser.call("POST", "/logout").body("application/json", body).send();
        answer.refused(400, "invalid_request");
    }
    browser.get("/who_am_i").expect(200);
}
