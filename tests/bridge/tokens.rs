//! Tokens that were not issued here, or not as they are: all refused, and nothing but ours accepted.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{EncodingKey, crypto};
use serde_json::{Value, json};
use tollbridge::{Algorithm, BuildError, KeyError, TokenKey};

use crate::app::{START, TOKEN_SECRET, TestApp, World, token_key};
use crate::clients::{Anonymous, Answer, Client};

const ED25519: &[u8] = include_bytes!("../fixtures/ed25519.pem");
const ED25519_OTHER: &[u8] = include_bytes!("../fixtures/ed25519_other.pem");
const P256: &[u8] = include_bytes!("../fixtures/p256.pem");
const P384: &[u8] = include_bytes!("../fixtures/p384.pem");

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn parts(token: &str) -> (Value, Value, String) {
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("three parts: {token}") };
    let decode = |part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON");
    (decode(header), decode(claims), signature.to_owned())
}

fn hs256(secret: &[u8], message: &str) -> String {
    b64(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes()))
}

/// A token with our key's signature over this header and these claims, as they stand.
fn signed(header: impl ToString, claims: impl ToString) -> String {
    let message = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
    let signature = hs256(TOKEN_SECRET, &message);
    format!("{message}.{signature}")
}

/// An app with a live login, and the header and claims of its access token.
struct Forger {
    app: TestApp,
    header: Value,
    claims: Value,
}

impl Forger {
    fn new() -> Self {
        let app = TestApp::start();
        let (header, claims, _) = parts(&Anonymous(&app).token_login("panther").access);
        Self { app, header, claims }
    }

    fn present(&self, token: &str) -> Answer {
        Anonymous(&self.app).post_json("/who_am_i", &json!({ "access_token": token }))
    }

    #[track_caller]
    fn accepts(&self, token: &str, case: &str) {
        let answer = self.present(token);
        assert_eq!(answer.status, 200, "{case}: {}", answer.text());
    }

    #[track_caller]
    fn refuses(&self, token: &str, case: &str) {
        self.refuses_as("token_invalid", token, case);
    }

    #[track_caller]
    fn refuses_as(&self, code: &str, token: &str, case: &str) {
        let answer = self.present(token);
        assert_eq!(answer.outcome(), (401, code.to_owned()), "{case}: {}", answer.text());
    }

    /// The genuine header with one member changed, `null` meaning that it is missing.
    fn header_with(&self, name: &str, value: Value) -> String {
        with(&self.header, name, value).to_string()
    }

    fn claims_with(&self, name: &str, value: Value) -> String {
        with(&self.claims, name, value).to_string()
    }
}

fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    match value {
        Value::Null => drop(object.as_object_mut().expect("an object").remove(name)),
        value => object[name] = value,
    }
    object
}

/// The text of an object with one more member at its end.
fn and_also(object: impl ToString, member: &str) -> String {
    let object = object.to_string();
    format!("{},{member}}}", object.strip_suffix('}').expect("an object"))
}

#[test]
fn the_forger_can_forge() {
    let forger = Forger::new();
    forger.accepts(&signed(&forger.header, &forger.claims), "our own header and claims, signed with our key");
    assert_eq!(forger.header, json!({ "alg": "HS256", "kid": token_key().id(), "typ": "at+jwt" }));
    assert_eq!(forger.claims["sub"], "2");
}

#[test]
fn the_key_decides_the_algorithm() {
    let forger = Forger::new();
    let payload = b64(forger.claims.to_string());
    for alg in
        ["none", "None", "NONE", "nOnE", "", "hs256", "HS384", "HS512", "RS256", "PS256", "ES256", "EdDSA", "HS256 "]
    {
        let header = forger.header_with("alg", alg.into());
        forger.refuses(&signed(&header, &forger.claims), alg);
        for signature in ["", "AA", "e30"] {
            forger.refuses(&format!("{}.{payload}.{signature}", b64(&header)), alg);
        }
    }
    for alg in [Value::Null, json!(256), json!(["HS256"]), json!({}), json!(true)] {
        forger.refuses(&signed(forger.header_with("alg", alg.clone()), &forger.claims), &alg.to_string());
    }
}

#[test]
fn a_public_key_is_no_hmac_secret() {
    for key in [
        TokenKey::from_private_pem(Algorithm::EdDSA, ED25519).expect("a key"),
        TokenKey::from_private_pem(Algorithm::ES256, P256).expect("a key"),
    ] {
        let app = TestApp::with(|bridge| bridge.token_key(key.clone()));
        let pair = Anonymous(&app).token_login("panther");
        let (header, claims, _) = parts(&pair.access);
        let jwk = &app.bridge.jwks()["keys"][0];
        let x = URL_SAFE_NO_PAD.decode(jwk["x"].as_str().expect("x")).expect("base64url");
        let mut point = vec![4];
        point.extend_from_slice(&x);
        point.extend(URL_SAFE_NO_PAD.decode(jwk["y"].as_str().unwrap_or_default()).expect("base64url"));
        let mut confused = with(&header, "alg", "HS256".into());
        for secret in [&x[..], &point, jwk["x"].as_str().expect("x").as_bytes(), jwk.to_string().as_bytes(), b""] {
            for alg in ["HS256", key.algorithm_name()] {
                confused["alg"] = alg.into();
                let message = format!("{}.{}", b64(confused.to_string()), b64(claims.to_string()));
                let token = format!("{message}.{}", hs256(secret, &message));
                Anonymous(&app).call("GET", "/who_am_i").bearer(&token).send().refused(401, "token_invalid");
            }
        }
        Anonymous(&app).call("GET", "/who_am_i").bearer(&pair.access).send().expect(200);
    }
}

#[test]
fn the_key_is_named_exactly_and_comes_from_nowhere_else() {
    let forger = Forger::new();
    let kid = token_key().id().to_owned();
    let wrong = [Value::Null, json!(""), json!("other"), json!(kid.to_uppercase()), json!(format!("{kid} ")), json!(1)];
    for kid in wrong.into_iter().chain([json!([kid]), json!("../../../dev/null"), json!("' OR 1=1 --")]) {
        forger.refuses(&signed(forger.header_with("kid", kid.clone()), &forger.claims), &format!("kid {kid}"));
    }
    // A token signed with a key that it brings itself.
    let own = b"an attacker's own secret, long enough to be one";
    let jwk = json!({ "kty": "oct", "k": b64(own), "kid": kid, "alg": "HS256" });
    let carriers =
        [("jwk", jwk), ("jku", json!("http://127.0.0.1:1/jwks.json")), ("x5u", json!("http://127.0.0.1:1/"))];
    for (member, value) in carriers.into_iter().chain([("x5c", json!(["MIIB"]))]) {
        let header = forger.header_with(member, value);
        let message = format!("{}.{}", b64(&header), b64(forger.claims.to_string()));
        forger.refuses(&format!("{message}.{}", hs256(own, &message)), member);
        forger.accepts(&signed(&header, &forger.claims), &format!("{member} is ignored where our key signed"));
    }
}

#[test]
fn no_extension_is_understood() {
    let forger = Forger::new();
    for crit in ["null", "[]", r#"["b64"]"#, r#"["exp"]"#, r#""b64""#, "0", "{}"] {
        let header = and_also(&forger.header, &format!(r#""crit":{crit},"b64":false"#));
        forger.refuses(&signed(&header, &forger.claims), &format!("crit {crit}"));
    }
}

#[test]
fn the_type_is_explicit() {
    let forger = Forger::new();
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
        forger.accepts(&signed(forger.header_with("typ", typ.into()), &forger.claims), typ);
    }
    let wrong =
        ["", "JWT", "jwt", "at", "at+jwt ", " at+jwt", "text/at+jwt", "application/application/at+jwt", "logout+jwt"];
    for typ in wrong.map(Value::from).into_iter().chain([Value::Null, json!(1), json!(["at+jwt"])]) {
        forger.refuses(&signed(forger.header_with("typ", typ.clone()), &forger.claims), &format!("typ {typ}"));
    }
    forger.refuses(
        &signed(forger.header_with("typ", "rt+jwt".into()), &forger.claims),
        "a refresh header on access claims",
    );
    for claim in [json!("refresh"), json!("Access"), json!("")] {
        forger.refuses(
            &signed(&forger.header, forger.claims_with("type", claim)),
            "refresh claims under an access header",
        );
    }
    forger.accepts(
        &signed(&forger.header, forger.claims_with("gen", Value::Null)),
        "an access token of an earlier version",
    );
    for generation in [json!(-1), json!("0"), json!(0.5)] {
        forger.refuses(&signed(&forger.header, forger.claims_with("gen", generation)), "no generation");
    }
}

#[test]
fn the_two_types_are_never_interchangeable() {
    let app = TestApp::start();
    let pair = Anonymous(&app).token_login("panther");
    Anonymous(&app).call("GET", "/who_am_i").bearer(&pair.refresh).send().refused(401, "token_wrong_type");
    Anonymous(&app).call("POST", "/refresh").bearer(&pair.access).send().refused(401, "token_wrong_type");
    Anonymous(&app).post_json("/refresh", &json!({ "refresh_token": pair.access })).refused(401, "token_wrong_type");
    Anonymous(&app).post_json("/who_am_i", &json!({ "access_token": pair.refresh })).refused(401, "token_wrong_type");
}

#[test]
fn every_claim_is_required_and_of_its_type() {
    let forger = Forger::new();
    let odd = [
        json!(true),
        json!([]),
        json!({}),
        json!(-1),
        json!(1.5),
        json!(1e308),
        json!("1800000000"),
        json!("x"),
        json!(1u64 << 60),
        json!(u64::MAX),
        json!([1]),
        json!(1_800_000_000),
    ];
    for claim in ["fresh", "iat", "jti", "type", "sub", "exp", "sid", "auth_time", "iss", "aud"] {
        forger.refuses(&signed(&forger.header, forger.claims_with(claim, Value::Null)), &format!("no {claim}"));
        let genuine = &forger.claims[claim];
        for value in
            odd.iter().filter(|value| value.is_number() != genuine.is_number() || value.as_i64() != Some(START))
        {
            let same_type = (value.is_string() && genuine.is_string()) || (value.is_boolean() && genuine.is_boolean());
            let answer = forger.present(&signed(&forger.header, forger.claims_with(claim, value.clone())));
            let expected: &[&str] = match claim {
                "sub" | "sid" | "jti" | "fresh" if same_type => continue,
                _ => &["token_invalid"],
            };
            assert_eq!(answer.status, 401, "{claim}: {value}");
            assert!(expected.contains(&&*answer.outcome().1), "{claim}: {value}: {}", answer.text());
        }
        let explicit_null = and_also(with(&forger.claims, claim, Value::Null), &format!(r#""{claim}":null"#));
        forger.refuses(&signed(&forger.header, explicit_null), &format!("{claim}: null"));
    }
    for scope in [json!(["notes:read"]), json!({}), json!(true), json!(1)] {
        forger.refuses(&signed(&forger.header, forger.claims_with("scope", scope.clone())), &format!("scope {scope}"));
    }
    for empty in ["sub", "jti"] {
        forger.refuses(&signed(&forger.header, forger.claims_with(empty, "".into())), &format!("empty {empty}"));
    }
    forger.refuses_as("login_ended", &signed(&forger.header, forger.claims_with("sid", "x".into())), "unknown login");
    forger.refuses_as(
        "login_ended",
        &signed(&forger.header, forger.claims_with("sub", "1".into())),
        "somebody else's login",
    );
    for payload in ["", "null", "[]", "1", "\"x\"", "{}", "{", "[{}]", "\u{feff}{}"] {
        forger.refuses(&signed(&forger.header, payload), payload);
    }
    let exponent = forger.claims.to_string().replace(&format!("\"exp\":{}", forger.claims["exp"]), "\"exp\":1.8e9");
    assert!(exponent.contains("1.8e9"));
    forger.refuses(&signed(&forger.header, exponent), "a number with an exponent");
}

#[test]
fn every_name_is_there_once() {
    let forger = Forger::new();
    let members = forger.claims.as_object().expect("an object").clone();
    for (name, value) in &members {
        forger.refuses(&signed(&forger.header, and_also(&forger.claims, &format!(r#""{name}":{value}"#))), name);
    }
    let escaped = and_also(&forger.claims, r#""s\u0075b":"1""#);
    forger.refuses(&signed(&forger.header, escaped), "a name in disguise");
    forger.accepts(&signed(&forger.header, and_also(&forger.claims, r#""x":1"#)), "a claim that we do not know");
    forger.refuses(&signed(&forger.header, and_also(&forger.claims, r#""x":1,"x":1"#)), "an unknown claim twice");
    for (name, value) in forger.header.as_object().expect("an object") {
        let header = and_also(&forger.header, &format!(r#""{name}":{value}"#));
        forger.refuses(&signed(header, &forger.claims), name);
    }
    forger.accepts(&signed(and_also(&forger.header, r#""x":1"#), &forger.claims), "an unknown header member");
    forger
        .refuses(&signed(and_also(&forger.header, r#""x":1,"x":2"#), &forger.claims), "an unknown header member twice");
    forger.refuses(&signed(and_also(&forger.header, r#""\u0061lg":"none""#), &forger.claims), "alg in disguise");
}

#[test]
fn times_hold_to_the_second_with_five_seconds_of_leeway() {
    let forger = Forger::new();
    let at = |claim: &str, time: i64| signed(&forger.header, forger.claims_with(claim, time.into()));
    forger.refuses_as("token_expired", &at("exp", START - 5), "expired by the leeway");
    forger.accepts(&at("exp", START - 4), "expired within the leeway");
    forger.refuses_as("token_expired", &at("exp", 0), "expired in 1970");
    forger.accepts(&at("exp", 1 << 53), "the latest time there is");
    forger.refuses(&at("exp", (1 << 53) + 1), "a later one");
    for claim in ["nbf", "iat"] {
        forger.accepts(&at(claim, START + 5), claim);
        forger.refuses(&at(claim, START + 6), claim);
    }
    forger.accepts(&signed(&forger.header, forger.claims_with("nbf", Value::Null)), "nbf is optional");
    for nbf in [json!("x"), json!(-1), json!([]), json!(1.5)] {
        forger.refuses(&signed(&forger.header, forger.claims_with("nbf", nbf.clone())), &format!("nbf {nbf}"));
    }
    let token = signed(&forger.header, &forger.claims);
    forger.app.advance(15 * 60 + 4);
    forger.accepts(&token, "in its last second");
    forger.app.advance(1);
    forger.refuses_as("token_expired", &token, "and after it");
}

#[test]
fn issuer_and_audience_are_ours() {
    let forger = Forger::new();
    let refused = [
        ("iss", json!("tollbridg")),
        ("iss", json!("Tollbridge")),
        ("iss", json!("")),
        ("iss", json!(["tollbridge"])),
        ("aud", json!("other")),
        ("aud", json!("")),
        ("aud", json!([])),
        ("aud", json!(["other"])),
        ("aud", json!(["tollbridge", 1])),
        ("aud", json!([["tollbridge"]])),
        ("aud", json!("tollbridge,other")),
    ];
    for (claim, value) in refused {
        forger.refuses(&signed(&forger.header, forger.claims_with(claim, value.clone())), &format!("{claim} {value}"));
    }
    let several = forger.claims_with("aud", json!(["other", "tollbridge"]));
    forger.accepts(&signed(&forger.header, several), "one of several audiences is ours");
    // The same key serves two applications: a token of one is not a token of the other.
    let other = TestApp::over(forger.app.world.clone(), |bridge| bridge.audience("other"));
    let token = signed(&forger.header, &forger.claims);
    Anonymous(&other).call("GET", "/who_am_i").bearer(&token).send().refused(401, "token_invalid");
}

#[test]
fn the_text_of_a_token_has_one_form() {
    let forger = Forger::new();
    let token = signed(&forger.header, &forger.claims);
    let (message, signature) = token.rsplit_once('.').expect("three parts");
    let (header, payload) = message.split_once('.').expect("three parts");
    let mangled = [
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.AA"),
        format!("{token}="),
        format!("{token}=="),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}..{payload}.{signature}"),
        format!(" {token}"),
        format!("{token} "),
        format!("{token}\n"),
        format!("{header}.{payload}\n.{signature}"),
        format!("{token}\0"),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!(".{payload}.{signature}"),
        format!("{header}..{signature}"),
        "..".to_owned(),
        ".".to_owned(),
        String::new(),
        format!("Bearer {token}"),
        format!("{token},{token}"),
        token.replace('.', "%2e"),
        format!("\u{feff}{token}"),
        token.replace('.', "\u{ff0e}"),
        json!({ "payload": payload, "signatures": [{ "protected": header, "signature": signature }] }).to_string(),
        format!("{header}.{payload}.{signature}.{payload}.{signature}"),
        ".".repeat(8000),
    ];
    for mangled in &mangled {
        forger.refuses(mangled, mangled);
    }
    // The bits that base64url leaves unused must be zero, or one token would have several texts.
    let last = signature.chars().last().expect("a signature");
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for other in alphabet.chars().filter(|other| *other != last) {
        forger.refuses(&format!("{}{other}", &token[..token.len() - 1]), "the last character of the signature");
    }
}

#[test]
fn no_token_is_longer_than_8_kib() {
    let forger = Forger::new();
    let padded =
        |length: usize| signed(&forger.header, and_also(&forger.claims, &format!(r#""x":"{}""#, "x".repeat(length))));
    let fits = (0..6200).rev().step_by(1).map(padded).find(|token| token.len() <= 8192).expect("one that fits");
    assert!(fits.len() > 8188, "{}", fits.len());
    forger.accepts(&fits, "8 KiB");
    let over = padded(6200);
    assert!(over.len() > 8192);
    forger.refuses(&over, "more than 8 KiB");
}

#[test]
fn every_bit_of_the_signature_counts() {
    let forger = Forger::new();
    let token = signed(&forger.header, &forger.claims);
    let (message, signature) = token.rsplit_once('.').expect("three parts");
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    for bit in 0..signature.len() * 8 {
        let mut flipped = signature.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        forger.refuses(&format!("{message}.{}", b64(&flipped)), &format!("bit {bit}"));
    }
    for length in [0, 1, 16, 31] {
        forger
            .refuses(&format!("{message}.{}", b64(&signature[..length])), &format!("{length} bytes of the signature"));
    }
    let mut longer = signature.clone();
    longer.push(0);
    forger.refuses(&format!("{message}.{}", b64(&longer)), "a signature of 33 bytes");
    forger.refuses(
        &format!("{message}.{}", hs256(b"another secret that is long enough", message)),
        "another key, same kid",
    );
    forger.refuses(&format!("{message}.{}", hs256(b"", message)), "the empty key, same kid");
}

/// Each of the three kinds of key: PEM file, algorithm, and how to sign with it.
fn key_pairs() -> [(TokenKey, jsonwebtoken::Algorithm, EncodingKey); 2] {
    [
        (
            TokenKey::from_private_pem(Algorithm::EdDSA, ED25519).expect("a key"),
            jsonwebtoken::Algorithm::EdDSA,
            EncodingKey::from_ed_pem(ED25519_OTHER).expect("a key"),
        ),
        (
            TokenKey::from_private_pem(Algorithm::ES256, P256).expect("a key"),
            jsonwebtoken::Algorithm::ES256,
            EncodingKey::from_ec_pem(P384).expect("a key"),
        ),
    ]
}

#[test]
fn key_pairs_sign_and_publish_only_their_public_half() {
    for (key, algorithm, foreign) in key_pairs() {
        let app = TestApp::with(|bridge| bridge.token_key(key.clone()));
        let pair = Anonymous(&app).token_login("panther");
        let present = |token: &str| Anonymous(&app).call("GET", "/who_am_i").bearer(token).send();
        present(&pair.access).expect(200);
        let (header, _, signature) = parts(&pair.access);
        assert_eq!((header["alg"].as_str(), header["kid"].as_str()), (Some(key.algorithm_name()), Some(key.id())));
        let message = pair.access.rsplit_once('.').expect("three parts").0;
        let flipped = URL_SAFE_NO_PAD.decode(&signature).expect("base64url");
        for byte in [0, 31, 32, 63] {
            let mut flipped = flipped.clone();
            flipped[byte] ^= 1;
            present(&format!("{message}.{}", b64(&flipped))).refused(401, "token_invalid");
        }
        for zeroes in [0, 64, 63, 65] {
            present(&format!("{message}.{}", b64(vec![0; zeroes]))).refused(401, "token_invalid");
        }
        if let Ok(signature) = crypto::sign(message.as_bytes(), &foreign, algorithm) {
            present(&format!("{message}.{signature}")).refused(401, "token_invalid");
        }

        let jwks = app.bridge.jwks();
        let [jwk] = &jwks["keys"].as_array().expect("keys")[..] else { panic!("one key: {jwks}") };
        let names: Vec<_> = jwk.as_object().expect("an object").keys().map(String::as_str).collect();
        assert!(names.iter().all(|name| ["alg", "crv", "kid", "kty", "use", "x", "y"].contains(name)), "{names:?}");
        assert_eq!((&jwk["use"], &jwk["alg"]), (&json!("sig"), &json!(key.algorithm_name())));
        assert_eq!(jwk["kid"], key.id());
    }
    assert_eq!(TestApp::start().bridge.jwks(), json!({ "keys": [] }), "an HMAC secret is nobody else's");
}

#[test]
fn the_other_signature_of_ecdsa_names_the_same_login() {
    // (r, n - s) verifies where (r, s) does. It buys nothing: a login is ended by its id, not by a token's text.
    const N: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad,
        0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let app =
        TestApp::with(|bridge| bridge.token_key(TokenKey::from_private_pem(Algorithm::ES256, P256).expect("a key")));
    let pair = Anonymous(&app).token_login("panther");
    let (message, signature) = pair.access.rsplit_once('.').expect("three parts");
    let mut signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    let mut borrow = 0i16;
    for index in (0..32).rev() {
        let difference = i16::from(N[index]) - i16::from(signature[32 + index]) - borrow;
        borrow = i16::from(difference < 0);
        signature[32 + index] = difference.rem_euclid(256) as u8;
    }
    let twin = format!("{message}.{}", b64(&signature));
    assert_ne!(twin, pair.access);
    Anonymous(&app).call("GET", "/who_am_i").bearer(&twin).send().expect(200);
    Anonymous(&app).call("POST", "/logout").bearer(&pair.access).send().expect(204);
    Anonymous(&app).call("GET", "/who_am_i").bearer(&twin).send().refused(401, "login_ended");
}

#[test]
fn a_retired_key_verifies_until_it_is_taken_away() {
    let world = World::default();
    let old = || TokenKey::from_private_pem(Algorithm::EdDSA, ED25519).expect("a key");
    let new = || TokenKey::from_private_pem(Algorithm::ES256, P256).expect("a key");
    let before = TestApp::over(world.clone(), |bridge| bridge.token_key(old()));
    let token = Anonymous(&before).token_login("panther").access;
    let rotated = TestApp::over(world.clone(), |bridge| bridge.token_key(new()).retired_token_key(old()));
    Anonymous(&rotated).call("GET", "/who_am_i").bearer(&token).send().expect(200);
    let fresh = Anonymous(&rotated).token_login("panther").access;
    assert_eq!(parts(&fresh).0["kid"], new().id(), "the new key signs");
    let keys = rotated.bridge.jwks();
    let kids: Vec<_> = keys["keys"].as_array().expect("keys").iter().map(|key| key["kid"].as_str()).collect();
    assert_eq!(kids, [Some(new().id()), Some(old().id())]);
    let after = TestApp::over(world, |bridge| bridge.token_key(new()));
    Anonymous(&after).call("GET", "/who_am_i").bearer(&token).send().refused(401, "token_invalid");
    Anonymous(&after).call("GET", "/who_am_i").bearer(&fresh).send().expect(200);
}

/// With such a lifetime signing in would succeed, and the next request would not know about it.
#[test]
fn a_lifetime_of_less_than_a_second_is_refused() {
    for short in [Duration::ZERO, Duration::from_millis(999)] {
        let bridge = || World::default().bridge();
        for (name, bridge) in [
            ("access_ttl", bridge().access_ttl(short)),
            ("refresh_ttl", bridge().refresh_ttl(short)),
            ("refresh_idle_ttl", bridge().refresh_idle_ttl(short)),
            ("idle_ttl", bridge().idle_ttl(short)),
            ("absolute_ttl", bridge().absolute_ttl(short)),
            ("remember_ttl", bridge().remember_ttl(short)),
        ] {
            let refused = bridge.build();
            assert!(matches!(refused, Err(BuildError::ShortLifetime(refused)) if refused == name), "{name} {short:?}");
        }
    }
    assert!(World::default().bridge().refresh_grace(Duration::ZERO).fresh_window(Duration::ZERO).build().is_ok());
}

#[test]
fn weak_and_wrong_keys_are_refused_where_the_bridge_is_built() {
    assert!(matches!(TokenKey::hs256(&[7; 31]), Err(KeyError::TooShort { algorithm: Algorithm::HS256, has: 31 })));
    let not_eddsa: [&[u8]; 5] = [b"", b"x", P256, P384, &ED25519[..60]];
    assert!(not_eddsa.iter().all(|pem| matches!(
        TokenKey::from_private_pem(Algorithm::EdDSA, pem),
        Err(KeyError::NotAPrivateKey(Algorithm::EdDSA))
    )));
    for (index, pem) in [b"", &b"x"[..], ED25519, P384, &P256[..60]].into_iter().enumerate() {
        assert!(
            matches!(
                TokenKey::from_private_pem(Algorithm::ES256, pem),
                Err(KeyError::NotAPrivateKey(Algorithm::ES256))
            ),
            "PEM {index}"
        );
    }
    let bridge = || World::default().bridge();
    let mixed =
        bridge().retired_token_key(TokenKey::from_private_pem(Algorithm::EdDSA, ED25519).expect("a key")).build();
    assert!(matches!(mixed, Err(BuildError::MixedKeys)));
    assert!(matches!(bridge().session_secret(&[7; 31]).build(), Err(BuildError::ShortSessionSecret(31))));
    for url in ["example.org", "ftp://example.org", "https://example.org/app", "https://user@example.org", "https://"] {
        assert!(
            matches!(bridge().public_url(url).build(), Err(BuildError::PublicUrl(refused)) if refused == url),
            "{url}"
        );
    }
    for view in
        ["", "login", "//evil.example/login", "/\\evil.example", "javascript:alert(1)", "https:login", "ftp://a/b"]
    {
        let refused = bridge().login_view(view).build();
        assert!(matches!(refused, Err(BuildError::View(refused)) if refused == view), "{view}");
    }
    for view in ["/login", "/login?method=password", "https://sso.example/login"] {
        assert!(bridge().login_view(view).build().is_ok(), "{view}");
    }
}

/// A claim that nobody knows is still one that hooks and handlers read.
#[test]
fn a_claim_that_cannot_be_read_makes_the_token_invalid() {
    let forger = Forger::new();
    let claims = forger.claims.to_string();
    let with = |value: &[u8]| {
        let claims = [claims.trim_end_matches('}').as_bytes(), b",\"extra\":", value, b"}"].concat();
        let message = format!("{}.{}", b64(forger.header.to_string()), b64(claims));
        format!("{message}.{}", hs256(TOKEN_SECRET, &message))
    };
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth)).into_bytes();
    for value in [&b"\"\xe2\x82\""[..], b"\"\xff\"", b"[{\"a\":\"\x80\"}]", b"{\"\x80\":1}", b"1e999", b"[-1e999]"] {
        forger.refuses(&with(value), &value.escape_ascii().to_string());
    }
    forger.refuses(&with(br#""\ud800""#), "half a surrogate pair");
    forger.refuses(&with(&deep(200)), "a depth of 200");
    for value in [&b"\"\xe2\x82\xac\""[..], b"1e300", b"null", b"[true,-1,{\"a\":[]}]", &deep(100)] {
        forger.accepts(&with(value), &value.escape_ascii().to_string());
    }
}
