//! No client keeps a request, a handler or a connection for longer than it may, and no read waits for a write.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::app::TestApp;
use crate::clients::{Anonymous, Browser, Client, Pair, raw};

const FORM: &str = "application/x-www-form-urlencoded";
/// The bridge does not search it.
const UPLOAD: &str = "application/octet-stream";

/// Sends the head, and then one piece of the body after the other, until there is an answer or `pieces` have been sent.
fn drip(app: &TestApp, head: &str, piece: &str, pieces: usize, pause: Duration) -> String {
    let mut socket = TcpStream::connect(app.addr).expect("a connection");
    socket.write_all(head.as_bytes()).expect("the server listens");
    socket.set_read_timeout(Some(pause)).expect("a timeout");
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    for _ in 0..pieces {
        match socket.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => {
                answer.extend_from_slice(&chunk[..read]);
                break;
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                socket.write_all(piece.as_bytes()).expect("the server takes the body");
            }
            Err(error) => panic!("{error}"),
        }
    }
    socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    // The end of the answer, where a part of it is there.
    while !answer.is_empty() && !answer.ends_with(b"}") {
        match socket.read(&mut chunk) {
            Ok(read @ 1..) => answer.extend_from_slice(&chunk[..read]),
            _ => break,
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn head(path: &str, content_type: &str, length: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\n{length}\r\n\r\n")
}

const CHUNKED: &str = "Transfer-Encoding: chunked";

#[test]
fn a_body_that_drips_is_ended_whatever_it_is() {
    let app = TestApp::with(|bridge| bridge.body_timeout(Duration::from_millis(500)));
    let cases = [
        ("a form", head("/stream", FORM, "Content-Length: 200"), "a"),
        ("a form in chunks", head("/stream", FORM, CHUNKED), "1\r\na\r\n"),
        ("JSON that is announced", head("/json", "application/json", "Content-Length: 100000"), "["),
        ("JSON that is searched", head("/json", "application/json", "Content-Length: 100"), "["),
        ("an upload", head("/stream", UPLOAD, "Content-Length: 9000000"), "a"),
        ("a body of GET", head("/stream", FORM, CHUNKED).replacen("POST", "GET", 1), "1\r\na\r\n"),
    ];
    for (case, head, piece) in cases {
        let answer = drip(&app, &head, piece, 100, Duration::from_millis(100));
        assert!(answer.starts_with("HTTP/1.1 408 "), "{case}: {answer:?}");
        assert!(answer.contains("request_timeout"), "{case}: {answer:?}");
    }
}

/// What came fast does not pay for what drips afterwards.
#[test]
fn a_body_that_begins_fast_and_then_drips_is_ended() {
    let app = TestApp::with(|bridge| bridge.body_timeout(Duration::from_millis(500)));
    let beginning = "a".repeat(100_000);
    for (content_type, length) in [(UPLOAD, CHUNKED), (FORM, CHUNKED), (FORM, "Content-Length: 9000000")] {
        let (beginning, piece) = match length {
            CHUNKED => (format!("{:x}\r\n{beginning}\r\n", beginning.len()), "1\r\na\r\n"),
            _ => (beginning.clone(), "a"),
        };
        let head = head("/stream", content_type, length) + &beginning;
        let answer = drip(&app, &head, piece, 100, Duration::from_millis(100));
        assert!(answer.starts_with("HTTP/1.1 408 "), "{content_type}, {length}: {answer:?}");
    }
}

#[test]
fn a_body_that_is_longer_on_the_way_than_the_timeout_arrives_where_it_keeps_the_rate() {
    let app = TestApp::with(|bridge| bridge.body_timeout(Duration::from_millis(1500)));
    let head = head("/stream", UPLOAD, "Content-Length: 163840");
    let answer = drip(&app, &head, &"a".repeat(4096), 41, Duration::from_millis(50));
    assert!(answer.starts_with("HTTP/1.1 200 "), "{:?}", answer.get(..200));
}

/// The whole answer, which ends because the server closes the connection.
#[track_caller]
fn closed(app: &TestApp, request: &str) -> String {
    let answer = raw(app, request.as_bytes(), false).unwrap_or_else(|| panic!("held: {request}"));
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_connection_ends_with_an_answer_before_the_body() {
    let app = TestApp::with(|bridge| bridge.body_timeout(Duration::from_millis(500)));
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    // The cases run at once, so the one that signs out has a login of its own.
    let (_, other) = Browser::signed_in(&app, "panther", false);
    let post = |path: &str, more: &str| head(path, UPLOAD, &format!("{more}{CHUNKED}"));
    let cookie = format!("Cookie: {}\r\n", browser.cookie_header());
    let bearer = |pair: &Pair| format!("Authorization: Bearer {}\r\n", pair.access);
    let cases = [
        ("a handler that does not ask", post("/never-asks", ""), 200),
        ("a GET", post("/never-asks", "").replacen("POST", "GET", 1), 200),
        ("no such path", post("/nowhere", ""), 404),
        ("no such method", post("/messages", ""), 404),
        ("a session", post("/how", &format!("{cookie}Origin: http://x\r\n")), 200),
        ("another site", post("/how", &format!("{cookie}Origin: http://evil.example\r\n")), 403),
        ("a token", post("/how", &bearer(&pair)), 200),
        ("a refused token", post("/how", "Authorization: Bearer x\r\n"), 401),
        ("an answer without a body", post("/logout", &bearer(&other)), 204),
        ("a middleware that fails", post("/broken-middleware", ""), 418),
        ("JSON that is searched in vain", head("/how", "application/json", CHUNKED), 408),
    ];
    std::thread::scope(|scope| {
        for (case, request, status) in &cases {
            let app = &app;
            scope.spawn(move || {
                let answer = closed(app, request);
                assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{case}: {answer}");
                assert!(answer.to_lowercase().contains("connection: close\r\n"), "{case}: {answer}");
            });
        }
    });
}

/// The end of a connection has a deadline of actix-http's, by a clock that is behind then.
#[test]
fn a_connection_ends_whose_worker_is_held_up() {
    let app = TestApp::start();
    let open = || {
        let mut socket = TcpStream::connect(app.addr).expect("a connection");
        socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        socket.write_all(b"GET /never-asks HTTP/1.1\r\nHost: x\r\n\r\n").expect("the server listens");
        assert_ne!(socket.read(&mut [0; 4096]).expect("an answer"), 0);
        socket
    };
    let mut sockets: Vec<TcpStream> = (0..8).map(|_| open()).collect();
    // Each worker has one of them, whichever has the others.
    for socket in &mut sockets[..2] {
        socket.write_all(head("/stall", "text/plain", "Content-Length: 0").as_bytes()).expect("the server listens");
    }
    (0..2).for_each(|_| app.slow.wait_until_entered());
    for socket in &mut sockets[2..] {
        let request = format!("{}5\r\nhello\r\n0\r\n\r\n", head("/nowhere", "text/plain", CHUNKED));
        socket.write_all(request.as_bytes()).expect("the server listens");
        socket.shutdown(Shutdown::Write).expect("it is open");
    }
    for mut socket in sockets.split_off(2) {
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("an end");
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    }
}

/// A whole body is no reason to close, whether it is read or not.
#[test]
fn a_connection_goes_on_after_a_body_that_was_read() {
    let app = TestApp::start();
    let once = format!("{}5\r\na=b&c\r\n0\r\n\r\n", head("/stream", FORM, CHUNKED));
    let last = once.replacen("Host: x", "Host: x\r\nConnection: close", 1);
    let answer = closed(&app, &format!("{once}{last}"));
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 2, "{answer}");
}

#[test]
fn a_session_is_read_where_nothing_can_be_written() {
    let app = TestApp::start();
    let (browser, _) = Browser::signed_in(&app, "panther", false);
    app.advance(61);
    app.store().fail(&["touch"]);
    browser.get("/who_am_i").expect(200);
    app.store().fail(&[]);
    app.store().hold(&["touch_session"]);
    browser.get("/who_am_i").expect(200);
    app.store().release(100);
}

#[test]
fn one_note_of_a_login_and_of_a_session_is_under_way_at_a_time() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    app.advance(61);
    app.store().hold(&["touch", "touch_session"]);
    app.store().take_calls();
    let read = || {
        browser.get("/who_am_i").expect(200);
        Anonymous(&app).call("GET", "/who_am_i").bearer(&pair.access).send().expect(200);
    };
    (0..20).for_each(|_| read());
    app.store().wait_for_start("touch");
    app.store().wait_for_start("touch_session");
    let calls = app.store().take_calls();
    assert_eq!((calls["touch"], calls["touch_session"]), (1, 1));
    app.store().release(100);
    app.store().wait_for("touch");
    app.store().wait_for("touch_session");

    // What was noted is noted again when it is due again.
    app.store().hold(&[]);
    app.advance(61);
    read();
    app.store().wait_for("touch");
    app.store().wait_for("touch_session");
}
