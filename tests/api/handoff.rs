//! A token's login goes over to a browser, by a link that works once.

use serde_json::{Value, json};

use tollbridge::Act;

use crate::app::{PANTHER, PASSWORD, START, TestApp, wait};
use crate::clients::{Anonymous, Answer, Browser, Client, Pair, REMEMBER, SESSION, Token};

const THIRTY_DAYS: i64 = 30 * 86_400;

/// The path of a new link, for the login of this token.
pub(crate) fn link(app: &TestApp, access: &str) -> String {
    let answer = Token(app, access.to_owned()).post("/handoff").expect(201);
    path_of(app, &answer)
}

fn path_of(app: &TestApp, answer: &Answer) -> String {
    let url = answer.json()["url"].as_str().expect("a url").to_owned();
    url.strip_prefix(&app.url("")).unwrap_or_else(|| panic!("{url}")).to_owned()
}

fn html(client: &impl Client, path: &str) -> Answer {
    client.call("GET", path).header("accept", "text/html").send()
}

fn how(client: &impl Client) -> Value {
    client.get("/session").expect(200).json()
}

fn with_both<'a>(app: &'a TestApp, username: &str) -> (Browser<'a>, Pair) {
    let browser = Browser::new(app);
    let form = json!({ "username": username, "password": PASSWORD, "mode": "both", "remember": true });
    let pair = browser.post_json("/login", &form).expect(200).pair();
    (browser, pair)
}

#[test]
fn a_link_takes_the_login_of_a_token_to_a_browser() {
    let app = TestApp::start();
    let pair = Anonymous(&app).token_login("panther");
    app.advance(100);
    let answer = Token(&app, pair.access.clone()).post("/handoff").expect(201);
    assert_eq!(answer.json()["expires_in"], 60);
    assert!(answer.set_cookies().is_empty() && answer.header("cache-control") == "no-store", "{:?}", answer.headers);
    let path = path_of(&app, &answer);
    let code = path.strip_prefix("/handoff/").expect("the path of a handoff");
    assert_eq!(code.len(), 22, "128 bits in base64url");

    let browser = Browser::new(&app);
    for _ in 0..2 {
        let page = html(&browser, &path).expect(200);
        let text = page.text();
        assert!(text.contains("panther") && text.contains("Ann Takamaki"), "{text}");
        assert!(!text.contains(code), "the page does not repeat the code: {text}");
        assert!(text.contains(r#"<meta name="referrer" content="strict-origin">"#), "{text}");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("x-robots-tag"), "noindex");
        assert_eq!(page.header("cache-control"), "no-store");
        assert!(page.set_cookies().is_empty(), "{:?}", page.headers);
        browser.call("HEAD", &path).send().expect(200);
    }
    let redeemed = browser.call("POST", &path).header("origin", app.url("")).send().expect(303);
    assert_eq!((redeemed.header("location"), redeemed.header("referrer-policy")), ("/account", "no-referrer"));
    assert_eq!(redeemed.set_cookies().len(), 1, "{:?}", redeemed.headers);

    let (session, token) = (how(&browser), how(&Token(&app, pair.access.clone())));
    for member in ["user", "login_id", "auth_time", "amr", "fresh"] {
        assert_eq!(session[member], token[member], "{member}");
    }
    assert_eq!((&session["via"], &session["expires_at"]), (&json!("session"), &json!(START + THIRTY_DAYS)));
    browser.post("/token").expect(200);

    browser.post("/logout").expect(204);
    Token(&app, pair.access).get("/who_am_i").refused(401, "login_ended");
    Token(&app, pair.refresh).post("/refresh").refused(401, "login_ended");
}

#[test]
fn a_link_works_once() {
    let app = TestApp::start();
    let pair = Anonymous(&app).token_login("panther");
    let path = link(&app, &pair.access);
    let browser = Browser::new(&app);
    browser.post(&path).expect(303);
    for client in [&browser, &Browser::new(&app)] {
        assert!(client.post(&path).refused(410, "code_invalid").set_cookies().is_empty());
        client.get(&path).refused(410, "code_invalid");
    }
    let page = html(&Anonymous(&app), &path).expect(410);
    assert!(page.text().contains("no longer valid") && !page.text().contains(&path), "{}", page.text());
    browser.get("/who_am_i").expect(200);
    for other in ["", "x", "AAAAAAAAAAAAAAAAAAAAAA", &"A".repeat(5000), "%00", "%ff", "AAAAAAAAAAAAAAAAAAAA%2F%2e"] {
        let status = Anonymous(&app).post(&format!("/handoff/{other}")).status;
        assert_eq!(status, if other.is_empty() { 404 } else { 410 }, "{other}");
    }
}

#[test]
fn a_link_ends_after_a_minute() {
    let app = TestApp::start();
    let pair = Anonymous(&app).token_login("panther");
    let (one, two) = (link(&app, &pair.access), link(&app, &pair.access));
    app.advance(59);
    Browser::new(&app).get(&one).expect(200);
    Browser::new(&app).post(&one).expect(303);
    app.advance(1);
    Browser::new(&app).get(&two).refused(410, "code_invalid");
    Browser::new(&app).post(&two).refused(410, "code_invalid");
}

/// Ends the login of an access token, or what its links stand for.
type End = fn(&TestApp, &str);

#[test]
fn a_link_dies_with_its_login() {
    let ends: [(&str, End); 5] = [
        ("signed out", |app, access| drop(Token(app, access.to_owned()).post("/logout").expect(204))),
        ("signed out elsewhere", |app, _| {
            let other = Token(app, Anonymous(app).token_login("panther").access);
            other.post_json("/logout", &json!({ "scope": "all" })).expect(204);
        }),
        ("disabled", |app, _| {
            for active in [false, true] {
                assert!(
                    wait(app.database.set_active(PANTHER, active, &Act::of_application(), app.clock.now()))
                        .expect("an answer")
                );
            }
        }),
        // This keeps the login, and voids what was made with its old credentials.
        ("its password changed", |app, access| {
            let change = json!({ "current_password": PASSWORD, "new_password": "a new and longer staple" });
            Token(app, access.to_owned()).post_json("/account/password", &change).expect(200);
        }),
        ("deleted", |app, _| {
            assert!(
                wait(app.database.delete_user(PANTHER, &Act::of_application(), app.clock.now())).expect("an answer")
            )
        }),
    ];
    for (what, end) in ends {
        let app = TestApp::start();
        let pair = Anonymous(&app).token_login("panther");
        let (one, two) = (link(&app, &pair.access), link(&app, &pair.access));
        Browser::new(&app).get(&one).expect(200);
        end(&app, &pair.access);
        let browser = Browser::new(&app);
        assert_eq!(browser.get(&one).outcome(), (410, "code_invalid".to_owned()), "{what}");
        assert_eq!(browser.post(&two).outcome(), (410, "code_invalid".to_owned()), "{what}");
        assert_eq!(browser.cookie(SESSION), None, "{what}");
    }
}

#[test]
fn another_site_leads_nobody_into_an_account() {
    let app = TestApp::start();
    let pair = Anonymous(&app).token_login("panther");
    let path = link(&app, &pair.access);
    let victim = Browser::new(&app);
    victim.sign_in("batman", false);
    for browser in [&victim, &Browser::new(&app)] {
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            let answer = browser.call("POST", &path).header(name, value).send().refused(403, "csrf_rejected");
            assert!(answer.set_cookies().is_empty(), "{name}: {value}");
            assert!(!answer.text().contains(&path), "{}", answer.text());
        }
    }
    assert_eq!(how(&victim)["user"]["username"], "batman");
    // With a token beside it no session is opened, and nothing is used up.
    Token(&app, pair.access).post(&path).refused(400, "credential_conflict");
    Browser::new(&app).post(&path).expect(303);
}

#[test]
fn a_link_opened_in_the_browser_of_another_login() {
    let app = TestApp::start();
    let app_of_panther = Anonymous(&app).token_login("panther");
    let (browser, batmans) = with_both(&app, "batman");
    let copied = browser.cookie_header();
    let path = link(&app, &app_of_panther.access);
    let page = html(&browser, &path).expect(200).text();
    assert!(page.contains("Continue as Ann Takamaki?") && page.contains("<strong>batman</strong>"), "{page}");
    assert_eq!(how(&browser)["user"]["username"], "batman", "a look changes nothing");

    browser.post(&path).expect(303);
    assert_eq!(how(&browser)["user"]["username"], "panther");
    assert_eq!(browser.cookie(REMEMBER), None);
    Token(&app, batmans.access).get("/who_am_i").refused(401, "login_ended");
    Anonymous(&app).call("GET", "/who_am_i").header("cookie", copied).send().expect(401);
}

#[test]
fn a_link_opened_in_the_browser_of_the_same_login() {
    let app = TestApp::start();
    let (browser, pair) = with_both(&app, "panther");
    let (session, remember) = (browser.cookie(SESSION), browser.cookie(REMEMBER));
    browser.post(&link(&app, &pair.access)).expect(303);
    Token(&app, pair.access).get("/who_am_i").expect(200);
    assert_ne!(browser.cookie(SESSION), session, "a session key is not kept over a change");
    assert_eq!(browser.cookie(REMEMBER), remember);
    browser.get("/who_am_i").expect(200);
}

#[test]
fn a_session_by_a_link_is_no_fresher_than_the_token() {
    let app = TestApp::start();
    let pair = Anonymous(&app).token_login("panther");
    let opened = |access: &str| {
        let browser = Browser::new(&app);
        browser.post(&link(&app, access)).expect(303);
        browser
    };
    let early = opened(&pair.access);
    let refreshed = Token(&app, pair.refresh).post("/refresh").expect(200).pair();
    let stale = opened(&refreshed.access);
    assert_eq!((&how(&early)["fresh"], &how(&stale)["fresh"]), (&json!(true), &json!(false)));
    let change = json!({ "current_password": PASSWORD, "new_password": "a new and longer staple" });
    stale.post_json("/account/password", &change).refused(401, "reauth_required");
    app.advance(840);
    let late = opened(&pair.access);
    let late_link = link(&app, &pair.access);
    assert_eq!(how(&late)["fresh"], true);
    app.advance(59);
    assert_eq!(how(&late)["fresh"], true);
    app.advance(1);
    Browser::new(&app).post(&late_link).refused(410, "code_invalid");
    assert_eq!((&how(&early)["fresh"], &how(&late)["fresh"]), (&json!(false), &json!(false)));
    // Nothing of it lives longer than the login.
    let end = how(&late)["expires_at"].as_i64().expect("a time");
    assert_eq!(end, START + THIRTY_DAYS);
}

#[test]
fn a_session_by_a_link_ends_with_the_login() {
    let app = TestApp::with(&[("TOKEN__REFRESH_TTL", "1000s"), ("TOKEN__ACCESS_TTL", "1000s")]);
    let pair = Anonymous(&app).token_login("panther");
    app.advance(990);
    let browser = Browser::new(&app);
    browser.post(&link(&app, &pair.access)).expect(303);
    app.advance(9);
    browser.get("/who_am_i").expect(200);
    app.advance(1);
    browser.get("/who_am_i").refused(401, "login_ended");
}

#[test]
fn a_session_by_a_link_goes_on_after_its_own_change_of_password() {
    let app = TestApp::start();
    let pair = Anonymous(&app).token_login("panther");
    let (browser, other) = (Browser::new(&app), Browser::new(&app));
    for client in [&browser, &other] {
        client.post(&link(&app, &pair.access)).expect(303);
    }
    let copied = browser.cookie_header();
    let change = json!({ "current_password": PASSWORD, "new_password": "a new and longer staple" });
    browser.post_json("/account/password", &change).expect(204);
    browser.get("/who_am_i").expect(200);
    browser.get("/account").expect(200);
    for void in [copied, other.cookie_header()] {
        Anonymous(&app).call("GET", "/who_am_i").header("cookie", void).send().expect(401);
    }
    Token(&app, pair.access).get("/who_am_i").refused(401, "token_revoked");
    browser.post("/token").expect(200);
    browser.post("/logout").expect(204);
}

#[test]
fn a_login_makes_few_links_at_a_time() {
    let app = TestApp::start();
    let pair = Anonymous(&app).token_login("panther");
    let token = Token(&app, pair.access.clone());
    for number in 0..10 {
        let path = link(&app, &pair.access);
        if number % 2 == 0 {
            Browser::new(&app).post(&path).expect(303);
        }
    }
    let refused = token.post("/handoff").refused(429, "too_many_attempts");
    assert_eq!(refused.header("retry-after"), "60");
    link(&app, &Anonymous(&app).token_login("panther").access);
    app.advance(60);
    token.post("/handoff").expect(201);
}

#[test]
fn only_an_access_token_makes_links() {
    let app = TestApp::start();
    let (browser, pair) = with_both(&app, "panther");
    browser.post("/handoff").refused(401, "login_required");
    let navigating = browser.call("POST", "/handoff").header("accept", "text/html").send().expect(401);
    assert_eq!(navigating.header("location"), "", "no page to sign in helps an app");
    Anonymous(&app).post("/handoff").refused(401, "login_required");
    Token(&app, pair.refresh).post("/handoff").refused(401, "token_wrong_type");
    Token(&app, "junk".to_owned()).post("/handoff").refused(401, "token_invalid");
    let in_body = json!({ "access_token": pair.access });
    Anonymous(&app).post_json("/handoff", &in_body).expect(201);
}

#[test]
fn a_link_leads_on_within_this_server() {
    let app = TestApp::start();
    let token = Token(&app, Anonymous(&app).token_login("panther").access);
    let answer = token.post_json("/handoff", &json!({ "next": "/session?x=y&z" })).expect(201);
    let path = path_of(&app, &answer);
    assert!(path.ends_with("?next=%2Fsession%3Fx%3Dy%26z"), "{path}");
    html(&Anonymous(&app), &path).expect(200);
    assert_eq!(Browser::new(&app).post(&path).expect(303).header("location"), "/session?x=y&z");
    for evil in ["https://evil.example/", "//evil.example", "/\\evil.example", "account", ""] {
        token.post_json("/handoff", &json!({ "next": evil })).refused(400, "invalid_request");
    }
    let path = link(&app, &token.1);
    let led_astray = Browser::new(&app).post(&format!("{path}?next=https://evil.example")).expect(303);
    assert_eq!(led_astray.header("location"), "/account");
}

#[test]
fn a_link_has_the_public_address() {
    let app = TestApp::with(&[("SERVER__PUBLIC_URL", "https://app.example")]);
    let token = Token(&app, Anonymous(&app).token_login("panther").access);
    let url = token.call("POST", "/handoff").header("host", "evil.example").send().expect(201).json()["url"].clone();
    let path = url.as_str().and_then(|url| url.strip_prefix("https://app.example")).expect("the public address");
    let opened = Anonymous(&app).call("POST", path).header("origin", "https://app.example").send().expect(303);
    assert!(opened.set_cookies()[0].starts_with("__Host-"), "{:?}", opened.headers);
}

#[test]
fn a_web_view_is_signed_in_at_once_where_the_configuration_says_so() {
    let app = TestApp::with(&[("LOGIN__HANDOFF_CONFIRM", "false")]);
    let pair = Anonymous(&app).token_login("panther");
    let path = link(&app, &pair.access);
    // Whoever only looks ahead gets the page that asks, and uses nothing up. So does whoever follows another site's link.
    for (method, name, value) in [
        ("HEAD", "accept", "*/*"),
        ("GET", "sec-purpose", "prefetch;prerender"),
        ("GET", "purpose", "prefetch"),
        ("GET", "x-moz", "prefetch"),
        ("GET", "sec-fetch-site", "cross-site"),
        ("GET", "sec-fetch-site", "same-site"),
        ("GET", "origin", "https://evil.example"),
    ] {
        let browser = Browser::new(&app);
        let answer = browser.call(method, &path).header(name, value).send().expect(200);
        assert!(answer.set_cookies().is_empty(), "{method} {name}: {value}");
    }
    Token(&app, pair.access.clone()).get(&path).expect(200);
    // Such a link is followed with the cookies of the browser.
    let (visitor, batman) = (Browser::new(&app), Browser::new(&app));
    batman.sign_in("batman", false);
    for browser in [&visitor, &batman] {
        let following = browser.call("GET", &path).header("sec-fetch-site", "cross-site");
        let following = following.header("sec-fetch-mode", "navigate").header("sec-fetch-dest", "document");
        assert!(following.send().expect(200).set_cookies().is_empty());
    }
    assert_eq!(how(&batman)["user"]["username"], "batman");
    let view = Browser::new(&app);
    let opened = view.call("GET", &path).header("sec-fetch-site", "none").send().expect(303);
    assert_eq!(opened.header("location"), "/account");
    view.get("/who_am_i").expect(200);
    view.get(&path).refused(410, "code_invalid");
    // The button of the page works there too.
    Browser::new(&app).post(&link(&app, &pair.access)).expect(303);
}
