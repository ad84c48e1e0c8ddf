//! Hooks: what the application decides about tokens, and what no hook can be talked into.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tollbridge::{Algorithm, Claims, StoreError, TokenBlocklist, TokenKey, TokenType};

use crate::app::{TestApp, World};
use crate::clients::{Anonymous, Answer, Client, Pair};
use crate::store::CAUSE;

const RSA_PUBLIC: &[u8] = include_bytes!("../fixtures/rsa2048_public.pem");
const RSA: &[u8] = include_bytes!("../fixtures/rsa2048.pem");

/// A list that a test writes and breaks, and that counts how often it is asked.
#[derive(Clone, Default)]
pub(crate) struct List(Arc<Mutex<ListState>>);

#[derive(Default)]
struct ListState {
    revoked: BTreeSet<String>,
    down: bool,
    asked: Vec<(TokenType, String)>,
}

impl List {
    pub(crate) fn revoke(&self, token: &str) {
        let jti = read(token)["jti"].as_str().expect("jti").to_owned();
        self.0.lock().expect("no test panics while it holds this").revoked.insert(jti);
    }

    pub(crate) fn set_down(&self, down: bool) {
        self.0.lock().expect("no test panics while it holds this").down = down;
    }

    pub(crate) fn take_asked(&self) -> Vec<(TokenType, String)> {
        std::mem::take(&mut self.0.lock().expect("no test panics while it holds this").asked)
    }
}

impl TokenBlocklist for List {
    async fn is_revoked(&self, token: &Claims) -> Result<bool, StoreError> {
        let mut state = self.0.lock().expect("no test panics while it holds this");
        let jti = token.jti.clone().expect("our tokens have one");
        state.asked.push((token.token_type, token.header["alg"].as_str().unwrap_or_default().to_owned()));
        if state.down { Err(StoreError::new(CAUSE)) } else { Ok(state.revoked.contains(&jti)) }
    }
}

fn read(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64url")).expect("JSON")
}

fn present(app: &TestApp, token: &str) -> Answer {
    Anonymous(app).call("GET", "/who_am_i").bearer(token).send()
}

fn refresh(app: &TestApp, pair: &Pair) -> Answer {
    Anonymous(app).call("POST", "/refresh").bearer(&pair.refresh).send()
}

fn key(name: &str) -> TokenKey {
    TokenKey::hs256(format!("the secret of tenant {name}, of which nobody knows").as_bytes()).expect("a key")
}

fn forged(header: Value, claims: &Value, tag: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let message =
        format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
    let tag = tag(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
}

fn hs256(secret: &[u8]) -> impl FnOnce(&[u8]) -> Vec<u8> {
    move |message| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message).as_ref().to_vec()
}

#[test]
fn a_revoked_token_is_refused_at_once_and_the_rest_of_its_login_is_not() {
    let list = List::default();
    let app = TestApp::with(|bridge| bridge.token_blocklist(list.clone()));
    let pair = Anonymous(&app).token_login("panther");
    let other = Anonymous(&app).token_login("panther");
    for _ in 0..3 {
        present(&app, &pair.access).expect(200);
    }
    assert_eq!(list.take_asked(), vec![(TokenType::Access, "HS256".to_owned()); 3], "every request asks");
    list.revoke(&pair.access);
    // The workers know the token from before.
    for _ in 0..4 {
        present(&app, &pair.access).refused(401, "token_revoked");
    }
    Anonymous(&app).call("GET", "/maybe").bearer(&pair.access).send().refused(401, "token_revoked");
    present(&app, &other.access).expect(200);
    let next = refresh(&app, &pair).expect(200).pair();
    present(&app, &next.access).expect(200);
    list.revoke(&next.refresh);
    let calls = app.store().take_calls();
    refresh(&app, &next).refused(401, "token_revoked");
    assert!(!app.store().take_calls().contains_key("rotate_refresh"), "{calls:?}");
    assert!(list.take_asked().contains(&(TokenType::Refresh, "HS256".to_owned())));
    // A handler that asks for nobody asks the list for nothing.
    Anonymous(&app).call("GET", "/never-asks").bearer(&pair.access).send().expect(200);
    assert_eq!(list.take_asked(), []);
}

#[test]
fn a_list_that_is_down_blocks_nobody_in_and_nobody_out() {
    let list = List::default();
    let app = TestApp::with(|bridge| bridge.token_blocklist(list.clone()));
    let pair = Anonymous(&app).token_login("panther");
    list.revoke(&pair.access);
    list.set_down(true);
    for path in ["/who_am_i", "/maybe", "/claims", "/how"] {
        let answer = Anonymous(&app).call("GET", path).bearer(&pair.access).send().refused(503, "store_unavailable");
        assert!(!answer.text().contains(CAUSE));
    }
    app.store().take_calls();
    refresh(&app, &pair).refused(503, "store_unavailable");
    assert!(!app.store().take_calls().contains_key("rotate_refresh"), "the token is not used up");
    list.set_down(false);
    present(&app, &pair.access).refused(401, "token_revoked");
    refresh(&app, &pair).expect(200);
}

#[test]
fn a_route_can_leave_the_list_out_but_not_the_claims() {
    let list = List::default();
    let app = TestApp::with(|bridge| bridge.token_blocklist(list.clone()).check_claims(|token| token.sub != "1"));
    let (pair, batman) = (Anonymous(&app).token_login("panther"), Anonymous(&app).token_login("batman"));
    list.revoke(&pair.access);
    list.set_down(true);
    let even_revoked = |token: &str| Anonymous(&app).call("GET", "/even-revoked").bearer(token).send();
    for _ in 0..3 {
        even_revoked(&pair.access).expect(200);
    }
    assert_eq!(list.take_asked(), []);
    present(&app, &pair.access).refused(503, "store_unavailable");
    even_revoked(&batman.access).refused(401, "token_invalid");
    list.set_down(false);
    present(&app, &pair.access).refused(401, "token_revoked");
}

#[test]
fn a_revoked_token_signs_its_own_login_out_and_no_other() {
    let list = List::default();
    let app = TestApp::with(|bridge| bridge.token_blocklist(list.clone()));
    let (pair, other) = (Anonymous(&app).token_login("panther"), Anonymous(&app).token_login("panther"));
    let logout =
        |token: &str, scope: &str| Anonymous(&app).call("POST", &format!("/logout?scope={scope}")).bearer(token).send();
    list.revoke(&pair.access);
    for scope in ["all", "others"] {
        logout(&pair.access, scope).refused(401, "token_revoked");
        list.set_down(true);
        logout(&pair.access, scope).refused(503, "store_unavailable");
        list.set_down(false);
    }
    present(&app, &other.access).expect(200);
    logout(&pair.access, "this").expect(204);
    refresh(&app, &pair).refused(401, "login_ended");
    present(&app, &other.access).expect(200);
    logout(&other.access, "all").expect(204);
    present(&app, &other.access).refused(401, "login_ended");
}

#[test]
fn only_verified_tokens_reach_the_list() {
    let list = List::default();
    let app = TestApp::with(|bridge| bridge.token_blocklist(list.clone()));
    let pair = Anonymous(&app).token_login("panther");
    for token in ["junk", &format!("{}x", pair.access), &pair.refresh] {
        assert_eq!(present(&app, token).status, 401);
    }
    app.advance(906);
    present(&app, &pair.access).refused(401, "token_expired");
    assert_eq!(list.take_asked(), []);
}

#[test]
fn claims_are_checked_after_the_list_in_every_request() {
    let list = List::default();
    let (blocked_too, checks) = (list.clone(), Arc::new(AtomicUsize::new(0)));
    let seen = checks.clone();
    let app = TestApp::with(|bridge| {
        bridge.token_blocklist(list.clone()).check_claims(move |token| {
            seen.fetch_add(1, Ordering::SeqCst);
            token.get("sub") != Some(&json!("1"))
        })
    });
    let (good, bad) = (Anonymous(&app).token_login("panther"), Anonymous(&app).token_login("batman"));
    for _ in 0..3 {
        present(&app, &good.access).expect(200);
        let refused = present(&app, &bad.access).refused(401, "token_invalid");
        assert_eq!(refused.all("www-authenticate"), r#"Bearer error="invalid_token""#);
    }
    assert_eq!(checks.load(Ordering::SeqCst), 6);
    refresh(&app, &bad).refused(401, "token_invalid");
    blocked_too.revoke(&bad.access);
    let before = checks.load(Ordering::SeqCst);
    present(&app, &bad.access).refused(401, "token_revoked");
    assert_eq!(checks.load(Ordering::SeqCst), before);
    // Browsers have no claims.
    let (browser, _) = crate::clients::Browser::signed_in(&app, "batman", false);
    browser.get("/who_am_i").expect(200);
}

/// Each user's tokens are signed with a key of their own, which can be taken away.
#[derive(Clone, Default)]
struct Keys(Arc<Mutex<BTreeMap<String, TokenKey>>>);

impl Keys {
    fn of(&self, id: &str) -> Option<TokenKey> {
        self.0.lock().expect("no test panics while it holds this").get(id).cloned()
    }

    fn set(&self, id: &str, key: Option<TokenKey>) {
        let mut keys = self.0.lock().expect("no test panics while it holds this");
        match key {
            Some(key) => drop(keys.insert(id.to_owned(), key)),
            None => drop(keys.remove(id)),
        }
    }

    fn app(&self, world: &World) -> TestApp {
        let (signing, verifying) = (self.clone(), self.clone());
        TestApp::over(world.clone(), |bridge| {
            bridge
                .signing_key_for(move |identity| signing.of(identity))
                .verifying_key_for(move |_, claims| verifying.of(claims.get("sub")?.as_str()?))
        })
    }
}

#[test]
fn a_key_for_each_user_signs_and_verifies_until_it_is_gone() {
    let (world, keys) = (World::default(), Keys::default());
    keys.set("2", Some(key("panther")));
    let app = keys.app(&world);
    let (own, usual) = (Anonymous(&app).token_login("panther"), Anonymous(&app).token_login("batman"));
    assert_eq!(tollbridge::Bridge::unverified_headers(&own.access).expect("a header")["kid"], key("panther").id());
    for _ in 0..4 {
        present(&app, &own.access).expect(200);
        present(&app, &usual.access).expect(200);
    }
    let next = refresh(&app, &own).expect(200).pair();
    // Both workers have seen these tokens; that does not keep them alive.
    keys.set("2", None);
    for _ in 0..4 {
        present(&app, &own.access).refused(401, "token_invalid");
        refresh(&app, &next).refused(401, "token_invalid");
        present(&app, &usual.access).expect(200);
    }
    keys.set("2", Some(key("another one")));
    present(&app, &own.access).refused(401, "token_invalid");
    keys.set("2", Some(key("panther")));
    present(&app, &own.access).expect(200);
    refresh(&app, &next).expect(200);
    // The bridge without the hook knows none of them.
    let plain = TestApp::over(world, |bridge| bridge);
    present(&plain, &own.access).refused(401, "token_invalid");
}

#[test]
fn one_users_key_makes_no_tokens_of_another() {
    let (world, keys) = (World::default(), Keys::default());
    for (id, name) in [("1", "batman"), ("2", "panther")] {
        keys.set(id, Some(key(name)));
    }
    let app = keys.app(&world);
    let batman = read(&Anonymous(&app).token_login("batman").access);
    let secret = b"the secret of tenant panther, of which nobody knows";
    for kid in [key("panther").id(), key("batman").id(), crate::app::token_key().id(), "", "../../etc/passwd"] {
        let header = json!({ "alg": "HS256", "kid": kid, "typ": "at+jwt" });
        present(&app, &forged(header, &batman, hs256(secret))).refused(401, "token_invalid");
    }
    let mut own = batman.clone();
    own["sub"] = "2".into();
    let header = json!({ "alg": "HS256", "kid": key("panther").id(), "typ": "at+jwt" });
    // Well signed, but for a login that is not theirs.
    present(&app, &forged(header, &own, hs256(secret))).refused(401, "login_ended");
}

#[test]
fn a_key_that_is_found_decides_the_algorithm() {
    let world = World::default();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let app = TestApp::over(world, |bridge| {
        bridge.signing_key_for(|_| TokenKey::from_private_pem(Algorithm::RS256, RSA).ok()).verifying_key_for(
            move |_, _| {
                count.fetch_add(1, Ordering::SeqCst);
                TokenKey::from_public_pem(Algorithm::RS256, RSA_PUBLIC).ok()
            },
        )
    });
    let token = Anonymous(&app).token_login("panther").access;
    present(&app, &token).expect(200);
    let claims = read(&token);
    let kid = TokenKey::from_public_pem(Algorithm::RS256, RSA_PUBLIC).expect("a key").id().to_owned();
    let trimmed = String::from_utf8_lossy(RSA_PUBLIC).trim().to_owned();
    for alg in ["HS256", "HS384", "RS384", "PS256", "none", "rs256", "ES256", "RS256"] {
        for secret in [RSA_PUBLIC, trimmed.as_bytes(), b""] {
            for kid in [&*kid, "anything"] {
                let header = json!({ "alg": alg, "kid": kid, "typ": "at+jwt" });
                present(&app, &forged(header, &claims, hs256(secret))).refused(401, "token_invalid");
            }
        }
    }
    // The right key's own signature under another algorithm's name.
    let private = jsonwebtoken::EncodingKey::from_rsa_pem(RSA).expect("a key");
    let rs256 = |message: &[u8]| {
        let signature = jsonwebtoken::crypto::sign(message, &private, jsonwebtoken::Algorithm::RS256);
        URL_SAFE_NO_PAD.decode(signature.expect("a signature")).expect("base64url")
    };
    for (alg, status) in [("RS256", 200), ("HS256", 401), ("RS384", 401), ("PS256", 401), ("none", 401)] {
        let header = json!({ "alg": alg, "kid": kid, "typ": "at+jwt" });
        assert_eq!(present(&app, &forged(header, &claims, rs256)).status, status, "{alg}");
    }
    // What is no token of ours in the first place is not looked up.
    let before = asked.load(Ordering::SeqCst);
    for header in [
        json!({ "alg": "RS256", "kid": kid, "typ": "JWT" }),
        json!({ "alg": "RS256", "kid": kid }),
        json!({ "alg": "RS256", "typ": "at+jwt" }),
        json!({ "alg": "RS256", "kid": 1, "typ": "at+jwt" }),
        json!({ "alg": "none", "kid": kid, "typ": "at+jwt" }),
        json!({ "alg": "RS256", "kid": kid, "typ": "at+jwt", "crit": ["b64"] }),
    ] {
        present(&app, &forged(header, &claims, |_| vec![0; 256])).refused(401, "token_invalid");
    }
    let long = json!({ "alg": "RS256", "kid": "k".repeat(8192), "typ": "at+jwt" });
    Anonymous(&app)
        .post_json("/who_am_i", &json!({ "access_token": forged(long, &claims, |_| vec![0; 256]) }))
        .refused(401, "token_invalid");
    assert_eq!(asked.load(Ordering::SeqCst), before);
}

#[test]
fn a_key_that_is_found_must_be_able_to_sign() {
    let app = TestApp::with(|bridge| {
        bridge.signing_key_for(|_| TokenKey::from_public_pem(Algorithm::RS256, RSA_PUBLIC).ok())
    });
    let form = json!({ "username": "panther", "password": crate::app::PASSWORD });
    Anonymous(&app).post_json("/login", &form).refused(500, "internal_error");
}

/// The bridge's own keys come first: a hook cannot be asked for a key that is there.
#[test]
fn the_bridges_own_keys_are_not_the_hooks_business() {
    let app = TestApp::with(|bridge| bridge.verifying_key_for(|_, _| Some(key("an attacker"))));
    let token = Anonymous(&app).token_login("panther").access;
    present(&app, &token).expect(200);
    // Headers as we write them, and such as we do not.
    for more in [json!({}), json!({ "x": 1 })] {
        let mut header = json!({ "alg": "HS256", "kid": crate::app::token_key().id(), "typ": "at+jwt" });
        header.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let secret = b"the secret of tenant an attacker, of which nobody knows";
        present(&app, &forged(header.clone(), &read(&token), hs256(secret))).refused(401, "token_invalid");
        present(&app, &forged(header, &read(&token), hs256(crate::app::TOKEN_SECRET))).expect(200);
    }
}

/// A mistake of the application must not cost its users their logins.
#[test]
fn a_hook_that_goes_wrong_uses_up_no_refresh_token() {
    let wrong = Arc::new(AtomicUsize::new(0));
    let is_wrong = wrong.clone();
    let app = TestApp::with(|bridge| {
        bridge.extra_claims(move |_| {
            let name = if is_wrong.load(Ordering::SeqCst) == 1 { "sub" } else { "role" };
            json!({ name: "1" }).as_object().expect("an object").clone()
        })
    });
    let pair = Anonymous(&app).token_login("panther");
    wrong.store(1, Ordering::SeqCst);
    for _ in 0..3 {
        refresh(&app, &pair).refused(500, "internal_error");
        app.advance(60);
    }
    wrong.store(0, Ordering::SeqCst);
    let next = refresh(&app, &pair).expect(200).pair();
    assert_eq!(read(&next.access)["role"], "1");
}
