//! Keys of every algorithm: they sign what others verify, publish their public half alone, and are refused when weak.

use ::pem::Pem;
use aws_lc_rs::signature::Ed25519KeyPair;
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Value, json};
use tollbridge::{Algorithm, BuildError, KeyError, TokenKey};

use crate::app::{START, TestApp, World};
use crate::clients::{Anonymous, Client};

const ED25519: &[u8] = include_bytes!("../fixtures/ed25519.pem");
const ED25519_PUBLIC: &[u8] = include_bytes!("../fixtures/ed25519_public.pem");
const P256: &[u8] = include_bytes!("../fixtures/p256.pem");
const P256_SEC1: &[u8] = include_bytes!("../fixtures/p256_sec1.pem");
const P256_PUBLIC: &[u8] = include_bytes!("../fixtures/p256_public.pem");
const P384: &[u8] = include_bytes!("../fixtures/p384.pem");
const P384_PUBLIC: &[u8] = include_bytes!("../fixtures/p384_public.pem");
const P521: &[u8] = include_bytes!("../fixtures/p521.pem");
const P521_PUBLIC: &[u8] = include_bytes!("../fixtures/p521_public.pem");
const RSA: &[u8] = include_bytes!("../fixtures/rsa2048.pem");
const RSA_PKCS1: &[u8] = include_bytes!("../fixtures/rsa2048_pkcs1.pem");
const RSA_PUBLIC: &[u8] = include_bytes!("../fixtures/rsa2048_public.pem");
const RSA_PUBLIC_PKCS1: &[u8] = include_bytes!("../fixtures/rsa2048_public_pkcs1.pem");
const RSA_SHORT: &[u8] = include_bytes!("../fixtures/rsa1024.pem");
const RSA_SHORT_PUBLIC: &[u8] = include_bytes!("../fixtures/rsa1024_public.pem");

const SECRET: &[u8; 64] = b"sixty-four bytes of a secret that nobody but these tests knows..";

/// The PEM files of an algorithm: private and public.
fn pem(algorithm: Algorithm) -> (&'static [u8], &'static [u8]) {
    match algorithm {
        Algorithm::ES256 => (P256, P256_PUBLIC),
        Algorithm::ES384 => (P384, P384_PUBLIC),
        Algorithm::EdDSA => (ED25519, ED25519_PUBLIC),
        _ => (RSA, RSA_PUBLIC),
    }
}

fn key(algorithm: Algorithm) -> TokenKey {
    if algorithm.is_symmetric() {
        TokenKey::from_secret(algorithm, SECRET).expect("a key")
    } else {
        TokenKey::from_private_pem(algorithm, pem(algorithm).0).expect("a key")
    }
}

fn pairs() -> impl Iterator<Item = Algorithm> {
    Algorithm::ALL.into_iter().filter(|algorithm| !algorithm.is_symmetric())
}

fn who_am_i(app: &TestApp, token: &str) -> (u16, String) {
    Anonymous(app).call("GET", "/who_am_i").bearer(token).send().outcome()
}

/// What the reader of jsonwebtoken makes of the token, which is not ours, with the public key as openssl wrote it.
fn second_opinion(algorithm: Algorithm, token: &str) -> Value {
    let theirs = algorithm.name().parse().expect("an algorithm that others know");
    let key = match algorithm.name() {
        name if name.starts_with("HS") => DecodingKey::from_secret(SECRET),
        name if name.starts_with("ES") => DecodingKey::from_ec_pem(pem(algorithm).1).expect("a key"),
        "EdDSA" => DecodingKey::from_ed_pem(ED25519_PUBLIC).expect("a key"),
        _ => DecodingKey::from_rsa_pem(RSA_PUBLIC).expect("a key"),
    };
    let mut validation = Validation::new(theirs);
    validation.set_audience(&["tollbridge"]);
    validation.set_issuer(&["tollbridge"]);
    jsonwebtoken::decode(token, &key, &validation).expect("a token that others verify").claims
}

#[test]
fn every_algorithm_signs_what_others_verify() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let app = TestApp::with(|bridge| bridge.token_key(key.clone()));
        let token = Anonymous(&app).token_login("panther").access;
        assert_eq!(who_am_i(&app, &token).0, 200, "{algorithm}");
        let [header, _, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("three parts: {token}") };
        let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).expect("base64url")).expect("JSON");
        assert_eq!(header, json!({ "alg": algorithm.name(), "kid": key.id(), "typ": "at+jwt" }));
        let claims = second_opinion(algorithm, &token);
        assert_eq!((&claims["sub"], &claims["iat"]), (&json!("2"), &json!(START)), "{algorithm}");
        let message = token.rsplit_once('.').expect("three parts").0;
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        for index in [0, signature.len() / 2, signature.len() - 1] {
            let mut forged = signature.clone();
            forged[index] ^= 1;
            let forged = format!("{message}.{}", URL_SAFE_NO_PAD.encode(forged));
            assert_eq!(who_am_i(&app, &forged), (401, "token_invalid".to_owned()), "{algorithm} byte {index}");
        }
    }
}

#[test]
fn a_public_key_verifies_and_does_not_sign() {
    for algorithm in pairs() {
        let (private, public) = (key(algorithm), TokenKey::from_public_pem(algorithm, pem(algorithm).1));
        let public = public.expect("a key");
        assert_eq!((public.id(), public.algorithm()), (private.id(), algorithm));
        let world = World::default();
        let before = TestApp::over(world.clone(), |bridge| bridge.token_key(private.clone()));
        let token = Anonymous(&before).token_login("panther").access;
        assert!(public.verifies(&token), "{algorithm}");
        let refused = world.bridge().token_key(public.clone()).build();
        assert!(matches!(refused, Err(BuildError::CannotSign(id)) if id == private.id()), "{algorithm}");
        // The private half is gone, and its tokens stay good.
        let next = key(if algorithm == Algorithm::EdDSA { Algorithm::ES256 } else { Algorithm::EdDSA });
        let after = TestApp::over(world, |bridge| bridge.token_key(next).retired_token_key(public));
        assert_eq!(who_am_i(&after, &token).0, 200, "{algorithm}");
    }
}

#[test]
fn what_is_published_is_public_and_named_by_its_thumbprint() {
    for algorithm in pairs() {
        let key = key(algorithm);
        let jwks = World::default().bridge().token_key(key.clone()).build().expect("a bridge").jwks();
        let jwk = &jwks["keys"][0];
        let required: &[&str] = match jwk["kty"].as_str() {
            Some("RSA") => &["e", "kty", "n"],
            Some("EC") => &["crv", "kty", "x", "y"],
            _ => &["crv", "kty", "x"],
        };
        let mut names: Vec<_> = [required, &["alg", "kid", "use"]].concat();
        names.sort_unstable();
        let mut published: Vec<_> = jwk.as_object().expect("an object").keys().map(String::as_str).collect();
        published.sort_unstable();
        assert_eq!(published, names, "{algorithm}");
        assert_eq!((&jwk["alg"], &jwk["use"]), (&json!(algorithm.name()), &json!("sig")));
        // RFC 7638 section 3.
        let members: Vec<_> = required.iter().map(|name| format!(r#""{name}":{}"#, jwk[*name])).collect();
        let hash = digest::digest(&digest::SHA256, format!("{{{}}}", members.join(",")).as_bytes());
        assert_eq!(key.id(), URL_SAFE_NO_PAD.encode(hash), "{algorithm}");
        // What is published can be taken in again.
        let imported = TokenKey::from_jwk(&jwk.to_string()).expect("a key");
        assert_eq!((imported.id(), imported.algorithm()), (key.id(), algorithm));
    }
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let bridge = World::default().bridge().token_key(key(algorithm)).build().expect("a bridge");
        assert_eq!(bridge.jwks(), json!({ "keys": [] }), "a secret is nobody else's");
    }
}

#[test]
fn one_key_has_several_forms() {
    let same = [
        (Algorithm::RS256, RSA, RSA_PKCS1),
        (Algorithm::ES256, P256, P256_SEC1),
        // `openssl ecparam -genkey` puts the curve before the key.
        (
            Algorithm::ES256,
            P256,
            &[b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n", P256_SEC1].concat(),
        ),
    ];
    for (algorithm, one, other) in same {
        let [one, other] = [one, other].map(|pem| TokenKey::from_private_pem(algorithm, pem).expect("a key"));
        assert_eq!(one.id(), other.id());
    }
    // PKCS#8 of version 2 has the public half too.
    let pair = Ed25519KeyPair::from_pkcs8(::pem::parse(ED25519).expect("PEM").contents()).expect("a key pair");
    let version_2 = ::pem::encode(&Pem::new("PRIVATE KEY", pair.to_pkcs8().expect("DER").as_ref()));
    let version_2 = TokenKey::from_private_pem(Algorithm::EdDSA, version_2.as_bytes()).expect("a key");
    assert_eq!(version_2.id(), key(Algorithm::EdDSA).id());
    let same = [
        (Algorithm::PS512, RSA_PUBLIC, RSA_PUBLIC_PKCS1),
        // openssl pkey -in p256.pem -pubout -ec_conv_form compressed
        (
            Algorithm::ES256,
            P256_PUBLIC,
            b"-----BEGIN PUBLIC KEY-----\n\
              MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgADw2mUf1ejDQp8D722SMNn4yt955CIV/44mAphUirN+CI=\n\
              -----END PUBLIC KEY-----\n",
        ),
    ];
    for (algorithm, one, other) in same {
        let [one, other] = [one, other].map(|pem| TokenKey::from_public_pem(algorithm, pem).expect("a key"));
        assert_eq!(one.id(), other.id());
    }
    let ids = [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512].map(|algorithm| key(algorithm).id().to_owned());
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2], "{ids:?}");
}

/// Sequences in sequences, of which a reader that follows them runs out of stack.
fn nested() -> String {
    let mut backwards = Vec::new();
    for _ in 0..16_000 {
        let [high, low] = u16::try_from(backwards.len()).expect("less than 64 KiB").to_be_bytes();
        backwards.extend([low, high, 0x82, 0x30]);
    }
    backwards.reverse();
    ::pem::encode(&Pem::new("PUBLIC KEY", backwards))
}

#[test]
fn weak_and_wrong_keys_are_refused() {
    for (algorithm, least) in [(Algorithm::HS256, 32), (Algorithm::HS384, 48), (Algorithm::HS512, 64)] {
        assert!(TokenKey::from_secret(algorithm, &SECRET[..least]).is_ok());
        for length in [0, 1, least - 1] {
            let refused = TokenKey::from_secret(algorithm, &SECRET[..length]);
            assert!(matches!(refused, Err(KeyError::TooShort { has, .. }) if has == length), "{algorithm} {length}");
        }
        assert!(matches!(TokenKey::from_private_pem(algorithm, RSA), Err(KeyError::WrongAlgorithm(_))));
        assert!(matches!(TokenKey::from_public_pem(algorithm, RSA_PUBLIC), Err(KeyError::WrongAlgorithm(_))));
    }
    for algorithm in pairs() {
        assert!(matches!(TokenKey::from_secret(algorithm, SECRET), Err(KeyError::WrongAlgorithm(_))), "{algorithm}");
        let (private, public) = pem(algorithm);
        let encrypted = String::from_utf8_lossy(private).replace("PRIVATE", "ENCRYPTED PRIVATE");
        let twice = [private, private].concat();
        let junk: [&[u8]; 6] = [b"", b"x", &private[..private.len() / 2], public, encrypted.as_bytes(), &twice];
        let others = [ED25519, P256, P384, P521, RSA].into_iter().filter(|other| *other != private);
        for (index, text) in junk.into_iter().chain(others).chain([RSA_SHORT]).enumerate() {
            let refused = TokenKey::from_private_pem(algorithm, text);
            assert!(matches!(refused, Err(KeyError::NotAPrivateKey(_))), "{algorithm} private {index}");
        }
        let certificate = String::from_utf8_lossy(public).replace("PUBLIC KEY", "CERTIFICATE");
        let twice = [public, public].concat();
        let junk: [&[u8]; 6] = [b"", b"x", &public[..public.len() / 2], private, certificate.as_bytes(), &twice];
        let others = [ED25519_PUBLIC, P256_PUBLIC, P384_PUBLIC, P521_PUBLIC, RSA_PUBLIC];
        let others = others.into_iter().filter(|other| *other != public);
        for (index, text) in junk.into_iter().chain(others).chain([RSA_SHORT_PUBLIC]).enumerate() {
            let refused = TokenKey::from_public_pem(algorithm, text);
            assert!(matches!(refused, Err(KeyError::NotAPublicPem(_))), "{algorithm} public {index}");
        }
        assert!(TokenKey::from_public_pem(algorithm, nested().as_bytes()).is_err(), "{algorithm} nested");
        let error = TokenKey::from_private_pem(algorithm, public).expect_err("a public key").to_string();
        assert!(error.contains(algorithm.name()) && !error.contains("MII"), "{error}");
    }
    for (key, retired) in [(Algorithm::RS256, Algorithm::HS256), (Algorithm::HS512, Algorithm::ES256)] {
        let mixed = World::default().bridge().token_key(self::key(key)).retired_token_key(self::key(retired)).build();
        assert!(matches!(mixed, Err(BuildError::MixedKeys)), "{key} and {retired}");
    }
}

/// The classic: the public key, which everybody has, as an HMAC secret.
#[test]
fn a_public_key_in_no_form_is_an_hmac_secret() {
    let app = TestApp::with(|bridge| bridge.token_key(key(Algorithm::RS256)));
    let token = Anonymous(&app).token_login("panther").access;
    let payload = token.split('.').nth(1).expect("three parts");
    let kid = key(Algorithm::RS256).id().to_owned();
    let jwk = app.bridge.jwks()["keys"][0].clone();
    let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().expect("n")).expect("base64url");
    let der = ::pem::parse(RSA_PUBLIC).expect("PEM").into_contents();
    let text = String::from_utf8_lossy(RSA_PUBLIC).into_owned();
    let forms = [text.as_bytes(), text.trim().as_bytes(), RSA_PUBLIC_PKCS1, &der, &modulus, b"", b"null"];
    for secret in forms.into_iter().chain([jwk.to_string().as_bytes()]) {
        for (alg, hash) in [
            ("HS256", hmac::HMAC_SHA256),
            ("HS384", hmac::HMAC_SHA384),
            ("HS512", hmac::HMAC_SHA512),
            ("RS256", hmac::HMAC_SHA256),
        ] {
            let header = json!({ "alg": alg, "kid": kid, "typ": "at+jwt" });
            let message = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(header.to_string()));
            let tag = hmac::sign(&hmac::Key::new(hash, secret), message.as_bytes());
            let forged = format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag));
            assert_eq!(who_am_i(&app, &forged), (401, "token_invalid".to_owned()), "{alg}");
        }
    }
    // The right key with another algorithm of its family is another key.
    for other in [Algorithm::RS384, Algorithm::PS256] {
        let foreign = TestApp::with(|bridge| bridge.token_key(key(other)));
        let token = Anonymous(&foreign).token_login("panther").access;
        assert_eq!(who_am_i(&app, &token), (401, "token_invalid".to_owned()), "{other}");
    }
    assert_eq!(who_am_i(&app, &token).0, 200);
}

#[test]
fn an_rsa_key_tells_its_length() {
    let rsa = TokenKey::from_private_pem(Algorithm::RS256, RSA).expect("a key");
    assert_eq!(rsa.rsa_bits(), Some(2048));
    assert_eq!(TokenKey::hs256(&[7; 32]).expect("a key").rsa_bits(), None);
}
