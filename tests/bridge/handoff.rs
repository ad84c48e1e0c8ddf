//! Handoffs and exchanges as an embedder builds them: what each needs, what it tells, and what it never logs.

use std::sync::{Arc, Mutex};

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::AUTHORIZATION;
use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use actix_web::web::{Json, Path};
use actix_web::{App, Error, Responder, web};
use serde_json::{Value, json};
use tollbridge::store::memory::MemoryStore;
use tollbridge::testing::{SignedIn, as_user};
use tollbridge::{Auth, AuthError, AuthEvent, Bridge, BridgeBuilder, CurrentLogin, TrustedProxies};

use crate::app::World;
use crate::store::User;

async fn handoff(auth: Auth) -> Result<impl Responder, AuthError> {
    let handoff = auth.handoff().await?;
    assert!(!format!("{handoff:?}").contains(handoff.code()));
    Ok(handoff.code().to_owned())
}

async fn ask(code: Path<String>, auth: Auth) -> Result<impl Responder, AuthError> {
    Ok(auth.handoff_user::<User>(&code).await?.username)
}

async fn ask_for_another_type(code: Path<String>, auth: Auth) -> Result<impl Responder, AuthError> {
    auth.handoff_user::<String>(&code).await.map(|user| user.to_string())
}

async fn redeem(code: Path<String>, auth: Auth) -> Result<impl Responder, AuthError> {
    let login = auth.redeem(&code).await?;
    Ok(Json(json!({ "via": login.via.as_str(), "fresh": login.fresh })))
}

async fn redeem_and_go_on(code: Path<String>, auth: Auth) -> Result<impl Responder, AuthError> {
    auth.redeem(&code).await?;
    Ok(Json(auth.issue_for_session().await?.issue()?))
}

async fn confirm(auth: Auth) -> Result<impl Responder, AuthError> {
    Ok(Json(auth.confirm_login().await?.issue_tokens()?))
}

async fn token(auth: Auth) -> Result<impl Responder, AuthError> {
    Ok(Json(auth.issue_for_session().await?.issue()?))
}

async fn how(login: CurrentLogin) -> impl Responder {
    Json(json!({ "login": login.login_id, "fresh": login.fresh, "via": login.via.as_str() }))
}

fn routes(app: &mut web::ServiceConfig) {
    app.route("/handoff", web::post().to(handoff))
        .route("/handoff/{code}", web::post().to(redeem))
        .route("/handoff/{code}", web::route().to(ask))
        .route("/at-once/{code}", web::route().to(redeem))
        .route("/go-on/{code}", web::post().to(redeem_and_go_on))
        .route("/another-type/{code}", web::get().to(ask_for_another_type))
        .route("/confirm", web::post().to(confirm))
        .route("/token", web::post().to(token))
        .route("/how", web::get().to(how));
}

/// An app with a store for codes.
fn built(world: &World, configure: impl FnOnce(BridgeBuilder) -> BridgeBuilder) -> Bridge {
    configure(world.bridge().handoff_codes(MemoryStore::default())).build().expect("a bridge")
}

/// The code that this request is answered with.
async fn code_of<R, B: MessageBody>(
    app: &impl Service<R, Response = ServiceResponse<B>, Error = Error>,
    request: R,
) -> String {
    let made = call_service(app, request).await;
    assert_eq!(made.status(), StatusCode::OK);
    String::from_utf8(actix_web::test::read_body(made).await.to_vec()).expect("UTF-8")
}

async fn json_of<R, B: MessageBody>(
    app: &impl Service<R, Response = ServiceResponse<B>, Error = Error>,
    request: R,
) -> (u16, Value) {
    let answer = call_service(app, request).await;
    (answer.status().as_u16(), read_body_json(answer).await)
}

/// A request for a handoff.
fn begin(client: &SignedIn) -> TestRequest {
    client.on(TestRequest::post().uri("/handoff"))
}

fn user(world: &World) -> User {
    world.users.by_name("panther").expect("a user")
}

#[actix_web::test]
async fn without_a_store_for_codes_the_mistake_is_named() {
    let world = World::default();
    let bridge = world.bridge().build().expect("a bridge");
    let client = as_user(&bridge, &user(&world)).fresh().via_token().await;
    let app = init_service(App::new().wrap(bridge).configure(routes)).await;
    let (status, problem) = json_of(&app, begin(&client).to_request()).await;
    assert_eq!((status, &problem["code"]), (500, &json!("internal_error")));
    let (status, _) = json_of(&app, TestRequest::post().uri("/handoff/AAAAAAAAAAAAAAAAAAAAAA").to_request()).await;
    assert_eq!(status, 500);
}

#[actix_web::test]
async fn each_step_is_told_and_the_handler_goes_on_as_the_user() {
    let world = World::default();
    let events: Arc<Mutex<Vec<AuthEvent>>> = Arc::default();
    let heard = Arc::clone(&events);
    let bridge = built(&world, |bridge| {
        bridge.on_event(move |event: &AuthEvent| heard.lock().expect("a whole list").push(event.clone()))
    });
    let client = as_user(&bridge, &user(&world)).fresh().via_token().await;
    let app = init_service(App::new().wrap(bridge.clone()).configure(routes)).await;
    let code = code_of(&app, begin(&client).to_request()).await;
    let (_, another) = json_of(&app, TestRequest::get().uri(&format!("/another-type/{code}")).to_request()).await;
    assert_eq!(another["code"], "internal_error");
    events.lock().expect("a whole list").clear();

    let (status, pair) = json_of(&app, TestRequest::post().uri(&format!("/go-on/{code}")).to_request()).await;
    assert_eq!(status, 200, "{pair}");
    let claims = bridge.decode_token(pair["access_token"].as_str().expect("a token")).expect("claims");
    assert_eq!(claims.sid.as_deref(), Some(client.login_id().as_str()));
    let events: Vec<Value> = events.lock().expect("a whole list").iter().map(|event| json!(event)).collect();
    let told = json!({ "event": "handoff_redeemed", "user": "2", "login": client.login_id() });
    assert!(events.contains(&told), "{events:?}");
    assert!(!json!(events).to_string().contains(&code));
}

/// A later authentication, in another face, makes neither the code nor the session of an earlier token fresh.
#[actix_web::test]
async fn an_authentication_elsewhere_makes_no_handoff_fresh() {
    let world = World::default();
    let bridge = built(&world, |bridge| bridge);
    let client = as_user(&bridge, &user(&world)).fresh().via_token().await;
    let app = init_service(App::new().wrap(bridge).configure(routes)).await;
    let redeemed =
        async |code: String| json_of(&app, TestRequest::post().uri(&format!("/handoff/{code}")).to_request()).await.1;

    let before = code_of(&app, begin(&client).to_request()).await;
    assert_eq!(redeemed(before).await, json!({ "via": "session", "fresh": true }));
    let before = code_of(&app, begin(&client).to_request()).await;
    world.clock.set(world.clock.now() + 30);
    let (_, confirmed) = json_of(&app, client.on(TestRequest::post().uri("/confirm")).to_request()).await;
    assert_eq!(redeemed(before).await["fresh"], false, "the code is of before");
    let after = code_of(&app, begin(&client).to_request()).await;
    assert_eq!(redeemed(after).await["fresh"], false, "the token is of before");
    let fresh = format!("Bearer {}", confirmed["access_token"].as_str().expect("a token"));
    let made = TestRequest::post().uri("/handoff").insert_header((AUTHORIZATION, fresh));
    let code = actix_web::test::call_and_read_body(&app, made.to_request()).await;
    assert_eq!(redeemed(String::from_utf8(code.to_vec()).expect("UTF-8")).await["fresh"], true);
}

/// An embedder's handler that redeems by any method is as safe as the layer can make it.
#[actix_web::test]
async fn a_look_ahead_or_another_site_redeems_nothing_whatever_the_method() {
    let world = World::default();
    let bridge = built(&world, |bridge| bridge);
    let client = as_user(&bridge, &user(&world)).fresh().via_token().await;
    let app = init_service(App::new().wrap(bridge).configure(routes)).await;
    let code = code_of(&app, begin(&client).to_request()).await;
    let path = format!("/at-once/{code}");
    for (method, name, value, status) in [
        (Method::HEAD, "accept", "*/*", 400),
        (Method::GET, "sec-purpose", "prefetch;anonymous-client-ip", 400),
        (Method::GET, "x-purpose", "preview", 400),
        (Method::GET, "sec-fetch-site", "cross-site", 403),
        (Method::GET, "origin", "https://evil.example", 403),
        (Method::POST, "origin", "https://evil.example", 403),
        (Method::OPTIONS, "origin", "https://evil.example", 403),
    ] {
        let request = TestRequest::default().method(method.clone()).uri(&path).insert_header((name, value));
        let answer = call_service(&app, request.to_request()).await;
        assert_eq!(answer.status().as_u16(), status, "{method} {name}: {value}");
        assert!(!answer.headers().contains_key("set-cookie"), "{method} {name}: {value}");
    }
    let answer = call_service(&app, TestRequest::get().uri(&path).to_request()).await;
    assert!(answer.status().is_success() && answer.headers().contains_key("set-cookie"), "{:?}", answer.status());
}

#[cfg(feature = "server")]
#[actix_web::test]
async fn the_code_is_not_in_the_log() {
    use tollbridge::server::telemetry::Telemetry;
    use tracing::level_filters::LevelFilter;

    let log = crate::recorded_log::RecordedLog::default();
    let _recording = log.record(LevelFilter::TRACE, |log| log);
    let world = World::default();
    let bridge = built(&world, |bridge| bridge.login_view("/login"));
    let client = as_user(&bridge, &user(&world)).fresh().via_token().await;
    let app = App::new().configure(routes).wrap(bridge).wrap(Telemetry::new(Arc::default(), TrustedProxies::default()));
    let app = init_service(app).await;
    let mut codes = Vec::new();
    for _ in 0..3 {
        let code = code_of(&app, begin(&client).to_request()).await;
        let path = format!("/handoff/{code}");
        for request in [
            TestRequest::get().uri(&path),
            TestRequest::default().method(Method::HEAD).uri(&path),
            TestRequest::post().uri(&path).insert_header(("origin", "https://evil.example")),
            TestRequest::post().uri(&path).insert_header(("authorization", "Bearer junk")),
            TestRequest::post().uri(&path).insert_header(("cookie", "tollbridge_session=x")),
            TestRequest::post().uri(&path),
            TestRequest::get().uri(&path).insert_header(("accept", "text/html")),
            TestRequest::get().uri(&format!("/nowhere/{code}")),
        ] {
            let answer = call_service(&app, request.to_request()).await;
            let headers = format!("{:?}", answer.headers());
            let body = actix_web::test::read_body(answer).await;
            let told = format!("{headers}{}", String::from_utf8_lossy(&body));
            assert!(!told.contains(&code), "{told}");
        }
        codes.push(code);
    }
    let text = log.text();
    for told in ["handoff begun", "handoff redeemed", "http.route=\"/handoff/{code}\"", "http.route=\"unmatched\""] {
        assert!(text.contains(told), "nothing to look into without {told:?}: {text}");
    }
    for code in codes {
        assert!(!text.contains(&code), "{code}: {text}");
    }
}

#[actix_web::test]
async fn tokens_for_a_session_are_no_fresher_than_it() {
    let world = World::default();
    let bridge = built(&world, |bridge| bridge);
    let fresh = as_user(&bridge, &user(&world)).fresh().via_session().await;
    let stale = as_user(&bridge, &user(&world)).via_session().await;
    let app = init_service(App::new().wrap(bridge.clone()).configure(routes)).await;
    for (browser, expected) in [(&fresh, true), (&stale, false)] {
        let (status, pair) = json_of(&app, browser.on(TestRequest::post().uri("/token")).to_request()).await;
        assert_eq!(status, 200, "{pair}");
        let bearer = format!("Bearer {}", pair["access_token"].as_str().expect("a token"));
        let how =
            json_of(&app, TestRequest::get().uri("/how").insert_header((AUTHORIZATION, bearer)).to_request()).await.1;
        assert_eq!(how, json!({ "login": browser.login_id(), "fresh": expected, "via": "token" }));
    }
}
