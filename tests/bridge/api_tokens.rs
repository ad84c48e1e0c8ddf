//! API tokens: a third face of the same kind.

use std::time::Duration;

use actix_web::rt::System;
use serde_json::{Value, json};
use tollbridge::CredentialLocation::{Cookie, Header, Json, Query};
use tollbridge::store::memory::MemoryStore;
use tollbridge::{
    Act, ApiTokenStore as _, AuthError, AuthEvent, IssuedApiToken, NewApiToken, TokenCookies, TokenLocations,
};

use crate::app::{PASSWORD, START, TestApp};
use crate::clients::{Anonymous, Answer, Browser, Client, Token};

/// An application with API tokens, and their store.
pub(crate) fn app() -> (TestApp, MemoryStore) {
    let tokens = MemoryStore::default();
    let app = TestApp::with(|bridge| bridge.api_tokens(tokens.clone()).login_view("/login"));
    (app, tokens)
}

pub(crate) fn issue(app: &TestApp, username: &str, new: NewApiToken) -> IssuedApiToken {
    let user = app.world.users.by_name(username).expect("a user");
    System::new().block_on(app.bridge.create_api_token(&user, new, &Act::of_application())).expect("a token")
}

fn panthers(app: &TestApp) -> String {
    issue(app, "panther", NewApiToken::named("backup")).into_text()
}

fn get(app: &TestApp, path: &str, token: &str) -> Answer {
    Token(app, token.to_owned()).get(path)
}

#[test]
fn every_extractor_accepts_it_and_it_is_silent() {
    let (app, _) = app();
    let token = panthers(&app);
    for path in ["/who_am_i", "/maybe", "/token", "/any"] {
        let answer = get(&app, path, &token).expect(200);
        assert_eq!(answer.json()["id"], 2, "{path}");
        assert!(answer.set_cookies().is_empty(), "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
    let how = get(&app, "/how", &token).expect(200).json();
    let expected = json!({
        "identity": "2",
        "login_id": null,
        "via": "api_token",
        "location": "header",
        "fresh": false,
        "auth_time": START,
        "amr": "",
        "expires_at": null,
    });
    assert_eq!(how, expected);
    get(&app, "/fresh", &token).refused(401, "reauth_required");
    get(&app, "/fresh-token", &token).refused(401, "reauth_required");
    get(&app, "/browser", &token).refused(400, "credential_conflict");
    get(&app, "/claims", &token).refused(400, "credential_conflict");
    assert_eq!(get(&app, "/freshness", &token).expect(200).json()["fresh"], false);
    let client = Token(&app, token);
    client.post("/refresh").refused(401, "token_wrong_type");
    client.post("/confirm").refused(400, "credential_conflict");
    client
        .post_json("/login", &json!({ "username": "panther", "password": PASSWORD }))
        .refused(400, "credential_conflict");
    // Beside a cookie it decides, and no session is touched.
    let browser = Browser::new(&app);
    browser.sign_in("batman", false);
    app.store().take_calls();
    let both = browser.call("GET", "/who_am_i").bearer(&client.1).send().expect(200);
    assert_eq!(both.json()["id"], 2);
    assert_eq!(app.store().take_calls().into_keys().collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn it_is_found_where_access_tokens_are_found_but_in_no_cookie() {
    let tokens = MemoryStore::default();
    let everywhere = TokenLocations::new(&[Header, Json, Query, Cookie]).cookies(TokenCookies::default());
    let app = TestApp::with(|bridge| bridge.api_tokens(tokens).token_locations(everywhere));
    let token = panthers(&app);
    let anonymous = Anonymous(&app);
    assert_eq!(anonymous.post_json("/how", &json!({ "access_token": token })).expect(200).json()["location"], "json");
    assert_eq!(anonymous.get(&format!("/how?access_token={token}")).expect(200).json()["location"], "query");
    let by_cookie = |method: &str, name: &str| {
        let cookie = format!("{name}={token}");
        anonymous.call(method, "/who_am_i").header("cookie", cookie).header("sec-fetch-site", "same-origin").send()
    };
    by_cookie("GET", "tollbridge_access").refused(401, "token_invalid");
    by_cookie("POST", "tollbridge_access").refused(401, "token_invalid");
    // A cookie of no declared name is nothing at all.
    by_cookie("GET", "tollbridge_session").refused(401, "login_required");
}

#[test]
fn where_it_is_not_read_the_refusal_says_so() {
    let (app, _) = app();
    let token = panthers(&app);
    let anonymous = Anonymous(&app);
    let basic = |text: &str| format!("Basic {}", base64(text));
    let calls = || {
        [
            ("the query", anonymous.call("POST", &format!("/who_am_i?access_token={token}"))),
            (
                "`authorization`",
                anonymous.call("POST", "/who_am_i").header("authorization", basic(&format!("x:{token}"))),
            ),
            ("`x-api-key`", anonymous.call("POST", "/who_am_i").header("x-api-key", &token)),
            ("the body", anonymous.call("POST", "/who_am_i").json(&json!({ "api_token": token }))),
            (
                "the body",
                anonymous.call("POST", "/who_am_i").body("application/x-www-form-urlencoded", format!("t={token}")),
            ),
        ]
    };
    for (place, call) in calls() {
        let detail = call.send().refused(401, "login_required").json()["detail"].to_string();
        assert!(detail.contains(place) && !detail.contains("tbt_"), "{place}: {detail}");
    }
    // Nor is it "nothing" to a logout.
    anonymous.call("POST", "/logout").header("x-api-key", &token).send().refused(400, "invalid_request");
    get(&app, "/who_am_i", &token).expect(200);
    // Something that only begins like one is somebody else's.
    let other = anonymous.call("POST", "/logout").header("x-api-key", "tbt_something_of_somebody_else").send();
    other.expect(204);
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[test]
fn a_forged_one_is_refused_without_a_look_up_or_a_hint() {
    let (app, _) = app();
    let mine = panthers(&app);
    let other = issue(&app, "batman", NewApiToken::named("x")).into_text();
    app.world.users.take_finds();
    // Well-formed to nobody: the checksum does not hold.
    let mut tampered: Vec<String> = (0..mine.len()).map(|place| flipped(&mine, place)).collect();
    tampered.extend([
        mine[..60].to_owned(),
        format!("{mine}0"),
        mine.to_uppercase(),
        "tbt_".to_owned(),
        mine.replace('_', "-"),
    ]);
    for text in &tampered {
        get(&app, "/who_am_i", text).refused(401, "token_invalid");
    }
    assert_eq!(app.world.users.take_finds(), 0, "nobody is looked up for a token that is none");
    // With a checksum that holds, and the id of another token or of none: all the same answer.
    let unknown = reseal(&format!("tbt_{}_{}", "0".repeat(16), &mine[21..61]));
    let of_other = reseal(&format!("{}_{}", &other[..20], &mine[21..61]));
    let guessed = reseal(&format!("{}_{}", &mine[..20], "0".repeat(40)));
    let answers: Vec<_> = [unknown, of_other, guessed].iter().map(|text| get(&app, "/who_am_i", text)).collect();
    for answer in answers {
        assert_eq!(answer.outcome(), (401, "token_invalid".to_owned()));
        assert_eq!(answer.json()["detail"], "The token is not valid. Sign in again.");
        assert_eq!(answer.header("www-authenticate"), r#"Bearer error="invalid_token""#);
    }
    get(&app, "/who_am_i", &mine).expect(200);
}

fn flipped(text: &str, place: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes[place] = if bytes[place] == b'a' { b'b' } else { b'a' };
    String::from_utf8(bytes).expect("ASCII")
}

/// A token with a checksum that holds, as anybody can make it.
fn reseal(message: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut crc = u32::MAX;
    for byte in message.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    let (mut rest, mut digits) = (!crc, Vec::new());
    for _ in 0..6 {
        digits.insert(0, DIGITS[(rest % 62) as usize]);
        rest /= 62;
    }
    format!("{message}{}", String::from_utf8(digits).expect("ASCII"))
}

#[test]
fn its_end_is_final_and_only_its_holder_learns_of_it() {
    let (app, tokens) = app();
    let lasting = Duration::from_secs(60);
    let issued = issue(&app, "panther", NewApiToken::named("short").expires_in(lasting));
    let text = issued.text().to_owned();
    app.advance(59);
    get(&app, "/who_am_i", &text).expect(200);
    app.advance(1);
    get(&app, "/who_am_i", &text).refused(401, "token_expired");
    // Whoever only knows the id learns nothing.
    let guessed = reseal(&format!("{}_{}", &text[..20], "0".repeat(40)));
    get(&app, "/who_am_i", &guessed).refused(401, "token_invalid");

    let text = panthers(&app);
    let change = |change: fn(&mut crate::store::User)| app.world.users.change(2, change);
    change(|user| user.active = false);
    get(&app, "/who_am_i", &text).refused(401, "user_disabled");
    change(|user| user.active = true);
    get(&app, "/who_am_i", &text).expect(200);
    change(|user| user.epoch += 1);
    get(&app, "/who_am_i", &text).refused(401, "token_revoked");
    change(|user| user.epoch -= 1);
    let list = || {
        let user = app.world.users.by_name("panther").expect("a user");
        System::new().block_on(app.bridge.api_tokens_of(&user)).expect("a list").len()
    };
    assert_eq!(list(), 1, "an expired one is not listed");
    change(|user| user.epoch += 1);
    assert_eq!(list(), 0, "one of an earlier epoch is not listed");
    change(|user| user.epoch -= 1);
    assert_eq!(
        System::new().block_on(app.bridge.revoke_api_tokens_of("2", &Act::of_application())).expect("an answer"),
        2
    );
    get(&app, "/who_am_i", &text).refused(401, "token_revoked");
    assert_eq!(System::new().block_on(tokens.api_tokens_of("2")).expect("a list"), Vec::new());
    app.world.users.delete(2);
    let issued = issue(&app, "batman", NewApiToken::named("x"));
    get(&app, "/who_am_i", issued.text()).expect(200);
    app.world.users.delete(1);
    get(&app, "/who_am_i", issued.text()).refused(401, "user_not_found");
}

#[test]
fn two_tokens_are_refused_as_ever() {
    let (app, _) = app();
    let (one, other) = (panthers(&app), panthers(&app));
    let access = Anonymous(&app).token_login("panther").access;
    for (first, second) in [(&one, &other), (&one, &access), (&access, &one)] {
        let anonymous = Anonymous(&app);
        let call = anonymous.call("POST", "/who_am_i").bearer(first).json(&json!({ "access_token": second }));
        call.send().refused(400, "invalid_request");
    }
    let anonymous = Anonymous(&app);
    let same = anonymous.call("POST", "/who_am_i").bearer(&one).json(&json!({ "access_token": one }));
    same.send().expect(200);
}

#[test]
fn signing_out_with_it_revokes_it_alone() {
    let (app, _) = app();
    let (text, other) = (panthers(&app), panthers(&app));
    let client = Token(&app, text.clone());
    for scope in ["others", "all"] {
        client.post(&format!("/logout?scope={scope}")).refused(400, "credential_conflict");
    }
    client.get("/who_am_i").expect(200);
    Token(&app, flipped(&text, 30)).post("/logout").refused(401, "token_invalid");
    client.post("/logout").expect(204);
    client.get("/who_am_i").refused(401, "token_revoked");
    get(&app, "/who_am_i", &other).expect(200);
    // The logout of a login ends none, that of all ends all.
    let pair = |app: &TestApp| Anonymous(app).token_login("panther");
    Token(&app, pair(&app).access).post("/logout").expect(204);
    get(&app, "/who_am_i", &other).expect(200);
    Token(&app, pair(&app).access).post("/logout?scope=all").expect(204);
    get(&app, "/who_am_i", &other).refused(401, "token_revoked");
}

/// The login that signs out everywhere is live until the end, and may make a token meanwhile.
#[test]
fn one_that_is_made_during_the_logout_of_everything_is_revoked() {
    let (app, _) = app();
    let client = Token(&app, Anonymous(&app).token_login("panther").access);
    app.store().take_calls();
    app.store().hold(&["end"]);
    let text = std::thread::scope(|scope| {
        let logout = scope.spawn(|| client.post("/logout?scope=all").expect(204));
        app.store().wait_for_start("end");
        let text = client.post("/new-api-token").expect(201).text();
        get(&app, "/who_am_i", &text).expect(200);
        app.store().hold(&[]);
        app.store().release(1);
        logout.join().expect("no panic");
        text
    });
    get(&app, "/who_am_i", &text).refused(401, "token_revoked");
}

#[test]
fn its_last_use_is_noted_once_a_minute() {
    let (app, tokens) = app();
    let issued = issue(&app, "panther", NewApiToken::named("backup"));
    let last_used = || {
        let found = System::new().block_on(tokens.find_api_token(&issued.record().id)).expect("an answer");
        found.expect("a token").last_used_at
    };
    assert_eq!(last_used(), None);
    for (seconds, noted) in [(5, START + 5), (59, START + 5), (1, START + 65)] {
        app.advance(seconds);
        get(&app, "/who_am_i", issued.text()).expect(200);
        assert_eq!(last_used(), Some(noted));
    }
    // A refused request uses nothing.
    app.advance(600);
    get(&app, "/fresh", issued.text()).refused(401, "reauth_required");
    get(&app, "/never-asks", issued.text()).expect(200);
    get(&app, "/who_am_i", &reseal(&format!("{}_{}", &issued.text()[..20], "0".repeat(40))))
        .refused(401, "token_invalid");
}

#[test]
fn without_a_store_it_is_any_text() {
    let app = TestApp::start();
    let user = app.world.users.by_name("panther").expect("a user");
    let refused =
        System::new().block_on(app.bridge.create_api_token(&user, NewApiToken::named("x"), &Act::of_application()));
    match refused {
        Err(AuthError::Misconfigured(how)) => assert!(how.contains("BridgeBuilder::api_tokens"), "{how}"),
        other => panic!("{other:?}"),
    }
    let (with, _) = self::app();
    get(&app, "/who_am_i", &panthers(&with)).refused(401, "token_invalid");
    let answer = Anonymous(&app).call("POST", "/logout").header("x-api-key", panthers(&with)).send();
    answer.expect(204);
}

#[test]
fn its_text_is_in_no_debug_output() {
    let (app, tokens) = app();
    let issued = issue(&app, "panther", NewApiToken::named("backup").abilities(["a"]));
    let record = System::new().block_on(tokens.find_api_token(&issued.record().id)).expect("an answer");
    let (shown, secret) = (format!("{issued:?} {record:?}"), &issued.text()[21..]);
    assert!(shown.contains("backup") && !shown.contains(secret), "{shown}");
    assert!(!shown.contains(&format!("{:?}", issued.record().secret_hash)), "{shown}");
}

#[test]
fn listeners_hear_of_it() {
    let (tell, told) = std::sync::mpsc::channel();
    let app = TestApp::with(|bridge| {
        let listening = bridge.on_event(move |event| drop(tell.send(event.clone())));
        listening.api_tokens(MemoryStore::default())
    });
    let issued = issue(&app, "panther", NewApiToken::named("backup"));
    get(&app, "/who_am_i", issued.text()).expect(200);
    assert!(
        System::new()
            .block_on(app.bridge.revoke_api_token(&issued.record().id, &Act::of_application()))
            .expect("an answer")
    );
    assert!(
        !System::new()
            .block_on(app.bridge.revoke_api_token(&issued.record().id, &Act::of_application()))
            .expect("an answer")
    );
    let events: Vec<AuthEvent> = told.try_iter().collect();
    let names: Vec<_> = events.iter().map(AuthEvent::name).collect();
    assert_eq!(names, ["api_token_created", "user_accessed", "user_loaded_from_request", "api_token_revoked"]);
    let first = serde_json::to_value(&events[0]).unwrap_or(Value::Null);
    assert_eq!(first, json!({ "event": "api_token_created", "user": "2", "token": issued.record().id }));
}
