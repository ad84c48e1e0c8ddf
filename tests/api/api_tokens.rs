//! API tokens of the server: made, shown once, listed and revoked; by clients, on the page, and past the server.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tollbridge::{Act, ApiTokenId, ApiTokenStore as _};

use crate::app::{PANTHER, PASSWORD, START, TestApp, cheap, hash, wait};
use crate::clients::{Anonymous, Answer, Browser, Client, Pair, Token};

/// How long a login is fresh, in seconds.
const FRESH: i64 = 900;

#[track_caller]
fn create(client: &impl Client, body: &Value) -> (String, String) {
    let made = client.post_json("/tokens", body).expect(201).json();
    let text = |name: &str| made[name].as_str().unwrap_or_else(|| panic!("{name} in {made}")).to_owned();
    (text("token"), text("id"))
}

/// An API token of panther's, its id, and the login that made it.
fn panthers(app: &TestApp) -> (Token<'_>, String, Pair) {
    let pair = Anonymous(app).token_login("panther");
    let (text, id) =
        create(&Token(app, pair.access.clone()), &json!({ "name": "backup", "abilities": ["notes:read"] }));
    (Token(app, text), id, pair)
}

fn delete(client: &impl Client, id: &str) -> Answer {
    client.call("DELETE", &format!("/tokens/{id}")).send()
}

#[test]
fn one_is_made_shown_once_used_and_revoked() {
    let app = TestApp::start();
    let login = Token(&app, Anonymous(&app).token_login("panther").access);
    let body = json!({ "name": " nightly backup ", "abilities": ["notes:read", "notes:write"], "expires_in": 60 });
    let answer = login.post_json("/tokens", &body).expect(201);
    assert_eq!(answer.header("cache-control"), "no-store");
    let made = answer.json();
    let text = made["token"].as_str().expect("a token").to_owned();
    assert!(
        text.starts_with("tbt_") && text.len() == 67 && text.contains(made["id"].as_str().expect("an id")),
        "{text}"
    );
    let listed = json!({
        "id": made["id"],
        "name": "nightly backup",
        "abilities": ["notes:read", "notes:write"],
        "created_at": START,
        "expires_at": START + 60,
        "last_used_at": null,
    });
    assert_eq!(login.get("/tokens").expect(200).json(), json!({ "tokens": [listed] }));
    assert!(!login.get("/tokens").text().contains(&text[21..]), "the secret is told once");

    let client = Token(&app, text);
    let answer = client.get("/who_am_i").expect(200);
    assert_eq!((&answer.json()["id"], answer.set_cookies().len()), (&json!(PANTHER), 0));
    let session = client.get("/session").expect(200).json();
    for (member, value) in [
        ("via", json!("api_token")),
        ("location", json!("header")),
        ("fresh", json!(false)),
        ("scope", json!("notes:read notes:write")),
        ("login_id", Value::Null),
        ("expires_at", json!(START + 60)),
    ] {
        assert_eq!(session[member], value, "{member} in {session}");
    }
    delete(&login, made["id"].as_str().expect("an id")).expect(204);
    client.get("/who_am_i").refused(401, "token_revoked");
    assert_eq!(login.get("/tokens").expect(200).json(), json!({ "tokens": [] }));
    delete(&login, made["id"].as_str().expect("an id")).refused(404, "not_found");
}

#[test]
fn one_cannot_do_what_needs_a_login() {
    let app = TestApp::start();
    let (client, id, pair) = panthers(&app);
    let all = create(&Token(&app, pair.access.clone()), &json!({ "name": "all" }));
    for client in [client, Token(&app, all.0)] {
        client.post_json("/tokens", &json!({ "name": "another" })).refused(401, "reauth_required");
        client.get("/tokens").refused(400, "credential_conflict");
        let change = json!({ "current_password": PASSWORD, "new_password": "a new and longer staple" });
        client.post_json("/account/password", &change).refused(401, "reauth_required");
        client.post("/refresh").refused(401, "token_wrong_type");
        for scope in ["others", "all"] {
            client.post_json("/logout", &json!({ "scope": scope })).refused(400, "credential_conflict");
        }
        client.get("/account").refused(400, "credential_conflict");
    }
    Token(&app, pair.access.clone()).get("/who_am_i").expect(200);
    // Another user's, and another one of the same user.
    let stranger = Token(&app, Anonymous(&app).token_login("batman").access);
    delete(&stranger, &id).refused(404, "not_found");
    let (other, other_id) = create(&stranger, &json!({ "name": "of batman" }));
    delete(&Token(&app, other.clone()), &id).refused(400, "credential_conflict");
    // Itself.
    delete(&Token(&app, other.clone()), &other_id).expect(204);
    Token(&app, other).get("/who_am_i").refused(401, "token_revoked");
}

#[test]
fn a_login_that_is_not_fresh_makes_none() {
    let app = TestApp::start();
    let (browser, pair) = (Browser::new(&app), Anonymous(&app).token_login("panther"));
    browser.sign_in("panther", true);
    app.advance(FRESH);
    let body = json!({ "name": "backup" });
    browser.post_json("/tokens", &body).refused(401, "reauth_required");
    let refreshed = Token(&app, pair.refresh).post("/refresh").expect(200).pair();
    Token(&app, refreshed.access).post_json("/tokens", &body).refused(401, "reauth_required");
    let page = browser.call("GET", "/account").header("accept", "text/html").send().expect(200);
    assert!(
        !page.text().contains(r#"action="/tokens""#) && page.text().contains("To make a token,"),
        "{}",
        page.text()
    );
}

#[test]
fn what_ends_a_users_logins_ends_the_tokens_at_once() {
    type End<'a> = (&'a str, u16, &'a dyn Fn(&TestApp, &Pair));
    let change = |app: &TestApp, pair: &Pair| {
        let change = json!({ "current_password": PASSWORD, "new_password": "a new and longer staple" });
        Token(app, pair.access.clone()).post_json("/account/password", &change).expect(200);
    };
    let reset = |app: &TestApp, _: &Pair| {
        let hash = hash(cheap(), PASSWORD);
        assert!(
            wait(app.database.reset_password(PANTHER, &hash, &Act::of_application(), app.clock.now()))
                .expect("an answer")
        );
    };
    let set_active = |app: &TestApp, active| {
        assert!(
            wait(app.database.set_active(PANTHER, active, &Act::of_application(), app.clock.now())).expect("an answer")
        );
    };
    let ends: [End<'_>; 7] = [
        ("token_revoked", 401, &change),
        ("token_revoked", 401, &reset),
        ("token_revoked", 401, &|app, _| set_active(app, false)),
        ("token_revoked", 401, &|app, _| [false, true].into_iter().for_each(|active| set_active(app, active))),
        ("token_invalid", 401, &|app, _| {
            assert!(
                wait(app.database.delete_user(PANTHER, &Act::of_application(), app.clock.now())).expect("an answer")
            )
        }),
        ("token_revoked", 401, &|app, pair| {
            Token(app, pair.access.clone()).post_json("/logout", &json!({ "scope": "all" })).expect(204);
        }),
        ("token_expired", 401, &|app, _| app.advance(3600)),
    ];
    for (number, (code, status, end)) in ends.into_iter().enumerate() {
        let app = TestApp::start();
        let pair = Anonymous(&app).token_login("panther");
        let body = json!({ "name": "backup", "expires_in": 3600 });
        let client = Token(&app, create(&Token(&app, pair.access.clone()), &body).0);
        let stranger =
            Token(&app, create(&Token(&app, Anonymous(&app).token_login("batman").access), &json!({ "name": "b" })).0);
        // Read, and so cached, on both workers.
        (0..8).for_each(|_| drop(client.get("/who_am_i").expect(200)));
        end(&app, &pair);
        (0..8).for_each(|_| drop(client.get("/who_am_i").refused(status, code)));
        stranger.get("/who_am_i").expect(200);
        assert!(number < 7);
    }
}

#[test]
fn it_outlives_the_login_that_made_it() {
    let app = TestApp::start();
    let (client, _, pair) = panthers(&app);
    Token(&app, pair.access).post("/logout").expect(204);
    client.get("/who_am_i").expect(200);
    // Nor do the other logins matter.
    let other = Anonymous(&app).token_login("panther");
    Token(&app, other.access).post_json("/logout", &json!({ "scope": "others" })).expect(204);
    client.get("/who_am_i").expect(200);
    // Signing out with it ends it, and nothing else.
    let third = Anonymous(&app).token_login("panther");
    client.post("/logout").expect(204);
    client.get("/who_am_i").refused(401, "token_revoked");
    client.post("/logout").expect(204);
    Token(&app, third.access).get("/who_am_i").expect(200);
}

#[test]
fn another_process_revokes_it() {
    let app = TestApp::start();
    let (client, id, _) = panthers(&app);
    (0..8).for_each(|_| drop(client.get("/who_am_i").expect(200)));
    let id = ApiTokenId::from(id);
    assert!(wait(app.database.revoke_api_token(&id, "2", &Act::of_application(), app.clock.now())).expect("an answer"));
    (0..8).for_each(|_| drop(client.get("/who_am_i").refused(401, "token_revoked")));
}

#[test]
fn its_last_use_is_noted_in_the_background() {
    let app = TestApp::start();
    let (client, _, pair) = panthers(&app);
    let login = Token(&app, pair.access);
    let last_used = || login.get("/tokens").expect(200).json()["tokens"][0]["last_used_at"].clone();
    assert_eq!(last_used(), Value::Null);
    client.get("/who_am_i").expect(200);
    let deadline = Instant::now() + Duration::from_secs(10);
    while last_used() != json!(START) {
        assert!(Instant::now() < deadline, "its use is not noted: {}", last_used());
    }
}

#[test]
fn no_secret_is_in_the_database() {
    let app = TestApp::start();
    let (client, id, _) = panthers(&app);
    let stored = wait(app.database.find_api_token(&ApiTokenId::from(id))).expect("an answer").expect("a token");
    let secret = &client.1[21..61];
    assert!(!format!("{stored:?}").contains(secret));
    let texts = "id || name || abilities || coalesce(created_by, '')";
    assert_eq!(app.place.count(&format!("api_tokens WHERE {texts} LIKE '%notes:read%'")), 1);
    assert_eq!(app.place.count(&format!("api_tokens WHERE {texts} LIKE '%{secret}%'")), 0);
    assert_eq!(stored.secret_hash.len(), 32);
}

#[test]
fn what_is_not_allowed_is_refused_with_the_reason() {
    let app = TestApp::start();
    let login = Token(&app, Anonymous(&app).token_login("panther").access);
    for body in [
        json!({ "name": "" }),
        json!({ "name": "  " }),
        json!({ "name": "x".repeat(101) }),
        json!({ "name": "a\nb" }),
        json!({ "name": "a\u{0}b" }),
        json!({ "name": "a", "abilities": ["two words"] }),
        json!({ "name": "a", "abilities": [""] }),
        json!({ "name": "a", "abilities": ["\"quoted\""] }),
        json!({ "name": "a", "abilities": "notes:read" }),
        json!({ "name": "a", "expires_in": 0 }),
        json!({ "name": "a", "expires_in": -1 }),
        json!({ "abilities": [] }),
    ] {
        login.post_json("/tokens", &body).refused(400, "invalid_request");
    }
    assert_eq!(login.get("/tokens").json(), json!({ "tokens": [] }));
    // The longest lifetime is no overflow.
    create(&login, &json!({ "name": "a", "expires_in": u64::MAX }));
    for _ in 0..99 {
        create(&login, &json!({ "name": "a", "abilities": [] }));
    }
    login.post_json("/tokens", &json!({ "name": "a" })).refused(400, "invalid_request");
}

#[test]
fn a_person_makes_and_revokes_one_on_the_account_page() {
    let app = TestApp::start();
    let browser = Browser::new(&app);
    browser.sign_in("panther", false);
    let form = "application/x-www-form-urlencoded";
    let html = |call: crate::clients::Call<'_>| call.header("accept", "text/html").send();
    let make = |body: &str| html(browser.call("POST", "/tokens").body(form, body));
    let made = make("name=%3Cb%3Ebackup&abilities=+notes:read++notes:write+&expires_in=2592000").expect(201);
    assert_eq!(made.header("cache-control"), "no-store");
    let page = made.text();
    assert!(!page.contains("<b>") && page.contains("&#60;b&#62;backup"), "{page}");
    let text = page.split("\">tbt_").nth(1).and_then(|rest| rest.split('<').next()).expect("a token");
    let text = format!("tbt_{text}");
    Token(&app, text.clone()).get("/who_am_i").expect(200);
    assert_eq!(Token(&app, text.clone()).get("/session").json()["scope"], "notes:read notes:write");

    let page = html(browser.call("GET", "/account")).expect(200).text();
    assert!(page.contains("&#60;b&#62;backup") && page.contains("notes:read, notes:write"), "{page}");
    assert!(!page.contains(&text[21..]), "the secret is shown once: {page}");
    let id = &text[4..20];
    assert!(page.contains(&format!("action=\"/tokens/{id}/revoke\"")), "{page}");

    let refused = make("name=a&abilities=%22").expect(400).text();
    assert!(refused.contains("role=\"alert\">An ability is"), "{refused}");
    make("name=a&expires_in=soon").expect(400);
    // Another site can do neither.
    let foreign = |path: &str, body: &str| {
        html(browser.call("POST", path).header("origin", "https://evil.example").body(form, body))
    };
    foreign("/tokens", "name=a").expect(403);
    foreign(&format!("/tokens/{id}/revoke"), "").expect(403);
    Token(&app, text.clone()).get("/who_am_i").expect(200);

    let revoked = html(browser.call("POST", &format!("/tokens/{id}/revoke"))).expect(303);
    assert_eq!(revoked.header("location"), "/account?revoked");
    assert!(html(browser.call("GET", "/account?revoked")).text().contains("The API token is revoked."));
    Token(&app, text).get("/who_am_i").refused(401, "token_revoked");
}
