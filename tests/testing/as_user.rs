//! Who is signed in by the kit is signed in.

use std::time::Duration;

use actix_web::test::TestRequest;
use serde_json::json;
use tollbridge::CredentialLocation::{Cookie, Header, Json, Query};
use tollbridge::testing::{SignedIn, as_user};
use tollbridge::{LoginStore as _, TokenCookies, TokenLocations};

use crate::app::{ANN, START, TestApp, User, body};

async fn how(app: &TestApp, signed_in: &SignedIn) -> serde_json::Value {
    body(app.call(signed_in.on(TestRequest::get().uri("/how"))).await).await
}

#[actix_web::test]
async fn each_face_is_what_it_says() {
    let app = TestApp::start().await;
    let ann = || as_user(&app.bridge, &ANN);
    let cases = [
        (ann().await, "session", "cookie", false),
        (ann().via_session().await, "session", "cookie", false),
        (ann().via_session().fresh().await, "session", "cookie", true),
        (ann().via_token().await, "token", "header", false),
        (ann().fresh().via_token().await, "token", "header", true),
        (ann().remembered().await, "remember", "cookie", false),
    ];
    for (signed_in, via, location, fresh) in cases {
        let id = signed_in.login_id().as_str();
        let expected = json!({ "user": "Ann", "login_id": id, "via": via, "location": location, "fresh": fresh });
        assert_eq!(how(&app, &signed_in).await, expected);
        let status = app.call(signed_in.on(TestRequest::get().uri("/fresh"))).await.status();
        assert_eq!(status, if fresh { 200 } else { 401 }, "{via}");

        let login = app.store.find(signed_in.login_id()).await.expect("an answer").expect("the login is kept");
        assert_eq!((login.identity.as_str(), login.created_at), ("Ann", START));
        assert_eq!(login.remember.is_some(), via == "remember");
        assert_eq!(signed_in.cookies().is_empty(), via == "token");
    }
}

#[actix_web::test]
async fn a_narrowed_token_can_do_what_it_was_given() {
    let app = TestApp::start().await;
    let narrowed = as_user(&app.bridge, &ANN).via_narrowed_token(["notes:read"]).await;
    for (path, status) in [("/how", 200), ("/notes/read", 200), ("/notes/write", 403)] {
        assert_eq!(app.call(narrowed.on(TestRequest::get().uri(path))).await.status(), status, "{path}");
        let unnarrowed = as_user(&app.bridge, &ANN).via_token().await;
        assert_eq!(app.call(unnarrowed.on(TestRequest::get().uri(path))).await.status(), 200, "{path}");
    }
}

#[actix_web::test]
async fn each_call_is_a_login_of_its_own() {
    let app = TestApp::start().await;
    let (one, other) = (as_user(&app.bridge, &ANN).await, as_user(&app.bridge, &ANN).via_token().await);
    assert_ne!(one.login_id(), other.login_id());
    assert_eq!(app.call(one.on(TestRequest::post().uri("/logout"))).await.status(), 204);
    assert_eq!(app.call(one.on(TestRequest::get().uri("/how"))).await.status(), 401);
    assert_eq!(app.call(other.on(TestRequest::get().uri("/how"))).await.status(), 200);
}

#[actix_web::test]
async fn a_browser_has_the_tokens_of_its_login() {
    let app = TestApp::start().await;
    for fresh in [true, false] {
        let browser = as_user(&app.bridge, &ANN);
        let browser = if fresh { browser.fresh().await } else { browser.await };
        let body_token = TestRequest::post().uri("/how").set_json(browser.json());
        let seen = body(app.call(body_token).await).await;
        assert_eq!((&seen["location"], &seen["login_id"]), (&json!("json"), &json!(browser.login_id().as_str())));
        assert_eq!(seen["fresh"], fresh);
    }
}

#[actix_web::test]
async fn other_clients_take_the_header() {
    let app = TestApp::start().await;
    for signed_in in [as_user(&app.bridge, &ANN).via_token().await, as_user(&app.bridge, &ANN).via_session().await] {
        let headers = signed_in.headers().into_iter();
        let seen = body(app.call(headers.fold(TestRequest::get().uri("/how"), TestRequest::insert_header)).await).await;
        assert_eq!(seen, how(&app, &signed_in).await);
    }
}

#[actix_web::test]
async fn cookies_are_kept_and_forgotten_as_a_browser_does() {
    let app = TestApp::start().await;
    let mut browser = as_user(&app.bridge, &ANN).remembered().await;
    assert_eq!(browser.cookies().len(), 1);
    for via in ["remember", "session", "session"] {
        let res = app.call(browser.on(TestRequest::get().uri("/how"))).await;
        browser.keep_cookies(&res);
        assert_eq!(body(res).await["via"], via);
        assert_eq!(browser.cookies().len(), 2);
        // Who came back with the cookie of the first time would be taken for a thief.
        app.clock.advance(Duration::from_secs(3600));
    }
    let res = app.call(browser.on(TestRequest::post().uri("/logout"))).await;
    browser.keep_cookies(&res);
    assert_eq!(browser.cookies(), []);
    let mut client = as_user(&app.bridge, &ANN).via_token().await;
    client.keep_cookies(&res);
    client.keep_cookies(&app.call(client.on(TestRequest::get().uri("/cookies"))).await);
    assert_eq!(client.cookies(), []);
}

#[actix_web::test]
async fn a_token_goes_where_the_bridge_looks_for_it() {
    let cookies = TokenCookies::default().csrf_headers("X-Proof", "X-Refresh-Proof");
    let locations = TokenLocations::new(&[Query, Cookie, Json])
        .header("X-Token", "")
        .json_keys("token", "next")
        .cookies(cookies)
        .also(&[Header]);
    let app = TestApp::with(|bridge| bridge.token_locations(locations)).await;
    let ann = || as_user(&app.bridge, &ANN).fresh();
    let mut cases = [
        (ann().via_token().await, "cookie"),
        (ann().via_token_in(Cookie).await, "cookie"),
        (ann().via_token_in(Json).await, "json"),
    ];
    for (signed_in, location) in &mut cases {
        // Of a method that has a body, and has to prove that our own pages send it.
        for _ in 0..2 {
            let res = app.call(signed_in.on(TestRequest::post().uri("/how"))).await;
            signed_in.keep_cookies(&res);
            let seen = body(res).await;
            assert_eq!((&seen["location"], &seen["fresh"]), (&json!(location), &json!(true)), "{location}");
        }
    }
    let by_header = ann().via_token_in(Header).await;
    assert_eq!(by_header.headers()[0], ("x-token".parse().expect("a name"), by_header.tokens().access_token.clone()));
    assert_eq!(by_header.json()["token"], by_header.tokens().access_token);
}

#[actix_web::test]
#[should_panic = "the bridge looks for no token in the place `cookie`: declare it"]
async fn a_token_goes_nowhere_else() {
    let app = TestApp::start().await;
    as_user(&app.bridge, &ANN).via_token_in(Cookie).await;
}

#[actix_web::test]
#[should_panic = "a token in the query is part of the address"]
async fn an_address_is_not_written_by_the_kit() {
    let app = TestApp::with(|bridge| bridge.token_locations(TokenLocations::new(&[Query]))).await;
    let client = as_user(&app.bridge, &ANN).via_token().await;
    let address = format!("/how?access_token={}", client.tokens().access_token);
    assert_eq!(body(app.call(TestRequest::get().uri(&address)).await).await["location"], "query");
    client.on(TestRequest::get().uri("/how"));
}

#[actix_web::test]
async fn cookies_go_beside_those_of_the_test() {
    let app = TestApp::start().await;
    let browser = as_user(&app.bridge, &ANN).await;
    let theme = actix_web::cookie::Cookie::new("theme", "dark");
    let req = browser.on(TestRequest::get().uri("/how").cookie(theme)).to_http_request();
    assert!(req.cookie("theme").is_some() && req.cookie("tollbridge_session").is_some());
}

#[actix_web::test]
async fn it_works_where_cookies_are_for_tls_alone() {
    let app = TestApp::with(|bridge| bridge.public_url("https://example.org").login_view("/login")).await;
    for signed_in in [as_user(&app.bridge, &ANN).await, as_user(&app.bridge, &ANN).remembered().await] {
        assert_eq!(how(&app, &signed_in).await["user"], "Ann");
        assert!(signed_in.cookies().iter().all(|cookie| cookie.name().starts_with("__Host-")));
    }
}

#[actix_web::test]
#[should_panic = "the user could not be signed in: user_disabled"]
async fn who_may_not_sign_in_is_not_signed_in() {
    let app = TestApp::start().await;
    as_user(&app.bridge, &User { active: false, ..ANN }).await;
}

#[actix_web::test]
#[should_panic = "who is remembered is never fresh"]
async fn nobody_is_fresh_and_remembered() {
    let app = TestApp::start().await;
    as_user(&app.bridge, &ANN).fresh().remembered().await;
}

#[actix_web::test]
async fn no_credential_is_printed() {
    let app = TestApp::start().await;
    for signed_in in [as_user(&app.bridge, &ANN).via_token().await, as_user(&app.bridge, &ANN).via_session().await] {
        let printed = format!("{signed_in:?}");
        let value =
            signed_in.cookies().first().map_or(signed_in.tokens().access_token.as_str(), |cookie| cookie.value());
        assert!(!printed.contains(value) && printed.contains(signed_in.login_id().as_str()), "{printed}");
    }
}
