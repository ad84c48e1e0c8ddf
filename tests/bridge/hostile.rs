//! Other people's collections of bad input: never a 5xx, never a hang, and the server answers afterwards.

use std::time::{Duration, Instant};

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::Json;
use actix_web::{App, web};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tollbridge::flask::{FlaskConfig, JwtManager};
use tollbridge::{Claims, CurrentLogin, Fresh};

use crate::app::{TestApp, World};
use crate::clients::{Anonymous, Browser, Client, REMEMBER, SESSION, raw};
use crate::vectors;

/// Longer than any machine is slow: a hang, and nothing else.
const LONGEST: Duration = Duration::from_secs(20);

#[track_caller]
fn assert_alive(app: &TestApp) {
    Anonymous(app).get("/never-asks").expect(200);
}

/// Sends it everywhere as a JSON body and returns how many answers were not a refusal.
fn send_everywhere(app: &TestApp, id: &str, body: &[u8]) -> usize {
    let routes = ["/who_am_i", "/maybe", "/json", "/login", "/refresh", "/logout"];
    let status = |path: &&str| {
        let began = Instant::now();
        let answer = Anonymous(app).call("POST", path).body("application/json", body).send();
        assert!(answer.status < 500, "{id} to {path}: {} {}", answer.status, answer.text());
        assert!(began.elapsed() < LONGEST, "{id} to {path} took {:?}", began.elapsed());
        answer.status
    };
    routes.iter().map(status).filter(|status| *status < 400).count()
}

#[test]
fn json_of_every_kind() {
    let app = TestApp::start();
    let vectors = vectors::lines("json_parsing.jsonl");
    assert_eq!(vectors.len(), 318);
    for vector in vectors {
        let (id, body) = (vector["id"].as_str().expect("an id"), vectors::bytes(&vector));
        let well_formed = Anonymous(&app).call("POST", "/json").body("application/json", body.clone()).send().status;
        match vector["must"].as_str() {
            // A handler sees the same JSON as without the bridge; what nests more than 128 deep is not read.
            Some("accept") => assert_eq!(well_formed, 200, "{id}"),
            Some("reject") => assert_eq!(well_formed, 400, "{id}"),
            _ => {}
        }
        send_everywhere(&app, id, &body);
    }
    assert_alive(&app);
}

#[test]
fn utf8_of_every_kind() {
    let app = TestApp::start();
    let vectors = vectors::lines("utf8.jsonl");
    assert_eq!(vectors.len(), 222);
    for vector in vectors {
        let (id, bytes) = (vector["id"].as_str().expect("an id"), vectors::bytes(&vector));
        send_everywhere(&app, id, &bytes);
        for member in ["access_token", "username", "x"] {
            let body = [format!(r#"{{"{member}":""#).as_bytes(), &bytes, br#""}"#].concat();
            let answered = send_everywhere(&app, id, &body);
            // Only /maybe, /logout and /json have something to say to text that is no token, and only /json to one.
            let is_token = member == "access_token" && serde_json::from_slice::<Value>(&body).is_ok();
            assert!(answered <= if is_token { 1 } else { 3 }, "{id} as {member}: {answered}");
        }
    }
    assert_alive(&app);
}

#[test]
fn naughty_strings_as_tokens_and_cookies() {
    let app = TestApp::start();
    let (browser, _) = Browser::signed_in(&app, "panther", true);
    let path = format!("{}/tests/vectors/public/naughty_strings.json", env!("CARGO_MANIFEST_DIR"));
    let strings: Vec<String> = serde_json::from_str(&std::fs::read_to_string(path).expect("a file")).expect("strings");
    assert!(strings.len() > 400, "{}", strings.len());
    for string in &strings {
        for member in ["access_token", "refresh_token"] {
            for route in ["/who_am_i", "/refresh", "/logout"] {
                let answer = browser.post_json(route, &json!({ member: string }));
                assert_eq!(answer.outcome(), (401, "token_invalid".to_owned()), "{string:?} to {route}");
            }
        }
        send_everywhere(
            &app,
            string,
            json!({ "username": string, "password": string, "x": string }).to_string().as_bytes(),
        );
        // What can be a header at all.
        if !string.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
            let bearer = browser.call("GET", "/who_am_i").bearer(string).send();
            assert_eq!(bearer.outcome(), (401, "token_invalid".to_owned()), "{string:?} as a bearer token");
            for name in [SESSION, REMEMBER, "x"] {
                let cookie =
                    Anonymous(&app).call("GET", "/who_am_i").header("cookie", format!("{name}={string}")).send();
                assert_eq!(cookie.outcome(), (401, "login_required".to_owned()), "{string:?} as {name}");
            }
            let scheme = Anonymous(&app).call("GET", "/maybe").header("authorization", string).send();
            assert!(scheme.status < 500, "{string:?} as a scheme");
        }
    }
    browser.get("/who_am_i").expect(200);
}

#[test]
fn tokens_of_other_issuers() {
    let app = TestApp::start();
    let vectors = vectors::lines("jwt_corpus.jsonl");
    assert_eq!(vectors.len(), 66);
    for vector in vectors {
        let token = vector["token"].as_str().expect("a token");
        for (member, route) in
            [("access_token", "/who_am_i"), ("refresh_token", "/refresh"), ("access_token", "/logout")]
        {
            let answer = Anonymous(&app).post_json(route, &json!({ member: token }));
            assert_eq!(answer.outcome(), (401, "token_invalid".to_owned()), "{token} to {route}");
        }
    }
}

#[test]
fn http_of_every_kind() {
    let app = TestApp::start();
    let vectors = vectors::lines("http11probe_requests.jsonl");
    assert_eq!(vectors.len(), 168);
    let send = |vector: &Value| {
        let id = vector["id"].as_str().expect("an id");
        let text: String = vectors::bytes(vector).iter().map(|byte| char::from(*byte)).collect();
        let request: Vec<u8> = text.replace("@@HOST@@", &app.addr.to_string()).chars().map(|c| c as u8).collect();
        let answers = ["/", "/maybe", "/who_am_i"].map(|path| {
            let answer = raw(&app, &at_path(&request, path), true);
            let statuses = statuses(&answer.unwrap_or_else(|| panic!("{id} at {path}: no end")));
            assert!(statuses.iter().all(|status| *status < 500), "{id} at {path}: {statuses:?}");
            statuses.len()
        });
        answers.iter().sum::<usize>()
    };
    // Some only end when the server has waited for more for a while, so several wait at once.
    let answered: usize = std::thread::scope(|scope| {
        let send = &send;
        let chunks = vectors.chunks(12).map(|chunk| scope.spawn(move || chunk.iter().map(send).sum::<usize>()));
        chunks.collect::<Vec<_>>().into_iter().map(|chunk| chunk.join().expect("no bad answer")).sum()
    });
    assert!(answered > 300, "{answered} answers");
    assert_alive(&app);
}

/// The request for another path, where its first line is `METHOD / HTTP/…`.
fn at_path(request: &[u8], path: &str) -> Vec<u8> {
    match request.windows(8).take(16).position(|window| window == b" / HTTP/") {
        Some(at) => [&request[..at], b" ", path.as_bytes(), &request[at + 2..]].concat(),
        None => request.to_vec(),
    }
}

/// The status of every response on a connection.
fn statuses(answer: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(answer);
    let lines = text.split("HTTP/1.").skip(1);
    lines.filter_map(|line| line.split(' ').nth(1)?.get(..3)?.parse().ok()).collect()
}

/// The lenient reader of Flask's tokens gets all of it too: in every place, and inside of tokens that are signed as they
/// should be.
#[actix_web::test]
async fn what_is_read_as_flask_reads_it() {
    const SECRET: &str = "a secret that only these tests know";
    let config = json!({
        "JWT_SECRET_KEY": SECRET,
        "JWT_TOKEN_LOCATION": ["headers", "cookies", "query_string", "json"],
        "JWT_CSRF_CHECK_FORM": true,
        "JWT_VERIFY_SUB": false,
    });
    let config = FlaskConfig::from_json(&config).expect("a configuration");
    let jwt = JwtManager::builder(config).build().expect("a manager");
    let bridge = World::default().bridge().flask_jwt(&jwt).build().expect("a bridge");
    let handler = async |login: Fresh<CurrentLogin>, claims: Claims| Json(json!([login.identity, claims.all]));
    let app = init_service(App::new().wrap(bridge).default_service(web::to(handler))).await;
    let ask = async |id: &str, request: TestRequest| {
        let status = call_service(&app, request.to_request()).await.status().as_u16();
        assert!(status < 500, "{id}: {status}");
        status
    };
    // What can be a header at all.
    let with = |request: TestRequest, name: &str, value: String| match HeaderValue::try_from(value) {
        Ok(value) => request.insert_header((HeaderName::try_from(name).expect("a name"), value)),
        Err(_) => request,
    };
    let bearer = |token: &str| with(TestRequest::get(), "authorization", format!("Bearer {token}"));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signed = |header: &[u8], payload: &[u8]| {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes())))
    };
    let usual = br#"{"alg":"HS256","typ":"JWT"}"#;
    let plain = br#"{"sub":"2","fresh":true}"#;
    assert_eq!(ask("a good one", bearer(&signed(usual, plain))).await, 200);

    let mut good = 0;
    for vector in vectors::lines("json_parsing.jsonl").iter().chain(&vectors::lines("utf8.jsonl")) {
        let (id, bytes) = (vector["id"].as_str().expect("an id"), vectors::bytes(vector));
        let member = |begin: &str, name: &str| [begin.as_bytes(), name.as_bytes(), b"\":", &bytes, b"}"].concat();
        for body in [bytes.clone(), member("{\"", "access_token")] {
            ask(id, TestRequest::post().insert_header(("content-type", "application/json")).set_payload(body)).await;
        }
        let headers = ["alg", "kid", "typ", "crit"].map(|name| member(r#"{"alg":"HS256",""#, name));
        let payloads = ["sub", "exp", "iat", "fresh", "type", "csrf", "aud", "iss", "jti", "x"]
            .map(|name| member(r#"{"sub":"2","fresh":true,""#, name));
        let headers = headers.iter().chain([&bytes]).map(|header| signed(header, plain));
        for token in headers.chain(payloads.iter().chain([&bytes]).map(|payload| signed(usual, payload))) {
            good += usize::from(ask(id, bearer(&token)).await == 200);
        }
    }
    assert!(good > 100, "{good} tokens were good");

    let path = format!("{}/tests/vectors/public/naughty_strings.json", env!("CARGO_MANIFEST_DIR"));
    let strings: Vec<String> = serde_json::from_str(&std::fs::read_to_string(path).expect("a file")).expect("strings");
    let token = signed(usual, plain);
    for string in &strings {
        let quoted: String = url::form_urlencoded::byte_serialize(string.as_bytes()).collect();
        let cookie = || with(TestRequest::post(), "cookie", format!("access_token_cookie={string}"));
        let form = |kind, body: String| cookie().insert_header(("content-type", kind)).set_payload(body);
        let in_parts = format!("---\r\n{string}\r\n\r\n{string}\r\n---");
        let requests = [
            bearer(string),
            with(TestRequest::get(), "authorization", format!("{string} {token}, Bearer {token},{string}")),
            with(TestRequest::post(), "cookie", format!("access_token_cookie={token}; {string}=x")),
            with(cookie(), "x-csrf-token", string.clone()),
            form("application/x-www-form-urlencoded", format!("csrf_token={quoted}&{string}")),
            form("multipart/form-data; boundary=-", in_parts),
            TestRequest::get().uri(&format!("/?jwt={quoted}")),
            TestRequest::post().set_json(json!({ "access_token": string, string: string })),
            bearer(&signed(usual, json!({ "sub": string, "csrf": string }).to_string().as_bytes())),
        ];
        for request in requests {
            ask(string, request).await;
        }
    }
}
