//! Other people's collections of bad input, at every route that takes a body: never a 5xx, never a hang.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::app::TestApp;
use crate::clients::{Anonymous, Client, Token};
use crate::vectors;

/// Longer than any machine is slow: a hang, and nothing else.
const LONGEST: Duration = Duration::from_secs(20);
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const POSTS: [&str; 5] = ["/login", "/account/password", "/who_am_i", "/refresh", "/logout"];

struct Target<'a> {
    app: &'a TestApp,
    token: Token<'a>,
}

impl Target<'_> {
    /// The status, which must come in time and be no 5xx.
    #[track_caller]
    fn send(&self, what: &str, path: &str, content_type: &str, body: &[u8], with_token: bool) -> u16 {
        let began = Instant::now();
        let anonymous = Anonymous(self.app);
        let call = if with_token { self.token.call("POST", path) } else { anonymous.call("POST", path) };
        let answer = call.body(content_type, body).send();
        assert!(answer.status < 500, "{what} to {path}: {} {}", answer.status, answer.text());
        assert!(began.elapsed() < LONGEST, "{what} to {path} took {:?}", began.elapsed());
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what} to {path}: {:?}", answer.headers);
        answer.status
    }
}

/// Every vector to every route by several threads, and the server is as before.
fn attack(vectors: &[Value], send: impl Fn(&Target<'_>, &str, &[u8]) + Sync) {
    let app = TestApp::start();
    let access = Anonymous(&app).token_login("batman").access;
    std::thread::scope(|scope| {
        for chunk in vectors.chunks(vectors.len().div_ceil(4)) {
            let (app, access, send) = (&app, access.clone(), &send);
            scope.spawn(move || {
                let target = Target { app, token: Token(app, access) };
                for vector in chunk {
                    send(&target, vector["id"].as_str().expect("an id"), &vectors::bytes(vector));
                }
            });
        }
    });
    Token(&app, access).get("/who_am_i").expect(200);
    Anonymous(&app).token_login("panther");
    let metrics = Anonymous(&app).get("/metrics").text();
    assert!(metrics.contains(r#"tollbridge_http_responses_total{class="5xx"} 0"#), "{metrics}");
}

#[test]
fn json_of_every_kind() {
    let vectors = vectors::lines("json_parsing.jsonl");
    assert_eq!(vectors.len(), 318);
    attack(&vectors, |target, id, body| {
        for path in POSTS {
            let status = target.send(id, path, JSON, body, false);
            // None of them is a login; /logout has nothing to end, and takes an empty object.
            assert!(status >= 400 || (path == "/logout" && status == 204), "{id} to {path}: {status}");
        }
        let changed = target.send(id, "/account/password", JSON, body, true);
        assert_eq!(changed, 400, "{id}");
    });
}

#[test]
fn utf8_of_every_kind() {
    let vectors = vectors::lines("utf8.jsonl");
    assert_eq!(vectors.len(), 222);
    attack(&vectors, |target, id, bytes| {
        let members = [
            ("/login", r#"{"password":"x","username":""#),
            ("/login", r#"{"username":"x","password":""#),
            ("/login", r#"{"username":"panther","password":"x","mode":""#),
            ("/account/password", r#"{"current_password":"x","new_password":""#),
            ("/logout", r#"{"scope":""#),
            ("/refresh", r#"{"refresh_token":""#),
            ("/who_am_i", r#"{"access_token":""#),
        ];
        for (path, start) in members {
            let body = [start.as_bytes(), bytes, br#""}"#].concat();
            let status = target.send(id, path, JSON, &body, path == "/account/password");
            assert!(status >= 400, "{id} in {start}: {status}");
        }
        for (path, start) in [
            ("/login", "password=x&username="),
            ("/login", "username=panther&password="),
            ("/login", "username=panther&password=x&next="),
            ("/account/password", "current_password=x&new_password="),
            ("/logout", "scope="),
        ] {
            let raw = [start.as_bytes(), bytes].concat();
            let encoded = percent_encoding::percent_encode(bytes, percent_encoding::NON_ALPHANUMERIC).to_string();
            for body in [raw, format!("{start}{encoded}").into_bytes()] {
                let status = target.send(id, path, FORM, &body, path == "/account/password");
                assert!(status >= 400, "{id} in {start}: {status}");
            }
        }
    });
}
