//! Nobody learns from a refused login which users there are.

use std::sync::Arc;

use actix_web::App;
use actix_web::test::{self as service, TestRequest};
use actix_web::web::Data;
use serde_json::json;
use tollbridge::server::{AppState, Metrics, PasswordPolicy, TokenTemplates, routes};
use tollbridge::testing::FakeClock;
use tollbridge::{Act, Bridge, PasswordHasher, TokenKey};

use crate::app::{PANTHER, PASSWORD, START, TestApp, cheap, wait};
use crate::clients::{Anonymous, Answer, Client};

const FORM: &str = "application/x-www-form-urlencoded";

/// Logins that must fail alike: who, and with which password.
fn bad_logins() -> Vec<(&'static str, String, String)> {
    let password = || PASSWORD.to_owned();
    vec![
        ("a wrong password", "panther".to_owned(), "guess".to_owned()),
        ("an empty password", "panther".to_owned(), String::new()),
        ("a password with a NUL", "panther".to_owned(), format!("{PASSWORD}\0")),
        ("the longest password", "panther".to_owned(), "x".repeat(1024)),
        ("an unknown user", "nobody".to_owned(), password()),
        ("a name that looks the same", "p\u{430}nther".to_owned(), password()),
        ("a name with a space", "pan ther".to_owned(), password()),
        ("an empty name", String::new(), password()),
        ("a name with a NUL", "panther\0".to_owned(), password()),
        ("a huge name", "panther".repeat(10_000), password()),
        ("a disabled user with the right password", "batman".to_owned(), password()),
        ("a disabled user with a wrong one", "batman".to_owned(), "guess".to_owned()),
    ]
}

fn disable_batman(app: &TestApp) {
    assert!(wait(app.database.set_active(1, false, &Act::of_application(), START)).expect("an answer"));
}

/// What is the same in every such answer: all but the id and the time.
fn face(answer: &Answer, username: &str) -> (u16, String, String) {
    let headers = answer.headers.iter().filter(|(name, _)| !matches!(name.as_str(), "x-request-id" | "date"));
    // The form shows the name again, and its length is in the head.
    let shown = if username.is_empty() { String::new() } else { format!(r#"value="{username}""#) };
    let body = if shown.is_empty() { answer.text() } else { answer.text().replace(&shown, r#"value="""#) };
    let headers = headers.filter(|(name, _)| body == answer.text() || name.as_str() != "content-length");
    let mut headers: Vec<_> = headers.map(|(name, value)| format!("{name}: {value:?}")).collect();
    headers.sort();
    (answer.status, body, headers.join("\n"))
}

#[test]
fn every_bad_login_gets_the_same_answer() {
    let app = TestApp::start();
    disable_batman(&app);
    let mut faces = Vec::new();
    for (what, username, password) in bad_logins() {
        let answer = Anonymous(&app).post_json("/login", &json!({ "username": username, "password": password }));
        faces.push((what, face(&answer.refused(401, "invalid_credentials"), "")));
    }
    let (_, first) = faces[0].clone();
    for (what, face) in faces {
        assert_eq!(face, first, "{what}");
    }
}

#[test]
fn the_form_answers_alike_too() {
    let app = TestApp::start();
    disable_batman(&app);
    let submit = |username: &str, password: &str| {
        let pairs = [("username", username), ("password", password)];
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        face(&Anonymous(&app).call("POST", "/login").body(FORM, form).send(), username)
    };
    let wrong = submit("panther", "guess");
    assert_eq!(wrong.0, 401);
    assert_eq!(submit("nobody", "guess"), wrong);
    assert_eq!(submit("batman", PASSWORD), wrong);
}

#[test]
fn a_password_over_the_maximum_is_refused_as_such() {
    let app = TestApp::start();
    for username in ["panther", "nobody"] {
        for password in ["x".repeat(1025), "\u{fc}".repeat(513), "x".repeat(1_000_000)] {
            let answer = Anonymous(&app).post_json("/login", &json!({ "username": username, "password": password }));
            let answer = answer.refused(400, "invalid_request");
            assert!(answer.text().contains("longer than 1024 bytes"), "{}", answer.text());
        }
    }
}

/// The server shows nobody what its hasher does, so these are its routes around a hasher that can be watched.
#[actix_web::test]
async fn every_bad_login_costs_one_hash() {
    let (_place, database) = crate::app::database_with_users().await;
    database.set_active(1, false, &Act::of_application(), START).await.expect("an answer");
    let bridge = Bridge::builder(database.clone())
        .store(database.clone())
        .token_key(TokenKey::hs256(&[0x5e; 32]).expect("a key"))
        .session_secret(&[0x5f; 64])
        .build()
        .expect("a bridge");
    let passwords = PasswordHasher::new(cheap()).expect("good parameters");
    let state = Data::new(AppState {
        db: database.clone(),
        passwords: passwords.clone(),
        bridge: bridge.clone(),
        clock: FakeClock::at(START).into(),
        throttle: None,
        password_policy: PasswordPolicy::new(8, 1024),
        body_limit: 1 << 20,
        public_url: None,
        handoff_confirm: true,
        clients: std::collections::BTreeMap::new(),
        templates: TokenTemplates::default(),
        demo: false,
        operations_elsewhere: false,
        draining: Arc::default(),
        metrics: Arc::new(Metrics::new()),
    });
    let app = App::new().configure(|app| routes::configure(app, state.clone())).wrap(bridge);
    let app = service::init_service(app).await;
    let login = |username: &str, password: &str| {
        TestRequest::post().uri("/login").set_json(json!({ "username": username, "password": password })).to_request()
    };
    let mut done = passwords.activity().computed;
    for (what, username, password) in bad_logins() {
        assert_eq!(service::call_service(&app, login(&username, &password)).await.status(), 401, "{what}");
        assert_eq!(passwords.activity().computed, done + 1, "{what}");
        done += 1;
    }
    for username in ["panther", "nobody"] {
        assert_eq!(service::call_service(&app, login(username, &"x".repeat(1025))).await.status(), 400);
        assert_eq!(passwords.activity().computed, done, "too long to be anybody's, so nothing is hashed");
    }
    assert_eq!(service::call_service(&app, login("panther", PASSWORD)).await.status(), 200);
    assert_eq!(passwords.activity().computed, done + 1);
    assert!(database.current_password_hash(PANTHER).await.expect("an answer").is_some());
}
