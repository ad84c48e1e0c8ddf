//! One strict reading of bodies: what `/login` takes, `/refresh` and `/logout` read too, and forms are UTF-8.

use serde_json::json;

use crate::app::{PASSWORD, TestApp};
use crate::clients::{Anonymous, Browser, Client, Pair, REMEMBER, Token};

const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn a_logout_is_no_success_while_the_token_works() {
    let app = TestApp::start();
    let padded = |pair: &Pair| json!({ "access_token": pair.access, "pad": "x".repeat(17 << 10) }).to_string();
    type Body = fn(&Pair) -> String;
    let member: Body = |pair| json!({ "access_token": pair.access }).to_string();
    let read =
        ["application/json;charset=utf8", "application/vnd.api+json", "application/json;charset=latin1", "text/json"];
    for content_type in read {
        for body in [&member as &dyn Fn(&Pair) -> String, &padded] {
            let pair = Anonymous(&app).token_login("panther");
            Anonymous(&app).call("POST", "/logout").body(content_type, body(&pair)).send().expect(204);
            Token(&app, pair.access).get("/who_am_i").refused(401, "login_ended");
        }
    }
    let unread: [(&str, Body); 4] = [
        (FORM, |pair| format!("access_token={}", pair.access)),
        (FORM, |pair| format!("scope=this&token={}", pair.refresh)),
        ("application/json", |pair| json!({ "token": pair.access }).to_string()),
        ("application/json", |pair| json!({ "accessToken": pair.access }).to_string()),
    ];
    let pair = Anonymous(&app).token_login("panther");
    let browser = Browser::new(&app);
    browser.sign_in("batman", false);
    for (content_type, body) in unread {
        for client in [&Anonymous(&app) as &dyn Client, &browser] {
            let answer = client.call("POST", "/logout").body(content_type, body(&pair)).send();
            assert!(answer.refused(400, "invalid_request").text().contains("the body"));
        }
    }
    for scheme in ["Token ", "JWT ", ""] {
        let call = browser.call("POST", "/logout").header("authorization", format!("{scheme}{}", pair.access));
        call.send().refused(400, "invalid_request");
    }
    browser.get("/who_am_i").expect(200);
    // The JSON of `/login` posted back.
    Token(&app, pair.access.clone()).get("/who_am_i").expect(200);
    let both = json!({ "access_token": pair.access, "refresh_token": pair.refresh });
    Anonymous(&app).post_json("/logout", &both).expect(204);
    Token(&app, pair.access).get("/who_am_i").refused(401, "login_ended");
}

#[test]
fn json_means_the_same_everywhere() {
    let app = TestApp::start();
    let login = json!({ "username": "panther", "password": PASSWORD }).to_string();
    for content_type in ["application/json;charset=utf8", "text/json", "application/vnd.api+json"] {
        let pair = Anonymous(&app).call("POST", "/login").body(content_type, login.clone()).send().expect(200).pair();
        let refresh = json!({ "refresh_token": pair.refresh }).to_string();
        Anonymous(&app).call("POST", "/refresh").body(content_type, refresh).send().expect(200);
    }
    let raw = [login.trim_end_matches('}').as_bytes(), b",\"x\":\"\x80\"}"].concat();
    for body in [format!("\u{feff}{login}").into_bytes(), raw] {
        for path in ["/login", "/who_am_i", "/refresh", "/logout"] {
            let answer = Anonymous(&app).call("POST", path).body("application/json", body.clone()).send();
            answer.refused(400, "invalid_request");
        }
    }
    // As far as every other body, and no further.
    let pair = Anonymous(&app).token_login("panther");
    let large = |pad: usize| json!({ "access_token": pair.access, "pad": "x".repeat(pad) }).to_string();
    let ask = |pad| Anonymous(&app).call("POST", "/who_am_i").body("application/json", large(pad)).send();
    ask(1 << 20).expect(200);
    ask(2 << 20).refused(413, "payload_too_large");
}

#[test]
fn forms_are_utf_8() {
    let app = TestApp::start();
    let browser = Browser::new(&app);
    browser.sign_in("panther", false);
    let change = |new: &str| {
        let form = format!("current_password={}&new_password={new}", PASSWORD.replace(' ', "+"));
        browser.call("POST", "/account/password").body(FORM, form).send()
    };
    for new in ["%E4%E5%E6%E7%E8%E9%EA%EB", "%F0%F1%F2%F3%F4%F5%F6%F7", "12345678%C3"] {
        change(new).refused(400, "invalid_request");
    }
    let sign_in = |body: &[u8], content_type: &str| {
        Anonymous(&app).call("POST", "/login").body(content_type, body.to_vec()).send().outcome()
    };
    let refused = (400, "invalid_request".to_owned());
    assert_eq!(sign_in(b"username=panther&password=caf\xe9", FORM), refused);
    assert_eq!(sign_in(b"username=panther&password=x&other=%ff", FORM), refused);
    assert_eq!(sign_in(b"username=panther&password=x", "application/x-www-form-urlencoded; charset=latin1"), refused);
    change("%C3%A4%C3%B6%C3%BC%C3%9F%20100%25").expect(303);
    let login = json!({ "username": "panther", "password": "äöüß 100%" });
    Anonymous(&app).post_json("/login", &login).expect(200);
}

#[test]
fn a_checkbox_says_yes_or_no() {
    let app = TestApp::start();
    let sign_in = |remember: &str| {
        let form = format!("username=panther&password={}{remember}", PASSWORD.replace(' ', "+"));
        let browser = Browser::new(&app);
        let answer = browser.call("POST", "/login").body(FORM, form).send();
        (answer.status, browser.cookie(REMEMBER).is_some())
    };
    for no in ["", "&remember=", "&remember=0", "&remember=off", "&remember=False", "&remember=no"] {
        assert_eq!(sign_in(no), (303, false), "{no}");
    }
    for yes in ["&remember=on", "&remember=true", "&remember=1", "&remember=YES"] {
        assert_eq!(sign_in(yes), (303, true), "{yes}");
    }
    for neither in ["&remember=maybe", "&remember=2", "&remember=on&remember=off"] {
        assert_eq!(sign_in(neither), (400, false), "{neither}");
    }
}
