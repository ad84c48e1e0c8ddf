//! What the guide says besides.

use std::collections::BTreeSet;
use std::time::Duration;

use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, FromRequest as _, HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};
use tollbridge::flask::{FlaskConfig, JwtManager, LoginManager};
use tollbridge::store::memory::MemoryStore;
use tollbridge::testing::as_user;
use tollbridge::{
    Algorithm, Auth, AuthError, Bridge, BridgeBuilder, Claims, CredentialLocation, CurrentUser, MaybeLogin, Require,
    StoreError, TokenCookies, TokenKey, TokenLocations, UserStore,
};

struct Users;

impl UserStore for Users {
    type User = String;

    fn identity(&self, user: &String) -> String {
        user.clone()
    }

    async fn find(&self, identity: &str) -> Result<Option<String>, StoreError> {
        Ok(Some(identity.to_owned()))
    }

    fn is_active(&self, user: &String) -> bool {
        user != "eve"
    }
}

fn builder() -> BridgeBuilder {
    Bridge::builder(Users).token_key(TokenKey::hs256(&[7; 32]).expect("a key")).store(MemoryStore::default())
}

/// `verify_jwt_in_request(optional=True)` and `get_jwt()`.
#[actix_web::test]
async fn claims_are_optional_behind_a_guard_and_without_and_by_hand() {
    async fn optional(login: MaybeLogin) -> String {
        login.as_ref().and_then(|login| login.claims()).map(|claims| claims.sub).unwrap_or_default()
    }
    async fn by_hand(req: HttpRequest) -> Result<String, AuthError> {
        Ok(Claims::extract(&req).await?.sub)
    }
    let (bridge, ann) = (builder().build().expect("a bridge"), "ann".to_owned());
    let guarded = web::resource("/guarded").wrap(Require::token().optional()).get(optional);
    let app = App::new().wrap(bridge.clone()).service(guarded).route("/optional", web::get().to(optional));
    let app = init_service(app.route("/by_hand", web::get().to(by_hand))).await;
    let signed_in = as_user(&bridge, &ann).via_token().await;
    let bad = || TestRequest::get().insert_header(("authorization", "Bearer nonsense"));
    for (path, nobody) in [("/guarded", 200), ("/optional", 200), ("/by_hand", 401)] {
        let res = call_service(&app, signed_in.on(TestRequest::get().uri(path)).to_request()).await;
        assert_eq!((res.status().as_u16(), read_body(res).await), (200, "ann".into()), "{path}");
        assert_eq!(call_service(&app, TestRequest::get().uri(path).to_request()).await.status(), nobody, "{path}");
        assert_eq!(call_service(&app, bad().uri(path).to_request()).await.status(), 401, "{path}");
    }
    let session = as_user(&bridge, &ann).via_session().await.on(TestRequest::get().uri("/optional"));
    let res = call_service(&app, session.to_request()).await;
    assert_eq!((res.status().as_u16(), read_body(res).await), (200, "".into()), "a session has no claims");
}

/// `set_access_cookies(response, token, max_age=60)`.
#[actix_web::test]
async fn the_cookies_of_one_response_can_be_written_otherwise() {
    async fn sign_in(auth: Auth) -> Result<HttpResponse, AuthError> {
        let tokens = auth.login_user(&"ann".to_owned()).tokens_only().await?.issue_tokens()?;
        let mut response = HttpResponse::NoContent().finish();
        let cookies = auth.token_cookies()?.clone().max_age(Duration::from_secs(60)).domain("example.org");
        match cookies.set_access(&mut response, &tokens.access_token) {
            Err(error) => Ok(HttpResponse::InternalServerError().body(error.to_string())),
            Ok(()) => Ok(response),
        }
    }
    let cookies = TokenLocations::new(&[CredentialLocation::Cookie]);
    let of_the_site = cookies.clone().cookies(TokenCookies::default().domain("example.com"));
    let tls =
        |locations: &TokenLocations| builder().public_url("https://example.org").token_locations(locations.clone());
    for bridge in [builder().token_locations(cookies.clone()), tls(&of_the_site)] {
        let app = App::new().wrap(bridge.build().expect("a bridge")).route("/", web::post().to(sign_in));
        let res = call_service(&init_service(app).await, TestRequest::post().uri("/").to_request()).await;
        let cookies: Vec<_> = res.response().cookies().collect();
        assert_eq!(cookies.len(), 2);
        for cookie in cookies {
            assert!(cookie.name().starts_with("tollbridge_access"), "{}", cookie.name());
            assert_eq!(cookie.max_age().map(|age| age.whole_seconds()), Some(60), "{}", cookie.name());
            assert_eq!(cookie.domain(), Some("example.org"), "{}", cookie.name());
        }
    }
    let app = App::new().wrap(tls(&cookies).build().expect("a bridge")).route("/", web::post().to(sign_in));
    let res = call_service(&init_service(app).await, TestRequest::post().uri("/").to_request()).await;
    assert!(res.status() == 500 && res.response().cookies().next().is_none());
    let told = String::from_utf8(read_body(res).await.to_vec()).expect("a text");
    assert!(told.contains("__Host-") && told.contains("domain"), "{told}");
}

/// `login_manager.unauthorized()` and `login_manager.needs_refresh()`.
#[actix_web::test]
async fn a_handler_can_send_a_browser_to_the_views() {
    let bridge = builder()
        .login_view("/login")
        .refresh_view("/reauth")
        .fresh_window(Duration::from_secs(60))
        .build()
        .expect("a bridge");
    let unauthorized = async || Err::<HttpResponse, _>(AuthError::LoginRequired);
    let needs_refresh = async |auth: Auth| Err::<HttpResponse, _>(auth.needs_refresh());
    let app =
        App::new().wrap(bridge).route("/a", web::get().to(unauthorized)).route("/b", web::get().to(needs_refresh));
    let app = init_service(app).await;
    for (path, view) in [("/a", "/login?next=%2Fa"), ("/b", "/reauth?next=%2Fb")] {
        let res =
            call_service(&app, TestRequest::get().uri(path).insert_header(("accept", "text/html")).to_request()).await;
        assert_eq!(res.status(), 303);
        assert_eq!(res.headers().get("location").map(|value| value.as_bytes()), Some(view.as_bytes()));
    }
    let res = call_service(&app, TestRequest::get().uri("/b").to_request()).await;
    let challenge = res.headers().get("www-authenticate").and_then(|value| value.to_str().ok()).unwrap_or_default();
    assert!(res.status() == 401 && challenge.ends_with(r#", max_age="60""#), "{challenge}");
}

/// "Two settings structs carry an application over as it is": both at once, with sessions and tokens of our own beside.
#[actix_web::test]
async fn the_settings_structs_go_together() {
    let config = json!({ "JWT_SECRET_KEY": "a secret of at least thirty-two bytes" });
    let config = FlaskConfig::from_json(&config).expect("a configuration");
    let jwt = JwtManager::builder(config).build().expect("a manager");
    let bridge = Bridge::builder(Users).store(MemoryStore::default()).flask_jwt(&jwt);
    let bridge = LoginManager::new().login_view("/login").init_app(bridge).build().expect("a bridge");
    let account = async |user: CurrentUser<String>| user.into_inner();
    let api = web::resource("/api").wrap(Require::token()).get(account);
    let app = App::new().wrap(bridge.clone()).route("/account", web::get().to(account)).service(api);
    let app = init_service(app).await;

    let ann = "ann".to_owned();
    let with =
        |token: &str| TestRequest::get().uri("/account").insert_header(("authorization", format!("Bearer {token}")));
    let theirs = with(&jwt.create_access_token("ann").issue().expect("a token"));
    let ours = as_user(&bridge, &ann).via_token().await.on(TestRequest::get().uri("/account"));
    let session = as_user(&bridge, &ann).via_session().await.on(TestRequest::get().uri("/account"));
    for request in [theirs, ours, session] {
        let res = call_service(&app, request.to_request()).await;
        assert_eq!((res.status().as_u16(), read_body(res).await), (200, "ann".into()));
    }

    let bad = call_service(&app, with("nonsense").to_request()).await;
    assert_eq!((bad.status().as_u16(), read_body(bad).await), (422, "{\"msg\":\"Not enough segments\"}\n".into()));
    let nobody = call_service(&app, TestRequest::get().uri("/api").to_request()).await;
    assert_eq!(nobody.status(), 401);
    assert_eq!(read_body(nobody).await, "{\"msg\":\"Missing Authorization Header\"}\n");
    let nobody = call_service(&app, TestRequest::get().uri("/account").to_request()).await;
    assert_eq!(nobody.status(), 302);
    let view = nobody.headers().get("location").map(|value| value.as_bytes());
    assert_eq!(view, Some(&b"/login?next=%2Faccount"[..]));
}

/// "Answer `AuthError::InvalidCredentials` in its place".
#[actix_web::test]
async fn an_inactive_user_can_be_told_what_a_wrong_password_is_told() {
    async fn plain(auth: Auth) -> Result<HttpResponse, AuthError> {
        auth.login_user(&"eve".to_owned()).await?;
        Ok(HttpResponse::NoContent().finish())
    }
    async fn discreet(auth: Auth) -> Result<HttpResponse, AuthError> {
        auth.login_user(&"eve".to_owned()).await.map_err(|error| match error {
            AuthError::UserDisabled => AuthError::InvalidCredentials,
            other => other,
        })?;
        Ok(HttpResponse::NoContent().finish())
    }
    let wrong = async || Err::<HttpResponse, _>(AuthError::InvalidCredentials);
    let app = App::new().wrap(builder().build().expect("a bridge")).route("/plain", web::post().to(plain));
    let app = app.route("/discreet", web::post().to(discreet)).route("/wrong", web::post().to(wrong));
    let app = init_service(app).await;
    let answer = async |path: &str| {
        let res = call_service(&app, TestRequest::post().uri(path).to_request()).await;
        (
            res.status(),
            res.headers().iter().map(|(name, value)| format!("{name}: {value:?}")).collect::<BTreeSet<_>>(),
            read_body(res).await,
        )
    };
    assert_eq!(answer("/discreet").await, answer("/wrong").await);
    let (status, _, body) = answer("/plain").await;
    assert!(status == 401 && String::from_utf8_lossy(&body).contains("user_disabled"), "{body:?}");
}

/// "OIDC, keys of an identity provider".
#[actix_web::test]
async fn tokens_of_an_identity_provider_are_for_the_decode_key_loader() {
    const PRIVATE: &[u8] = include_bytes!("../fixtures/rsa2048.pem");
    const PUBLIC: &[u8] = include_bytes!("../fixtures/rsa2048_public.pem");
    let find = |header: &Map<String, Value>, _: &Map<String, Value>| {
        let is_theirs = header.get("kid")?.as_str()? == "provider-1";
        is_theirs.then(|| TokenKey::from_public_pem(Algorithm::RS256, PUBLIC).ok()).flatten()
    };
    let theirs = |typ: &str| {
        let header = jsonwebtoken::Header {
            typ: Some(typ.to_owned()),
            kid: Some("provider-1".to_owned()),
            ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256)
        };
        let claims =
            json!({ "iss": "https://id.example", "aud": "app", "sub": "ann", "iat": 1, "exp": 4_102_444_800_u32 });
        let key = jsonwebtoken::EncodingKey::from_rsa_pem(PRIVATE).expect("a key");
        jsonwebtoken::encode(&header, &claims, &key).expect("a token")
    };
    let config = json!({
        "JWT_ALGORITHM": "RS256", "JWT_DECODE_AUDIENCE": "app", "JWT_DECODE_ISSUER": "https://id.example",
    });
    let config = FlaskConfig::from_json(&config).expect("a configuration");
    let jwt = JwtManager::builder(config).decode_key_loader(find).build().expect("a manager");
    let strict = || builder().verifying_key_for(find).accept_issuer("https://id.example").accept_audience("app");
    for (bridge, typ, status) in [
        (builder().flask_jwt(&jwt), "JWT", 200),
        (builder().flask_jwt(&jwt), "at+jwt", 422),
        (strict(), "JWT", 401),
        (strict(), "at+jwt", 401),
    ] {
        let who = async |user: CurrentUser<String>| user.into_inner();
        let app = App::new().wrap(bridge.build().expect("a bridge")).route("/", web::get().to(who));
        let request = TestRequest::get().insert_header(("authorization", format!("Bearer {}", theirs(typ))));
        let res = call_service(&init_service(app).await, request.to_request()).await;
        assert_eq!(res.status(), status, "{typ}");
    }
}
