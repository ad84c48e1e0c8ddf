//! Forged tokens are refused, however lenient the reader is.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use tollbridge::flask::JwtManager;
use tollbridge::{AuthError, TokenFault};

use crate::recording::{self, manager};

fn part(json: &str) -> String {
    URL_SAFE_NO_PAD.encode(json)
}

/// A token with this header and payload, signed by HMAC-SHA-256 with whatever was at hand.
fn hs256(header: &str, payload: &str, secret: &[u8]) -> String {
    let message = format!("{}.{}", part(header), part(payload));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(aws_lc_rs::hmac::sign(&key, message.as_bytes())))
}

fn fault(jwt: &JwtManager, token: &str) -> TokenFault {
    match jwt.decode_token(token).claims() {
        Err(AuthError::TokenInvalid(fault)) => fault,
        other => panic!("{token}: {other:?}"),
    }
}

fn jwt() -> JwtManager {
    manager(json!({})).build().expect("a manager")
}

/// An application with the key pairs, and with algorithms for secrets allowed beside.
fn careless(algorithm: &str) -> (JwtManager, String) {
    let name = algorithm.to_ascii_lowercase();
    let public = recording::pem(&format!("{name}_public"));
    let config = json!({
        "JWT_ALGORITHM": algorithm,
        "JWT_DECODE_ALGORITHMS": ["HS256", "HS384", "HS512", algorithm],
        "JWT_PRIVATE_KEY": recording::pem(&format!("{name}_private")),
        "JWT_PUBLIC_KEY": public,
    });
    (manager(config).build().expect("a manager"), public)
}

#[test]
fn a_public_key_is_no_secret() {
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let (jwt, public) = careless(algorithm);
        let secret = recording::SECRET;
        for secret in [public.as_bytes(), public.trim().as_bytes(), secret.as_bytes(), b""] {
            let forged = hs256(r#"{"alg":"HS256","typ":"JWT"}"#, r#"{"sub":"1"}"#, secret);
            assert_eq!(fault(&jwt, &forged), TokenFault::AlgorithmNotAllowed, "{algorithm}");
        }
        let own = jwt.create_access_token("1").issue().expect("a token");
        assert!(jwt.decode_token(&own).claims().is_ok());
    }
}

#[test]
fn a_secret_verifies_no_signature_of_a_key_pair() {
    let jwt = manager(json!({ "JWT_DECODE_ALGORITHMS": ["HS256", "RS256"] })).build().expect("a manager");
    let (rs256, _) = careless("RS256");
    let token = rs256.create_access_token("1").issue().expect("a token");
    assert_eq!(fault(&jwt, &token), TokenFault::AlgorithmNotAllowed);
}

#[test]
fn a_token_that_is_not_signed_is_none() {
    let secret = recording::SECRET.as_bytes();
    for alg in
        [r#""none""#, r#""None""#, r#""NONE""#, r#""""#, "null", "5", "[]", r#"["HS256"]"#, r#""hs256""#, r#""HS512""#]
    {
        for token in [
            format!("{}.{}.", part(&format!(r#"{{"alg":{alg}}}"#)), part(r#"{"sub":"1"}"#)),
            hs256(&format!(r#"{{"alg":{alg}}}"#), r#"{"sub":"1"}"#, secret),
        ] {
            assert_eq!(fault(&jwt(), &token), TokenFault::AlgorithmNotAllowed, "{alg}");
        }
    }
    let token = hs256("{}", r#"{"sub":"1"}"#, secret);
    assert_eq!(fault(&jwt(), &token), TokenFault::AlgorithmMissing);
    let stripped = jwt().create_access_token("1").issue().expect("a token");
    let stripped = stripped.rsplit_once('.').expect("parts").0;
    assert_eq!(fault(&jwt(), &format!("{stripped}.")), TokenFault::Signature);
}

#[test]
fn keys_that_a_token_brings_are_not_used() {
    let header = r#"{"alg":"HS256","jwk":{"kty":"oct","k":"YQ"},"jku":"http://127.0.0.1:1/","kid":"../../dev/null"}"#;
    for secret in [&b"a"[..], b"", b"\0"] {
        assert_eq!(fault(&jwt(), &hs256(header, r#"{"sub":"1"}"#, secret)), TokenFault::Signature);
    }
}

#[test]
fn every_byte_of_a_token_is_signed() {
    let jwt = jwt();
    let token = jwt.create_access_token("1").issue().expect("a token");
    for at in 0..token.len() {
        for other in ["A", "z", "_", ".", "=", ""] {
            let mut changed = token.clone();
            changed.replace_range(at..=at, other);
            if changed != token {
                assert!(jwt.decode_token(&changed).claims().is_err(), "{at}: {other}");
            }
        }
    }
}

/// Padding is no part of what is signed, if it pads the signature; and it is if it pads another part.
#[test]
fn padding_changes_nothing() {
    let jwt = jwt();
    let token = jwt.create_access_token("1").issue().expect("a token");
    let (message, signature) = token.rsplit_once('.').expect("parts");
    assert!(jwt.decode_token(&format!("{message}.{signature}=")).claims().is_ok());
    for padded in [
        format!("{message}=.{signature}"),
        format!("{message}.{signature}=="),
        format!("{token}==="),
        format!("{token}====="),
    ] {
        assert!(jwt.decode_token(&padded).claims().is_err(), "{padded}");
    }
}

#[test]
fn a_token_is_read_up_to_a_length() {
    let jwt = jwt();
    let long = jwt.create_access_token("1").claim("x", "y".repeat(8 << 10)).issue().expect("a token");
    assert_eq!(fault(&jwt, &long), TokenFault::TooLong);
    let less = jwt.create_access_token("1").claim("x", "y".repeat(5 << 10)).issue().expect("a token");
    assert!(jwt.decode_token(&less).claims().is_ok());
}

/// As with Python the last counts; what matters is that all who ask get the same answer.
#[test]
fn a_claim_that_is_there_twice_says_one_thing() {
    let header = r#"{"alg":"none","alg":"HS256"}"#;
    let payload = r#"{"sub":"admin","exp":4102444800,"sub":"1","exp":1}"#;
    let token = hs256(header, payload, recording::SECRET.as_bytes());
    assert!(matches!(jwt().decode_token(&token).claims(), Err(AuthError::TokenExpired)));
    let claims = jwt().decode_token(&token).allow_expired().claims().expect("claims");
    assert_eq!((&claims["sub"], &claims["exp"]), (&json!("1"), &json!(1)));
}

#[test]
fn a_time_that_is_no_number_ends_nothing_and_begins_nothing() {
    let times = [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "null",
        "[]",
        "{}",
        r#""""#,
        r#""soon""#,
        r#""1e9""#,
        r#""0x10""#,
        r#""1__0""#,
    ];
    for name in ["exp", "nbf", "iat"] {
        for time in times {
            let token =
                hs256(r#"{"alg":"HS256"}"#, &format!(r#"{{"sub":"1","{name}":{time}}}"#), recording::SECRET.as_bytes());
            assert_eq!(fault(&jwt(), &token), TokenFault::ClaimType(name.into()), "{name} {time}");
        }
    }
    let expired = ["1", "1.9", "-1", "true", r#""1""#, r#"" +1_0 ""#, "-99999999999999999999999999999999999999999999"];
    for time in expired {
        let token =
            hs256(r#"{"alg":"HS256"}"#, &format!(r#"{{"sub":"1","exp":{time}}}"#), recording::SECRET.as_bytes());
        assert!(matches!(jwt().decode_token(&token).claims(), Err(AuthError::TokenExpired)), "{time}");
    }
}

#[test]
fn a_double_submit_is_never_met_by_nothing() {
    for csrf in [r#""""#, "null", "5", "[]", "{}", "true"] {
        let token =
            hs256(r#"{"alg":"HS256"}"#, &format!(r#"{{"sub":"1","csrf":{csrf}}}"#), recording::SECRET.as_bytes());
        for presented in ["x", "5", "None", "null", "é"] {
            let refused = jwt().decode_token(&token).csrf(presented).claims();
            assert!(matches!(refused, Err(AuthError::CsrfRejected(_))), "{csrf} {presented}: {refused:?}");
        }
    }
}
