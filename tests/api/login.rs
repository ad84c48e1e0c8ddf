//! Signing in: with JSON and with the form, and what each gives.

use serde_json::{Value, json};
use tollbridge::{Act, PasswordParams};

use crate::app::{PANTHER, PASSWORD, TestApp, cheap, hash, new_user, wait};
use crate::clients::{Anonymous, Answer, Browser, Client, REMEMBER, SESSION, Token};

const THIRTY_DAYS: i64 = 30 * 86_400;
const FORM: &str = "application/x-www-form-urlencoded";

fn json_login(app: &TestApp, more: &Value) -> Answer {
    let mut body = json!({ "username": "panther", "password": PASSWORD });
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    Anonymous(app).post_json("/login", &body)
}

/// The body of a form with the right credentials.
fn form(more: &[(&str, &str)]) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("username", "panther").append_pair("password", PASSWORD).extend_pairs(more).finish()
}

fn names(answer: &Answer) -> Vec<&str> {
    let mut names: Vec<_> = answer.set_cookies().iter().filter_map(|cookie| cookie.split('=').next()).collect();
    names.sort_unstable();
    names
}

#[test]
fn json_gives_the_face_that_is_asked_for() {
    let app = TestApp::start();
    for more in [json!({}), json!({ "mode": "token" }), json!({ "remember": true }), json!({ "mode": null })] {
        let answer = json_login(&app, &more).expect(200);
        assert!(names(&answer).is_empty(), "{more}: {:?}", answer.headers);
        let body = answer.json();
        assert_eq!(body.as_object().map(|members| members.len()), Some(4), "{body}");
        assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(900)));
        let pair = answer.pair();
        Token(&app, pair.access).get("/who_am_i").expect(200);
        Token(&app, pair.refresh).post("/refresh").expect(200);
    }
    for (more, cookies) in [
        (json!({ "mode": "session" }), vec![SESSION]),
        (json!({ "mode": "session", "remember": false }), vec![SESSION]),
        (json!({ "mode": "session", "remember": true }), vec![REMEMBER, SESSION]),
    ] {
        let answer = json_login(&app, &more).expect(200);
        let user = json!({ "id": PANTHER, "full_name": "Ann Takamaki", "username": "panther" });
        assert_eq!(answer.json(), json!({ "user": user }));
        assert_eq!(names(&answer), cookies, "{more}");
    }
}

#[test]
fn cookies_are_out_of_reach_for_scripts_and_other_sites() {
    let app = TestApp::start();
    let answer = json_login(&app, &json!({ "mode": "session", "remember": true }));
    for cookie in answer.set_cookies() {
        for flag in ["; HttpOnly", "; SameSite=Lax", "; Path=/"] {
            assert!(cookie.contains(flag), "{cookie}");
        }
        assert!(!cookie.contains("Secure") && !cookie.contains("Domain"), "{cookie}");
        let max_age = cookie.contains(&format!("; Max-Age={THIRTY_DAYS}"));
        assert_eq!(max_age, cookie.starts_with(REMEMBER), "the session's cookie goes with the browser: {cookie}");
    }
}

#[test]
fn json_of_another_shape_is_refused() {
    let app = TestApp::start();
    let cases = [
        (json!({ "mode": "all" }), "wrong type"),
        (json!({ "mode": "Session" }), "wrong type"),
        (json!({ "remember": "yes" }), "wrong type"),
        (json!({ "username": null }), "wrong type"),
        (json!({ "password": 12_345_678 }), "wrong type"),
        (json!({ "password": [PASSWORD] }), "wrong type"),
    ];
    for (more, detail) in cases {
        let answer = json_login(&app, &more).refused(400, "invalid_request");
        assert!(answer.text().contains(detail) && !answer.text().contains(PASSWORD), "{more}: {}", answer.text());
    }
    let raw = |body: &str| Anonymous(&app).call("POST", "/login").body("application/json", body).send();
    for (body, detail) in [
        (r#"{"username":"panther"}"#, r#"lacks the field \"password\""#),
        (r#"{"password":"x"}"#, r#"lacks the field \"username\""#),
        (r#"{"username":"a","username":"b","password":"x"}"#, r#"has the field \"username\" twice"#),
        (r#"["panther","correct horse battery staple"]"#, "wrong type"),
        (r#""panther""#, "wrong type"),
        ("", "not valid JSON"),
        (r#"{"username":"panther","password":"correct horse battery staple"} x"#, "not valid JSON"),
    ] {
        let answer = raw(body).refused(400, "invalid_request");
        assert!(answer.text().contains(detail) && !answer.text().contains("horse"), "{body}: {}", answer.text());
    }
}

#[test]
fn the_form_leads_on_and_remembers() {
    let app = TestApp::start();
    let submit = |more: &[(&str, &str)]| {
        let answer = Anonymous(&app).call("POST", "/login").body(FORM, form(more)).send().expect(303);
        (answer.header("location").to_owned(), names(&answer).join(" "))
    };
    let both = format!("{REMEMBER} {SESSION}");
    for (more, location, cookies) in [
        (&[][..], "/account", SESSION),
        (&[("remember", "on")], "/account", &both),
        (&[("next", "/session?x=y&z")], "/session?x=y&z", SESSION),
        (&[("next", "https://evil.example/"), ("remember", "1")], "/account", &both),
        (&[("next", "")], "/account", SESSION),
        (&[("another", "field")], "/account", SESSION),
    ] {
        assert_eq!(submit(more), (location.to_owned(), cookies.to_owned()), "{more:?}");
    }
    // As browsers write it.
    let with_charset = format!("{FORM}; charset=UTF-8");
    Anonymous(&app).call("POST", "/login").body(&with_charset, form(&[])).send().expect(303);
}

#[test]
fn the_form_comes_back_without_the_password() {
    let app = TestApp::start();
    let wrong = "username=%22%3E%3Cb%3Epanther&password=hunter2+hunter2&remember=on&next=%2Fsession";
    let page = Anonymous(&app).call("POST", "/login").body(FORM, wrong).send().expect(401);
    let html = page.text();
    assert!(page.set_cookies().is_empty(), "{:?}", page.headers);
    assert!(html.contains(r#"role="alert""#) && html.contains("The user name or the password is wrong."), "{html}");
    assert!(!html.contains("hunter2") && !html.contains("<b>panther"), "{html}");
    assert!(html.contains(r#"value="/session""#) && html.contains("checked"), "{html}");
}

#[test]
fn another_site_signs_nobody_in() {
    let app = TestApp::start();
    let from = |name: &str, value: &str| {
        Anonymous(&app).call("POST", "/login").header(name, value).body(FORM, form(&[])).send()
    };
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let answer = from(name, value).refused(403, "csrf_rejected");
        assert!(answer.set_cookies().is_empty(), "{name}: {value}");
    }
    from("origin", &app.url("")).expect(303);
    from("sec-fetch-site", "same-origin").expect(303);
    // Tokens go to whoever asked, so nothing is forged by asking.
    let credentials = json!({ "username": "panther", "password": PASSWORD });
    Anonymous(&app)
        .call("POST", "/login")
        .header("origin", "https://evil.example")
        .json(&credentials)
        .send()
        .expect(200);
}

#[test]
fn a_token_opens_no_session() {
    let app = TestApp::start();
    let token = Token(&app, Anonymous(&app).token_login("panther").access);
    let with_form = token.call("POST", "/login").body(FORM, form(&[])).send().refused(400, "credential_conflict");
    let session = json!({ "username": "panther", "password": PASSWORD, "mode": "session" });
    let with_json = token.post_json("/login", &session).refused(400, "credential_conflict");
    for answer in [with_form, with_json] {
        assert!(answer.set_cookies().is_empty(), "{:?}", answer.headers);
    }
    // A token beside it takes nothing from a login that wants tokens.
    token.post_json("/login", &json!({ "username": "panther", "password": PASSWORD })).expect(200);
}

#[test]
fn signing_in_again_is_another_login() {
    let app = TestApp::start();
    let browser = Browser::new(&app);
    browser.sign_in("panther", true);
    let (login, session) = (browser.get("/session").json()["login_id"].clone(), browser.cookie(SESSION));
    browser.sign_in("batman", false);
    let now = browser.get("/session").json();
    assert_eq!(now["user"]["username"], "batman");
    assert_ne!(now["login_id"], login);
    assert_ne!(browser.cookie(SESSION), session, "a session key is worth nothing after a change of user");
    assert_eq!(browser.cookie(REMEMBER), None, "nor does the cookie of the user before stay");
}

#[test]
fn a_hash_of_other_parameters_is_renewed_by_the_next_login() {
    let app = TestApp::start();
    let old = hash(PasswordParams { memory_kib: 16, iterations: 2, ..cheap() }, PASSWORD);
    let user = wait(app.database.create_user(new_user(None, "old", "Old Timer", old.clone()), &Act::of_application()))
        .expect("a new user");
    let stored = || wait(app.database.current_password_hash(user.id)).expect("an answer").expect("a hash");
    let login =
        |password: &str| Anonymous(&app).post_json("/login", &json!({ "username": "old", "password": password }));

    login("guess").refused(401, "invalid_credentials");
    assert_eq!(stored(), old, "a wrong password renews nothing");
    let pair = login(PASSWORD).expect(200).pair();
    let renewed = stored();
    assert!(renewed.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{renewed}");
    login(PASSWORD).expect(200);
    assert_eq!(stored(), renewed, "once is enough");
    Token(&app, pair.access).get("/who_am_i").expect(200);
}
