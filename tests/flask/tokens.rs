//! Tokens are made to the byte as Flask-JWT-Extended makes them, and read as it reads them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tollbridge::flask::{FlaskConfig, JwtManager, NewToken};
use tollbridge::testing::FakeClock;
use tollbridge::{Algorithm, AuthError, TokenFault, TokenKey};

use crate::recording::{self, manager, object};

const NOW: i64 = 1_767_225_600;

/// What the recording calls a test: its configuration, and how its token came about.
fn recorded(name: &str) -> Value {
    let recording = recording::json("jwt_tokens.json");
    let vectors = recording["vectors"].as_array().expect("vectors").clone();
    vectors.into_iter().find(|vector| vector["name"] == name).unwrap_or_else(|| panic!("{name} is recorded"))
}

/// The recording's ids, one after the other.
fn ids() -> impl Fn() -> String + Send + Sync {
    let next = AtomicU32::new(1);
    move || format!("11111111-1111-4111-8111-{:012}", next.fetch_add(1, Ordering::SeqCst))
}

fn manager_of(vector: &Value) -> JwtManager {
    let mut config = object(vector["config"].clone());
    match vector["key"].as_str().expect("a key").strip_prefix("jwt_keys.json:") {
        Some(name) => {
            config.insert("JWT_PRIVATE_KEY".into(), recording::pem(&format!("{name}_private")).into());
            config.insert("JWT_PUBLIC_KEY".into(), recording::pem(&format!("{name}_public")).into());
        }
        None => {
            config.insert("SECRET_KEY".into(), vector["key"].clone());
        }
    }
    // One of the recorded secrets is a byte shorter than it should be.
    let config = FlaskConfig::from_json_with_weak_secret(&config.into()).expect("a configuration");
    let jwt = JwtManager::builder(config).clock(FakeClock::at(NOW)).ids(ids());
    if vector["name"] != "additional_claims_and_headers" {
        return jwt.build().expect("a manager");
    }
    jwt.additional_claims_loader(|identity| {
        [("role".into(), json!("from the loader")), ("from_loader".into(), identity.clone())]
    })
    .additional_headers_loader(|_| [("x-loader".to_owned(), json!("1")), ("kid".to_owned(), json!("from the loader"))])
    .build()
    .expect("a manager")
}

fn part(token: &str, index: usize) -> String {
    let part = token.split('.').nth(index).expect("a part");
    String::from_utf8(URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("UTF-8")
}

#[test]
fn tokens_are_the_recorded_ones_to_the_byte() {
    type Make = fn(&JwtManager) -> NewToken<'_>;
    let plain: Make = |jwt| jwt.create_access_token("42").never_expires();
    let makers: [(&str, Make); 11] = [
        ("access_default", |jwt| jwt.create_access_token("42")),
        ("access_fresh_timedelta", |jwt| jwt.create_access_token("42").fresh_for(Duration::from_secs(900))),
        ("access_never_expires", |jwt| jwt.create_access_token("42").expires_in(Duration::ZERO)),
        ("aud_iss", plain),
        ("additional_claims_and_headers", |jwt| {
            let token = jwt.create_access_token("42").never_expires().header("kid", "k1");
            token
                .claim("nbf", NOW - 10)
                .claim("role", "admin")
                .claim("nested", json!({ "a": [1, { "b": null }] }))
                .claim("uid", "00000000-0000-0000-0000-000000000005")
                .claim("when", "Thu, 01 Jan 2026 00:00:00 GMT")
        }),
        ("identity_claim_custom", plain),
        ("sub_int_legacy", |jwt| jwt.create_access_token(42).never_expires()),
        ("nbf_disabled", plain),
        ("rs256", plain),
        ("es256", plain),
        ("flask_secret_key_fallback", plain),
    ];
    for (name, make) in makers {
        let vector = recorded(name);
        let jwt = manager_of(&vector);
        let token = make(&jwt).issue().expect("a token");
        assert_eq!(part(&token, 0), vector["header_json"].as_str().expect("a header"), "{name}");
        assert_eq!(part(&token, 1), vector["payload_json"].as_str().expect("a payload"), "{name}");
        // The signatures of ECDSA are random.
        if name != "es256" {
            assert_eq!(token, vector["token"].as_str().expect("a token"), "{name}");
        }
    }
}

#[test]
fn recorded_tokens_are_read() {
    for vector in recording::json("jwt_tokens.json")["vectors"].as_array().expect("vectors") {
        let jwt = manager_of(vector);
        let token = vector["token"].as_str().expect("a token");
        let claims = jwt.decode_token(token).claims().unwrap_or_else(|error| panic!("{}: {error}", vector["name"]));
        let payload = part(token, 1);
        assert_eq!(Value::Object(claims), serde_json::from_str::<Value>(&payload).expect("JSON"), "{}", vector["name"]);
        assert_eq!(
            Value::Object(jwt.get_unverified_jwt_headers(token).expect("a header")),
            serde_json::from_str::<Value>(&part(token, 0)).expect("JSON"),
        );
    }
}

#[test]
fn claims_of_one_user_are_not_in_the_token_of_the_next() {
    let jwt = manager(json!({}))
        .additional_claims_loader(|_| [("shared".to_owned(), json!(true))])
        .build()
        .expect("a manager");
    jwt.create_access_token("1").claim("role", "admin").header("x-of", "1").issue().expect("a token");
    let second = jwt.create_access_token("2").issue().expect("a token");
    let claims = jwt.decode_token(&second).claims().expect("claims");
    assert_eq!(claims.get("shared"), Some(&json!(true)));
    assert_eq!(claims.get("role"), None);
    assert_eq!(part(&second, 0), r#"{"alg":"HS256","typ":"JWT"}"#);
}

#[test]
fn ids_are_random_uuids() {
    let jwt = manager(json!({})).build().expect("a manager");
    let claims = jwt.decode_token(&jwt.create_refresh_token("1").issue().expect("a token")).claims().expect("claims");
    let ids: Vec<&str> = ["jti", "csrf"].iter().map(|name| claims[*name].as_str().expect("an id")).collect();
    assert_ne!(ids[0], ids[1]);
    for id in ids {
        let groups: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12], "{id}");
        assert_eq!(id.as_bytes()[14], b'4', "{id}");
        assert!(b"89ab".contains(&id.as_bytes()[19]), "{id}");
    }
}

#[test]
fn texts_that_are_not_ascii_are_escaped_as_python_does() {
    let jwt = manager(json!({})).build().expect("a manager");
    let token = jwt.create_access_token("é\u{7f}😀\"\\\n").issue().expect("a token");
    assert!(part(&token, 1).contains(r#""sub":"\u00e9\u007f\ud83d\ude00\"\\\n""#), "{}", part(&token, 1));
    assert_eq!(jwt.decode_token(&token).claims().expect("claims")["sub"], "é\u{7f}😀\"\\\n");
}

#[test]
fn floats_are_written_as_python_writes_them() {
    let jwt = manager(json!({})).build().expect("a manager");
    let written = [
        (1e16, "1e+16"),
        (1e15, "1000000000000000.0"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (1.5e300, "1.5e+300"),
        (-0.0, "-0.0"),
        (2.5, "2.5"),
        (123_456_789.125, "123456789.125"),
        (5e-324, "5e-324"),
    ];
    for (number, text) in written {
        let token = jwt.create_access_token("1").claim("number", number).issue().expect("a token");
        assert!(part(&token, 1).ends_with(&format!(r#""number":{text}}}"#)), "{text}: {}", part(&token, 1));
    }
}

#[test]
fn a_token_expires_when_it_says() {
    let clock = FakeClock::at(NOW);
    let jwt = manager(json!({ "JWT_ACCESS_TOKEN_EXPIRES": 60 })).clock(&clock).build().expect("a manager");
    let token = jwt.create_access_token("1").issue().expect("a token");
    clock.advance(Duration::from_secs(59));
    assert!(jwt.decode_token(&token).claims().is_ok());
    clock.advance(Duration::from_secs(1));
    assert!(matches!(jwt.decode_token(&token).claims(), Err(AuthError::TokenExpired)));
    assert_eq!(jwt.decode_token(&token).allow_expired().claims().expect("claims")["exp"], NOW + 60);
    let eternal = jwt.create_access_token("1").never_expires().issue().expect("a token");
    clock.advance(Duration::from_secs(1 << 40));
    assert!(jwt.decode_token(&eternal).claims().is_ok());
}

#[test]
fn parts_of_a_token_are_told() {
    let jwt = manager(json!({})).ids(ids()).build().expect("a manager");
    let token = jwt.create_access_token("1").issue().expect("a token");
    assert_eq!(jwt.get_jti(&token).expect("a token").as_deref(), Some("11111111-1111-4111-8111-000000000001"));
    assert_eq!(jwt.get_csrf_token(&token).expect("a token"), "11111111-1111-4111-8111-000000000002");
    assert!(jwt.decode_token(&token).csrf("11111111-1111-4111-8111-000000000002").claims().is_ok());
    assert!(matches!(jwt.decode_token(&token).csrf("another").claims(), Err(AuthError::CsrfRejected(_))));

    let without = manager(json!({ "JWT_COOKIE_CSRF_PROTECT": false })).build().expect("a manager");
    let token = without.create_access_token("1").issue().expect("a token");
    let missing =
        |result| matches!(result, Err(AuthError::TokenInvalid(TokenFault::MissingClaim(name))) if name == "csrf");
    assert!(missing(without.get_csrf_token(&token)));
    assert!(missing(without.decode_token(&token).csrf("x").claims().map(|_| String::new())));
}

#[test]
fn key_loaders_choose_the_key() {
    let key_of = |tenant: &str| TokenKey::hs256(format!("{tenant:=>40}").as_bytes()).expect("a key");
    let config = FlaskConfig::from_json(&json!({})).expect("a configuration");
    let jwt = JwtManager::builder(config)
        .encode_key_loader(move |identity| Some(key_of(identity.as_str()?)))
        .decode_key_loader(move |_, claims| Some(key_of(claims.get("sub")?.as_str()?)))
        .build()
        .expect("a manager");
    let [one, two] = ["one", "two"].map(|tenant| jwt.create_access_token(tenant).issue().expect("a token"));
    assert!(jwt.decode_token(&one).claims().is_ok() && jwt.decode_token(&two).claims().is_ok());
    let (head, signature) = (one.rsplit_once('.').expect("parts").0, two.rsplit_once('.').expect("parts").1);
    let forged = jwt.decode_token(&format!("{head}.{signature}")).claims().map(|_| ());
    assert!(matches!(forged, Err(AuthError::TokenInvalid(TokenFault::Signature))), "{forged:?}");
}

#[test]
fn a_loaded_key_is_for_its_own_algorithm_and_that_must_be_allowed() {
    let pem = recording::pem("rs256_public");
    let jwt = manager(json!({}))
        .decode_key_loader(move |_, _| TokenKey::from_public_pem(Algorithm::RS256, pem.as_bytes()).ok())
        .build()
        .expect("a manager");
    let rs256 = recorded("rs256");
    for token in [rs256["token"].as_str().expect("a token"), &jwt.create_access_token("1").issue().expect("a token")] {
        let refused = jwt.decode_token(token).claims();
        assert!(matches!(refused, Err(AuthError::TokenInvalid(TokenFault::AlgorithmNotAllowed))), "{refused:?}");
    }
}

#[test]
fn headers_that_decide_how_a_token_is_signed_are_not_added() {
    let jwt = manager(json!({})).build().expect("a manager");
    for (name, value) in [("alg", json!("none")), ("alg", json!("HS512")), ("crit", json!([])), ("kid", json!(5))] {
        let refused = jwt.create_access_token("1").header(name, value).issue();
        assert!(matches!(refused, Err(AuthError::Misconfigured(_))), "{name}: {refused:?}");
    }
    let untyped = jwt.create_access_token("1").header("typ", Value::Null).issue().expect("a token");
    assert_eq!(part(&untyped, 0), r#"{"alg":"HS256"}"#);
}
