//! What an administrator does to an account holds at the very next request.

use serde_json::json;

use tollbridge::Act;

use crate::app::{PANTHER, PASSWORD, TestApp, cheap, hash, new_user, wait};
use crate::clients::{Anonymous, Browser, Client, REMEMBER, SESSION, Token};

/// Both faces of a user, and what each of their credentials is answered.
struct Faces<'a> {
    app: &'a TestApp,
    browser: Browser<'a>,
    cookies: [(&'static str, String); 2],
    access: String,
    refresh: String,
}

impl<'a> Faces<'a> {
    fn new(app: &'a TestApp) -> Self {
        let browser = Browser::new(app);
        browser.sign_in("panther", true);
        let cookies = [SESSION, REMEMBER].map(|name| (name, browser.cookie(name).expect("a cookie")));
        let pair = Anonymous(app).token_login("panther");
        let faces = Self { app, browser, cookies, access: pair.access, refresh: pair.refresh };
        faces.browser.get("/who_am_i").expect(200);
        Token(app, faces.access.clone()).get("/who_am_i").expect(200);
        faces
    }

    #[track_caller]
    fn assert_refused(&self, codes: &[&str]) {
        let by_cookie = |(name, value): &(&str, String)| {
            Anonymous(self.app).call("GET", "/who_am_i").header("cookie", format!("{name}={value}")).send()
        };
        let answers = [
            by_cookie(&self.cookies[0]),
            by_cookie(&self.cookies[1]),
            Token(self.app, self.access.clone()).get("/who_am_i"),
            Token(self.app, self.access.clone()).get("/session"),
            Token(self.app, self.refresh.clone()).post("/refresh"),
        ];
        for answer in answers {
            let (status, code) = answer.outcome();
            assert!(status == 401 && codes.contains(&code.as_str()), "{}", answer.text());
        }
        let page = self.browser.call("GET", "/account").header("accept", "text/html").send().expect(303);
        assert_eq!(page.header("location"), "/login?next=%2Faccount");
    }
}

fn login(app: &TestApp) -> u16 {
    Anonymous(app).post_json("/login", &json!({ "username": "panther", "password": PASSWORD })).status
}

#[test]
fn a_disabled_user_is_out() {
    let app = TestApp::start();
    let faces = Faces::new(&app);
    assert!(wait(app.database.set_active(PANTHER, false, &Act::of_application(), app.clock.now())).expect("an answer"));
    faces.assert_refused(&["login_ended", "login_required"]);
    assert_eq!(login(&app), 401);

    // Enabled again they may sign in; what had ended stays ended.
    assert!(wait(app.database.set_active(PANTHER, true, &Act::of_application(), app.clock.now())).expect("an answer"));
    faces.assert_refused(&["login_ended", "login_required"]);
    assert_eq!(login(&app), 200);
}

#[test]
fn a_user_who_is_disabled_past_the_store_is_out_as_well() {
    let app = TestApp::start();
    let faces = Faces::new(&app);
    let (off, on) = if app.place.url().starts_with("sqlite") { ("0", "1") } else { ("FALSE", "TRUE") };
    app.place.execute(&format!("UPDATE users SET active = {off} WHERE id = {PANTHER}"));
    faces.assert_refused(&["user_disabled", "login_required"]);
    assert_eq!(login(&app), 401);
    app.place.execute(&format!("UPDATE users SET active = {on} WHERE id = {PANTHER}"));
    Token(&app, faces.access).get("/who_am_i").expect(200);
}

#[test]
fn a_deleted_user_is_out() {
    let app = TestApp::start();
    let faces = Faces::new(&app);
    assert!(wait(app.database.delete_user(PANTHER, &Act::of_application(), app.clock.now())).expect("an answer"));
    faces.assert_refused(&["login_ended", "user_not_found", "login_required"]);
    assert_eq!(login(&app), 401);
}

#[test]
fn a_new_password_from_the_administrator_ends_every_login() {
    let app = TestApp::start();
    let faces = Faces::new(&app);
    let new = hash(cheap(), "what the administrator says");
    assert!(
        wait(app.database.reset_password(PANTHER, &new, &Act::of_application(), app.clock.now())).expect("an answer")
    );
    faces.assert_refused(&["login_ended", "login_required"]);
    assert_eq!(login(&app), 401);
}

#[test]
fn a_username_of_any_script_may_have_150_characters() {
    let app = TestApp::start();
    for username in ["\u{5b57}".repeat(150), "\u{10400}".to_lowercase().repeat(150), "x".repeat(150)] {
        let user = new_user(None, &username, "Somebody", hash(cheap(), PASSWORD));
        wait(app.database.create_user(user, &Act::of_application())).expect("a user");
        let login = |username: &str| {
            Anonymous(&app).post_json("/login", &json!({ "username": username, "password": PASSWORD }))
        };
        login(&username).expect(200);
        login(&format!("{username}x")).refused(401, "invalid_credentials");
    }
}

#[test]
fn a_hash_of_another_kind_is_answered_like_a_wrong_password() {
    let app = TestApp::start();
    let hash = "$2b$12$LQv3c1yqBWVHxkd0LHAkCOYz6TtxMQJqhN8/LewdBPj4J/HS.iK8i";
    app.place.execute(&format!("UPDATE users SET password_hash = '{hash}' WHERE id = {PANTHER}"));
    let answer = |username: &str| {
        let answer = Anonymous(&app).post_json("/login", &json!({ "username": username, "password": PASSWORD }));
        (answer.outcome(), answer.text())
    };
    assert_eq!(answer("panther").0, (401, "invalid_credentials".to_owned()));
    assert_eq!(answer("panther"), answer("nobody"));
}
