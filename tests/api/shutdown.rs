//! A server that is told to stop lets requests in flight finish, and takes no new ones.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::app::{PASSWORD, TestApp};
use crate::clients::{Anonymous, Client};

const LONGEST: Duration = Duration::from_secs(10);

/// Waits until nobody listens any more.
fn assert_closed(app: &TestApp) {
    let deadline = Instant::now() + LONGEST;
    while TcpStream::connect(app.addr).is_ok() {
        assert!(Instant::now() < deadline, "the server still listens");
        std::thread::yield_now();
    }
}

#[test]
fn a_request_in_flight_finishes() {
    let mut app = TestApp::start();
    let body = json!({ "username": "panther", "password": PASSWORD }).to_string();
    let mut socket = TcpStream::connect(app.addr).expect("a connection");
    socket.set_read_timeout(Some(LONGEST)).expect("a timeout");
    let head = format!(
        "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).expect("the server listens");
    let mut reader = BufReader::new(socket.try_clone().expect("a second handle"));
    let mut line = String::new();
    reader.read_line(&mut line).expect("an answer");
    assert_eq!(line, "HTTP/1.1 100 Continue\r\n", "the server has begun with the request");

    app.tell_to_stop();
    assert_closed(&app);
    socket.write_all(body.as_bytes()).expect("the server waits for the body");
    let mut answer = String::new();
    reader.read_to_string(&mut answer).expect("an answer");
    assert!(answer.contains("HTTP/1.1 200 OK\r\n") && answer.contains(r#""access_token":""#), "{answer}");
    app.ended().expect("the server ends well");
}

#[test]
fn a_request_that_never_ends_is_cut_off() {
    let mut app = TestApp::with(&[("SERVER__SHUTDOWN_TIMEOUT", "1s")]);
    let mut socket = TcpStream::connect(app.addr).expect("a connection");
    let head = "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\
                Expect: 100-continue\r\n\r\n";
    socket.write_all(head.as_bytes()).expect("the server listens");
    let mut line = String::new();
    BufReader::new(socket.try_clone().expect("a second handle")).read_line(&mut line).expect("an answer");
    let began = Instant::now();
    app.tell_to_stop();
    app.ended().expect("the server ends well");
    assert!(began.elapsed() < Duration::from_secs(5), "it took {:?}", began.elapsed());
    drop(socket);
}

#[test]
fn a_server_at_rest_ends_at_once() {
    let mut app = TestApp::start();
    Anonymous(&app).get("/healthz").expect(200);
    app.tell_to_stop();
    let began = Instant::now();
    app.ended().expect("the server ends well");
    assert!(began.elapsed() < Duration::from_secs(5), "it took {:?}", began.elapsed());
}
