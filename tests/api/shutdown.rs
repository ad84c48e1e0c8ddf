//! A server that is told to stop lets requests in flight finish, and takes no new ones.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::app::{PASSWORD, TestApp};
use crate::clients::{Anonymous, Client, new_http};

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

/// A proxy asks `/readyz`, and sends nothing more to a server that is about to stop. What it has not noticed yet is served.
#[test]
fn a_server_that_is_about_to_stop_says_so_and_goes_on() {
    let mut app = TestApp::with(&[("SERVER__DRAIN", "2s")]);
    let client = new_http();
    let get = |path: &str| client.get(format!("http://{}{path}", app.addr)).send().expect("an answer");
    assert_eq!(get("/readyz").status(), 200);
    let addr = app.addr;
    app.tell_to_stop();
    let get = |path: &str| client.get(format!("http://{addr}{path}")).send().expect("an answer");
    let deadline = Instant::now() + LONGEST;
    let told = loop {
        let answer = get("/readyz");
        if answer.status() != 200 {
            break answer;
        }
        assert!(Instant::now() < deadline, "nobody is told");
    };
    assert_eq!((told.status().as_u16(), told.headers()["retry-after"].to_str().expect("text")), (503, "5"));
    assert!(told.text().expect("a body").contains("\"draining\""));
    assert_eq!(get("/healthz").status(), 200, "it lives");
    drop(client);
    assert_closed(&app);
    app.ended().expect("the server ends well");
}
