//! Finding the token and leaving the body as it was.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::clients::{Anonymous, Browser, Client, raw};

const CAP: usize = 16 * 1024;

/// A JSON object of exactly this many bytes that carries this token.
fn body_of(length: usize, token: &str) -> String {
    let empty = json!({ "access_token": token, "pad": "" }).to_string();
    json!({ "access_token": token, "pad": "x".repeat(length - empty.len()) }).to_string()
}

#[test]
fn the_handler_gets_the_body_as_it_was_sent() {
    let app = TestApp::start();
    let token = Anonymous(&app).token_login("panther").access;
    let sized = [CAP - 1, CAP, CAP + 1, 64 * 1024, (2 << 20) + 1].map(|length| body_of(length, &token).into_bytes());
    let odd: [&[u8]; 12] = [
        b"",
        b" ",
        b"{}",
        b"1",
        b"[1,2]",
        b"null",
        b"{\"a\":",
        b"\xff\xfe{}",
        b"{\"a\":\"\xc3\x28\"}",
        b"[[[[]]]]",
        br#"{"access_token":"x","access_token":"y"}"#,
        b"\xef\xbb\xbf{}",
    ];
    for body in sized.into_iter().chain(odd.map(<[u8]>::to_vec)) {
        for content_type in ["application/json", "text/plain", "application/octet-stream"] {
            let answer = Anonymous(&app).call("POST", "/stream").body(content_type, body.clone()).send().expect(200);
            let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
            assert!(answer.body == body, "{content_type}: {shown}");
            assert_eq!(answer.header("x-length"), body.len().to_string());
        }
        if let Ok(value) = serde_json::from_slice::<Value>(&body) {
            assert_eq!(Anonymous(&app).post_json("/json", &value).expect(200).json(), value);
        } else {
            Anonymous(&app).call("POST", "/json").body("application/json", body).send().expect(400);
        }
    }
}

#[test]
fn a_body_is_searched_up_to_the_cap_and_not_beyond() {
    for cap in [2 << 20, CAP, 1024] {
        let app = TestApp::with(|bridge| bridge.json_body_limit(cap));
        let token = Anonymous(&app).token_login("panther").access;
        let present =
            |length| Anonymous(&app).call("POST", "/who_am_i").body("application/json", body_of(length, &token)).send();
        present(cap - 1).expect(200);
        present(cap).expect(200);
        present(cap + 1).refused(413, "payload_too_large");
        present(3 << 20).refused(413, "payload_too_large");
    }
}

/// The chunks of a chunked body.
fn chunked(body: &[u8], chunk: usize) -> Vec<u8> {
    let mut coded = Vec::new();
    for chunk in body.chunks(chunk) {
        coded.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        coded.extend_from_slice(chunk);
        coded.extend_from_slice(b"\r\n");
    }
    coded.extend_from_slice(b"0\r\n\r\n");
    coded
}

fn split(answer: &[u8]) -> (u16, String) {
    let text = String::from_utf8_lossy(answer).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    (
        status.unwrap_or_else(|| panic!("no status: {text}")),
        text.split_once("\r\n\r\n").unwrap_or_default().1.to_owned(),
    )
}

#[test]
fn chunked_bodies_are_searched_and_handed_on() {
    let app = TestApp::with(|bridge| bridge.json_body_limit(CAP));
    let token = Anonymous(&app).token_login("panther").access;
    for (length, path, status) in
        [(2000, "/who_am_i", 200), (CAP, "/who_am_i", 200), (CAP + 1, "/who_am_i", 413), (100_000, "/stream", 200)]
    {
        for chunk in [1, 7, 4096, 200_000].into_iter().filter(|chunk| length / chunk < 20_000) {
            let body = body_of(length, &token);
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            );
            let request = [head.as_bytes(), &chunked(body.as_bytes(), chunk)].concat();
            let (answered, text) = split(&raw(&app, &request, false).expect("an answer"));
            assert_eq!(answered, status, "{length} bytes in chunks of {chunk}: {text}");
            assert!(path != "/stream" || text == body, "{length} bytes in chunks of {chunk}");
        }
    }
}

#[test]
fn a_compressed_body_is_searched_and_arrives() {
    let app = TestApp::start();
    let token = Anonymous(&app).token_login("panther").access;
    let body = json!({ "access_token": token });
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(body.to_string().as_bytes()).expect("memory");
    let gzip = encoder.finish().expect("memory");
    let call = |path: &str| {
        Anonymous(&app)
            .call("POST", path)
            .header("content-encoding", "gzip")
            .body("application/json", gzip.clone())
            .send()
    };
    assert_eq!(call("/who_am_i").expect(200).json()["username"], "panther");
    assert_eq!(call("/json").expect(200).json(), body);
}

/// Some readers decode, some do not: a body under a false encoding could hold a token for one of them.
#[test]
fn a_body_that_only_says_that_it_is_compressed_is_refused() {
    let app = TestApp::start();
    let token = Anonymous(&app).token_login("panther").access;
    let (browser, _) = Browser::signed_in(&app, "batman", false);
    for (coding, status) in [
        ("gzip", 400),
        ("deflate", 400),
        ("br", 415),
        ("zstd", 415),
        ("made-up", 415),
        ("gzip, gzip", 415),
        ("identity", 200),
        ("", 200),
    ] {
        let call = |client: &dyn Client| {
            let call = client.call("POST", "/who_am_i").header("content-encoding", coding);
            call.json(&json!({ "access_token": token })).send()
        };
        for client in [&Anonymous(&app) as &dyn Client, &browser] {
            let answer = call(client);
            assert_eq!(answer.status, status, "{coding:?}: {}", answer.text());
            assert!(status != 200 || answer.json()["username"] == "panther", "{coding:?}: the token decides");
        }
    }
}

#[test]
fn one_token_in_one_form() {
    let app = TestApp::start();
    let token = Anonymous(&app).token_login("panther").access;
    let other = Anonymous(&app).token_login("batman").access;
    let quoted = json!(token).to_string();
    let escaped = format!("\"\\u0065{}\"", &token[1..]);
    assert_eq!(&token[..1], "e");
    let cases = [
        (format!(r#"{{"access_token":{quoted}}}"#), 200, ""),
        (format!(r#"{{"access_token":{escaped}}}"#), 200, ""),
        (format!(r#"{{"\u0061ccess_token":{quoted}}}"#), 200, ""),
        (format!(r#" {{ "x" : [1, {{"access_token":"other"}}], "access_token" : {quoted} }} "#), 200, ""),
        (format!(r#"{{"access_token":{quoted},"access_token":{quoted}}}"#), 400, "invalid_request"),
        (format!(r#"{{"access_token":{quoted},"\u0061ccess_token":{quoted}}}"#), 400, "invalid_request"),
        (format!(r#"{{"access_token":null,"access_token":{quoted}}}"#), 400, "invalid_request"),
        (format!(r#"{{"access_token":{quoted},"access_token":null}}"#), 400, "invalid_request"),
        (format!(r#"{{"access_token":{quoted},"refresh_token":"other"}}"#), 400, "invalid_request"),
        (r#"{"access_token":null}"#.to_owned(), 401, "login_required"),
        (r#"{"access_token":""}"#.to_owned(), 401, "token_invalid"),
        (r#"{"access_token":1}"#.to_owned(), 401, "token_invalid"),
        (r#"{"access_token":true}"#.to_owned(), 401, "token_invalid"),
        (format!(r#"{{"access_token":[{quoted}]}}"#), 401, "token_invalid"),
        (format!(r#"{{"access_token":{{"x":{quoted}}}}}"#), 401, "token_invalid"),
        (format!(r#"{{"access_token":" {token}"}}"#), 401, "token_invalid"),
        (format!(r#"{{"Access_Token":{quoted}}}"#), 401, "login_required"),
        (format!(r#"{{"data":{{"access_token":{quoted}}}}}"#), 401, "login_required"),
        (format!(r#"[{quoted}]"#), 401, "login_required"),
        (format!(r#"[{{"access_token":{quoted}}}]"#), 401, "login_required"),
        (quoted.clone(), 401, "login_required"),
        (format!(r#"{{"access_token":{quoted}"#), 401, "login_required"),
        (format!(r#"{{"access_token":{quoted}}}x"#), 401, "login_required"),
        (format!("\u{feff}{{\"access_token\":{quoted}}}"), 400, "invalid_request"),
        (String::new(), 401, "login_required"),
    ];
    for (body, status, code) in cases {
        let answer = Anonymous(&app).call("POST", "/who_am_i").body("application/json", body.clone()).send();
        assert_eq!(answer.outcome(), (status, code.to_owned()), "{body}");
    }
    let both = |in_header: &str, in_body: &str| {
        Anonymous(&app).call("POST", "/who_am_i").bearer(in_header).json(&json!({ "access_token": in_body })).send()
    };
    both(&token, &token).expect(200);
    both(&token, &other).refused(400, "invalid_request");
    both(&token, "garbage").refused(400, "invalid_request");
    both("garbage", &token).refused(400, "invalid_request");
}

/// These are no values of JSON that anybody can use, but whoever skips the member reads the rest of the body.
#[test]
fn a_token_member_that_cannot_be_read_does_not_leave_the_cookie_to_decide() {
    let app = TestApp::start();
    let (browser, _) = Browser::signed_in(&app, "panther", false);
    let unreadable: [&[u8]; 4] = [b"1e999", br#""\ud800""#, b"\"\xff\"", br#"[1e999, "\ud800"]"#];
    for member in ["access_token", "refresh_token", "access\\u005ftoken"] {
        for value in unreadable {
            let body = [format!(r#"{{"a":1,"{member}":"#).as_bytes(), value, b"}"].concat();
            let answer = browser.call("POST", "/who_am_i").body("application/json", body).send();
            let expected = if value.is_ascii() { (401, "token_invalid") } else { (400, "invalid_request") };
            let expected = (expected.0, expected.1.to_owned());
            assert_eq!(answer.outcome(), expected, "{member} {}", value.escape_ascii());
        }
    }
    for body in [r#"{"other":1e999}"#, r#"{"other":"\ud800"}"#, r#"["access_token"]"#, "1e999"] {
        browser.call("POST", "/who_am_i").body("application/json", body).send().expect(200);
    }
}

#[test]
fn the_authorization_header_has_one_form() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    let token = &pair.access;
    let cases: [(&[&str], u16); 23] = [
        (&["Bearer TOKEN"], 200),
        (&["bearer TOKEN"], 200),
        (&["BEARER TOKEN"], 200),
        (&["bEaReR TOKEN"], 200),
        (&["Bearer  TOKEN"], 401),
        (&["Bearer\tTOKEN"], 401),
        (&["Bearer \tTOKEN"], 401),
        (&["Bearer TOKEN x"], 401),
        (&["Bearer TOKEN,TOKEN"], 401),
        (&["Bearer \"TOKEN\""], 401),
        (&["Bearer token=TOKEN"], 401),
        (&["Bearer"], 401),
        (&["Bearer "], 401),
        (&["Bearer ="], 401),
        (&["Bearer,TOKEN"], 401),
        (&["Bearer TOKEN", "Bearer TOKEN"], 400),
        (&["Basic dXNlcjpwYXNz", "Bearer TOKEN"], 400),
        // Somebody else's schemes: the request has a session, and that counts.
        (&["Basic dXNlcjpwYXNz"], 200),
        (&["AWS4-HMAC-SHA256 Credential=x"], 200),
        (&["BearerTOKEN"], 200),
        (&["Bearer-Token TOKEN"], 200),
        (&["TOKEN"], 200),
        (&["Basic dXNlcjpwYXNz", "Digest x"], 200),
    ];
    for (values, status) in cases {
        let mut call = browser.call("GET", "/who_am_i");
        for value in values {
            call = call.header("authorization", value.replace("TOKEN", token));
        }
        let answer = call.send();
        let code = match status {
            200 => "",
            400 => "invalid_request",
            _ => "token_invalid",
        };
        assert_eq!(answer.outcome(), (status, code.to_owned()), "{values:?}");
    }
    for byte in (0x80..=0xff).chain([b'\t']) {
        let answer =
            browser.call("GET", "/who_am_i").header("authorization", [b"Bearer a", &[byte][..], b"b"].concat()).send();
        assert_eq!(answer.outcome(), (401, "token_invalid".to_owned()), "byte {byte:#x}");
    }
    for byte in (0..0x20).chain([0x7f]).filter(|byte| *byte != b'\t') {
        let head = [
            b"GET /who_am_i HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer a",
            &[byte][..],
            b"b\r\n\r\n",
        ];
        let answer = raw(&app, &head.concat(), true).expect("an answer");
        let status = if answer.is_empty() { 400 } else { split(&answer).0 };
        assert!((400..500).contains(&status), "byte {byte:#x}: {status}");
    }
}

#[test]
fn only_json_bodies_of_methods_that_have_one_are_searched() {
    let app = TestApp::start();
    let token = Anonymous(&app).token_login("panther").access;
    let body = json!({ "access_token": token }).to_string();
    let cases = [
        ("POST", "application/json", 200),
        ("POST", "Application/JSON", 200),
        ("POST", "application/json; charset=utf-8", 200),
        ("POST", "application/json;charset=UTF-8", 200),
        ("POST", "application/json; charset=utf-16", 200),
        ("POST", "application/json; charset=latin1", 200),
        ("POST", "application/json;charset=utf8", 200),
        ("POST", "application/json ;charset=utf-8", 200),
        ("POST", "text/plain", 401),
        ("POST", "text/json", 200),
        ("POST", "application/x-www-form-urlencoded", 401),
        ("POST", "multipart/form-data; boundary=x", 401),
        ("POST", "application/vnd.api+json", 200),
        ("POST", "application/problem+json; charset=utf-8", 200),
        ("POST", "application/jsonx", 401),
        ("POST", "application/json, text/plain", 200),
        ("POST", "application/json-seq", 401),
        ("PUT", "application/json", 200),
        ("PATCH", "application/json", 200),
        ("DELETE", "application/json", 200),
        ("GET", "application/json", 401),
        ("HEAD", "application/json", 401),
        ("OPTIONS", "application/json", 401),
    ];
    for (method, content_type, status) in cases {
        let answer = Anonymous(&app).call(method, "/who_am_i").body(content_type, body.clone()).send();
        assert_eq!(answer.status, status, "{method} {content_type}: {}", answer.text());
    }
    let form = format!("access_token={token}");
    Anonymous(&app).call("POST", "/who_am_i").body("application/x-www-form-urlencoded", form).send().expect(401);
    Anonymous(&app).get(&format!("/who_am_i?access_token={token}")).refused(401, "login_required");
}

#[test]
fn only_the_configured_places_are_searched() {
    use tollbridge::CredentialLocation::{Header, Json};
    use tollbridge::TokenLocations;
    for (locations, in_header, in_body) in [(&[Header][..], 200, 401), (&[Json], 401, 200), (&[], 401, 401)] {
        let app = TestApp::with(|bridge| bridge.token_locations(TokenLocations::new(locations)));
        let token = Anonymous(&app).token_login("panther").access;
        Anonymous(&app).call("POST", "/who_am_i").bearer(&token).send().expect(in_header);
        Anonymous(&app).post_json("/who_am_i", &json!({ "access_token": token })).expect(in_body);
    }
}

#[test]
fn a_body_that_stops_arriving_is_given_up() {
    let app = TestApp::with(|bridge| bridge.body_timeout(Duration::from_millis(300)).json_body_limit(CAP));
    let lengths = [
        ("a peeked body", "/who_am_i", 100, "application/json"),
        ("a small stream", "/stream", 100, "application/json"),
    ];
    let beyond = [
        ("beyond the cap", "/stream", 100_000, "application/json"),
        ("not searched", "/stream", 100_000, "text/plain"),
    ];
    let extracted = [("a Json extractor beyond the cap", "/json", 100_000, "application/json")];
    for (case, path, length, content_type) in lengths.into_iter().chain(beyond).chain(extracted) {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n{{\"a\":"
        );
        let began = Instant::now();
        let answer = raw(&app, head.as_bytes(), false).unwrap_or_else(|| panic!("{case}: no answer"));
        assert!(began.elapsed() >= Duration::from_millis(290), "{case}: too early");
        let (status, text) = split(&answer);
        assert_eq!(status, 408, "{case}: {text}");
        assert!(text.contains("request_timeout"), "{case}: {text}");
    }
}

#[test]
fn the_connection_is_kept_after_a_body_was_searched() {
    let app = TestApp::start();
    let token = Anonymous(&app).token_login("panther").access;
    let body = json!({ "access_token": token }).to_string();
    let request = format!(
        "POST /who_am_i HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut socket = TcpStream::connect(app.addr).expect("a connection");
    socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
    for round in 0..3 {
        socket.write_all(request.as_bytes()).expect("the connection is open");
        let mut answer = Vec::new();
        while !answer.ends_with(b"}") {
            let mut chunk = [0; 1024];
            let read = socket.read(&mut chunk).expect("an answer");
            assert_ne!(read, 0, "closed in round {round}");
            answer.extend_from_slice(&chunk[..read]);
        }
        assert_eq!(split(&answer).0, 200, "round {round}");
    }
    // Two requests in one packet: the second is not taken for a part of the first one's body.
    let two = format!("{request}{}", request.replace("Host: x\r\n", "Host: x\r\nConnection: close\r\n"));
    let answer = String::from_utf8(raw(&app, two.as_bytes(), false).expect("an answer")).expect("text");
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 2, "{answer}");
}
