//! Project Wycheproof's vectors for JSON Web Signatures: what a key verifies, which keys are taken at all, and that no
//! token of another issuer passes the bridge, however well it is signed.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tollbridge::{Algorithm, BridgeBuilder, TokenKey};

use crate::app::{TestApp, World};
use crate::clients::{Anonymous, Client};
use crate::vectors;

const RSA_PUBLIC: &[u8] = include_bytes!("../fixtures/rsa2048_public.pem");
const P256: &[u8] = include_bytes!("../fixtures/p256.pem");

/// Whether this key is one of an algorithm that is supported here, by the vector's own account of it.
fn is_supported(key: &Value) -> bool {
    key["alg"].as_str().is_some_and(|alg| alg.parse::<Algorithm>().is_ok())
}

/// A vector's keys: one, or those of a set.
fn keys(vector: &Value) -> Vec<&Value> {
    let key = &vector["verify_key"];
    key["keys"].as_array().map_or_else(|| vec![key], |keys| keys.iter().collect())
}

fn import(key: &Value) -> Option<TokenKey> {
    TokenKey::from_jwk(&key.to_string()).ok()
}

/// A bridge with these keys besides one of ours of their kind.
fn bridge_with(world: &World, keys: &[TokenKey]) -> BridgeBuilder {
    let mut bridge = world.bridge();
    if keys.first().is_some_and(|key| !key.algorithm().is_symmetric()) {
        bridge = bridge.token_key(TokenKey::from_private_pem(Algorithm::ES256, P256).expect("a key"));
    }
    keys.iter().cloned().fold(bridge, BridgeBuilder::retired_token_key)
}

#[test]
fn keys_verify_what_they_should_and_nothing_else() {
    let (mut accepted, mut refused, mut unsupported) = (0, 0, 0);
    for vector in vectors::lines("wycheproof_jws.jsonl") {
        let case = format!("{} {} {}", vector["group"], vector["id"], vector["comment"]);
        let all = keys(&vector);
        if !all.iter().all(|key| is_supported(key)) {
            assert!(all.iter().all(|key| is_supported(key) || import(key).is_none()), "{case}: the key was taken");
            unsupported += 1;
            continue;
        }
        let imported: Option<Vec<TokenKey>> = all.into_iter().map(import).collect();
        let set = imported.filter(|keys| bridge_with(&World::default(), keys).build().is_ok());
        // A token in the JSON serialization is no text at all.
        let token = vector["token"].as_str().map_or_else(|| vector["token"].to_string(), str::to_owned);
        let verifies = set.is_some_and(|keys| keys.iter().any(|key| key.verifies(&token)));
        assert_eq!(verifies, vector["expected_strict"] == "accept", "{case}: {token}");
        if verifies { accepted += 1 } else { refused += 1 }
    }
    assert_eq!((accepted, refused, unsupported), (51, 414, 11));
}

#[test]
fn a_valid_signature_alone_does_not_pass_the_bridge() {
    let mut by_key: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for vector in vectors::lines("wycheproof_jws.jsonl") {
        for key in keys(&vector).into_iter().filter(|key| import(key).is_some()) {
            let token = vector["token"].as_str().map_or_else(|| vector["token"].to_string(), str::to_owned);
            by_key.entry(key.to_string()).or_default().push(token);
        }
    }
    assert!(by_key.len() >= 4, "{} keys", by_key.len());
    for (key, tokens) in by_key {
        let world = World::default();
        let key = TokenKey::from_jwk(&key).expect("a key");
        let bridge = bridge_with(&world, &[key]).build().expect("the bridge is complete");
        let app = TestApp::serve(world, bridge, true);
        for token in tokens {
            let in_body = Anonymous(&app).post_json("/who_am_i", &json!({ "access_token": token }));
            assert_eq!(in_body.outcome(), (401, "token_invalid".to_owned()), "{token}");
            if !token.bytes().any(|byte| byte < 0x20) {
                let in_header = Anonymous(&app).call("GET", "/maybe").bearer(&token).send();
                assert_eq!(in_header.outcome(), (401, "token_invalid".to_owned()), "{token}");
            }
        }
    }
}

#[test]
fn keys_are_taken_in_one_form() {
    let hmac = json!({ "kty": "oct", "alg": "HS256", "kid": "a", "use": "sig", "k": "A".repeat(43) });
    let ed = json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "b", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    let ec = json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "kid": "c", "key_ops": ["verify"],
        "x": "04N0xi21hshyvBp7I167sbE_bXqyqkAPfefdklMO7wY", "y": "UI8exy-C06a7DUnjIdENkxeFtHM4-l_41LqEw9nVgmw" });
    let public = TokenKey::from_public_pem(Algorithm::PS384, RSA_PUBLIC).expect("a key");
    let bridge =
        World::default().bridge().token_key(TokenKey::from_private_pem(Algorithm::ES256, P256).expect("a key"));
    let jwks = bridge.retired_token_key(public).build().expect("the bridge is complete").jwks();
    let mut rsa = jwks["keys"][1].clone();
    rsa["kid"] = "d".into();
    let modulus = URL_SAFE_NO_PAD.decode(rsa["n"].as_str().expect("n")).expect("base64url");
    let long_by_a_zero = URL_SAFE_NO_PAD.encode([&[0], &modulus[..]].concat());
    let of_2047_bits = URL_SAFE_NO_PAD.encode([&[modulus[0] & 0x7f], &modulus[1..]].concat());
    for (key, id) in [(&hmac, "a"), (&ed, "b"), (&ec, "c"), (&rsa, "d")] {
        let key = import(key).expect("a key");
        assert_eq!(key.id(), id);
        assert!(World::default().bridge().token_key(key).build().is_err(), "it cannot sign");
    }
    let changes = [
        (&hmac, "k", json!("A".repeat(42))),
        (&hmac, "k", json!("")),
        (&hmac, "k", Value::Null),
        (&hmac, "alg", json!("HS384")),
        (&hmac, "alg", json!("HS512")),
        (&hmac, "kty", json!("OKP")),
        (&hmac, "use", json!("enc")),
        (&hmac, "key_ops", json!(["encrypt"])),
        (&hmac, "key_ops", json!([])),
        (&hmac, "alg", json!("ES256")),
        (&hmac, "alg", Value::Null),
        (&hmac, "kid", Value::Null),
        (&hmac, "kid", json!("")),
        (&hmac, "kid", json!(1)),
        (&hmac, "k", json!(format!("{}=", "A".repeat(43)))),
        (&ed, "x", json!("AAAA")),
        (&ed, "x", json!("")),
        (&ed, "crv", json!("X25519")),
        (&ed, "crv", json!("Ed448")),
        (&ed, "d", json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")),
        (&ed, "alg", json!("HS256")),
        (&ec, "y", json!("UI8exy-C06a7DUnjIdENkxeFtHM4-l_41LqEw9nVgnw")),
        (&ec, "crv", json!("P-384")),
        (&ec, "crv", Value::Null),
        (&ec, "x", json!("")),
        (&ec, "y", Value::Null),
        (&ec, "alg", json!("ES384")),
        (&ec, "alg", json!("ES512")),
        (&ec, "d", json!("AA")),
        (&rsa, "n", json!(long_by_a_zero)),
        (&rsa, "n", json!(of_2047_bits)),
        (&rsa, "n", json!(URL_SAFE_NO_PAD.encode(&modulus[..255]))),
        (&rsa, "n", json!(URL_SAFE_NO_PAD.encode(&modulus[..128]))),
        (&rsa, "n", json!("")),
        (&rsa, "n", Value::Null),
        (&rsa, "e", json!("AAEAAQ")),
        (&rsa, "e", json!("AQ")),
        (&rsa, "e", json!("BA")),
        (&rsa, "e", json!("")),
        (&rsa, "e", Value::Null),
        (&rsa, "d", json!("AA")),
        (&rsa, "dp", json!("AA")),
        (&rsa, "oth", json!([])),
        (&rsa, "crv", json!("P-256")),
        (&rsa, "kty", json!("EC")),
        (&rsa, "alg", json!("ES256")),
        (&rsa, "alg", json!("HS256")),
        (&rsa, "alg", json!("RSA-OAEP")),
        (&rsa, "use", json!("enc")),
        (&ec, "alg", json!("EdDSA")),
    ];
    for (key, member, value) in changes {
        let mut changed = key.clone();
        changed[member] = value;
        assert!(import(&changed).is_none(), "{changed}");
    }
    for text in ["", "null", "[]", "{}", "x", r#"{"kty":"oct","kty":"oct"}"#] {
        assert!(TokenKey::from_jwk(text).is_err(), "{text}");
    }
    for (key, name) in [(&hmac, "k"), (&ed, "x"), (&ed, "crv"), (&ec, "key_ops"), (&rsa, "n"), (&rsa, "kid")] {
        let text = key.to_string();
        let repeated = format!(r#"{},"{name}":{}}}"#, text.trim_end_matches('}'), key[name]);
        assert!(TokenKey::from_jwk(&text).is_ok() && TokenKey::from_jwk(&repeated).is_err(), "{repeated}");
    }
    let twice = World::default()
        .bridge()
        .retired_token_key(import(&hmac).expect("a key"))
        .retired_token_key(import(&hmac).expect("a key"));
    assert!(twice.build().is_err(), "two keys of one id");
}
