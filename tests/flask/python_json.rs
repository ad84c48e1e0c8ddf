//! JSON inside of tokens is read as CPython reads it. The corpus and what CPython says of it is in
//! `tests/vectors/flask/python_json.jsonl`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tollbridge::flask::JwtManager;
use tollbridge::{AuthError, Malformation, TokenFault, TokenPart};

use crate::recording;

struct Case {
    bytes: Vec<u8>,
    expected: Result<String, String>,
}

fn corpus() -> Vec<Case> {
    let cases = recording::text("python_json.jsonl");
    let case = |line: &str| {
        let case: Value = serde_json::from_str(line).expect("JSON");
        let text = |name: &str| case.get(name).map(|value| value.as_str().expect("a text").to_owned());
        Case {
            bytes: STANDARD.decode(text("bytes_b64").expect("bytes")).expect("base64"),
            expected: text("error").map_or_else(|| Ok(text("value").expect("a value")), Err),
        }
    };
    cases.lines().map(case).collect()
}

fn jwt() -> JwtManager {
    recording::manager(json!({})).build().expect("a manager")
}

/// A token with these bytes as its payload. It is signed by nobody: the payload is read before the signature.
fn unsigned(payload: &[u8]) -> String {
    format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#), URL_SAFE_NO_PAD.encode(payload))
}

/// The same, signed.
fn signed(payload: &str) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#), URL_SAFE_NO_PAD.encode(payload));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, recording::SECRET.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(aws_lc_rs::hmac::sign(&key, message.as_bytes()));
    format!("{message}.{signature}")
}

#[test]
fn every_error_has_the_text_that_python_gives() {
    let (jwt, mut errors) = (jwt(), 0);
    for Case { bytes, expected } in corpus() {
        let fault = match jwt.decode_token(&unsigned(&bytes)).claims() {
            Err(AuthError::TokenInvalid(fault)) => fault,
            other => panic!("{other:?}"),
        };
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        let malformed = |why| TokenFault::Malformed { part: TokenPart::Payload, why };
        match expected {
            Err(text) => {
                assert_eq!(fault, malformed(Malformation::Json(text.into())), "{shown}");
                errors += 1;
            }
            Ok(value) if is_out_of_bounds(&value) => {}
            Ok(value) if value.starts_with('{') => assert_eq!(fault, TokenFault::Signature, "{shown}"),
            Ok(_) => assert_eq!(fault, malformed(Malformation::NotAnObject), "{shown}"),
        }
    }
    assert!(errors > 400, "the corpus has errors enough");
}

#[test]
fn every_value_is_the_one_that_python_reads() {
    let (jwt, mut values) = (jwt(), 0);
    for Case { bytes, expected } in corpus() {
        let (Ok(text), Ok(expected)) = (str::from_utf8(&bytes), expected) else { continue };
        let Ok(expected) = serde_json::from_str::<Value>(&expected) else { continue };
        if text.starts_with('\u{feff}') || is_out_of_bounds(&expected.to_string()) {
            continue;
        }
        let claims = jwt.decode_token(&signed(&format!(r#"{{"sub":"1","v":{text}}}"#))).claims();
        match claims {
            Ok(claims) => assert!(is_same(&claims["v"], &expected), "{text}: {}", claims["v"]),
            Err(AuthError::TokenInvalid(TokenFault::ClaimValue(_))) => assert!(has_huge_number(&expected), "{text}"),
            Err(error) => panic!("{text}: {error:?}"),
        }
        values += 1;
    }
    assert!(values > 100, "the corpus has values enough");
}

/// Equal, but for the last digit of a fraction: `serde_json` does not read all of them exactly.
fn is_same(read: &Value, expected: &Value) -> bool {
    match (read, expected) {
        (Value::Array(read), Value::Array(expected)) => {
            read.len() == expected.len() && read.iter().zip(expected).all(|(read, expected)| is_same(read, expected))
        }
        (Value::Object(read), Value::Object(expected)) => {
            read.len() == expected.len()
                && read.iter().all(|(name, read)| expected.get(name).is_some_and(|expected| is_same(read, expected)))
        }
        (Value::Number(read), Value::Number(expected)) if read.is_f64() && expected.is_f64() => {
            let (read, expected) = (read.as_f64().expect("a float"), expected.as_f64().expect("a float"));
            (read - expected).abs() <= expected.abs() * 1e-15
        }
        _ => read == expected,
    }
}

/// Half a surrogate pair, which Python takes for a text.
fn is_out_of_bounds(value: &str) -> bool {
    serde_json::from_str::<Value>(value).is_err() && value.contains("\\ud")
}

/// A number that 64 bits do not hold; `serde_json` would round it.
fn has_huge_number(value: &Value) -> bool {
    match value {
        Value::Number(number) => !number.is_i64() && !number.is_u64(),
        Value::Array(items) => items.iter().any(has_huge_number),
        Value::Object(members) => members.values().any(has_huge_number),
        _ => false,
    }
}

#[test]
fn numbers_that_json_cannot_say_are_refused() {
    for number in ["NaN", "Infinity", "-Infinity", "1e999", "18446744073709551616", "[[NaN]]", r#"{"a":NaN}"#] {
        let refused = jwt().decode_token(&signed(&format!(r#"{{"sub":"1","v":{number}}}"#))).claims();
        assert!(matches!(refused, Err(AuthError::TokenInvalid(TokenFault::ClaimValue(_)))), "{number}: {refused:?}");
    }
}

#[test]
fn no_depth_reaches_the_stack() {
    let malformed = |why| TokenFault::Malformed { part: TokenPart::Payload, why };
    for (open, kind) in [("[", "array"), (r#"{"a":"#, "object")] {
        let payload = open.repeat(1000);
        let Err(AuthError::TokenInvalid(fault)) = jwt().decode_token(&unsigned(payload.as_bytes())).claims() else {
            panic!("it is no token");
        };
        let text = format!("maximum recursion depth exceeded while decoding a JSON {kind} from a unicode string");
        assert_eq!(fault, malformed(Malformation::Json(text.into())));
    }
    let deep = format!(r#"{{"sub":"1","v":{}1{}}}"#, "[".repeat(126), "]".repeat(126));
    assert!(jwt().decode_token(&signed(&deep)).claims().is_ok());
}
