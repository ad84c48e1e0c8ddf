//! What wraps every request: ids and log events, security headers, and panics that end nobody's server.

#![cfg(feature = "server")]
#![expect(clippy::unwrap_used, reason = "a test ends where its world is not what it says")]

#[path = "support/recorded_log.rs"]
mod recorded_log;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use actix_web::{App, HttpResponse, web};
use serde_json::Value;
use tollbridge::TrustedProxies;
use tollbridge::server::headers::{Hsts, SecurityHeaders};
use tollbridge::server::recover::Recover;
use tollbridge::server::telemetry::{OneLine, Telemetry};
use tracing::level_filters::LevelFilter;

use crate::recorded_log::RecordedLog;

fn record(log: &RecordedLog, level: LevelFilter) -> tracing::dispatcher::DefaultGuard {
    log.record(level, OneLine)
}

/// Sends a request through the whole stack and answers status, headers and body.
async fn send(hsts: Hsts, request: TestRequest) -> (StatusCode, HeaderMap, Vec<u8>) {
    let app = App::new()
        .route("/", web::get().to(|| async { HttpResponse::Ok().content_type("text/html; charset=utf-8").body("hi") }))
        .route(
            "/own",
            web::get().to(|| async {
                HttpResponse::Ok().insert_header(("content-security-policy", "default-src 'self'")).finish()
            }),
        )
        .route("/broken", web::get().to(|| async { HttpResponse::BadGateway().finish() }))
        .route("/panic", web::get().to(async || -> &'static str { panic!("secret of the handler") }))
        .wrap(Recover)
        .wrap(SecurityHeaders::new(hsts))
        .wrap(Telemetry::new(Arc::default(), TrustedProxies::new(["127.0.0.1", "10.0.0.0/8"]).unwrap()));
    let app = init_service(app).await;
    let response = match actix_web::dev::Service::call(&app, request.to_request()).await {
        Ok(response) => response.map_into_boxed_body().into_parts().1,
        Err(error) => error.error_response(),
    };
    let (status, headers) = (response.status(), response.headers().clone());
    let body = actix_web::body::to_bytes(response.into_body()).await.unwrap();
    (status, headers, body.to_vec())
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap())
}

#[actix_web::test]
async fn every_response_has_the_security_headers() {
    for path in ["/", "/nowhere", "/broken", "/panic"] {
        for (hsts, expected) in [
            (Hsts::Off, None),
            (Hsts::HostOnly, Some("max-age=31536000")),
            (Hsts::IncludeSubdomains, Some("max-age=31536000; includeSubDomains")),
        ] {
            let (_, headers, _) = send(hsts, TestRequest::with_uri(path)).await;
            assert_eq!(header(&headers, "x-content-type-options"), Some("nosniff"), "{path}");
            assert_eq!(header(&headers, "referrer-policy"), Some("same-origin"), "{path}");
            let policy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
            assert_eq!(header(&headers, "content-security-policy"), Some(policy), "{path}");
            assert_eq!(header(&headers, "strict-transport-security"), expected, "{path}");
            let opener = (path == "/").then_some("same-origin");
            assert_eq!(header(&headers, "cross-origin-opener-policy"), opener, "{path}");
        }
    }
    let (_, headers, _) = send(Hsts::Off, TestRequest::with_uri("/own")).await;
    assert_eq!(header(&headers, "content-security-policy"), Some("default-src 'self'"));
}

#[actix_web::test]
async fn a_panic_is_a_500_and_the_next_request_is_served() {
    let log = RecordedLog::default();
    let recording = record(&log, LevelFilter::INFO);
    let (status, headers, body) = send(Hsts::Off, TestRequest::with_uri("/panic")).await;
    drop(recording);
    assert_eq!(status, 500);
    assert_eq!(header(&headers, "content-type"), Some("application/problem+json"));
    assert_eq!(header(&headers, "cache-control"), Some("no-store"));
    let problem: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&problem["code"], &problem["status"]), (&"internal_error".into(), &500.into()));
    assert!(!String::from_utf8(body).unwrap().contains("secret"), "what the panic said is not the client's business");
    let log = log.text();
    assert!(log.contains("ERROR") && log.contains("a handler panicked") && log.contains("http.status=500"), "{log}");
    assert_eq!(send(Hsts::Off, TestRequest::with_uri("/")).await.0, 200);
}

#[actix_web::test]
async fn a_worker_survives_a_panic() {
    let app = App::new().route("/panic", web::get().to(async || -> &'static str { panic!("gone") })).wrap(Recover);
    let app = init_service(app.route("/", web::get().to(|| async { web::Json("hi") }))).await;
    let panicked = actix_web::dev::Service::call(&app, TestRequest::with_uri("/panic").to_request()).await;
    assert_eq!(panicked.err().map(|error| error.as_response_error().status_code()), Some(500.try_into().unwrap()));
    let response = call_service(&app, TestRequest::with_uri("/").to_request()).await;
    assert_eq!(read_body_json::<String, _>(response).await, "hi");
}

#[actix_web::test]
async fn an_id_is_made_unless_a_proxy_brings_a_plain_one() {
    let id_from = async |peer: &str, brought: &[u8]| {
        let value = actix_web::http::header::HeaderValue::from_bytes(brought).unwrap();
        let request =
            TestRequest::with_uri("/").insert_header(("x-request-id", value)).peer_addr(peer.parse().unwrap());
        let (_, headers, _) = send(Hsts::Off, request).await;
        header(&headers, "x-request-id").unwrap().to_owned()
    };
    let id = async |brought: &[u8]| id_from("10.1.2.3:4567", brought).await;
    for plain in ["a", "Az09_-", &"x".repeat(64)] {
        assert_eq!(id(plain.as_bytes()).await, plain);
    }
    for other in [&b""[..], b"a b", b"a\"b", b"a=b", b"\xff", b"\xc3\xa4", &[b'x'; 65]] {
        let made = id(other).await;
        assert!(made.len() == 16 && made.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{made}");
    }
    assert_ne!(id(b"").await, id(b"").await);
    // Whoever is no proxy does not choose what its requests are found by.
    for stranger in ["192.0.2.1:80", "[2001:db8::1]:80"] {
        assert_ne!(id_from(stranger, b"chosen").await, "chosen");
    }
}

#[actix_web::test]
async fn one_event_per_request_at_the_level_of_its_status_and_without_secrets() {
    for (path, level, status, info) in
        [("/", "DEBUG", 200, false), ("/nowhere", "INFO", 404, true), ("/broken", "ERROR", 502, true)]
    {
        let request = || {
            let request = TestRequest::with_uri(&format!("{path}?token=in_the_query"));
            let request = request.peer_addr("10.1.2.3:4567".parse().unwrap());
            request.insert_header(("authorization", "Bearer in_the_header")).insert_header(("x-request-id", "id-1"))
        };
        let (verbose, quiet) = (RecordedLog::default(), RecordedLog::default());
        let recording = record(&verbose, LevelFilter::DEBUG);
        send(Hsts::Off, request()).await;
        drop(recording);
        let recording = record(&quiet, LevelFilter::INFO);
        send(Hsts::Off, request()).await;
        drop(recording);
        let route = if path == "/nowhere" { "unmatched" } else { path };
        let from = if status == 404 { "address=10.1.2.3 " } else { "" };
        let fields = format!(
            r#"request_id="id-1" http.method="GET" http.route="{route}" http.status={status} {from}duration_us="#
        );
        let (verbose, quiet) = (verbose.text(), quiet.text());
        let events: Vec<_> = verbose.lines().filter(|line| line.contains(&fields)).collect();
        assert!(events.len() == 1 && events[0].contains(level), "{verbose}");
        assert_eq!(quiet.lines().filter(|line| line.contains(&fields)).count(), usize::from(info), "{quiet}");
        assert!(quiet.lines().all(|line| line.contains(r#"request{request_id="id-1"}"#)), "the span: {quiet}");
        assert!(!verbose.contains("in_the_"), "{verbose}");
    }
}

#[actix_web::test]
async fn a_method_can_be_any_word_and_is_not_logged() {
    for (method, logged) in [("PATCH", "PATCH"), ("secret_word", "other"), ("get", "other")] {
        let log = RecordedLog::default();
        let recording = record(&log, LevelFilter::DEBUG);
        send(Hsts::Off, TestRequest::with_uri("/").method(method.parse().unwrap())).await;
        drop(recording);
        let log = log.text();
        assert!(log.contains(&format!("http.method=\"{logged}\"")) && !log.contains("secret_word"), "{log}");
    }
}

#[actix_web::test]
async fn a_path_forges_no_line() {
    let log = RecordedLog::default();
    let recording = record(&log, LevelFilter::DEBUG);
    send(Hsts::Off, TestRequest::with_uri("/%0d%0aERROR%1b[31m/x")).await;
    tracing::info!(path = "/\r\nERROR forged \u{1b}[31m", "\r\nERROR forged \u{1b}[31m");
    tracing::info!(error = %"line one\nERROR forged");
    drop(recording);
    let log = log.text();
    assert_eq!(log.lines().count(), 3, "{log}");
    assert!(log.lines().all(|line| !line.starts_with("ERROR") && !line.contains(|c: char| c.is_control())), "{log:?}");
    assert!(log.contains("line one\\nERROR forged"), "{log}");
}
