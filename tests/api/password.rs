//! Changing the password.

use serde_json::json;

use crate::app::{PASSWORD, TestApp};
use crate::clients::{Anonymous, Answer, Browser, Client, Pair, REMEMBER, SESSION, Token};

const NEW: &str = "a new and longer staple";
const FORM: &str = "application/x-www-form-urlencoded";
/// How long a login is fresh, in seconds.
const FRESH: i64 = 900;

fn change(client: &impl Client, current: &str, new: &str) -> Answer {
    client.post_json("/account/password", &json!({ "current_password": current, "new_password": new }))
}

fn login(app: &TestApp, password: &str) -> Answer {
    Anonymous(app).post_json("/login", &json!({ "username": "panther", "password": password }))
}

fn signed_in(app: &TestApp) -> Browser<'_> {
    let browser = Browser::new(app);
    browser.sign_in("panther", true);
    browser
}

#[track_caller]
fn assert_over(app: &TestApp, pair: &Pair) {
    Token(app, pair.access.clone()).get("/who_am_i").refused(401, "login_ended");
    Token(app, pair.refresh.clone()).post("/refresh").refused(401, "login_ended");
}

#[test]
fn a_browser_that_changes_it_stays_signed_in_alone() {
    let app = TestApp::start();
    let (browser, other) = (signed_in(&app), signed_in(&app));
    let (pair, stranger) = (Anonymous(&app).token_login("panther"), Anonymous(&app).token_login("batman"));
    change(&browser, PASSWORD, NEW).expect(204);

    browser.get("/who_am_i").expect(200);
    other.get("/who_am_i").refused(401, "login_required");
    assert_eq!(other.cookie(REMEMBER), None, "the cookie that was refused is taken");
    assert_over(&app, &pair);
    Token(&app, stranger.access).get("/who_am_i").expect(200);
    login(&app, PASSWORD).refused(401, "invalid_credentials");
    login(&app, NEW).expect(200);

    // Its remember cookie still stands for it.
    browser.forget(SESSION);
    assert_eq!(browser.get("/session").expect(200).json()["via"], "remember");
}

#[test]
fn a_client_that_changes_it_keeps_its_tokens() {
    let app = TestApp::start();
    let (browser, other, pair) =
        (signed_in(&app), Anonymous(&app).token_login("panther"), Anonymous(&app).token_login("panther"));
    let answer = change(&Token(&app, pair.access.clone()), PASSWORD, NEW).expect(204);
    assert!(answer.body.is_empty() && answer.set_cookies().is_empty(), "{answer:?}");

    Token(&app, pair.access).get("/who_am_i").expect(200);
    let renewed = Token(&app, pair.refresh).post("/refresh").expect(200).pair();
    Token(&app, renewed.access).get("/who_am_i").expect(200);
    Token(&app, renewed.refresh).post("/refresh").expect(200);
    browser.get("/who_am_i").refused(401, "login_required");
    assert_over(&app, &other);
}

#[test]
fn the_policy_says_what_is_wrong() {
    let app = TestApp::start();
    let browser = signed_in(&app);
    let long = "x".repeat(1025);
    for (current, new, status, code, detail) in [
        ("guess", NEW, 401, "invalid_credentials", "wrong"),
        ("", NEW, 401, "invalid_credentials", "wrong"),
        (PASSWORD, "seven77", 400, "invalid_request", "at least 8 characters"),
        (PASSWORD, "", 400, "invalid_request", "at least 8 characters"),
        (
            PASSWORD,
            "\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}",
            400,
            "invalid_request",
            "at least 8",
        ),
        (PASSWORD, PASSWORD, 400, "invalid_request", "is the current one"),
        (PASSWORD, &long, 400, "invalid_request", "longer than 1024 bytes"),
        (&long, NEW, 400, "invalid_request", "longer than 1024 bytes"),
    ] {
        let answer = change(&browser, current, new).refused(status, code);
        assert!(answer.text().contains(detail), "{new:?}: {}", answer.text());
    }
    // "sapphire" would do, the name itself would not.
    let jester = Browser::new(&app);
    jester.sign_in("little_sapphire", false);
    change(&jester, PASSWORD, "Little_Sapphire").refused(400, "invalid_request");
    change(&jester, PASSWORD, "sapphire").expect(204);

    login(&app, PASSWORD).expect(200);
    browser.get("/who_am_i").expect(200);
    change(&browser, PASSWORD, "\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}\0").expect(204);
    login(&app, "\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}\0").expect(200);
}

#[test]
fn only_a_fresh_login_may() {
    let app = TestApp::start();
    let (browser, remembered) = (signed_in(&app), signed_in(&app));
    let pair = Anonymous(&app).token_login("panther");
    remembered.forget(SESSION);
    assert_eq!(remembered.get("/session").json()["via"], "remember");
    let refreshed = Token(&app, pair.refresh).post("/refresh").expect(200).pair();
    Anonymous(&app).call("POST", "/account/password").send().refused(401, "login_required");
    let assert_stale = |answer: Answer| {
        let answer = answer.refused(401, "reauth_required");
        let challenge = answer.header("www-authenticate");
        let (error, max_age) = (r#"error="insufficient_user_authentication""#, format!(r#"max_age="{FRESH}""#));
        assert!(challenge.contains(error) && challenge.contains(&max_age), "{challenge}");
    };
    assert_stale(change(&remembered, PASSWORD, NEW));
    assert_stale(change(&Token(&app, refreshed.access), PASSWORD, NEW));
    app.advance(FRESH);
    assert_stale(change(&browser, PASSWORD, NEW));
    let html = browser.call("GET", "/account").header("accept", "text/html").send().expect(200).text();
    assert!(!html.contains(r#"name="new_password""#) && html.contains("/login?reauth"), "{html}");
    login(&app, PASSWORD).expect(200);

    browser.sign_in("panther", false);
    app.advance(FRESH - 1);
    change(&browser, PASSWORD, NEW).expect(204);
}

#[test]
fn the_form_says_the_same() {
    let app = TestApp::start();
    let browser = signed_in(&app);
    let submit = |current: &str, new: &str, origin: &str| {
        let pairs = [("current_password", current), ("new_password", new), ("username", "panther")];
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        browser.call("POST", "/account/password").header("origin", origin).body(FORM, form).send()
    };
    let own = app.url("");
    submit(PASSWORD, NEW, "https://evil.example").refused(403, "csrf_rejected");
    let page = submit("guess-1503", NEW, &own).expect(401).text();
    assert!(page.contains("The current password is wrong.") && !page.contains("guess-1503"), "{page}");
    let page = submit(PASSWORD, "seven77", &own).expect(400).text();
    assert!(page.contains("at least 8 characters") && !page.contains("seven77"), "{page}");
    assert_eq!(submit(PASSWORD, NEW, &own).expect(303).header("location"), "/account?changed");
    let page = browser.get("/account?changed").expect(200).text();
    assert!(page.contains("Your password is changed."), "{page}");
    login(&app, NEW).expect(200);
}
