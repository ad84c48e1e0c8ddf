//! What the imitation of Flask-JWT-Extended must hold to, whatever the input is; see `crate::fuzzing`.

use std::sync::LazyLock;

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::places::FlaskGrammar;
use super::python_json::{self, Json};
use super::{FlaskConfig, JwtManager};
use crate::bridge::credential::{Csrf, Found, Search};
use crate::bridge::model::UnixTime;
use crate::bridge::resolve::ExternalTokens as _;
use crate::bridge::token::{TokenKey, TokenType};
use crate::{CredentialLocation, TokenLocations};

/// The time of the tokens.
const NOW: UnixTime = 1_767_225_600;

static SEARCH: LazyLock<[Search; 2]> = LazyLock::new(|| {
    let places = [CredentialLocation::Header, CredentialLocation::Query, CredentialLocation::Json];
    let locations = TokenLocations::new(&places);
    [locations.clone(), locations.grammar(&FlaskGrammar)].map(|all| all.search(false).expect("names that are right"))
});

struct Flask {
    key: TokenKey,
    jwt: JwtManager,
    issued: Vec<String>,
}

static FLASK: LazyLock<Flask> = LazyLock::new(|| {
    const SECRET: &str = "a secret of at least thirty-two bytes";
    let config = FlaskConfig::from_json(&json!({ "JWT_SECRET_KEY": SECRET })).expect("a configuration");
    let jwt = JwtManager::builder(config).ids(|| "one".to_owned()).build().expect("a manager");
    let issued = [jwt.create_access_token("7"), jwt.create_refresh_token("7")];
    let issued = issued.map(|token| token.issued_at(NOW).issue().expect("a token")).to_vec();
    Flask { key: TokenKey::hs256(SECRET.as_bytes()).expect("a long secret"), jwt, issued }
});

/// JSON: read as Python reads it, written and read again, it is the same, and it is all that serde_json reads.
pub(crate) fn python_json(input: &[u8]) {
    let read = python_json::read(input);
    if let Ok(json) = &read {
        let written = json.to_string();
        assert!(written.is_ascii());
        let again = python_json::read(written.as_bytes()).expect("what was written");
        assert_eq!(again.to_string(), written);
        // NaN is not equal to itself.
        assert!(again == *json || written.contains("NaN"));
    }
    let Ok(value) = serde_json::from_slice::<Value>(input) else { return };
    let json = read.expect("what others read");
    if let Some(read) = json.to_value() {
        assert!(alike(&read, &value), "{read} is not {value}");
    }
}

/// Whether two values are equal but for the last digit of numbers.
fn alike(one: &Value, two: &Value) -> bool {
    match (one, two) {
        (Value::Number(one), Value::Number(two)) => match (one.as_f64(), two.as_f64()) {
            (Some(one), Some(two)) => (one - two).abs() <= 1e-14 * one.abs().max(two.abs()),
            _ => false,
        },
        (Value::Array(one), Value::Array(two)) => {
            one.len() == two.len() && one.iter().zip(two).all(|(one, two)| alike(one, two))
        }
        (Value::Object(one), Value::Object(two)) => {
            one.len() == two.len() && one.iter().all(|(name, one)| two.get(name).is_some_and(|two| alike(one, two)))
        }
        (one, two) => one == two,
    }
}

/// These headers, and a query or a JSON body: what our own grammar finds is found, and nothing that is no token.
pub(crate) fn places(headers: &HeaderMap, input: &[u8]) {
    let [ours, flask] = &*SEARCH;
    let (Some(header), Some(query), Some(json)) = (&flask.header, &flask.query, &flask.json) else {
        panic!("a place is not declared")
    };
    let found = flask.grammar.header(headers, header);
    if let Found::Token(token) = &found {
        assert!(!token.is_empty() && !token.contains([' ', '\t', ',']));
    }
    let in_one_case = headers.get_all(AUTHORIZATION).all(|value| value.as_bytes().starts_with(b"Bearer "));
    if let Found::Token(token) = ours.grammar.header(headers, header)
        && in_one_case
    {
        assert!(found == Found::Token(token), "a token is not found");
    }
    if let Ok(text) = std::str::from_utf8(input) {
        let found = flask.grammar.query(text, query);
        assert!(!matches!(&found, Found::Token(token) if token.is_empty()));
        match ours.grammar.query(text, query) {
            Found::Token(token) if !token.is_empty() => assert!(found == Found::Token(token), "a token is not found"),
            _ => {}
        }
    }
    let found = flask.grammar.json(input, Some(json)).unwrap_or_default();
    for found in [&found.access, &found.refresh] {
        assert!(!matches!(found, Found::Token(token) if token.is_empty()));
    }
    let Ok(Value::Object(members)) = serde_json::from_slice(input) else { return };
    for (found, name) in [(&found.access, &json.access), (&found.refresh, &json.refresh)] {
        match members.get(name).and_then(Value::as_str) {
            Some(text) if !text.is_empty() => assert!(*found == Found::Token(text.to_owned())),
            _ => assert!(!matches!(found, Found::Token(_)), "a token that no handler reads"),
        }
    }
}

/// A token as text: accepted only if it was signed, whatever its padding.
pub(crate) fn token(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Flask { jwt, issued, .. } = &*FLASK;
    let bare = text.trim_end_matches('=');
    let verified = jwt.verify(text, NOW, Csrf::NotNeeded);
    match &verified {
        Ok(_) => assert!(issued.iter().any(|issued| issued == bare), "a token of others is accepted"),
        Err(error) => {
            assert!(error.status().is_client_error(), "{error}");
            assert!(!issued.iter().any(|issued| issued == text), "a token of ours is refused");
        }
    }
    let _ = jwt.get_unverified_jwt_headers(text);
}

/// A header and a payload that the configured key has signed.
pub(crate) fn claims(header: &[u8], payload: &[u8]) {
    let Flask { key, jwt, .. } = &*FLASK;
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let text = format!("{message}.{}", key.sign(message.as_bytes()).expect("a key that signs"));
    let verified = jwt.verify(&text, NOW, Csrf::Submitted(b"csrf"));
    let verification = match verified {
        Ok(verification) => verification,
        Err(error) => {
            assert!(error.status().is_client_error(), "{error}");
            return;
        }
    };
    let token = verification.token;
    let claims = token.claims(NOW).expect("claims that can be read again");
    let (Ok(Json::Object(header)), Ok(Json::Object(payload))) = (python_json::read(header), python_json::read(payload))
    else {
        panic!("a token is accepted that is no object")
    };
    assert_eq!(header.get("alg").and_then(Json::as_text), Some("HS256"));
    assert!(!header.contains("crit"));
    assert_eq!(payload.get("sub").and_then(Json::as_text), Some(&*token.sub));
    assert_eq!(payload.get("csrf").and_then(Json::as_text), Some("csrf"));
    let is_refresh = payload.get("type").and_then(Json::as_text) == Some("refresh");
    assert_eq!(token.token_type, if is_refresh { TokenType::Refresh } else { TokenType::Access });
    let all = payload.to_map().expect("numbers that have a place");
    assert!(all.iter().all(|(name, value)| claims.get(name).is_some_and(|read| alike(read, value))));
    let renewed = jwt.renew(&token, NOW).expect("a token to follow").expect("a key that signs");
    if renewed.len() <= 8 * 1024 {
        let renewed = jwt.verify(&renewed, NOW, Csrf::NotNeeded).expect("a token of ours").token;
        assert_eq!((&renewed.sub, renewed.token_type), (&token.sub, TokenType::Access));
    }
}
