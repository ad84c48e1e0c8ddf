//! Keys that others publish: what is taken is a public key for its algorithm, and nothing panics that is not.

use serde_json::Value;

use crate::bridge::token::KeySet;
use crate::{Algorithm, TokenKey};

const PRIVATE_MEMBERS: [&str; 8] = ["d", "dp", "dq", "k", "oth", "p", "q", "qi"];

/// A JSON Web Key.
pub fn jwk(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(key) = TokenKey::from_jwk(text) else { return };
    let written: Value = serde_json::from_str(text).expect("a JSON object");
    assert_eq!(written["alg"], key.algorithm_name());
    assert_eq!(written["kid"], key.id());
    assert!(!key.id().is_empty());
    let is_secret = written["kty"] == "oct";
    assert_eq!(is_secret, key.algorithm().is_symmetric(), "a public key is used as a secret");
    assert!(is_secret || PRIVATE_MEMBERS.iter().all(|name| written.get(name).is_none()));
    verifies_only(&key);
}

/// A PEM file, with the algorithm that it is to be used for in its first byte.
pub fn pem(input: &[u8]) {
    let [which, pem @ ..] = input else { return };
    let algorithm = Algorithm::ALL[usize::from(*which) % Algorithm::ALL.len()];
    if let Ok(key) = TokenKey::from_public_pem(algorithm, pem) {
        assert_eq!(key.algorithm(), algorithm);
        verifies_only(&key);
    }
    if let Ok(key) = TokenKey::from_private_pem(algorithm, pem) {
        assert_eq!(key.algorithm(), algorithm);
        assert!(key.can_sign() && key.sign(b"message").is_some());
        assert!(TokenKey::from_public_pem(algorithm, pem).is_err(), "a file is a public and a private key");
        is_published(&key);
    }
}

fn verifies_only(key: &TokenKey) {
    assert!(!key.can_sign() && key.sign(b"message").is_none(), "a public key signs");
    for length in [0, 1, 32, 64, 96, 132, 256] {
        assert!(!key.verify(b"message", &vec![0; length]), "zeroes are a signature");
    }
    is_published(key);
}

/// A public key is published as itself, and a secret is not.
fn is_published(key: &TokenKey) {
    let published = KeySet::new(key.clone(), Vec::new()).jwks();
    let published = published["keys"].as_array().expect("keys");
    assert_eq!(published.is_empty(), key.algorithm().is_symmetric());
    for jwk in published {
        assert!(PRIVATE_MEMBERS.iter().all(|name| jwk.get(name).is_none()), "a private member is published");
        let read = TokenKey::from_jwk(&jwk.to_string()).expect("a key that others can read");
        assert_eq!((read.id(), read.algorithm()), (key.id(), key.algorithm()));
    }
}
