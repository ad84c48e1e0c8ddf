//! What those who run the server look at.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::clients::{Anonymous, Client, Token, raw};

/// The counters, by name with label.
fn counters(app: &TestApp) -> BTreeMap<String, u64> {
    let text = Anonymous(app).get("/metrics").expect(200).text();
    assert!(text.ends_with("# EOF\n"), "{text}");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let counter = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
        (name.to_owned(), value.parse().unwrap_or_else(|_| panic!("{line}")))
    };
    lines.map(counter).collect()
}

#[test]
fn what_happens_is_counted() {
    let app = TestApp::start();
    let before = counters(&app);
    assert_eq!(before[&format!(r#"tollbridge_build_info{{version="{}"}}"#, env!("CARGO_PKG_VERSION"))], 1);

    let pair = Anonymous(&app).token_login("panther");
    for (username, status) in [("panther", 401), ("nobody", 401)] {
        Anonymous(&app).post_json("/login", &json!({ "username": username, "password": "guess" })).expect(status);
    }
    Anonymous(&app).post_json("/login", &json!({ "username": "panther", "password": "x".repeat(1025) })).expect(400);
    let next = Token(&app, pair.refresh.clone()).post("/refresh").expect(200).pair();
    Token(&app, "zoo".to_owned()).post("/refresh").expect(401);
    Token(&app, next.refresh).post("/refresh").expect(200);
    app.advance(3600);
    Token(&app, pair.refresh).post("/refresh").refused(401, "token_reused");
    Anonymous(&app).get("/nowhere").expect(404);
    Anonymous(&app).get("/").expect(303);

    let after = counters(&app);
    let grown = |name: &str| after[name] - before[name];
    for (name, growth) in [
        (r#"tollbridge_logins_total{outcome="ok"}"#, 1),
        (r#"tollbridge_logins_total{outcome="failed"}"#, 2),
        (r#"tollbridge_logins_total{outcome="error"}"#, 1),
        (r#"tollbridge_logins_total{outcome="shed"}"#, 0),
        (r#"tollbridge_refreshes_total{outcome="ok"}"#, 2),
        (r#"tollbridge_refreshes_total{outcome="refused"}"#, 1),
        (r#"tollbridge_refreshes_total{outcome="reused"}"#, 1),
        // The login, the two refreshes, and the counters of before, which had not been answered when they were written.
        (r#"tollbridge_http_responses_total{class="2xx"}"#, 4),
        (r#"tollbridge_http_responses_total{class="3xx"}"#, 1),
        (r#"tollbridge_http_responses_total{class="4xx"}"#, 6),
        (r#"tollbridge_http_responses_total{class="5xx"}"#, 0),
    ] {
        assert_eq!(grown(name), growth, "{name}");
    }
}

#[test]
fn health_and_readiness_are_words() {
    let app = TestApp::start();
    for path in ["/healthz", "/readyz"] {
        assert_eq!(Anonymous(&app).get(path).expect(200).text(), "ok");
    }
}

/// Counters, the state of the database and the map of the API are nobody's business but the operator's.
#[test]
fn what_is_for_operators_can_have_an_address_of_its_own() {
    let app = TestApp::with(&[("SERVER__OPERATIONS_LISTEN", "127.0.0.1:0")]);
    let operations = app.operations_addr.expect("a second address");
    assert_ne!(operations, app.addr);
    let get = |path: &str| {
        let answer = app.http().get(format!("http://{operations}{path}")).send().expect("an answer");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{path}");
        assert!(answer.headers().contains_key("content-security-policy"), "{path}");
        (answer.status().as_u16(), answer.text().expect("text"))
    };
    for path in ["/readyz", "/metrics", "/openapi.json"] {
        Anonymous(&app).get(path).refused(404, "not_found");
        assert_eq!(get(path).0, 200, "{path}");
    }
    Anonymous(&app).get("/healthz").expect(200);
    assert_eq!(get("/healthz").0, 200);
    for path in ["/login", "/who_am_i", "/.well-known/jwks.json", "/"] {
        assert_eq!(get(path).0, 404, "{path}");
    }
    // Both count what is answered in the same numbers.
    assert!(get("/metrics").1.contains(r#"tollbridge_http_responses_total{class="4xx"} 7"#));
}

#[test]
fn the_description_refers_to_nothing_that_is_not_there() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|member| references(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let app = TestApp::start();
    let description = Anonymous(&app).get("/openapi.json").expect(200).json();
    let mut found = Vec::new();
    references(&description, &mut found);
    assert!(found.len() > 10, "{found:?}");
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} is elsewhere"));
        assert!(description.pointer(pointer).is_some(), "{reference} is not there");
    }
    assert_eq!(description["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn the_key_set_holds_public_keys_alone() {
    let shared = TestApp::start();
    assert_eq!(Anonymous(&shared).get("/.well-known/jwks.json").expect(200).json(), json!({ "keys": [] }));

    // A token that was signed with the shared key of another server is none at any of these.
    let other = Anonymous(&shared).token_login("panther");
    let directory = tempfile::tempdir().expect("a temporary directory");
    for (algorithm, file, kty, public) in
        [("EdDSA", "ed25519.pem", "OKP", "x"), ("RS256", "rsa2048.pem", "RSA", "n"), ("ES384", "p384.pem", "EC", "y")]
    {
        let key_file = directory.path().join(file);
        let pem = std::fs::read(format!("{}/tests/fixtures/{file}", env!("CARGO_MANIFEST_DIR"))).expect("a key");
        std::fs::write(&key_file, pem).expect("a file");
        std::fs::set_permissions(&key_file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a mode");
        let key_file = key_file.to_str().expect("UTF-8");
        let app = TestApp::with(&[
            ("TOKEN__SECRET", ""),
            ("TOKEN__ALGORITHM", algorithm),
            ("TOKEN__PRIVATE_KEY_FILE", key_file),
        ]);
        let keys = Anonymous(&app).get("/.well-known/jwks.json").expect(200).json();
        let key = keys["keys"][0].as_object().expect("a key");
        assert_eq!((&key["kty"], &key["alg"]), (&json!(kty), &json!(algorithm)));
        assert!(key.contains_key(public) && !key.contains_key("d"), "{keys}");
        let pair = Anonymous(&app).token_login("panther");
        Token(&app, pair.access).get("/who_am_i").expect(200);
        Token(&app, other.access.clone()).get("/who_am_i").refused(401, "token_invalid");
    }
}

/// The server would wait for the rest of the body, without a time limit.
#[test]
fn a_refused_request_does_not_keep_its_connection() {
    let app = TestApp::start();
    for (target, status) in
        [("POST /healthz", 405), ("POST /nowhere", 404), ("GET /readyz", 200), ("POST /logout", 408)]
    {
        let request = format!(
            "{target} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        );
        let request = if status == 408 { request } else { request.replace("application/json", "text/plain") };
        let answer = raw(&app, request.as_bytes(), false).unwrap_or_else(|| panic!("{target} is held"));
        let answer = String::from_utf8_lossy(&answer).to_lowercase();
        assert!(answer.starts_with(&format!("http/1.1 {status} ")), "{target}: {answer}");
        assert!(answer.contains("connection: close\r\n"), "{target}: {answer}");
    }
}
