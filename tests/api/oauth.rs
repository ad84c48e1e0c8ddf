//! Introspection and revocation, as another service asks for them.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tollbridge::Act;
use tollbridge::store::db::Retention;

use crate::app::{PANTHER, PASSWORD, START, TestApp, wait};
use crate::clients::{Anonymous, Answer, Browser, Client, Token};

/// What is over is kept, but what has expired goes.
const KEPT: Retention = Retention { ended: Duration::MAX, audit: Duration::MAX, records_of_user: u32::MAX };

const FORM: &str = "application/x-www-form-urlencoded";
const SECRET: &str = "what only the billing service knows: 32 random bytes";

fn hash(secret: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, secret.as_bytes());
    format!("sha256:{}", digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

fn start(settings: &[(&str, &str)]) -> TestApp {
    let hash = hash(SECRET);
    let clients = [
        ("CLIENTS__BILLING__SECRET_HASH", &*hash),
        ("CLIENTS__BILLING__MAY", "introspect,revoke"),
        ("CLIENTS__READER__SECRET_HASH", &hash),
        ("CLIENTS__READER__AUDIENCE", "https://reader.example"),
        ("CLIENTS__SWEEPER__SECRET_HASH", &hash),
        ("CLIENTS__SWEEPER__MAY", "revoke"),
        ("TEMPLATES__READER__AUDIENCE", "https://reader.example"),
        ("TEMPLATES__READER__CLAIMS", "name=full_name"),
    ];
    TestApp::with(&clients.into_iter().chain(settings.iter().copied()).collect::<Vec<_>>())
}

fn form(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn basic(name: &str, secret: &str) -> String {
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(name), encode(secret))))
}

fn ask_as(app: &TestApp, client: &str, path: &str, token: &str) -> Answer {
    let anonymous = Anonymous(app);
    let call = anonymous.call("POST", path).header("authorization", basic(client, SECRET));
    call.body(FORM, form(&[("token", token)])).send()
}

fn introspect(app: &TestApp, token: &str) -> Value {
    ask_as(app, "billing", "/introspect", token).expect(200).json()
}

fn is_active(app: &TestApp, token: &str) -> bool {
    introspect(app, token)["active"] == true
}

fn revoke(app: &TestApp, token: &str) {
    let answer = ask_as(app, "billing", "/revoke", token).expect(200);
    assert!(answer.body.is_empty() && answer.set_cookies().is_empty());
}

#[test]
fn a_token_says_who_it_is_for_and_until_when() {
    let app = start(&[]);
    let pair = Anonymous(&app).token_login("panther");
    let login = Token(&app, pair.access.clone()).get("/session").expect(200).json()["login_id"].clone();
    let answer = ask_as(&app, "billing", "/introspect", &pair.access).expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    let said = answer.json();
    for (name, value) in [
        ("active", json!(true)),
        ("sub", json!(PANTHER.to_string())),
        ("sid", login),
        ("token_use", json!("access")),
        ("token_type", json!("Bearer")),
        ("iat", json!(START)),
        ("exp", json!(START + 900)),
        ("iss", json!("tollbridge")),
        ("aud", json!("tollbridge")),
    ] {
        assert_eq!(said[name], value, "{name}: {said}");
    }
    assert!(said["jti"].is_string() && said.get("csrf").is_none());
    let said = introspect(&app, &pair.refresh);
    assert_eq!((&said["active"], &said["token_use"], said.get("token_type")), (&json!(true), &json!("refresh"), None));

    // By the fields of the form too.
    let fields =
        [("token", &*pair.access), ("client_id", "billing"), ("client_secret", SECRET), ("token_type_hint", "x")];
    let answer = Anonymous(&app).call("POST", "/introspect").body(FORM, form(&fields)).send();
    assert_eq!(answer.expect(200).json()["active"], true);
}

#[test]
fn what_is_over_is_inactive_and_nothing_else_is_said() {
    let app = start(&[]);
    let inactive = json!({ "active": false });
    let first = Anonymous(&app).token_login("panther");
    let second = Token(&app, first.refresh.clone()).post("/refresh").expect(200).pair();
    assert!(is_active(&app, &first.access) && is_active(&app, &second.refresh));
    assert!(is_active(&app, &first.refresh), "its successor was not seen yet");
    let second = Token(&app, second.refresh).post("/refresh").expect(200).pair();
    assert_eq!(introspect(&app, &first.refresh), inactive);
    // To ask is not to use: the login goes on although the token was used before.
    Token(&app, second.access.clone()).get("/who_am_i").expect(200);

    for token in ["", "nonsense", "a.b.c", &format!("{}x", first.access), &"x".repeat(9000), "tbt_0000000000000000_x"] {
        assert_eq!(introspect(&app, token), inactive, "{token}");
    }
    app.advance(905);
    assert_eq!(introspect(&app, &first.access), inactive);
    Token(&app, second.refresh.clone()).post("/logout").expect(204);
    assert_eq!(introspect(&app, &second.refresh), inactive);
    let third = Anonymous(&app).token_login("panther");
    wait(app.database.set_active(PANTHER, false, &Act::of_application(), app.clock.now())).expect("disabled");
    assert_eq!(introspect(&app, &third.access), inactive);
}

#[test]
fn a_service_learns_only_of_tokens_that_are_its_business() {
    let app = start(&[]);
    let browser = Browser::new(&app);
    browser.sign_in("panther", false);
    let for_reader = browser.post_json("/token", &json!({ "template": "reader" })).expect(200).pair();
    let ours = Anonymous(&app).token_login("panther");
    let as_reader = |token: &str| ask_as(&app, "reader", "/introspect", token).expect(200).json();
    let said = as_reader(&for_reader.access);
    assert_eq!((&said["active"], &said["name"]), (&json!(true), &json!("Ann Takamaki")));
    for token in [&ours.access, &ours.refresh, &for_reader.refresh] {
        assert_eq!(as_reader(token), json!({ "active": false }));
    }
    let refused = |client, path| ask_as(&app, client, path, &ours.access).expect(403).json()["error"].clone();
    assert_eq!(refused("reader", "/revoke"), "unauthorized_client");
    assert_eq!(refused("sweeper", "/introspect"), "unauthorized_client");
    assert!(is_active(&app, &ours.access));
}

#[test]
fn api_tokens_are_known_too() {
    let app = start(&[]);
    let browser = Browser::new(&app);
    browser.sign_in("panther", false);
    let made =
        browser.post_json("/tokens", &json!({ "name": "nightly", "abilities": ["notes:read"] })).expect(201).json();
    let token = made["token"].as_str().expect("a token");
    let said = introspect(&app, token);
    assert_eq!(
        (&said["active"], &said["token_use"], &said["scope"]),
        (&json!(true), &json!("api"), &json!("notes:read"))
    );
    assert_eq!(said["sub"], PANTHER.to_string());
    revoke(&app, token);
    assert_eq!(introspect(&app, token), json!({ "active": false }));
    Token(&app, token.to_owned()).get("/who_am_i").refused(401, "token_revoked");
}

#[test]
fn an_access_token_is_revoked_alone_and_a_refresh_token_with_its_login() {
    let app = start(&[]);
    let first = Anonymous(&app).token_login("panther");
    let second = Token(&app, first.refresh.clone()).post("/refresh").expect(200).pair();
    for _ in 0..4 {
        Token(&app, first.access.clone()).get("/who_am_i").expect(200);
    }
    revoke(&app, &first.access);
    for _ in 0..4 {
        Token(&app, first.access.clone()).get("/who_am_i").refused(401, "token_revoked");
        Token(&app, second.access.clone()).get("/who_am_i").expect(200);
    }
    assert!(!is_active(&app, &first.access) && is_active(&app, &second.access));
    // Twice is as good as once, and nonsense is nothing.
    for token in [&*first.access, "nonsense", ""] {
        revoke(&app, token);
    }
    // The entry goes when the token would have expired.
    assert_eq!(app.place.count("revoked_tokens"), 1);
    app.advance(904);
    wait(app.database.sweep(app.clock.now(), KEPT)).expect("swept");
    assert_eq!(app.place.count("revoked_tokens"), 1);
    app.advance(1);
    wait(app.database.sweep(app.clock.now(), KEPT)).expect("swept");
    assert_eq!(app.place.count("revoked_tokens"), 0);

    revoke(&app, &second.refresh);
    Token(&app, second.access).get("/who_am_i").expect(401);
    Token(&app, second.refresh).post("/refresh").refused(401, "login_ended");
}

/// Whoever has an old copy could otherwise end a login that goes on.
#[test]
fn a_refresh_token_that_was_used_revokes_nothing() {
    let app = start(&[]);
    let first = Anonymous(&app).token_login("panther");
    let second = Token(&app, first.refresh.clone()).post("/refresh").expect(200).pair();
    let third = Token(&app, second.refresh).post("/refresh").expect(200).pair();
    revoke(&app, &first.refresh);
    Token(&app, third.access).get("/who_am_i").expect(200);
}

#[test]
fn another_node_refuses_a_revoked_token_on_the_very_next_request() {
    let here = start(&[]);
    let there = here.beside(&[]);
    let pair = Anonymous(&here).token_login("panther");
    let other = Anonymous(&here).token_login("panther");
    for _ in 0..8 {
        Token(&there, pair.access.clone()).get("/who_am_i").expect(200);
    }
    revoke(&here, &pair.access);
    for _ in 0..8 {
        Token(&there, pair.access.clone()).get("/who_am_i").refused(401, "token_revoked");
    }
    Token(&there, other.access).get("/who_am_i").expect(200);
    // And a node that starts later.
    let later = here.beside(&[]);
    Token(&later, pair.access).get("/who_am_i").refused(401, "token_revoked");
}

#[test]
fn whoever_has_no_credentials_gets_no_answer() {
    let app = start(&[("THROTTLE__ENABLED", "true")]);
    let token = Anonymous(&app).token_login("panther").access;
    let body = form(&[("token", &token)]);
    let anonymous = Anonymous(&app);
    let refused = |answer: Answer| {
        let answer = answer.expect(401);
        assert_eq!(answer.json()["error"], "invalid_client");
        assert!(answer.header("www-authenticate").starts_with("Basic realm="), "{:?}", answer.headers);
        assert!(answer.set_cookies().is_empty());
    };
    for path in ["/introspect", "/revoke"] {
        refused(anonymous.call("POST", path).body(FORM, body.clone()).send());
        // A user is no service, and a token is no client.
        refused(anonymous.call("POST", path).bearer(&token).body(FORM, body.clone()).send());
        refused(anonymous.call("POST", path).body(FORM, form(&[("token", "x"), ("client_id", "billing")])).send());
    }
    for header in [basic("nobody", SECRET), "Basic %%%".to_owned(), "Basic bm8=".to_owned()] {
        refused(anonymous.call("POST", "/introspect").header("authorization", header).body(FORM, body.clone()).send());
    }
    let twice = form(&[("token", &token), ("client_id", "billing"), ("client_secret", SECRET)]);
    let call =
        anonymous.call("POST", "/introspect").header("authorization", basic("billing", SECRET)).body(FORM, twice);
    assert_eq!(call.send().expect(400).json()["error"], "invalid_request");
    anonymous.post_json("/introspect", &json!({ "token": token })).expect(415);
    // Guesses are throttled, and the right secret is not.
    let guess = |number: usize| {
        let call =
            anonymous.call("POST", "/introspect").header("authorization", basic("billing", &format!("guess {number}")));
        call.body(FORM, body.clone()).send().status
    };
    let statuses: Vec<_> = (0..10).map(guess).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 5, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 5);
    assert!(is_active(&app, &token));
    anonymous.post_json("/login", &json!({ "username": "panther", "password": PASSWORD })).expect(200);
}
