//! Requests that another page makes a browser send with a token in a cookie.

use serde_json::json;
use tollbridge::CredentialLocation::{Cookie, Header, Json};
use tollbridge::{TokenCookies, TokenLocations};

use crate::app::{PASSWORD, TestApp};
use crate::clients::{Anonymous, Browser, Client};
use crate::token_cookies::{ACCESS, REFRESH_CSRF, app, csrf, locations, signed_in, vouched};

/// The attack that all of this is for: another page makes the browser send a request with the cookie.
#[test]
fn an_unsafe_request_must_repeat_the_claim() {
    let app = app(TokenCookies::default());
    let (browser, pair) = signed_in(&app, "panther");
    let (other, _) = signed_in(&app, "batman");
    let right = csrf(&browser);
    let wrong = [
        csrf(&other),
        browser.cookie(REFRESH_CSRF).expect("a cookie"),
        right[1..].to_owned(),
        format!("{right}x"),
        right.to_uppercase(),
        "junk".to_owned(),
        pair.access.clone(),
    ];
    for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"] {
        for path in ["/who_am_i", "/maybe", "/require/token", "/require/optional-token", "/require/login"] {
            let case = format!("{method} {path}");
            let bare = browser.call(method, path).send();
            assert_eq!(bare.outcome(), (403, "csrf_rejected".to_owned()), "{case}");
            let empty = browser.call(method, path).header("x-csrf-token", "").send();
            assert_eq!(empty.outcome(), (403, "csrf_rejected".to_owned()), "{case}");
            vouched(&browser, method, path).send().expect(200);
        }
        for value in &wrong {
            let answer = browser.call(method, "/who_am_i").header("x-csrf-token", value).send();
            assert_eq!(answer.outcome(), (403, "csrf_rejected".to_owned()), "{method} {value}");
        }
        let header = Anonymous(&app).call(method, "/who_am_i").bearer(&pair.access).send();
        assert_eq!(header.status, 200, "{method}: a header is not ambient");
    }
    for method in ["GET", "HEAD", "OPTIONS"] {
        browser.call(method, "/who_am_i").send().expect(200);
    }
    let bytes: [&[u8]; 2] = [b"\xff", b"caf\xe9"];
    for value in bytes {
        browser.call("POST", "/who_am_i").header("x-csrf-token", value).send().refused(403, "csrf_rejected");
    }
}

#[test]
fn the_right_claim_from_the_wrong_site_is_refused() {
    let app = app(TokenCookies::default());
    let (browser, _) = signed_in(&app, "panther");
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let answer = vouched(&browser, "POST", "/who_am_i").header(name, value).send();
        assert_eq!(answer.outcome(), (403, "csrf_rejected".to_owned()), "{name}: {value}");
    }
    vouched(&browser, "POST", "/who_am_i").header("sec-fetch-site", "same-origin").send().expect(200);
    let off = app_with_double_submit_off();
    let (browser, _) = signed_in(&off, "panther");
    browser.post("/who_am_i").expect(200);
    browser.call("POST", "/who_am_i").header("sec-fetch-site", "cross-site").send().refused(403, "csrf_rejected");
}

fn app_with_double_submit_off() -> TestApp {
    app(TokenCookies::default().double_submit(false))
}

#[test]
fn what_a_cookie_authenticates_is_refused_before_anything_is_done() {
    let app = app(TokenCookies::default());
    let (browser, _) = signed_in(&app, "panther");
    app.store().take_calls();
    app.world.users.take_finds();
    for path in ["/who_am_i", "/logout", "/logout?scope=all", "/refresh", "/cookies/refresh"] {
        let answer = browser.post(path);
        assert_eq!(answer.set_cookies(), [""; 0], "{path}");
        answer.refused(403, "csrf_rejected");
    }
    assert!(app.store().take_calls().is_empty(), "the store was not even asked");
    assert_eq!(app.world.users.take_finds(), 0);
}

#[test]
fn another_site_signs_nobody_in_with_cookies() {
    let app = app(TokenCookies::default());
    let form = json!({ "username": "batman", "password": PASSWORD });
    for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        let answer = Browser::new(&app).call("POST", "/cookies/login").header(name, value).json(&form).send();
        assert_eq!(answer.set_cookies(), [""; 0]);
        answer.refused(403, "csrf_rejected");
    }
}

#[test]
fn an_explicit_token_does_not_excuse_the_cookie() {
    let app = TestApp::with(|bridge| {
        let cookie_first = TokenLocations::new(&[Cookie, Header, Json]);
        bridge.token_locations(cookie_first.first_found())
    });
    let (browser, pair) = signed_in(&app, "panther");
    for token in ["junk", &pair.access] {
        browser.call("POST", "/who_am_i").bearer(token).send().refused(403, "csrf_rejected");
        browser.post_json("/who_am_i", &json!({ "access_token": token })).refused(403, "csrf_rejected");
        browser.call("POST", "/require/cookie").bearer(token).send().refused(403, "csrf_rejected");
    }
    vouched(&browser, "POST", "/who_am_i").bearer("junk").send().expect(200);
}

#[test]
fn a_form_may_repeat_the_claim_where_that_is_asked_for() {
    const FORM: &str = "application/x-www-form-urlencoded";
    for check_form in [false, true] {
        let app = app(TokenCookies::default().check_form(check_form).csrf_fields("proof", "refresh_proof"));
        let (browser, _) = signed_in(&app, "panther");
        let right = csrf(&browser);
        let post = |content_type: &str, body: &str| browser.call("POST", "/who_am_i").body(content_type, body).send();
        let status = |content_type: &str, body: String| post(content_type, &body).status;
        let expected = if check_form { 200 } else { 403 };
        assert_eq!(status(FORM, format!("a=b&proof={right}")), expected);
        assert_eq!(status("Application/X-WWW-Form-Urlencoded; charset=utf-8", format!("proof={right}&a=b")), expected);
        for body in [
            "proof=junk".to_owned(),
            "proof=".to_owned(),
            String::new(),
            format!("csrf_token={right}"),
            format!("refresh_proof={right}"),
            format!("proof={right}&proof={right}"),
            format!("proof=junk&proof={right}"),
        ] {
            assert_eq!(status(FORM, body.clone()), 403, "{body}");
        }
        assert_eq!(status("text/plain", format!("proof={right}")), 403);
        // The header comes first, and a wrong one is not made good by the form.
        let wrong = browser.call("POST", "/who_am_i").header("x-csrf-token", "junk");
        wrong.body(FORM, format!("proof={right}")).send().refused(403, "csrf_rejected");
        let compressed = browser.call("POST", "/who_am_i").header("content-encoding", "gzip");
        compressed.body(FORM, format!("proof={right}")).send().refused(400, "invalid_request");
    }
}

#[test]
fn a_form_reaches_the_handler_as_it_was_sent_and_is_read_up_to_the_cap() {
    const CAP: usize = 1024;
    let app = TestApp::with(|bridge| {
        bridge.token_locations(locations(TokenCookies::default().check_form(true))).json_body_limit(CAP)
    });
    let (browser, _) = signed_in(&app, "panther");
    let proof = format!("csrf_token={}", csrf(&browser));
    for length in [proof.len() + 3, CAP - 1, CAP, CAP + 1, 10_000] {
        let body = format!("{proof}&p={}", "x".repeat(length - proof.len() - 3));
        let answer = browser.call("POST", "/echo-form").body("application/x-www-form-urlencoded", body).send();
        if length > CAP {
            answer.refused(413, "payload_too_large");
            continue;
        }
        let fields = answer.expect(200).json();
        assert_eq!(fields[0], json!(["csrf_token", csrf(&browser)]));
        assert_eq!(fields[1][1].as_str().map(str::len), Some(length - proof.len() - 3));
    }
    // The header does not help: a form that cannot be searched could name another user.
    for (length, status) in [(CAP - 2, 200), (CAP - 1, 413)] {
        let body = format!("p={}", "x".repeat(length));
        let vouched = vouched(&browser, "POST", "/echo-form").body("application/x-www-form-urlencoded", body).send();
        vouched.expect(status);
    }
}

/// A form with these parts, each with its `Content-Disposition` after `form-data`.
fn multipart(parts: &[(&str, &str)]) -> String {
    let part = |(disposition, value): &(&str, &str)| {
        format!("--XyZ\r\nContent-Disposition: form-data{disposition}\r\n\r\n{value}\r\n")
    };
    parts.iter().map(part).collect::<String>() + "--XyZ--\r\n"
}

#[test]
fn a_form_with_files_may_repeat_the_claim_before_them() {
    const FORM: &str = "multipart/form-data; boundary=XyZ";
    let app = TestApp::with(|bridge| {
        bridge.token_locations(locations(TokenCookies::default().check_form(true))).json_body_limit(1024)
    });
    let (browser, _) = signed_in(&app, "panther");
    let right = csrf(&browser);
    let post = |path: &str, body: &str| browser.call("POST", path).body(FORM, body).send();
    let file = "x".repeat(100_000);
    let proof = ("; name=\"csrf_token\"", right.as_str());
    let upload = ("; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain", file.as_str());
    for parts in [&[proof][..], &[("; name=a", "b"), proof], &[("; name=csrf_token", right.as_str())], &[proof, upload]]
    {
        let body = multipart(parts);
        post("/who_am_i", &body).expect(200);
        assert_eq!(post("/stream", &body).expect(200).text(), body, "the handler gets all of it");
    }
    let unclosed = multipart(&[proof]).replace("\r\n--XyZ--", "");
    for body in [
        multipart(&[upload, proof]),
        multipart(&[proof, proof]),
        multipart(&[("; name=\"csrf_token\"", "junk")]),
        multipart(&[("; name=\"csrf_token\"; filename=\"csrf_token\"", &right)]),
        multipart(&[("; name=\"other\"", &right)]),
        multipart(&[("; name=\"a\"", &format!("x\r\n; name=\"csrf_token\"\r\n\r\n{right}"))]),
        multipart(&[proof]).replace("form-data;", "attachment;"),
        multipart(&[proof]).replace("XyZ", "Zyx"),
        format!("preamble\r\n{}", multipart(&[proof])),
        unclosed,
        String::new(),
    ] {
        assert_eq!(post("/who_am_i", &body).outcome(), (403, "csrf_rejected".to_owned()), "{:.300}", body);
    }
}

#[test]
fn the_methods_that_need_the_claim_are_as_set() {
    let app = app(TokenCookies::default().csrf_methods(&[actix_web::http::Method::GET]).csrf_headers("X-Proof", "X-R"));
    let (browser, _) = signed_in(&app, "panther");
    browser.get("/who_am_i").refused(403, "csrf_rejected");
    browser.call("GET", "/who_am_i").header("x-proof", csrf(&browser)).send().expect(200);
    browser.call("GET", "/who_am_i").header("x-r", csrf(&browser)).send().refused(403, "csrf_rejected");
    browser.post("/who_am_i").expect(200);
    browser.call("POST", "/who_am_i").header("origin", "null").send().refused(403, "csrf_rejected");
}

#[test]
fn a_token_that_was_issued_without_the_claim_is_good_for_reading_only() {
    let world = crate::app::World::default();
    let before = TestApp::over(world.clone(), |bridge| bridge);
    let token = Anonymous(&before).token_login("panther").access;
    let app = TestApp::over(world, |bridge| bridge.token_locations(locations(TokenCookies::default())));
    let nobody = Anonymous(&app);
    let call = |method: &str| nobody.call(method, "/who_am_i").header("cookie", format!("{ACCESS}={token}"));
    call("GET").send().expect(200);
    call("POST").send().refused(403, "csrf_rejected");
    call("POST").header("x-csrf-token", "null").send().refused(403, "csrf_rejected");
}
