//! Every route: its status, its kind of body, and the headers that every response has.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::app::{PASSWORD, TestApp};
use crate::clients::{Anonymous, Answer, Browser, Call, Client, Pair, REMEMBER, SESSION};

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";
const FORM: &str = "application/x-www-form-urlencoded";
const RIGHT: &str = r#"{"username":"panther","password":"correct horse battery staple"}"#;
const WRONG: &str = r#"{"username":"panther","password":"incorrect horse"}"#;
const CHANGE: &str = r#"{"current_password":"correct horse battery staple","new_password":"a longer staple"}"#;
const REAUTH: &str = r#"{"password":"correct horse battery staple"}"#;
const REAUTH_FORM: &str = "password=correct+horse+battery+staple&next=/session";
const NEW_TOKEN: &str = r#"{"name":"backup","abilities":["notes:read"],"expires_in":60}"#;
const RIGHT_FORM: &str = "username=panther&password=correct+horse+battery+staple";
const WRONG_FORM: &str = "username=panther&password=incorrect+horse";
const CHANGE_FORM: &str = "current_password=correct+horse+battery+staple&new_password=a+longer+staple";
const FAILED_CHANGE_FORM: &str = "current_password=guess&new_password=a+longer+staple";

/// Who sends a request, and what it accepts.
#[derive(Clone, Copy, Debug)]
enum Who {
    /// A program without credentials.
    Nobody,
    /// A browser that is not signed in.
    Visitor,
    /// A browser that is.
    Person,
    /// A program with that browser's cookies.
    Cookie,
    /// A program with an access token.
    Token,
    /// A program with a refresh token.
    Refresh,
    /// A browser with a token that is none.
    Confused,
}
use Who::{Confused, Cookie, Nobody, Person, Refresh, Token, Visitor};

/// Who asks for what, with which body; the status, the type of the body, and where a redirect leads.
type Line = (Who, &'static str, &'static str, Option<(&'static str, &'static str)>, u16, &'static str, &'static str);

#[rustfmt::skip]
const LINES: [Line; 122] = [
    (Nobody, "GET", "/", None, 303, "", "/openapi.json"),
    (Visitor, "GET", "/", None, 303, "", "/account"),
    (Nobody, "GET", "/login", None, 200, HTML, ""),
    (Visitor, "GET", "/login?next=/account&reauth", None, 200, HTML, ""),
    (Person, "GET", "/login", None, 303, "", "/account"),
    (Person, "GET", "/login?next=/session", None, 303, "", "/session"),
    (Person, "GET", "/login?next=//evil.example", None, 303, "", "/account"),
    (Person, "GET", "/login?reauth", None, 200, HTML, ""),
    (Confused, "GET", "/login", None, 200, HTML, ""),
    (Nobody, "GET", "/login?next=/a&next=/b", None, 400, PROBLEM, ""),
    (Visitor, "GET", "/login?next=/a&next=/b", None, 400, HTML, ""),
    (Nobody, "POST", "/login", Some((JSON, RIGHT)), 200, JSON, ""),
    (Nobody, "POST", "/login", Some((JSON, WRONG)), 401, PROBLEM, ""),
    (Nobody, "POST", "/login", Some((JSON, "{")), 400, PROBLEM, ""),
    (Nobody, "POST", "/login", Some(("text/plain", RIGHT)), 415, PROBLEM, ""),
    (Nobody, "POST", "/login", None, 415, PROBLEM, ""),
    (Nobody, "POST", "/login", Some((FORM, RIGHT_FORM)), 303, "", "/account"),
    (Visitor, "POST", "/login", Some((FORM, RIGHT_FORM)), 303, "", "/account"),
    (Visitor, "POST", "/login", Some((FORM, WRONG_FORM)), 401, HTML, ""),
    (Visitor, "POST", "/login", Some((FORM, "username=panther")), 400, HTML, ""),
    (Nobody, "GET", "/reauth", None, 401, PROBLEM, ""),
    (Visitor, "GET", "/reauth", None, 303, "", "/login?next=%2Faccount"),
    (Visitor, "GET", "/reauth?next=/session", None, 303, "", "/login?next=%2Fsession"),
    (Person, "GET", "/reauth", None, 200, HTML, ""),
    (Person, "GET", "/reauth?next=//evil.example", None, 200, HTML, ""),
    (Person, "GET", "/reauth?next=/a&next=/b", None, 400, HTML, ""),
    (Token, "GET", "/reauth", None, 400, PROBLEM, ""),
    (Confused, "GET", "/reauth", None, 401, HTML, ""),
    (Nobody, "POST", "/reauth", Some((JSON, REAUTH)), 401, PROBLEM, ""),
    (Cookie, "POST", "/reauth", Some((JSON, REAUTH)), 204, "", ""),
    (Cookie, "POST", "/reauth", Some((JSON, "{}")), 400, PROBLEM, ""),
    (Token, "POST", "/reauth", Some((JSON, REAUTH)), 200, JSON, ""),
    (Refresh, "POST", "/reauth", Some((JSON, REAUTH)), 401, PROBLEM, ""),
    (Person, "POST", "/reauth", Some((FORM, REAUTH_FORM)), 303, "", "/session"),
    (Person, "POST", "/reauth", Some((FORM, "password=guess")), 401, HTML, ""),
    (Visitor, "POST", "/reauth", Some((FORM, REAUTH_FORM)), 303, "", "/login"),
    (Nobody, "GET", "/account", None, 401, PROBLEM, ""),
    (Visitor, "GET", "/account", None, 303, "", "/login?next=%2Faccount"),
    (Person, "GET", "/account", None, 200, HTML, ""),
    (Cookie, "GET", "/account?changed", None, 200, HTML, ""),
    (Token, "GET", "/account", None, 400, PROBLEM, ""),
    (Confused, "GET", "/account", None, 401, HTML, ""),
    (Nobody, "POST", "/account/password", Some((JSON, CHANGE)), 401, PROBLEM, ""),
    (Cookie, "POST", "/account/password", Some((JSON, CHANGE)), 204, "", ""),
    (Token, "POST", "/account/password", Some((JSON, CHANGE)), 200, JSON, ""),
    (Cookie, "POST", "/account/password", Some((JSON, "{}")), 400, PROBLEM, ""),
    (Person, "POST", "/account/password", Some((FORM, CHANGE_FORM)), 303, "", "/account?changed"),
    (Person, "POST", "/account/password", Some((FORM, FAILED_CHANGE_FORM)), 401, HTML, ""),
    (Visitor, "POST", "/account/password", Some((FORM, CHANGE_FORM)), 303, "", "/login"),
    (Nobody, "GET", "/assets/tollbridge.css", None, 200, "text/css; charset=utf-8", ""),
    (Nobody, "GET", "/assets/signed_out.css", None, 200, "text/css; charset=utf-8", ""),
    (Nobody, "GET", "/assets/mark.svg", None, 200, "image/svg+xml; charset=utf-8", ""),
    (Nobody, "GET", "/who_am_i", None, 401, PROBLEM, ""),
    (Visitor, "GET", "/who_am_i", None, 303, "", "/login?next=%2Fwho_am_i"),
    (Cookie, "GET", "/who_am_i", None, 200, JSON, ""),
    (Token, "GET", "/who_am_i", None, 200, JSON, ""),
    (Refresh, "GET", "/who_am_i", None, 401, PROBLEM, ""),
    (Cookie, "POST", "/who_am_i", None, 200, JSON, ""),
    (Token, "POST", "/who_am_i", Some((JSON, "{}")), 200, JSON, ""),
    (Nobody, "GET", "/session", None, 401, PROBLEM, ""),
    (Cookie, "GET", "/session", None, 200, JSON, ""),
    (Token, "GET", "/session", None, 200, JSON, ""),
    (Nobody, "POST", "/refresh", None, 401, PROBLEM, ""),
    (Token, "POST", "/refresh", None, 401, PROBLEM, ""),
    (Refresh, "POST", "/refresh", None, 200, JSON, ""),
    (Nobody, "POST", "/token", None, 401, PROBLEM, ""),
    (Cookie, "POST", "/token", None, 200, JSON, ""),
    (Cookie, "POST", "/token", Some((JSON, r#"{"template":"none"}"#)), 400, PROBLEM, ""),
    (Token, "POST", "/token", None, 400, PROBLEM, ""),
    (Nobody, "POST", "/handoff", None, 401, PROBLEM, ""),
    (Cookie, "POST", "/handoff", None, 401, PROBLEM, ""),
    (Token, "POST", "/handoff", None, 201, JSON, ""),
    (Token, "POST", "/handoff", Some((JSON, r#"{"next":"/account"}"#)), 201, JSON, ""),
    (Refresh, "POST", "/handoff", None, 401, PROBLEM, ""),
    (Nobody, "GET", "/handoff/{code}", None, 410, PROBLEM, ""),
    (Visitor, "GET", "/handoff/{code}", None, 410, HTML, ""),
    (Visitor, "POST", "/handoff/{code}", None, 410, HTML, ""),
    (Token, "POST", "/handoff/{code}", None, 400, PROBLEM, ""),
    (Nobody, "POST", "/logout", None, 204, "", ""),
    (Cookie, "POST", "/logout", None, 204, "", ""),
    (Token, "POST", "/logout", Some((JSON, r#"{"scope":"all"}"#)), 204, "", ""),
    (Refresh, "POST", "/logout", None, 204, "", ""),
    (Person, "POST", "/logout", None, 303, "", "/login?signed_out"),
    (Person, "POST", "/logout", Some((FORM, "scope=others")), 303, "", "/account?ended"),
    (Person, "POST", "/logout", Some((FORM, "scope=everything")), 400, HTML, ""),
    (Nobody, "GET", "/logins", None, 401, PROBLEM, ""),
    (Visitor, "GET", "/logins", None, 303, "", "/login?next=%2Flogins"),
    (Cookie, "GET", "/logins", None, 200, JSON, ""),
    (Token, "GET", "/logins", None, 200, JSON, ""),
    (Refresh, "GET", "/logins", None, 401, PROBLEM, ""),
    (Nobody, "DELETE", "/logins/{id}", None, 401, PROBLEM, ""),
    (Token, "DELETE", "/logins/{id}", None, 404, PROBLEM, ""),
    (Cookie, "DELETE", "/logins/{id}", None, 404, PROBLEM, ""),
    (Person, "POST", "/logins/end", Some((FORM, "end=unknown")), 303, "", "/account?ended_one"),
    (Person, "POST", "/logins/end", Some((FORM, "end=others")), 303, "", "/account?ended"),
    (Person, "POST", "/logins/end", Some((FORM, "end=all")), 303, "", "/login?signed_out"),
    (Person, "POST", "/logins/end", Some((FORM, "")), 400, HTML, ""),
    (Visitor, "POST", "/logins/end", Some((FORM, "end=all")), 303, "", "/login"),
    (Token, "POST", "/logins/end", Some((FORM, "end=all")), 400, PROBLEM, ""),
    (Nobody, "GET", "/tokens", None, 401, PROBLEM, ""),
    (Visitor, "GET", "/tokens", None, 303, "", "/login?next=%2Ftokens"),
    (Cookie, "GET", "/tokens", None, 200, JSON, ""),
    (Token, "GET", "/tokens", None, 200, JSON, ""),
    (Nobody, "POST", "/tokens", Some((JSON, NEW_TOKEN)), 401, PROBLEM, ""),
    (Cookie, "POST", "/tokens", Some((JSON, NEW_TOKEN)), 201, JSON, ""),
    (Token, "POST", "/tokens", Some((JSON, NEW_TOKEN)), 201, JSON, ""),
    (Person, "POST", "/tokens", Some((FORM, "name=backup")), 201, HTML, ""),
    (Person, "POST", "/tokens", Some((FORM, "name=")), 400, HTML, ""),
    (Nobody, "DELETE", "/tokens/{id}", None, 401, PROBLEM, ""),
    (Token, "DELETE", "/tokens/{id}", None, 404, PROBLEM, ""),
    (Cookie, "POST", "/tokens/{id}/revoke", None, 404, PROBLEM, ""),
    (Person, "POST", "/tokens/{id}/revoke", None, 303, "", "/account?revoked"),
    (Nobody, "POST", "/introspect", Some((FORM, "")), 400, PROBLEM, ""),
    (Nobody, "POST", "/introspect", Some((JSON, "{}")), 415, PROBLEM, ""),
    (Nobody, "POST", "/revoke", Some((FORM, "")), 400, PROBLEM, ""),
    (Nobody, "POST", "/revoke", None, 415, PROBLEM, ""),
    (Nobody, "GET", "/.well-known/jwks.json", None, 200, "application/jwk-set+json", ""),
    (Nobody, "GET", "/healthz", None, 200, "text/plain; charset=utf-8", ""),
    (Nobody, "GET", "/readyz", None, 200, "text/plain; charset=utf-8", ""),
    (Nobody, "GET", "/metrics", None, 200, "application/openmetrics-text; version=1.0.0; charset=utf-8", ""),
    (Nobody, "GET", "/openapi.json", None, 200, JSON, ""),
    (Confused, "GET", "/metrics", None, 200, "application/openmetrics-text; version=1.0.0; charset=utf-8", ""),
];

/// What a cache may do with it.
fn cache_control(path: &str) -> &'static str {
    match path {
        "/assets/tollbridge.css" => "no-cache",
        "/assets/mark.svg" => "public, max-age=86400",
        "/.well-known/jwks.json" | "/openapi.json" => "public, max-age=300",
        _ => "no-store",
    }
}

struct Clients<'a> {
    app: &'a TestApp,
    browser: Browser<'a>,
    pair: Pair,
}

impl<'a> Clients<'a> {
    fn new(app: &'a TestApp) -> Self {
        let browser = Browser::new(app);
        browser.sign_in("panther", true);
        Self { app, browser, pair: Anonymous(app).token_login("panther") }
    }

    fn send(&self, who: Who, method: &str, path: &str, body: Option<(&str, &str)>) -> Answer {
        // As it is now, whatever the responses set or take.
        let cookies = self.browser.cookie_header();
        let anonymous = Anonymous(self.app);
        let call = anonymous.call(method, path);
        let call = match who {
            Who::Nobody => call,
            Who::Visitor => html(call),
            Who::Person => html(call).header("cookie", cookies),
            Who::Cookie => call.header("cookie", cookies),
            Token => call.bearer(&self.pair.access),
            Who::Refresh => call.bearer(&self.pair.refresh),
            Who::Confused => html(call).bearer("zoo"),
        };
        match body {
            Some((content_type, body)) => call.body(content_type, body),
            None => call,
        }
        .send()
    }
}

fn html(call: Call<'_>) -> Call<'_> {
    call.header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
}

/// What holds for every response.
#[track_caller]
pub(crate) fn assert_sealed(answer: &Answer, what: &str) {
    let what = format!("{what}: {} {:?}", answer.status, answer.headers);
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
    assert!(["same-origin", "no-referrer"].contains(&answer.header("referrer-policy")), "{what}");
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; ") && policy.contains("frame-ancestors 'none'"), "{what}");
    assert!(policy.contains("base-uri 'none'") && policy.contains("form-action "), "{what}");
    assert!(!policy.contains("unsafe"), "{what}");
    let is_id = |id: &str| id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(is_id(answer.header("x-request-id")), "{what}");
    assert_eq!(answer.header("server"), "", "{what}");
    let is_html = answer.header("content-type") == HTML;
    assert_eq!(answer.header("cross-origin-opener-policy") == "same-origin", is_html, "{what}");
    if answer.status >= 400 {
        assert_eq!(answer.header("cache-control"), "no-store", "{what}");
        if !is_html {
            assert_problem(answer, &what);
        }
    }
    let challenge = answer.header("www-authenticate");
    match answer.status {
        401 => assert!(challenge.starts_with("Bearer"), "{what}"),
        // When it is about the credential.
        400 => assert!(challenge.is_empty() || challenge == r#"Bearer error="invalid_request""#, "{what}"),
        _ => assert_eq!(challenge, "", "{what}"),
    }
}

fn assert_problem(answer: &Answer, what: &str) {
    assert_eq!(answer.header("content-type"), PROBLEM, "{what}");
    let problem = answer.json();
    let text = |member: &str| problem[member].as_str().unwrap_or_default().to_owned();
    assert_eq!(problem.as_object().map(|members| members.len()), Some(6), "{problem}");
    assert_eq!(problem["status"], answer.status, "{problem}");
    assert_eq!(text("type"), "about:blank");
    assert_eq!(text("msg"), text("detail"));
    assert!(text("detail").ends_with('.') && !text("title").is_empty(), "{problem}");
    assert!(text("code").bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{problem}");
}

#[test]
fn every_line_of_the_table() {
    let app = TestApp::start();
    let clients = Clients::new(&app);
    for line in &LINES {
        match line.2 {
            // These may end every login, change the password and renew the session.
            "/logout" | "/account/password" | "/reauth" | "/logins/end" => {
                let app = TestApp::start();
                check(&Clients::new(&app), line);
            }
            _ => check(&clients, line),
        }
    }
}

fn check(clients: &Clients<'_>, &(who, method, path, body, status, content_type, location): &Line) {
    let what = format!("{who:?} {method} {path} {body:?}");
    let answer = clients.send(who, method, path, body);
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    assert_eq!(answer.header("content-type"), content_type, "{what}");
    assert_eq!(answer.header("location"), location, "{what}");
    assert_eq!(answer.header("cache-control"), cache_control(path), "{what}");
    assert_sealed(&answer, &what);
    assert_eq!(answer.header("referrer-policy") == "no-referrer", path.starts_with("/handoff/"), "{what}");
    if matches!(who, Token | Refresh | Confused) {
        assert!(answer.set_cookies().is_empty(), "{what}: {:?}", answer.headers);
    }
    if method == "GET" {
        let head = clients.send(who, "HEAD", path, None);
        assert_eq!((head.status, head.body.len()), (status, 0), "{what} as HEAD");
        assert_eq!(head.header("content-type"), content_type, "{what} as HEAD");
    }
}

#[test]
fn the_table_and_the_description_agree() {
    let app = TestApp::start();
    let description = Anonymous(&app).get("/openapi.json").expect(200).json();
    assert_eq!(description["openapi"], "3.1.0");
    let mut documented = BTreeSet::new();
    for (path, methods) in description["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            documented.insert((method.to_uppercase(), path.clone()));
        }
    }
    let path_of = |path: &'static str| path.split('?').next().unwrap_or(path);
    let tested: BTreeSet<_> = LINES.iter().map(|line| (line.1.to_owned(), path_of(line.2).to_owned())).collect();
    assert_eq!(tested, documented);
    for (who, method, path, _, status, _, location) in LINES {
        // That browsers are sent to sign in is said once for all.
        if location.starts_with("/login?next=") {
            continue;
        }
        let responses = &description["paths"][path_of(path)][method.to_lowercase()]["responses"];
        assert_ne!(responses[status.to_string()], Value::Null, "{who:?} {method} {path}: {status} is not documented");
    }
}

#[test]
fn the_answers_to_bodies_that_cannot_be_read_are_described() {
    let app = TestApp::start();
    let description = Anonymous(&app).get("/openapi.json").expect(200).json();
    let large = format!(r#"{{"pad":"{}"}}"#, "x".repeat(2 << 20)).into_bytes();
    let faults: [(&str, &str, Vec<u8>); 6] = [
        ("text/plain", "", b"x".to_vec()),
        (JSON, "", large),
        (JSON, "br", b"{}".to_vec()),
        (JSON, "gzip", b"{}".to_vec()),
        (JSON, "", b"{\"x\":\"\x80\"}".to_vec()),
        (FORM, "", b"x=\x80".to_vec()),
    ];
    let mut seen = BTreeSet::new();
    for (path, methods) in description["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            for (content_type, encoding, body) in &faults {
                let client = Anonymous(&app);
                let call = client.call(&method.to_uppercase(), path).body(content_type, body.clone());
                let call = if encoding.is_empty() { call } else { call.header("content-encoding", encoding) };
                let status = call.send().status;
                let described = &operation["responses"][status.to_string()];
                assert_ne!(described, &Value::Null, "{method} {path}: {status} is not described");
                if method == "post" {
                    seen.insert((path.clone(), status));
                }
            }
        }
    }
    for path in ["/login", "/account/password", "/who_am_i", "/refresh", "/logout"] {
        for status in [400, 413, 415] {
            assert!(seen.contains(&(path.to_owned(), status)), "{path} did not answer {status}: {seen:?}");
        }
    }
}

#[test]
fn both_faces_say_the_same() {
    let app = TestApp::start();
    let clients = Clients::new(&app);
    let panther = r#"{"id":2,"full_name":"Ann Takamaki","username":"panther"}"#;
    for who in [Cookie, Token] {
        for method in ["GET", "POST"] {
            assert_eq!(clients.send(who, method, "/who_am_i", None).text(), panther, "{who:?} {method}");
        }
    }
    let by_body = Anonymous(&app).post_json("/who_am_i", &json!({ "access_token": clients.pair.access }));
    assert_eq!(by_body.expect(200).text(), panther);

    let session = |who| clients.send(who, "GET", "/session", None).expect(200).json();
    for (who, via, location, until) in [(Cookie, "session", "cookie", 30 * 86_400), (Token, "token", "header", 900)] {
        let session = session(who);
        let expected = json!({
            "user": { "id": 2, "full_name": "Ann Takamaki", "username": "panther" },
            "via": via,
            "location": location,
            "fresh": true,
            "auth_time": app.clock.now(),
            "amr": ["pwd"],
            "login_id": session["login_id"],
            "expires_at": app.clock.now() + until,
            "explanation": session["explanation"],
        });
        assert_eq!(session["explanation"]["outcome"], "accepted");
        assert_eq!(session["explanation"]["fresh_until"], app.clock.now() + 900);
        assert_eq!(session, expected);
    }
    assert_ne!(session(Cookie)["login_id"], session(Token)["login_id"]);
}

#[test]
fn over_tls_cookies_are_locked_to_the_host() {
    let app = TestApp::with(&[("SERVER__PUBLIC_URL", "https://app.example")]);
    let login = |origin: &str| {
        let form = json!({ "username": "panther", "password": PASSWORD, "mode": "session", "remember": true });
        Anonymous(&app).call("POST", "/login").header("origin", origin).json(&form).send()
    };
    let answer = login("https://app.example").expect(200);
    assert_sealed(&answer, "login over TLS");
    assert_eq!(answer.header("strict-transport-security"), "max-age=31536000; includeSubDomains");
    let cookies = answer.set_cookies();
    assert_eq!(cookies.len(), 2);
    for name in [SESSION, REMEMBER] {
        let cookie = cookies.iter().find(|cookie| cookie.starts_with(&format!("__Host-{name}="))).expect(name);
        assert!(cookie.contains("; Secure") && cookie.contains("; Path=/") && !cookie.contains("Domain"), "{cookie}");
    }
    login("https://evil.example").refused(403, "csrf_rejected");
    login(&app.url("")).refused(403, "csrf_rejected");

    for (setting, expected) in [("host_only", "max-age=31536000"), ("off", "")] {
        let app = TestApp::with(&[("SERVER__PUBLIC_URL", "https://app.example"), ("SERVER__HSTS", setting)]);
        assert_eq!(Anonymous(&app).get("/login").header("strict-transport-security"), expected);
    }
    let plain = TestApp::start();
    assert_eq!(Anonymous(&plain).get("/login").header("strict-transport-security"), "");
}

#[test]
fn request_ids_are_those_of_a_proxy_if_they_can_stand_in_a_log() {
    let app = TestApp::with(&[("SERVER__TRUSTED_PROXIES", "127.0.0.1")]);
    let id = |brought: &str| {
        let answer = Anonymous(&app).call("GET", "/healthz").header("x-request-id", brought).send();
        answer.header("x-request-id").to_owned()
    };
    for good in ["a", "0d2ae382-0000_0001", &"x".repeat(64)] {
        assert_eq!(id(good), good);
    }
    let mut own = BTreeSet::new();
    for bad in ["", "two words", "a;b", "\u{fc}", "a\tb", &"x".repeat(65)] {
        let id = id(bad);
        assert!(id.len() == 16 && id != bad, "{id}");
        own.insert(id);
    }
    assert_eq!(own.len(), 6, "no id is given twice: {own:?}");
}
