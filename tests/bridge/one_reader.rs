//! What a handler can read, the bridge has read. What looks like a token and is not read is no "nothing".

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tollbridge::CredentialLocation::{Header, Json};
use tollbridge::TokenLocations;

use crate::app::TestApp;
use crate::clients::{Anonymous, Answer, Browser, Call, Client, Pair};

const FORM: &str = "application/x-www-form-urlencoded";

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(body).expect("memory");
    encoder.finish().expect("memory")
}

fn works(app: &TestApp, token: &str) -> bool {
    Anonymous(app).call("GET", "/who_am_i").bearer(token).send().status == 200
}

/// Either the login is over, or the client was told that it is not.
#[track_caller]
fn ended_or_refused(app: &TestApp, pair: &Pair, answer: &Answer, case: &str) {
    match answer.status {
        204 => assert!(!works(app, &pair.access), "{case}: 204, and the token lives on"),
        400 | 401 | 413 | 415 => assert!(answer.text().len() > 20, "{case}: no reason"),
        other => panic!("{case}: {other} {}", answer.text()),
    }
}

fn basic(credentials: &str) -> String {
    format!("Basic {}", STANDARD.encode(credentials))
}

type Send = for<'a> fn(Call<'a>, &str) -> Call<'a>;

/// A token where it is not read.
const UNREAD: [(&str, Send, &str); 19] = [
    ("another scheme", |call, token| call.header("authorization", format!("Token {token}")), "`authorization`"),
    ("the scheme JWT", |call, token| call.header("authorization", format!("JWT {token}")), "`authorization`"),
    ("bare", |call, token| call.header("authorization", token), "`authorization`"),
    ("a parameter", |call, token| call.header("authorization", format!("Digest a=\"{token}\"")), "`authorization`"),
    ("a user name", |call, token| call.header("authorization", basic(&format!("{token}:"))), "`authorization`"),
    ("a password", |call, token| call.header("authorization", basic(&format!("x:{token}"))), "`authorization`"),
    ("another header", |call, token| call.header("x-access-token", token), "`x-access-token`"),
    ("a form", |call, token| call.body(FORM, format!("a=b&access_token={token}")), "the body"),
    ("an encoded form", |call, token| call.body(FORM, format!("token={}", token.replace('.', "%2E"))), "the body"),
    ("the name of a field", |call, token| call.body(FORM, format!("a=b&{token}")), "the body"),
    (
        "an escaped member",
        |call, token| call.body("application/json", format!("{{\"token\":\"\\u0065{}\"}}", &token[1..])),
        "the body",
    ),
    (
        "escaped dots",
        |call, token| call.body("application/json", format!("[\"\\\\\",\"{}\"]", token.replace('.', "\\u002E"))),
        "the body",
    ),
    (
        "one of many",
        |call, token| call.json(&json!({ "tokens": vec![format!("eyJh.{}.c", "x".repeat(99)); 99], "token": token })),
        "the body",
    ),
    ("member token", |call, token| call.json(&json!({ "token": token })), "the body"),
    ("member accessToken", |call, token| call.json(&json!({ "accessToken": token })), "the body"),
    ("a nested member", |call, token| call.json(&json!({ "auth": { "access_token": token } })), "the body"),
    ("an array", |call, token| call.json(&json!([token])), "the body"),
    ("text after the scheme", |call, token| call.json(&json!({ "auth": format!("Bearer {token}") })), "the body"),
    (
        "JSON with a suffix",
        |call, token| call.body("application/vnd.api+json", json!({ "jwt": token }).to_string()),
        "the body",
    ),
];

#[test]
fn a_logout_does_not_overlook_a_token() {
    let app = TestApp::start();
    for (case, send, place) in UNREAD {
        let (browser, of_browser) = Browser::signed_in(&app, "batman", false);
        let pair = Anonymous(&app).token_login("panther");
        for token in [&pair.access, &pair.refresh] {
            let answer = send(Anonymous(&app).call("POST", "/logout"), token).send().refused(400, "invalid_request");
            let text = answer.text();
            assert!(text.contains(place) && text.contains("`Authorization: Bearer <token>`"), "{case}: {text}");
            let beside = send(browser.call("POST", "/logout"), token).send();
            beside.refused(400, "invalid_request");
        }
        assert!(works(&app, &pair.access) && works(&app, &of_browser.access), "{case}");
    }
    let pair = Anonymous(&app).token_login("panther");
    for path in ["/logout?access_token=", "/logout?a=b&token=", "/logout?next=/x%3Ft=", "/logout?a&"] {
        Anonymous(&app).post(&format!("{path}{}", pair.access)).refused(400, "invalid_request");
    }
    let json_only = TestApp::over(app.world.clone(), |bridge| bridge.token_locations(TokenLocations::new(&[Json])));
    let answer = Anonymous(&json_only).call("POST", "/logout").bearer(&pair.access).send();
    assert!(answer.refused(400, "invalid_request").text().contains("`access_token`"));
    let header_only = TestApp::over(app.world.clone(), |bridge| bridge.token_locations(TokenLocations::new(&[Header])));
    Anonymous(&header_only)
        .post_json("/logout", &json!({ "access_token": pair.access }))
        .refused(400, "invalid_request");
    // Nothing of ours: nothing to say.
    for (name, value) in [("authorization", "Basic dXNlcjpwYXNz"), ("authorization", "Token x"), ("x-id", "eyJh.b.c")] {
        Anonymous(&app).call("POST", "/logout").header(name, value).send().expect(204);
    }
    Anonymous(&app).call("POST", "/logout").body(FORM, "access_token=ghp_x&token=1").send().expect(204);
}

#[test]
fn a_refusal_names_the_token_that_was_not_read() {
    let app = TestApp::start();
    let token = Anonymous(&app).token_login("panther").access;
    for (case, send, place) in UNREAD {
        for path in ["/who_am_i", "/require/login", "/refresh"] {
            let answer = send(Anonymous(&app).call("POST", path), &token).send().refused(401, "login_required");
            assert!(answer.text().contains(place), "{case} {path}: {}", answer.text());
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
    let plain = Anonymous(&app).get("/who_am_i").refused(401, "login_required");
    assert_eq!(plain.json()["detail"], "Sign in, or send an access token.");
}

/// A cookie does not decide beside a body with a token. A header with another scheme is somebody else's.
#[test]
fn a_cookie_does_not_decide_beside_a_token_in_the_body() {
    let app = TestApp::start();
    let (browser, _) = Browser::signed_in(&app, "batman", true);
    let token = Anonymous(&app).token_login("panther").access;
    for (case, send, place) in UNREAD {
        for path in ["/who_am_i", "/maybe", "/browser"] {
            let answer = send(browser.call("POST", path), &token).send();
            let expected = if place == "the body" { 401 } else { 200 };
            assert_eq!(answer.status, expected, "{case} {path}: {}", answer.text());
        }
    }
    browser.call("POST", "/who_am_i").body(FORM, "access_token=ghp_x").send().expect(200);
}

#[test]
fn what_the_json_extractor_reads_has_been_searched() {
    let app = TestApp::start();
    let (browser, _) = Browser::signed_in(&app, "batman", false);
    let types = [
        "application/json;charset=utf8",
        "application/vnd.api+json",
        "application/json ;charset=utf-8",
        "text/json",
        "APPLICATION/Merge-Patch+JSON",
        // The subtype of these is `json`, too.
        "application/json+xml",
        "application/json+",
        // These are no types. An application that requires none takes them for JSON.
        "application/json charset=utf-8",
        "application/json, text/plain",
        "\"application/json\"",
    ];
    for content_type in types {
        let pair = Anonymous(&app).token_login("panther");
        for pad in [0, 17 << 10, 1 << 20] {
            let body = json!({ "access_token": pair.access, "note": "x".repeat(pad) }).to_string();
            for coded in [false, true] {
                let send = |client: &dyn Client, path: &str| {
                    let call = client.call("POST", path);
                    if coded {
                        call.header("content-encoding", "gzip").body(content_type, gzip(body.as_bytes())).send()
                    } else {
                        call.body(content_type, body.clone()).send()
                    }
                };
                let case = format!("{content_type}, {pad}, {coded}");
                for client in [&Anonymous(&app) as &dyn Client, &browser] {
                    assert_eq!(send(client, "/who_am_i").expect(200).json()["username"], "panther", "{case}");
                }
            }
        }
        let body = json!({ "access_token": pair.access, "note": "x".repeat(17 << 10) }).to_string();
        let answer = browser.call("POST", "/logout").body(content_type, body).send().expect(204);
        ended_or_refused(&app, &pair, &answer, content_type);
        browser.get("/who_am_i").expect(200);
    }
}

#[test]
fn a_body_that_cannot_be_searched_is_refused_where_somebody_asks() {
    let app = TestApp::start();
    let (browser, _) = Browser::signed_in(&app, "batman", false);
    let pair = Anonymous(&app).token_login("panther");
    let body = json!({ "access_token": pair.access }).to_string();
    let large = json!({ "access_token": pair.access, "note": "x".repeat(2 << 20) }).to_string().into_bytes();
    let bomb = gzip(&vec![b' '; 3 << 20]);
    let bytes = format!("{{\"access_token\":\"{}\",\"x\":\"\u{1}\"}}", pair.access).into_bytes();
    let not_utf8: Vec<u8> = bytes.into_iter().map(|byte| if byte == 1 { 0x80 } else { byte }).collect();
    let bom = format!("\u{feff}{body}").into_bytes();
    let form = format!("a={}", "x".repeat(2 << 20)).into_bytes();
    let cut = gzip(body.as_bytes())[..20].to_vec();
    let wide = |zeros_first: bool, zeros: usize, text: &str| -> Vec<u8> {
        let zeros = vec![0; zeros];
        let spread = |byte| if zeros_first { [&zeros[..], &[byte]].concat() } else { [&[byte], &zeros[..]].concat() };
        text.bytes().flat_map(spread).collect()
    };
    let cases: [(&str, &str, Vec<u8>, u16); 15] = [
        ("application/json", "", large, 413),
        ("application/json", "gzip", bomb, 413),
        ("application/json", "gzip", cut, 400),
        ("application/json", "compress", body.clone().into_bytes(), 415),
        ("application/json", "", not_utf8, 400),
        ("application/json", "", bom, 400),
        (FORM, "", form, 413),
        ("application/json;charset=utf-16le", "", wide(false, 1, &body), 400),
        ("application/json", "", wide(true, 1, &body), 400),
        ("application/json", "", wide(false, 3, &body), 400),
        ("application/json", "", wide(true, 3, &body), 400),
        (FORM, "", b"a=caf\xe9".to_vec(), 400),
        (FORM, "", b"a=caf%E9".to_vec(), 400),
        (FORM, "", b"%C1%A1=overlong".to_vec(), 400),
        ("application/x-www-form-urlencoded;charset=utf-16le", "", wide(false, 1, "a=b"), 400),
    ];
    for (content_type, coding, body, status) in cases {
        let send = |call: Call<'_>| call.header("content-encoding", coding).body(content_type, body.clone()).send();
        let case = format!("{content_type} {coding} {status}");
        for path in ["/who_am_i", "/maybe", "/browser", "/logout", "/refresh", "/require/login"] {
            for client in [&Anonymous(&app) as &dyn Client, &browser] {
                let answer = send(client.call("POST", path));
                assert_eq!(answer.status, status, "{case} {path}: {}", answer.text());
                assert_eq!(answer.header("content-type"), "application/problem+json");
            }
        }
        // Whoever does not ask gets the bytes; a token in the header decides; a route may allow it.
        let streamed = send(browser.call("POST", "/stream")).expect(200);
        assert!(streamed.body == body, "{case}");
        let by_header = send(browser.call("POST", "/who_am_i").bearer(&pair.access)).expect(200);
        assert_eq!(by_header.json()["username"], "panther", "{case}");
        assert_eq!(send(browser.call("POST", "/require/unsearched")).expect(200).json()["via"], "session", "{case}");
    }
    let two = |client: &dyn Client, types: [&str; 2]| {
        client.call("POST", "/who_am_i").header("content-type", types[0]).body(types[1], body.clone()).send()
    };
    for types in [["application/json", "text/plain"], ["text/plain", "application/json"], ["text/plain", FORM]] {
        two(&Anonymous(&app), types).refused(400, "invalid_request");
        two(&browser, types).refused(400, "invalid_request");
    }
    // Other types are nobody's business.
    let upload = vec![b'x'; 3 << 20];
    browser.call("POST", "/who_am_i").body("application/octet-stream", upload).send().expect(200);
}

/// A handler can read the body of a GET. No token in it counts, but it is not overlooked.
#[test]
fn a_token_in_the_body_of_a_get_is_refused() {
    let app = TestApp::start();
    let (browser, _) = Browser::signed_in(&app, "batman", false);
    let pair = Anonymous(&app).token_login("panther");
    for client in [&Anonymous(&app) as &dyn Client, &browser] {
        for member in ["access_token", "token"] {
            let ask = || client.call("GET", "/who_am_i").json(&json!({ member: pair.access }));
            let answer = ask().send().refused(401, "login_required");
            assert!(answer.text().contains("the body of this GET request"), "{}", answer.text());
            assert_eq!(ask().bearer(&pair.access).send().expect(200).json()["username"], "panther");
        }
    }
    browser.call("GET", "/who_am_i").json(&json!({ "page": 2 })).send().expect(200);
    browser.call("GET", "/who_am_i").body("application/json", b"\xff".to_vec()).send().refused(400, "invalid_request");
}

#[test]
fn of_two_tokens_of_one_login_the_wanted_one_decides() {
    let app = TestApp::start();
    let pair = Anonymous(&app).token_login("panther");
    let other = Anonymous(&app).token_login("panther");
    let send = |path: &str, header: &str, body: &str| {
        let member = if body == pair.refresh || body == other.refresh { "refresh_token" } else { "access_token" };
        Anonymous(&app).call("POST", path).bearer(header).json(&json!({ member: body })).send()
    };
    let (access, refresh) = (&pair.access, &pair.refresh);
    for (header, body) in [(access, refresh), (refresh, access)] {
        assert_eq!(send("/how", header, body).expect(200).json()["identity"], "2");
        send("/require/refresh", header, body).expect(200);
    }
    for (header, body) in [(access, &other.refresh), (access, &other.access), (refresh, &other.access)] {
        for path in ["/how", "/refresh", "/logout", "/require/refresh"] {
            send(path, header, body).refused(400, "invalid_request");
        }
    }
    send("/how", access, "junk").refused(400, "invalid_request");
    // Both tokens of a renewed pair are of one login; two of one type are still two.
    let renewed = send("/refresh", access, refresh).expect(200).pair();
    send("/how", access, &renewed.access).refused(400, "invalid_request");
    let both = json!({ "access_token": renewed.access, "refresh_token": renewed.refresh });
    Anonymous(&app).post_json("/how", &both).expect(200);
    Anonymous(&app).post_json("/logout", &both).expect(204);
    assert!(!works(&app, &renewed.access));
    assert!(works(&app, &other.access));
}
