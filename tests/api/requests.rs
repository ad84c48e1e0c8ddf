//! Requests that no route can take: an address or a method that is not there, a body that is too large, of another
//! kind, or does not arrive.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::app::TestApp;
use crate::clients::{Anonymous, Client, Token};
use crate::contract::assert_sealed;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
/// The routes that take a body.
const BODIES: [&str; 3] = ["/login", "/account/password", "/logout"];

#[test]
fn an_address_that_is_not_there() {
    let app = TestApp::start();
    let token = Token(&app, Anonymous(&app).token_login("panther").access);
    for path in
        ["/nowhere", "/login/", "//login", "/LOGIN", "/who_am_i/x", "/assets/", "/assets/../Cargo.toml", "/%2e%2e/x"]
    {
        for method in ["GET", "POST", "DELETE"] {
            let answer = Anonymous(&app).call(method, path).send();
            assert_sealed(&answer, path);
            answer.refused(404, "not_found");
        }
        token.get(path).refused(404, "not_found");
    }
    let page = Anonymous(&app).call("GET", "/nowhere").header("accept", "text/html").send().expect(404);
    assert_sealed(&page, "the page");
    assert!(page.text().contains("Nothing here"), "{}", page.text());
}

#[test]
fn a_method_that_is_not_there() {
    let app = TestApp::start();
    for (path, allow, methods) in [
        ("/login", "GET, HEAD, POST", ["PUT", "DELETE", "PATCH"]),
        ("/logout", "POST", ["GET", "HEAD", "OPTIONS"]),
        ("/refresh", "POST", ["GET", "DELETE", "PUT"]),
        ("/session", "GET, HEAD", ["POST", "PUT", "OPTIONS"]),
        ("/account", "GET, HEAD", ["POST", "DELETE", "TRACE"]),
        ("/nowhere", "GET, HEAD, POST", ["TRACE", "LINK", "BREW"]),
    ] {
        for method in methods {
            let answer = Anonymous(&app).call(method, path).send();
            assert_eq!((answer.status, answer.header("allow")), (405, allow), "{method} {path}");
            if method != "HEAD" {
                assert_sealed(&answer, path);
                answer.refused(405, "method_not_allowed");
            }
        }
    }
}

#[test]
fn a_body_that_is_too_large() {
    let app = TestApp::with(&[("SERVER__BODY_LIMIT", "20KiB")]);
    let token = Token(&app, Anonymous(&app).token_login("panther").access);
    for (content_type, filler) in [(JSON, " "), (FORM, "a")] {
        for path in BODIES {
            let at = token.call("POST", path).body(content_type, filler.repeat(20 << 10)).send();
            assert_ne!(at.status, 413, "{path} takes what is not larger: {}", at.text());
            let over = token.call("POST", path).body(content_type, filler.repeat((20 << 10) + 1)).send();
            assert_sealed(&over, path);
            let over = over.refused(413, "payload_too_large");
            assert!(over.text().contains("20480 bytes"), "{}", over.text());
        }
    }
}

#[test]
fn a_body_of_another_kind() {
    let app = TestApp::start();
    let token = Token(&app, Anonymous(&app).token_login("panther").access);
    for content_type in ["text/plain", "application/xml", "multipart/form-data; boundary=x", "application/jsonp", ";"] {
        for path in BODIES {
            let answer = token.call("POST", path).body(content_type, "{}").send();
            assert_sealed(&answer, path);
            answer.refused(415, "unsupported_media_type");
        }
    }
    // JSON by another name is JSON (RFC 6839).
    token.call("POST", "/logout").body("application/vnd.api+json; charset=utf-8", "{}").send().expect(204);
}

#[test]
fn a_body_that_is_not_what_its_encoding_says() {
    let app = TestApp::start();
    for (content_type, body) in [(JSON, r#"{"scope": "this"}"#), (FORM, "scope=this&more=x")] {
        for path in BODIES {
            let client = Anonymous(&app);
            let call = client.call("POST", path).header("content-encoding", "gzip").body(content_type, body);
            let answer = call.send().refused(400, "invalid_request");
            assert!(answer.text().contains("Content-Encoding"), "{path} {content_type}: {}", answer.text());
        }
    }
}

/// What the server says to a request whose body breaks off after these bytes.
fn stalled(app: &TestApp, path: &str, content_type: &str, body: &str) -> String {
    let mut socket = TcpStream::connect(app.addr).expect("a connection");
    socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    let length = body.len() + 1;
    let head =
        format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n");
    socket.write_all((head + body).as_bytes()).expect("the server listens");
    let mut answer = [0; 4096];
    let read = socket.read(&mut answer).expect("an answer in time");
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

#[test]
fn a_body_that_does_not_arrive() {
    let app = TestApp::with(&[("SERVER__BODY_TIMEOUT", "1s")]);
    std::thread::scope(|scope| {
        for path in ["/login", "/logout", "/refresh", "/who_am_i"] {
            for content_type in [JSON, FORM] {
                // Nobody waits for a body that no handler reads.
                if content_type == FORM && !BODIES.contains(&path) {
                    continue;
                }
                let app = &app;
                scope.spawn(move || {
                    let answer = stalled(app, path, content_type, r#"{"username":"#);
                    assert!(answer.starts_with("HTTP/1.1 408 "), "{path} {content_type}: {answer}");
                    assert!(answer.contains("x-request-id") && answer.contains("nosniff"), "{path}: {answer}");
                });
            }
        }
    });
    Anonymous(&app).get("/healthz").expect(200);
}
