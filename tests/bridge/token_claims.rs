//! What tokens say besides what the bridge writes: from hooks and from arguments, and never in place of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use tollbridge::{
    AuthError, Bridge, BuildError, CredentialLocation, Malformation, TokenCookies, TokenFault, TokenLocations,
    TokenPart,
};

use crate::app::{PASSWORD, START, TestApp, World};
use crate::clients::{Anonymous, Answer, Client, Pair};

/// The header and the claims of a token.
fn read(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).expect("base64url"));
    let mut next = || serde_json::from_slice(&parts.next().expect("a part")).expect("JSON");
    (next(), next())
}

fn sign_in(app: &TestApp, more: Value) -> Answer {
    let mut form = json!({ "username": "panther", "password": PASSWORD, "tokens_only": true });
    form.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    Anonymous(app).post_json("/login", &form)
}

fn refreshed(app: &TestApp, pair: &Pair) -> Pair {
    Anonymous(app).call("POST", "/refresh").bearer(&pair.refresh).send().expect(200).pair()
}

fn map(value: Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

#[test]
fn arguments_win_over_hooks_and_hooks_survive_a_refresh() {
    let app = TestApp::with(|bridge| {
        bridge
            .extra_claims(|identity| map(json!({ "role": format!("role of {identity}"), "plan": "hook" })))
            .extra_headers(|identity| map(json!({ "tenant": identity, "region": "hook" })))
    });
    let wishes = json!({ "claims": { "plan": "argument", "deep": { "a": [1, null] } }, "headers": { "region": "eu" } });
    let pair = sign_in(&app, wishes).expect(200).pair();
    for token in [&pair.access, &pair.refresh] {
        let (header, claims) = read(token);
        assert_eq!((&claims["role"], &claims["plan"]), (&json!("role of 2"), &json!("argument")));
        assert_eq!(claims["deep"], json!({ "a": [1, null] }));
        assert_eq!((&header["tenant"], &header["region"]), (&json!("2"), &json!("eu")));
        assert_eq!((&claims["sub"], &claims["iat"]), (&json!("2"), &json!(START)));
    }
    let seen = Anonymous(&app).call("GET", "/claims").bearer(&pair.access).send().expect(200).json();
    assert_eq!(seen, read(&pair.access).1, "handlers see what the token says");

    let next = refreshed(&app, &pair);
    let (header, claims) = read(&next.access);
    assert_eq!(
        (&claims["role"], &claims["plan"], &claims["deep"]),
        (&json!("role of 2"), &json!("hook"), &Value::Null)
    );
    assert_eq!((&header["tenant"], &header["region"]), (&json!("2"), &json!("hook")));
    Anonymous(&app).call("GET", "/who_am_i").bearer(&next.access).send().expect(200);
    assert_eq!(next.refresh, refreshed(&app, &pair).refresh, "racers still get one successor");
}

#[test]
fn nothing_that_the_bridge_writes_can_be_replaced() {
    let claims =
        ["sub", "sid", "jti", "type", "fresh", "exp", "iat", "nbf", "iss", "aud", "auth_time", "gen", "csrf", "scope"];
    let headers = ["alg", "kid", "typ", "crit", "jwk", "jku", "x5u", "x5c"];
    let app = TestApp::start();
    for (kind, names) in [("claims", &claims[..]), ("headers", &headers)] {
        for name in names {
            sign_in(&app, json!({ kind: { *name: "1" } })).refused(500, "internal_error");
            sign_in(&app, json!({ kind: { "harmless": 1, *name: null } })).refused(500, "internal_error");
        }
    }
    sign_in(&app, json!({ "claims": { "alg": "none", "Sub": "1" }, "headers": { "sub": "1" } })).expect(200);
    for name in claims {
        let app = TestApp::with(|bridge| bridge.extra_claims(move |_| map(json!({ name: "1" }))));
        sign_in(&app, json!({})).refused(500, "internal_error");
    }
    for name in headers {
        let app = TestApp::with(|bridge| bridge.extra_headers(move |_| map(json!({ name: "none" }))));
        sign_in(&app, json!({})).refused(500, "internal_error");
    }
}

/// Names and values are written as JSON: no text in them can close the object and begin another.
#[test]
fn extra_claims_are_data() {
    let app = TestApp::start();
    let name = r#"a","sub":"1","b"#;
    let pair = sign_in(&app, json!({ "claims": { name: r#"","sub":"1"#, "": 1e308, "\u{0}": "\u{2028}" } }));
    let pair = pair.expect(200).pair();
    let user = Anonymous(&app).call("GET", "/who_am_i").bearer(&pair.access).send().expect(200).json();
    assert_eq!(user["id"], 2);
    let claims = app.bridge.decode_token(&pair.access).expect("a token");
    assert_eq!((&*claims.sub, &claims.all[name]), ("2", &json!(r#"","sub":"1"#)));
}

#[test]
fn no_token_is_issued_that_is_too_long_to_be_read() {
    let app = TestApp::start();
    for kind in ["claims", "headers"] {
        let fits = sign_in(&app, json!({ kind: { "x": "x".repeat(5500) } })).expect(200).pair();
        assert!(fits.access.len() > 7500, "{}", fits.access.len());
        let body = json!({ "access_token": fits.access });
        Anonymous(&app).post_json("/who_am_i", &body).expect(200);
        assert!(refreshed(&app, &fits).access.len() < 500, "an argument does not outlive its tokens");
        sign_in(&app, json!({ kind: { "x": "x".repeat(6200) } })).refused(500, "internal_error");
        sign_in(&app, json!({ kind: { "x": "x".repeat(100_000) } })).refused(500, "internal_error");
    }
}

#[test]
fn an_access_token_lives_as_long_as_it_is_told_and_no_longer_than_its_login() {
    let app = TestApp::start();
    let answer = sign_in(&app, json!({ "expires_in": 60 })).expect(200);
    assert_eq!(answer.json()["expires_in"], 60);
    let pair = answer.pair();
    assert_eq!(read(&pair.access).1["exp"], START + 60);
    assert_eq!(read(&pair.refresh).1["exp"], START + 30 * 86400, "the refresh token is as ever");
    app.advance(60 + 4);
    Anonymous(&app).call("GET", "/who_am_i").bearer(&pair.access).send().expect(200);
    app.advance(1);
    Anonymous(&app).call("GET", "/who_am_i").bearer(&pair.access).send().refused(401, "token_expired");
    sign_in(&app, json!({ "expires_in": 0 })).refused(500, "internal_error");
    let long = sign_in(&app, json!({ "expires_in": u64::MAX })).expect(200).json();
    assert_eq!(long["expires_in"], 30 * 86400, "as long as the login");
}

#[test]
fn nbf_can_be_left_out() {
    let with = TestApp::start();
    assert_eq!(read(&Anonymous(&with).token_login("panther").access).1["nbf"], START);
    let without = TestApp::with(|bridge| bridge.encode_nbf(false));
    let pair = Anonymous(&without).token_login("panther");
    for token in [&pair.access, &refreshed(&without, &pair).refresh] {
        assert!(read(token).1.get("nbf").is_none());
    }
    Anonymous(&without).call("GET", "/who_am_i").bearer(&pair.access).send().expect(200);
    // `iat` still keeps it from the past.
    without.advance(-6);
    Anonymous(&without).call("GET", "/who_am_i").bearer(&pair.access).send().refused(401, "token_invalid");
}

#[test]
fn audiences_and_issuers_can_be_several() {
    let world = World::default();
    let app =
        |configure: fn(tollbridge::BridgeBuilder) -> tollbridge::BridgeBuilder| TestApp::over(world.clone(), configure);
    let outcome = |app: &TestApp, token: &str| Anonymous(app).call("GET", "/who_am_i").bearer(token).send().outcome();
    let several = app(|bridge| bridge.audiences(["shop", "blog"]));
    let token = Anonymous(&several).token_login("panther").access;
    assert_eq!(read(&token).1["aud"], json!(["shop", "blog"]));
    assert_eq!(outcome(&several, &token).0, 200);
    for (audience, good) in
        [("shop", true), ("blog", true), ("tollbridge", false), ("sho", false), ("shop,blog", false)]
    {
        let one = TestApp::over(world.clone(), |bridge| bridge.audience(audience));
        assert_eq!(outcome(&one, &token).0 == 200, good, "{audience}");
        let also = TestApp::over(world.clone(), |bridge| bridge.accept_audience(audience));
        assert_eq!(outcome(&also, &token).0 == 200, good, "{audience}");
        assert_eq!(read(&Anonymous(&also).token_login("panther").access).1["aud"], "tollbridge");
    }
    let renamed = app(|bridge| bridge.issuer("new"));
    let old = Anonymous(&app(|bridge| bridge)).token_login("panther").access;
    assert_eq!(outcome(&renamed, &old), (401, "token_invalid".to_owned()));
    let renamed = app(|bridge| bridge.issuer("new").accept_issuer("tollbridge").accept_issuer("older"));
    assert_eq!(outcome(&renamed, &old).0, 200);
    assert_eq!(read(&Anonymous(&renamed).token_login("panther").access).1["iss"], "new");
    let none = world.bridge().audiences(Vec::<String>::new()).build();
    assert!(matches!(none, Err(BuildError::NoAudience)));
}

#[test]
fn tokens_can_be_looked_into_outside_a_request() {
    let app = TestApp::start();
    let pair = sign_in(&app, json!({ "claims": { "role": "cat" }, "headers": { "tenant": "t" } })).expect(200).pair();
    let (header, claims) = read(&pair.access);
    let decoded = app.bridge.decode_token(&pair.access).expect("a token");
    assert_eq!(
        (decoded.jti.as_deref(), &*decoded.sub, &decoded.all["role"]),
        (claims["jti"].as_str(), "2", &json!("cat"))
    );
    assert_eq!(decoded.csrf(), None, "no cookie, no double submit");
    assert_eq!(app.bridge.decode_token(&pair.refresh).expect("a refresh token").all["type"], "refresh");
    assert_eq!(Value::Object(Bridge::unverified_headers(&pair.access).expect("a header")), header);

    app.advance(900 + 5);
    assert!(matches!(app.bridge.decode_token(&pair.access), Err(AuthError::TokenExpired)));
    assert_eq!(app.bridge.decode_expired_token(&pair.access).expect("a token").sub, "2");
    // Nothing but the time is overlooked.
    let foreign = TestApp::with(|bridge| bridge.audience("others"));
    let foreign = Anonymous(&foreign).token_login("panther").access;
    for bridge in [Bridge::decode_token, Bridge::decode_expired_token] {
        let refused = bridge(&app.bridge, &foreign);
        assert!(matches!(refused, Err(AuthError::TokenInvalid(TokenFault::Audience))), "{refused:?}");
        let mut forged = pair.access.clone();
        forged.replace_range(
            forged.len() - 6..forged.len() - 5,
            if forged.as_bytes()[forged.len() - 6] == b'A' { "B" } else { "A" },
        );
        assert!(matches!(bridge(&app.bridge, &forged), Err(AuthError::TokenInvalid(TokenFault::Signature))));
    }
    let encoded = |header: &str| format!("{}.e30.x", URL_SAFE_NO_PAD.encode(header));
    let header_is = |why| TokenFault::Malformed { part: TokenPart::Header, why };
    for (text, fault) in [
        (String::new(), TokenFault::Segments),
        ("junk".to_owned(), TokenFault::Segments),
        ("a.b.c.d".to_owned(), TokenFault::Segments),
        ("=.b.c".to_owned(), header_is(Malformation::Base64)),
        (encoded("[]"), header_is(Malformation::NotAnObject)),
        (encoded(r#"{"alg":"none","alg":"none"}"#), header_is(Malformation::RepeatedName)),
        ("x".repeat(9000), TokenFault::TooLong),
    ] {
        let refused = Bridge::unverified_headers(&text);
        assert!(matches!(&refused, Err(AuthError::TokenInvalid(found)) if *found == fault), "{text}: {refused:?}");
    }
    let none = Bridge::unverified_headers(&encoded(r#"{"alg":"none"}"#)).expect("a header");
    assert_eq!(none["alg"], "none", "nothing of it is judged");
}

#[test]
fn a_lifetime_is_in_whole_seconds() {
    let app = TestApp::with(|bridge| bridge.access_ttl(Duration::from_millis(61_999)));
    assert_eq!(sign_in(&app, json!({})).expect(200).json()["expires_in"], 61);
}

/// What a page has to repeat beside a token in a cookie must be nobody's guess, and another for every token.
#[test]
fn tokens_for_cookies_carry_a_value_for_the_double_submit() {
    let in_cookies = |cookies: TokenCookies| {
        let locations = TokenLocations::new(&[CredentialLocation::Header, CredentialLocation::Cookie]).cookies(cookies);
        TestApp::with(|bridge| bridge.token_locations(locations))
    };
    let app = in_cookies(TokenCookies::default());
    let first = Anonymous(&app).token_login("panther");
    let (next, raced, second) =
        (refreshed(&app, &first), refreshed(&app, &first), Anonymous(&app).token_login("panther"));
    assert_eq!(next.refresh, raced.refresh, "racers still get one successor");
    let tokens = [&first, &next, &raced, &second].map(|pair| [&pair.access, &pair.refresh]).concat();
    let mut seen = std::collections::BTreeSet::new();
    for token in tokens {
        let csrf = read(token).1["csrf"].as_str().expect("csrf").to_owned();
        assert_eq!(URL_SAFE_NO_PAD.decode(&csrf).expect("base64url").len(), 16);
        let claims = app.bridge.decode_token(token).expect("a token");
        assert_eq!(claims.csrf(), Some(&*csrf));
        assert_ne!(claims.jti.as_deref(), Some(&*csrf), "the id is no secret");
        assert!(!format!("{claims:?}").contains(&csrf), "{claims:?}");
        seen.insert(csrf);
    }
    assert_eq!(seen.len(), 7, "all differ but those of the racers");
    let without = in_cookies(TokenCookies::default().double_submit(false));
    assert!(read(&Anonymous(&without).token_login("panther").access).1.get("csrf").is_none());
}

/// The successor of a token in a cookie says what the first one said, but what a hook says is said anew.
#[test]
fn a_renewed_token_keeps_what_it_was_given_and_asks_the_hooks_again() {
    let level = Arc::new(AtomicUsize::new(1));
    let now = level.clone();
    let app = TestApp::with(|bridge| {
        bridge
            .token_locations(TokenLocations::new(&[CredentialLocation::Header, CredentialLocation::Cookie]))
            .implicit_refresh(Duration::from_secs(300))
            .extra_claims(move |_| map(json!({ "level": now.load(Ordering::SeqCst) })))
    });
    let wishes = json!({ "claims": { "cart": [1] }, "headers": { "tenant": "t" } });
    let first = sign_in(&app, wishes).expect(200).pair().access;
    app.advance(601);
    level.store(2, Ordering::SeqCst);
    let cookie = format!("tollbridge_access={first}");
    let answer = Anonymous(&app).call("GET", "/how").header("cookie", &cookie).send().expect(200);
    let set = answer.set_cookies().into_iter().find_map(|set| set.strip_prefix("tollbridge_access="));
    let renewed = set.and_then(|set| set.split(';').next()).expect("a cookie");
    let (header, claims) = read(renewed);
    assert_eq!((&claims["cart"], &claims["level"], &header["tenant"]), (&json!([1]), &json!(2), &json!("t")));
    assert_eq!((&claims["iat"], &claims["fresh"]), (&json!(START + 601), &json!(false)));
    assert_eq!(claims["sid"], read(&first).1["sid"]);
    Anonymous(&app).call("GET", "/who_am_i").bearer(renewed).send().expect(200);
}
