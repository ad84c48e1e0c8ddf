//! What a handler asks for is the policy it has.

use serde_json::{Value, json};

use crate::app::{START, TestApp};
use crate::clients::{Anonymous, Answer, Browser, Client, Token};

/// The four kinds of client, and what each route answers them.
#[test]
fn each_extractor_has_its_policy() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    let ask = |path: &str| {
        [
            Anonymous(&app).get(path).outcome(),
            browser.get(path).outcome(),
            Token(&app, pair.access.clone()).get(path).outcome(),
            Token(&app, "junk".into()).get(path).outcome(),
        ]
    };
    let table = [
        ("/who_am_i", [(401, "login_required"), (200, ""), (200, ""), (401, "token_invalid")]),
        ("/maybe", [(200, ""), (200, ""), (200, ""), (401, "token_invalid")]),
        ("/browser", [(401, "login_required"), (200, ""), (400, "credential_conflict"), (401, "token_invalid")]),
        ("/token", [(401, "login_required"), (401, "login_required"), (200, ""), (401, "token_invalid")]),
        ("/fresh", [(401, "login_required"), (200, ""), (200, ""), (401, "token_invalid")]),
        ("/fresh-token", [(401, "login_required"), (401, "login_required"), (200, ""), (401, "token_invalid")]),
        ("/claims", [(401, "login_required"), (401, "login_required"), (200, ""), (401, "token_invalid")]),
        ("/how", [(401, "login_required"), (200, ""), (200, ""), (401, "token_invalid")]),
        ("/never-asks", [(200, ""), (200, ""), (200, ""), (200, "")]),
    ];
    for (path, expected) in table {
        assert_eq!(ask(path), expected.map(|(status, code)| (status, code.to_owned())), "{path}");
    }
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        let user = Token(&app, pair.access.clone()).call(method, "/who_am_i").send().expect(200).json();
        assert_eq!(user, json!({ "id": 2, "username": "panther" }), "{method}");
    }
}

#[test]
fn maybe_is_nobody_only_when_nothing_was_presented() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    assert_eq!(Anonymous(&app).get("/maybe").expect(200).json(), Value::Null);
    assert_eq!(browser.get("/maybe").expect(200).json()["id"], 2);
    Token(&app, pair.refresh).get("/maybe").refused(401, "token_wrong_type");
    app.world.users.change(2, |user| user.active = false);
    Token(&app, pair.access.clone()).get("/maybe").refused(401, "user_disabled");
    assert_eq!(browser.get("/maybe").expect(200).json(), Value::Null, "a browser's session that is over is none");
    app.advance(3600);
    Token(&app, pair.access).get("/maybe").refused(401, "token_expired");
}

#[test]
fn freshness_ends_with_its_window() {
    let app = TestApp::with(|bridge| bridge.access_ttl(std::time::Duration::from_secs(3600)));
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    let statuses = || [browser.get("/fresh").status, Token(&app, pair.access.clone()).get("/fresh").status];
    app.advance(899);
    assert_eq!(statuses(), [200, 200]);
    app.advance(1);
    assert_eq!(statuses(), [401, 401]);
    assert_eq!(browser.get("/fresh").outcome().1, "reauth_required");
    browser.get("/who_am_i").expect(200);
}

#[test]
fn a_request_can_say_how_it_is_authenticated() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    let how = |answer: Answer| {
        let how = answer.expect(200).json();
        assert_eq!((&how["identity"], &how["auth_time"], &how["amr"]), (&json!("2"), &json!(START), &json!("pwd")));
        (how["via"].clone(), how["location"].clone(), how["login_id"].clone(), how["expires_at"].clone())
    };
    let by_session = how(browser.get("/how"));
    let by_header = how(Token(&app, pair.access.clone()).get("/how"));
    let by_body = how(Anonymous(&app).post_json("/how", &json!({ "access_token": pair.access })));
    assert_eq!(
        (by_session.0, by_session.1, by_session.3),
        (json!("session"), json!("cookie"), json!(START + 30 * 86400))
    );
    assert_eq!((&by_header.0, &by_header.1, &by_header.3), (&json!("token"), &json!("header"), &json!(START + 900)));
    assert_eq!((by_body.0, by_body.1), (json!("token"), json!("json")));
    assert!(by_session.2 == by_header.2 && by_header.2 == by_body.2, "one login");
    let claims = Token(&app, pair.access).get("/claims").expect(200).json();
    let names: Vec<_> = claims.as_object().expect("an object").keys().cloned().collect();
    let mut expected = ["fresh", "iat", "jti", "type", "sub", "nbf", "exp", "sid", "auth_time", "iss", "aud", "gen"];
    expected.sort_unstable();
    assert_eq!(names, expected);
}

#[test]
fn who_never_asks_pays_nothing() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", true);
    let calls = || (app.store().take_calls().into_keys().collect::<Vec<_>>(), app.world.users.take_finds());
    calls();
    Anonymous(&app).get("/never-asks").expect(200);
    Token(&app, pair.access.clone()).get("/never-asks").expect(200);
    Token(&app, "junk".into()).get("/never-asks").expect(200);
    assert_eq!(calls(), (vec![], 0));
    browser.get("/never-asks").expect(200);
    assert_eq!(calls(), (vec!["load_session"], 0));
}

#[test]
fn the_credential_is_resolved_once() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    for client in [&browser as &dyn Client, &Token(&app, pair.access)] {
        app.store().take_calls();
        app.world.users.take_finds();
        assert_eq!(client.get("/twice").expect(200).json(), json!([2, "2", 2]));
        assert_eq!(app.store().take_calls().get("find"), Some(&1));
        assert_eq!(app.world.users.take_finds(), 1);
    }
}

#[test]
fn outside_the_bridge_the_mistake_is_named_in_the_log_and_not_to_the_client() {
    let app = TestApp::without_bridge();
    for path in ["/who_am_i", "/maybe", "/browser", "/token", "/fresh", "/claims", "/how"] {
        let answer = Anonymous(&app).get(path).refused(500, "internal_error");
        assert!(!answer.text().contains("wrap"), "{}", answer.text());
    }
    Anonymous(&app).post("/logout").refused(500, "internal_error");
    Anonymous(&app).get("/never-asks").expect(200);
}

#[test]
fn the_wrong_user_type_is_the_servers_mistake() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    browser.get("/misfit").refused(500, "internal_error");
    Token(&app, pair.access).get("/misfit").refused(500, "internal_error");
    Browser::new(&app).post("/login-misfit").refused(500, "internal_error");
}

const HTML: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

#[test]
fn browsers_are_sent_to_the_login_page_and_back() {
    let app = TestApp::with(|bridge| bridge.login_view("/login"));
    let location = |answer: Answer| {
        let answer = answer.expect(303);
        assert_eq!(answer.header("cache-control"), "no-store");
        answer.header("location").to_owned()
    };
    let browse = |method: &str, path: &str| Anonymous(&app).call(method, path).header("accept", HTML).send();
    assert_eq!(location(browse("GET", "/who_am_i")), "/login?next=%2Fwho_am_i");
    assert_eq!(location(browse("GET", "/who_am_i?a=b&c=d//e")), "/login?next=%2Fwho_am_i%3Fa%3Db%26c%3Dd%2F%2Fe");
    assert_eq!(location(browse("POST", "/who_am_i")), "/login", "a form that was sent cannot be come back to");
    assert_eq!(location(browse("GET", "//evil.example/")), "/login", "what is no safe next is none");
    browse("GET", "/login").expect(200);
    Anonymous(&app).get("/who_am_i").refused(401, "login_required");
    Anonymous(&app).call("GET", "/who_am_i").header("accept", "application/json").send().refused(401, "login_required");

    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    app.advance(86_400);
    assert_eq!(
        location(browser.call("GET", "/how").header("accept", HTML).send()),
        "/login?next=%2Fhow",
        "an old session"
    );
    let with_token = |token: &str| Anonymous(&app).call("GET", "/how").bearer(token).header("accept", HTML).send();
    with_token("junk").refused(401, "token_invalid");
    with_token(&pair.access).refused(401, "token_expired");
    let ended = Anonymous(&app).token_login("panther").access;
    Anonymous(&app).call("POST", "/logout").bearer(&ended).send().expect(204);
    with_token(&ended).refused(401, "login_ended");
}

#[test]
fn other_refusals_are_pages_where_there_is_one() {
    let app = TestApp::with(|bridge| {
        bridge.login_view("/login").error_page(|req, error| {
            actix_web::HttpResponse::build(error.status()).content_type("text/html").body(format!(
                "{} {}",
                req.path(),
                error.code()
            ))
        })
    });
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    app.advance(900);
    let page = browser.call("GET", "/fresh").header("accept", HTML).send().expect(401);
    assert_eq!((page.text(), page.header("content-type")), ("/fresh reauth_required".to_owned(), "text/html"));
    let cross = browser.call("POST", "/how").header("accept", HTML).header("origin", "null").send().expect(403);
    assert_eq!(cross.text(), "/how csrf_rejected");
    let bad = Anonymous(&app).call("GET", "/how").header("accept", HTML).bearer(&pair.refresh).send().expect(401);
    assert_eq!(bad.text(), "/how token_wrong_type");
    assert!(bad.all("vary").contains("Authorization"));
    app.store().fail(&["find"]);
    let down = browser.call("GET", "/how").header("accept", HTML).send().expect(503);
    assert_eq!(down.text(), "/how store_unavailable");
    browser.get("/fresh").refused(503, "store_unavailable");
}
