//! Tokens of a Flask application in a bridge, beside our own.

use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{AUTHORIZATION, COOKIE, HeaderMap, SET_COOKIE, WWW_AUTHENTICATE};
use actix_web::test::{self as server, TestRequest};
use actix_web::{App, FromRequest as _, HttpRequest, HttpResponse, Responder, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tollbridge::flask::{ErrorProfile, JwtManager, LoginManager};
use tollbridge::store::memory::MemoryStore;
use tollbridge::testing::FakeClock;
use tollbridge::{
    Auth, AuthError, Bridge, BridgeBuilder, Claims, CurrentLogin, CurrentUser, LogoutScope, MaybeLogin, Refusal,
    Require, StoreError, TokenKey, UserStore,
};

use crate::recording::{self, manager};

const NOW: i64 = 1_800_000_000;

#[derive(Clone)]
struct User(String);

struct Users;

impl UserStore for Users {
    type User = User;

    fn identity(&self, user: &User) -> String {
        user.0.clone()
    }

    async fn find(&self, identity: &str) -> Result<Option<User>, StoreError> {
        Ok((identity != "ghost").then(|| User(identity.to_owned())))
    }

    fn is_active(&self, user: &User) -> bool {
        user.0 != "disabled"
    }
}

fn builder() -> BridgeBuilder {
    Bridge::builder(Users).store(MemoryStore::default())
}

/// A bridge of our own with the key of the Flask application.
fn same_key() -> BridgeBuilder {
    builder().token_key(TokenKey::hs256(recording::SECRET.as_bytes()).expect("a key"))
}

fn flask() -> JwtManager {
    manager(json!({})).build().expect("a manager")
}

fn routes(app: &mut web::ServiceConfig) {
    app.route("/login", web::post().to(login))
        .route("/browser", web::post().to(browser))
        .route("/cookies", web::post().to(cookies))
        .route("/maybe", web::get().to(maybe))
        .route("/logout", web::post().to(logout))
        .route("/who", web::route().to(who))
        .route("/can", web::get().to(can))
        .route("/header", web::get().to(header));
}

async fn login(auth: Auth) -> Result<impl Responder, AuthError> {
    let login = auth.login_user(&User("1".to_owned())).tokens_only().await?;
    Ok(HttpResponse::Ok().json(json!({ "tokens": login.issue_tokens()?, "sid": login.id().as_str() })))
}

async fn browser(auth: Auth) -> Result<impl Responder, AuthError> {
    auth.login_user(&User("1".to_owned())).await?;
    Ok(HttpResponse::NoContent())
}

async fn maybe(login: MaybeLogin) -> impl Responder {
    HttpResponse::Ok().json(json!({ "via": login.as_ref().map(|login| login.via.as_str()) }))
}

/// Answers tokens in cookies.
async fn cookies(auth: Auth) -> Result<impl Responder, AuthError> {
    let tokens = auth.login_user(&User("1".to_owned())).tokens_only().await?.issue_tokens()?;
    let mut response = HttpResponse::NoContent().finish();
    auth.token_cookies()?.set_access(&mut response, &tokens.access_token)?;
    Ok(response)
}

async fn logout(auth: Auth) -> Result<impl Responder, AuthError> {
    auth.logout_user(LogoutScope::This).await?;
    Ok(HttpResponse::NoContent())
}

async fn who(login: CurrentLogin, claims: Claims) -> impl Responder {
    HttpResponse::Ok().json(json!({ "who": login.identity, "login": login.login_id.is_some(), "fresh": claims.fresh }))
}

async fn can(login: CurrentLogin) -> impl Responder {
    HttpResponse::Ok().json(["read", "admin"].map(|ability| login.can(ability)))
}

async fn header(token: Claims) -> impl Responder {
    HttpResponse::Ok().json(token.header)
}

/// One application, and what it answers: status, headers, JSON.
macro_rules! answers {
    ($bridge:expr) => {{
        let bridge = $bridge.build().expect("the bridge is complete");
        let app = server::init_service(App::new().wrap(bridge).configure(routes)).await;
        async move |req: TestRequest| answer(server::call_service(&app, req.to_request()).await).await
    }};
}

async fn answer<B: MessageBody>(res: ServiceResponse<B>) -> (u16, HeaderMap, Value) {
    let (status, headers) = (res.status().as_u16(), res.headers().clone());
    (status, headers, serde_json::from_slice(&server::read_body(res).await).unwrap_or_default())
}

fn get(path: &str, token: &str) -> TestRequest {
    TestRequest::get().uri(path).insert_header((AUTHORIZATION, format!("Bearer {token}")))
}

/// A token with this header and payload, and a right signature.
fn signed(header: &str, payload: &str) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, recording::SECRET.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(aws_lc_rs::hmac::sign(&key, message.as_bytes())))
}

#[actix_web::test]
async fn its_tokens_are_strangers_unless_they_are_asked_for() {
    let token = flask().create_access_token("1").issue().expect("a token");
    let (status, _, body) = answers!(same_key())(get("/who", &token)).await;
    assert_eq!((status, &body["code"]), (401, &json!("token_invalid")));
    let (status, _, body) = answers!(same_key().accept_flask_jwt_extended(true))(get("/who", &token)).await;
    assert_eq!((status, body), (200, json!({ "who": "1", "login": false, "fresh": false })));
}

/// A scope that is no text is not understood, so it allows nothing.
#[actix_web::test]
async fn a_scope_narrows_its_tokens_too() {
    let can = answers!(same_key().accept_flask_jwt_extended(true));
    for (scope, expected) in [
        (json!("read write"), json!([true, false])),
        (json!("*"), json!([true, true])),
        (json!(["read"]), json!([false, false])),
        (json!(null), json!([false, false])),
    ] {
        let token = flask().create_access_token("1").claim("scope", scope.clone()).issue().expect("a token");
        let (status, _, body) = can(get("/can", &token)).await;
        assert_eq!((status, body), (200, expected), "{scope}");
    }
    let token = flask().create_access_token("1").issue().expect("a token");
    assert_eq!(can(get("/can", &token)).await.2, json!([true, true]));
}

#[actix_web::test]
async fn a_token_that_says_it_is_ours_is_judged_as_ours() {
    let answers = answers!(same_key().accept_flask_jwt_extended(true));
    let payload = r#"{"fresh":true,"iat":1,"jti":"x","type":"access","sub":"1","exp":4102444800}"#;
    for typ in ["at+jwt", "rt+jwt", "AT+JWT", "application/at+jwt"] {
        let forged = signed(&format!(r#"{{"alg":"HS256","typ":"{typ}"}}"#), payload);
        assert_eq!(answers(get("/who", &forged)).await.0, 401, "{typ}");
    }
    assert_eq!(answers(get("/who", &signed(r#"{"alg":"HS256","typ":"JWT"}"#, payload))).await.0, 200);
}

#[actix_web::test]
async fn no_lenience_reaches_our_own_tokens() {
    let all = [same_key(), same_key().accept_flask_jwt_extended(true), builder().flask_jwt(&flask())];
    for bridge in all {
        let answers = answers!(bridge);
        let (_, _, body) = answers(TestRequest::post().uri("/login")).await;
        let own = body["tokens"]["access_token"].as_str().expect("a token");
        assert_eq!(answers(get("/who", own)).await.0, 200);
        let parts: Vec<&str> = own.split('.').collect();
        let padded = format!("{}.{}.{}=", parts[0], parts[1], parts[2]);
        let header = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[0]).expect("base64url")).expect("UTF-8");
        let twice = URL_SAFE_NO_PAD.encode(header.replacen('{', r#"{"typ":"at+jwt","#, 1));
        for changed in [padded, format!("{twice}.{}.{}", parts[1], parts[2])] {
            let (status, ..) = answers(get("/who", &changed)).await;
            assert!(matches!(status, 401 | 422), "{changed}: {status}");
        }
    }
}

#[actix_web::test]
async fn accepting_its_tokens_does_not_change_where_ours_are_looked_for() {
    let answers = answers!(same_key().accept_flask_jwt_extended(true));
    let token = flask().create_access_token("1").issue().expect("a token");
    let listed = TestRequest::get().uri("/who").insert_header((AUTHORIZATION, format!("Basic x, Bearer {token}")));
    let in_get = TestRequest::get().uri("/who").set_json(json!({ "access_token": token }));
    let in_cookie = TestRequest::get().uri("/who").insert_header((COOKIE, format!("access_token_cookie={token}")));
    for elsewhere in [listed, in_get, in_cookie] {
        assert_eq!(answers(elsewhere).await.2["code"], "login_required");
    }
}

#[actix_web::test]
async fn such_a_token_ends_no_login_whatever_it_says() {
    let answers = answers!(same_key().accept_flask_jwt_extended(true));
    let (_, _, body) = answers(TestRequest::post().uri("/login")).await;
    let own = body["tokens"]["access_token"].as_str().expect("a token");
    let token = flask().create_access_token("1").claim("sid", body["sid"].clone()).issue().expect("a token");
    let logout = TestRequest::post().uri("/logout").insert_header((AUTHORIZATION, format!("Bearer {token}")));
    assert_eq!(answers(logout).await.2["code"], "credential_conflict");
    assert_eq!(answers(get("/who", &token)).await.2, json!({ "who": "1", "login": false, "fresh": false }));
    assert_eq!(answers(get("/who", own)).await.0, 200);
}

#[actix_web::test]
async fn a_cookie_from_another_site_is_refused_even_with_the_csrf_value() {
    let jwt = manager(json!({ "JWT_TOKEN_LOCATION": "cookies" })).build().expect("a manager");
    let answers = answers!(builder().flask_jwt(&jwt));
    let token = jwt.create_access_token("1").issue().expect("a token");
    let csrf = jwt.get_csrf_token(&token).expect("a claim");
    for (site, expected) in [("same-origin", 200), ("cross-site", 403), ("same-site", 403)] {
        let request = TestRequest::post().uri("/who").insert_header((COOKIE, format!("access_token_cookie={token}")));
        let request = request.insert_header(("x-csrf-token", &*csrf)).insert_header(("sec-fetch-site", site));
        assert_eq!(answers(request).await.0, expected, "{site}");
    }
}

#[actix_web::test]
async fn the_header_of_a_token_is_there_to_read() {
    let answers = answers!(builder().flask_jwt(&flask()));
    let token = flask().create_access_token("1").header("kid", "k").issue().expect("a token");
    let (_, _, header) = answers(get("/header", &token)).await;
    assert_eq!(header, json!({ "alg": "HS256", "kid": "k", "typ": "JWT" }));
}

#[actix_web::test]
async fn a_cookie_that_is_about_to_expire_is_renewed() {
    let clock = FakeClock::at(NOW);
    let jwt = manager(json!({ "JWT_TOKEN_LOCATION": "cookies" })).clock(&clock).build().expect("a manager");
    let answers = answers!(builder().flask_jwt(&jwt).clock(&clock).implicit_refresh(Duration::from_secs(600)));
    let token = jwt.create_access_token("1").fresh(true).claim("role", "admin").issue().expect("a token");
    let request = || TestRequest::get().uri("/who").insert_header((COOKIE, format!("access_token_cookie={token}")));
    assert!(!answers(request()).await.1.contains_key(SET_COOKIE));

    clock.advance(Duration::from_secs(400)); // of 900
    let (_, headers, _) = answers(request()).await;
    let set: Vec<&str> = headers.get_all(SET_COOKIE).filter_map(|set| set.to_str().ok()).collect();
    let renewed = set.iter().find_map(|set| set.strip_prefix("access_token_cookie=")).expect("a new token");
    let renewed = jwt.decode_token(renewed.split(';').next().expect("a value")).claims().expect("claims");
    let old = jwt.decode_token(&token).claims().expect("claims");
    assert_eq!((&renewed["sub"], &renewed["role"]), (&json!("1"), &json!("admin")));
    assert_eq!((&renewed["fresh"], &renewed["exp"]), (&json!(false), &json!(NOW + 400 + 900)));
    assert!(renewed["jti"] != old["jti"] && renewed["csrf"] != old["csrf"]);
    assert!(set.contains(&&*format!("csrf_access_token={}; Path=/", renewed["csrf"].as_str().expect("a text"))));
}

#[actix_web::test]
async fn our_own_tokens_can_be_refused_in_its_words() {
    let clock = FakeClock::at(NOW);
    let errors = ErrorProfile::default().message_key("error");
    let answers = answers!(same_key().clock(&clock).on_refusal(move |refusal| errors.answer(refusal)));
    let (_, _, body) = answers(TestRequest::post().uri("/login")).await;
    let token = |name: &str| body["tokens"][name].as_str().expect("a token").to_owned();
    let (access, refresh) = (token("access_token"), token("refresh_token"));
    let told = async |req: TestRequest| {
        let (status, headers, body) = answers(req).await;
        assert!(!headers.contains_key(WWW_AUTHENTICATE));
        assert_eq!(body.as_object().map(|members| members.len()), Some(1), "{body}");
        (status, body["error"].as_str().unwrap_or_default().to_owned())
    };
    let missing = "Missing JWT in headers or json (Missing Authorization Header; Invalid content-type. Must be application/json.)";
    assert_eq!(told(TestRequest::get().uri("/who")).await, (401, missing.to_owned()));
    assert_eq!(told(get("/who", "x")).await, (422, "Not enough segments".to_owned()));
    assert_eq!(told(get("/who", "a b")).await.0, 422);
    assert_eq!(told(get("/who", &refresh)).await, (422, "Only non-refresh tokens are allowed".to_owned()));
    let forged = format!("{}AAAA", &access[..access.len() - 4]);
    assert_eq!(told(get("/who", &forged)).await, (422, "Signature verification failed".to_owned()));
    clock.advance(Duration::from_secs(3600));
    assert_eq!(told(get("/who", &access)).await, (401, "Token has expired".to_owned()));
    // Not Flask's to answer.
    let wrong = TestRequest::post().uri("/logout").insert_header(("sec-fetch-site", "cross-site"));
    assert_eq!(answers(wrong).await.2["code"], "csrf_rejected");
    let logout = TestRequest::post().uri("/logout").insert_header((AUTHORIZATION, format!("Bearer {refresh}")));
    assert_eq!(answers(logout).await.0, 204);
}

#[actix_web::test]
async fn hooks_before_and_after_the_error_profile_answer_too() {
    let earlier = |refusal: &Refusal<'_>| {
        matches!(refusal.error(), AuthError::LoginRequired | AuthError::CredentialConflict(_))
            .then(|| HttpResponse::ImATeapot().finish())
    };
    let later =
        |refusal: &Refusal<'_>| refusal.request().path().eq("/header").then(|| HttpResponse::Conflict().finish());
    let answers = answers!(builder().on_refusal(earlier).flask_jwt(&flask()).on_refusal(later));
    assert_eq!(answers(TestRequest::get().uri("/header")).await.0, 409, "the later one goes before the profile");
    let (status, _, body) = answers(get("/who", "x")).await;
    assert_eq!((status, body), (422, json!({ "msg": "Not enough segments" })), "and leaves it the rest");
    assert_eq!(answers(TestRequest::get().uri("/who")).await.0, 401, "the profile goes before the earlier one");
    let token = flask().create_access_token("1").issue().expect("a token");
    let logout = TestRequest::post().uri("/logout").insert_header((AUTHORIZATION, format!("Bearer {token}")));
    assert_eq!(answers(logout).await.0, 418, "and leaves it what it does not know");
}

/// The error of a handler says what is wrong and with what, to who reads the log.
#[actix_web::test]
async fn a_user_whom_nobody_looked_up_is_an_error_that_says_so() {
    async fn why<U: 'static>(req: HttpRequest) -> HttpResponse {
        let error = CurrentUser::<U>::extract(&req).await.err().expect("there is no user");
        HttpResponse::build(error.status()).json(json!({ "why": error.to_string() }))
    }
    let token = flask().create_access_token("1").issue().expect("a token");
    for (without, named) in [(true, "without_user_lookup"), (false, "UserStore::User")] {
        let jwt = manager(json!({}));
        let jwt = if without { jwt.without_user_lookup() } else { jwt }.build().expect("a manager");
        let bridge = builder().flask_jwt(&jwt).build().expect("a bridge");
        let app = App::new().wrap(bridge).route("/", web::get().to(why::<u8>)).route("/unit", web::get().to(why::<()>));
        let app = server::init_service(app.configure(routes)).await;
        for path in ["/", "/unit"] {
            let (status, _, body) = answer(server::call_service(&app, get(path, &token).to_request()).await).await;
            let why = body["why"].as_str().expect("a text");
            assert!(status == 500 && why.contains(named), "{path}: {status} {why}");
        }
        assert_eq!(server::call_service(&app, get("/who", &token).to_request()).await.status(), 200);
    }
}

/// There is no login whose end would keep them out.
#[actix_web::test]
async fn a_token_of_a_user_who_is_gone_or_disabled_lets_nobody_in() {
    for user in ["disabled", "ghost"] {
        let token = flask().create_access_token(user).issue().expect("a token");
        let (status, _, body) = answers!(builder().flask_jwt(&flask()))(get("/who", &token)).await;
        assert_eq!((status, body), (401, json!({ "msg": format!("Error loading the user {user}") })));
        let unseen = manager(json!({})).without_user_lookup().build().expect("a manager");
        assert_eq!(answers!(builder().flask_jwt(&unseen))(get("/who", &token)).await.0, 200, "nobody is looked up");
    }
    let own_words = same_key().accept_flask_jwt_extended(true);
    let token = flask().create_access_token("disabled").issue().expect("a token");
    assert_eq!(answers!(own_words)(get("/who", &token)).await.2["code"], "user_disabled");
}

/// Whatever is not a number compares with none: not fresh for ever, and nobody's id.
#[actix_web::test]
async fn a_number_that_is_none_makes_no_token() {
    let jwt = manager(json!({ "JWT_VERIFY_SUB": false })).build().expect("a manager");
    let answers = answers!(builder().flask_jwt(&jwt));
    for payload in [
        r#"{"sub":"1","fresh":NaN}"#,
        r#"{"sub":"1","fresh":Infinity}"#,
        r#"{"sub":123456789012345678901234567890}"#,
        r#"{"sub":NaN}"#,
        r#"{"sub":"1","x":[{"y":-Infinity}]}"#,
    ] {
        let (status, _, body) = answers(get("/who", &signed(r#"{"alg":"HS256"}"#, payload))).await;
        assert_eq!(status, 422, "{payload}: {body}");
    }
    let (status, ..) = answers(get("/who", &signed(r#"{"alg":"HS256"}"#, r#"{"sub":18446744073709551615}"#))).await;
    assert_eq!(status, 200);
}

/// Comparing each name with every other would take minutes, and whoever runs the tests would see it.
#[actix_web::test]
async fn a_body_of_many_members_is_read_in_time() {
    let jwt = manager(json!({ "JWT_TOKEN_LOCATION": "json" })).build().expect("a manager");
    let answers = answers!(builder().flask_jwt(&jwt).json_body_limit(16 << 20));
    let token = jwt.create_access_token("1").issue().expect("a token");
    let members: String = (0..400_000).map(|number| format!(r#""member {number}":0,"#)).collect();
    let body = format!(r#"{{{members}"access_token":"{token}"}}"#);
    let request = TestRequest::post().uri("/who").insert_header(("content-type", "application/json"));
    assert_eq!(answers(request.set_payload(body)).await.0, 200);
}

/// An application that used Flask-Login for its pages and Flask-JWT-Extended for its API.
#[actix_web::test]
async fn pages_still_send_to_the_login_view() {
    let bridge = LoginManager::new().login_view("/login").init_app(builder().flask_jwt(&flask()));
    let bridge = bridge.build().expect("the bridge is complete");
    let guarded = |guard: Require| web::get().to(HttpResponse::Ok).wrap(guard);
    let app = App::new().wrap(bridge).configure(routes);
    let app = app.route("/page", guarded(Require::login())).route("/api", guarded(Require::token()));
    let app = server::init_service(app).await;
    let answers = async |req: TestRequest| answer(server::call_service(&app, req.to_request()).await).await;
    assert_eq!(answers(TestRequest::get().uri("/page")).await.0, 302);
    for path in ["/page", "/who", "/api"] {
        assert_eq!(answers(get(path, "x")).await.2, json!({ "msg": "Not enough segments" }), "{path}");
    }
    // A guard for tokens, and an extractor for them.
    for path in ["/api", "/who"] {
        let answer = answers(TestRequest::get().uri(path)).await;
        assert_eq!((answer.0, answer.2), (401, json!({ "msg": "Missing Authorization Header" })), "{path}");
    }
}

/// Flask-JWT-Extended sees no token where there are two, or where the scheme is in other letters. They are presented all
/// the same.
#[actix_web::test]
async fn a_token_that_is_overlooked_keeps_the_session_out() {
    let answers = answers!(builder().flask_jwt(&flask()));
    let (_, headers, _) = answers(TestRequest::post().uri("/browser")).await;
    let session = headers.get(SET_COOKIE).and_then(|set| set.to_str().ok()).expect("a session").to_owned();
    let session = session.split(';').next().expect("a pair").to_owned();
    let token = flask().create_access_token("1").issue().expect("a token");
    let maybe = async |header: String| {
        let request = TestRequest::get().uri("/maybe").insert_header((COOKIE, &*session));
        let (status, headers, body) = answers(request.insert_header((AUTHORIZATION, header))).await;
        assert_eq!((status, headers.contains_key(SET_COOKIE)), (200, false));
        body["via"].clone()
    };
    assert_eq!(maybe("Basic x".to_owned()).await, "session");
    assert_eq!(maybe(format!("Bearer {token}")).await, "token");
    for header in
        [format!("Bearer {token}, Bearer {token}"), format!("bearer {token}"), format!("Basic x, BEARER {token}")]
    {
        assert_eq!(maybe(header.clone()).await, Value::Null, "{header}");
    }
}

/// `JWT_COOKIE_SECURE` is off there by default. Whoever declares TLS means it.
#[actix_web::test]
async fn cookies_are_for_tls_where_the_site_is() {
    let secure = async |url: &str, config: Value| {
        let jwt = manager(config).build().expect("a manager");
        let answers = answers!(builder().public_url(url).flask_jwt(&jwt));
        let (_, headers, _) = answers(TestRequest::post().uri("/cookies")).await;
        let set: Vec<_> = headers.get_all(SET_COOKIE).filter_map(|set| set.to_str().ok()).collect();
        assert_eq!(set.len(), 2, "{headers:?}");
        set.iter().all(|set| set.contains("; Secure"))
    };
    let config = json!({ "JWT_TOKEN_LOCATION": "cookies" });
    assert!(secure("https://app.example", config.clone()).await);
    assert!(!secure("http://app.example", config).await);
    assert!(secure("http://app.example", json!({ "JWT_TOKEN_LOCATION": "cookies", "JWT_COOKIE_SECURE": true })).await);
}

/// `fresh=timedelta(…)`: whoever asks the claims is not told that it lasts.
#[actix_web::test]
async fn a_time_of_freshness_ends_in_the_claims_too() {
    let clock = FakeClock::at(NOW);
    let jwt = manager(json!({})).clock(&clock).build().expect("a manager");
    let answers = answers!(builder().flask_jwt(&jwt).clock(&clock));
    let token = jwt.create_access_token("1").fresh_for(Duration::from_secs(60)).issue().expect("a token");
    for (seconds, fresh) in [(60, true), (1, false)] {
        clock.advance(Duration::from_secs(seconds));
        assert_eq!(answers(get("/who", &token)).await.2["fresh"], fresh);
    }
}
