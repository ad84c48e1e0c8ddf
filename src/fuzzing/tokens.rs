//! Our own tokens: none passes that was not signed here, and what passes is what it says.

use std::sync::LazyLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::NOW;
use crate::bridge::token::{
    KeySet, TokenError, TokenKey, TokenType, Verification, VerifiedTokenCache, Verifier, unverified_header,
};

struct Ours {
    key: TokenKey,
    verifier: Verifier,
    /// The tokens that were signed.
    issued: Vec<String>,
}

static OURS: LazyLock<Ours> = LazyLock::new(|| {
    let key = TokenKey::hs256(&[7; 32]).expect("a long secret");
    let other = TokenKey::from_private_pem(crate::Algorithm::EdDSA, include_bytes!("../../tests/fixtures/ed25519.pem"));
    let other = other.expect("a key");
    let names = vec!["tollbridge".to_owned()];
    let keys = KeySet::new(key.clone(), vec![other.clone()]);
    let verifier = Verifier::new(keys, None, names.clone(), names, Duration::ZERO);
    let claims = |token_type| claims_of(token_type).to_string();
    let issued = [&key, &other].into_iter().flat_map(|key| {
        [TokenType::Access, TokenType::Refresh]
            .map(|token_type| signed(key, header_of(key, token_type).as_bytes(), claims(token_type).as_bytes()))
    });
    Ours { issued: issued.collect(), key, verifier }
});

fn header_of(key: &TokenKey, token_type: TokenType) -> String {
    format!(r#"{{"alg":"{}","kid":"{}","typ":"{}"}}"#, key.algorithm_name(), key.id(), token_type.header())
}

fn claims_of(token_type: TokenType) -> Value {
    let mut claims = json!({
        "fresh": false, "iat": NOW, "jti": "one", "type": token_type.claim(), "sub": "7", "exp": NOW + 900,
        "sid": "login", "auth_time": NOW, "iss": "tollbridge", "aud": "tollbridge",
    });
    if token_type == TokenType::Refresh {
        claims["gen"] = json!(0);
    }
    claims
}

fn signed(key: &TokenKey, header: &[u8], payload: &[u8]) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    format!("{message}.{}", key.sign(message.as_bytes()).expect("a key that signs"))
}

fn verified(text: &str) -> Result<Verification, TokenError> {
    let cache = VerifiedTokenCache::default();
    let first = OURS.verifier.verify(text, &cache, NOW);
    let again = OURS.verifier.verify(text, &cache, NOW);
    let anew = OURS.verifier.verify_uncached(text, NOW);
    assert_eq!(first.as_ref().err(), again.as_ref().err(), "the cache changes the verdict");
    assert_eq!(first.as_ref().err(), anew.as_ref().err(), "the cache changes the verdict");
    if let Err(TokenError::Invalid(fault)) = &first {
        assert!(!fault.to_string().contains('\n'), "a fault forges a line of the log");
    }
    first
}

/// A token as text: only one that was signed is accepted, and only as it was written.
pub fn compact(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let known = OURS.issued.iter().any(|issued| issued == text);
    assert_eq!(verified(text).is_ok(), known, "a token of others is accepted, or one of ours is not");
    assert!(OURS.verifier.has_own_type(text) || !known);
    assert!(!OURS.key.verifies(text) || known, "a signature of others is right");
    let _ = unverified_header(text);
}

/// A header that our key has signed: accepted only with our `alg`, `kid` and `typ`, each once, and without `crit`.
pub fn jose_header(input: &[u8]) {
    let Ours { key, .. } = &*OURS;
    for token_type in [TokenType::Access, TokenType::Refresh] {
        let token = signed(key, input, claims_of(token_type).to_string().as_bytes());
        let Ok(Verification { token, .. }) = verified(&token) else { continue };
        assert_eq!(token.token_type, token_type, "a token is taken for the other type");
        let header = token.header_members().expect("a header that can be read again");
        let text = |name: &str| header.get(name).and_then(Value::as_str).unwrap_or_default();
        let typ = text("typ").to_ascii_lowercase();
        assert_eq!((text("alg"), text("kid")), ("HS256", key.id()));
        assert_eq!(typ.strip_prefix("application/").unwrap_or(&typ), token_type.header());
        assert!(!header.contains_key("crit"));
        assert_eq!(names_in(input), header.len(), "a name is there twice");
    }
}

/// A payload that our key has signed: an access token in the first place, and then a refresh token.
pub fn claims(input: &[u8]) {
    let Ours { key, .. } = &*OURS;
    for token_type in [TokenType::Access, TokenType::Refresh] {
        let token = signed(key, header_of(key, token_type).as_bytes(), input);
        let Ok(Verification { token, expired }) = verified(&token) else { continue };
        let claims = token.claims(NOW).expect("claims that can be read again");
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let number = |name: &str| claims.get(name).and_then(Value::as_i64);
        assert_eq!(token.token_type, token_type);
        assert_eq!(text("type"), Some(token_type.claim()));
        assert_eq!(text("iss"), Some("tollbridge"));
        assert!(claims.get("aud").is_some_and(|aud| aud == "tollbridge" || {
            aud.as_array().is_some_and(|all| all.iter().any(|one| one == "tollbridge"))
        }));
        assert_eq!(text("sub"), Some(&*token.sub));
        assert_eq!(text("sid"), token.sid.as_deref());
        assert_eq!(text("csrf"), token.csrf.as_deref());
        assert_eq!(number("exp"), token.exp);
        assert_eq!(number("exp").map(|exp| exp <= NOW), Some(expired));
        assert_eq!(number("auth_time"), Some(token.auth_time));
        assert_eq!(number("gen"), token.generation);
        assert!(number("gen").is_some() || token_type == TokenType::Access);
        assert!(number("iat").is_some_and(|iat| iat <= NOW) && number("nbf").is_none_or(|nbf| nbf <= NOW));
        assert!(!token.sub.is_empty() && text("jti").is_some_and(|jti| !jti.is_empty()));
        assert_eq!(names_in(input), claims.all.len(), "a claim is there twice");
    }
}

/// How many members an object has, repeated names counted.
fn names_in(json: &[u8]) -> usize {
    struct Names;
    impl<'de> serde::de::Visitor<'de> for Names {
        type Value = usize;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<usize, A::Error> {
            let mut count = 0;
            while map.next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?.is_some() {
                count += 1;
            }
            Ok(count)
        }
    }
    use serde::Deserializer as _;
    serde_json::Deserializer::from_slice(json).deserialize_map(Names).expect("an object")
}
