//! A small application of an embedder's, served on a socket of its own.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_session::Session;
use actix_web::dev::ServerHandle;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::{Condition, Next, from_fn};
use actix_web::rt::System;
use actix_web::web::{Bytes, Data, Json, Path, Payload, PayloadConfig, Query, ServiceConfig};
use actix_web::{App, FromRequest as _, HttpRequest, HttpResponse, HttpServer, Responder, dev, error, web};
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use tollbridge::testing::{FakeClock, as_user};
use tollbridge::{
    AnyUser, Auth, AuthError, Bridge, BridgeBuilder, BrowserUser, Claims, CurrentLogin, CurrentUser, Fresh, LoginId,
    LogoutScope, MaybeUser, Messages, Require, TokenKey, TokenUser, safe_next,
};

use crate::clients::{Anonymous, Pair, new_http};
use crate::store::{CountingStore, User, Users};

/// When every test begins.
pub(crate) const START: i64 = 1_800_000_000;

pub(crate) const TOKEN_SECRET: &[u8] = b"a token secret that only these tests know";
pub(crate) const SESSION_SECRET: &[u8] = b"a session secret that only these tests know";
pub(crate) const PASSWORD: &str = "correct horse battery staple";

pub(crate) fn token_key() -> TokenKey {
    TokenKey::hs256(TOKEN_SECRET).expect("a key")
}

/// What outlives a server.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) store: CountingStore,
    pub(crate) users: Users,
    pub(crate) clock: FakeClock,
}

impl Default for World {
    fn default() -> Self {
        Self { store: CountingStore::default(), users: Users::default(), clock: FakeClock::at(START) }
    }
}

impl World {
    /// A bridge with every default, over this world.
    pub(crate) fn bridge(&self) -> BridgeBuilder {
        Bridge::builder(self.users.clone())
            .token_key(token_key())
            .session_secret(SESSION_SECRET)
            .store(self.store.clone())
            .clock(&self.clock)
    }
}

/// The application, serving until it is dropped.
pub(crate) struct TestApp {
    pub(crate) addr: SocketAddr,
    pub(crate) world: World,
    pub(crate) bridge: Bridge,
    pub(crate) slow: Slow,
    server: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

/// Lets a test wait until `/slow` is being handled, and let it go on.
#[derive(Clone)]
pub(crate) struct Slow {
    entered: Arc<Semaphore>,
    go_on: Arc<Semaphore>,
}

impl Slow {
    pub(crate) fn wait_until_entered(&self) {
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        while self.entered.try_acquire().map(|permit| permit.forget()).is_err() {
            assert!(std::time::Instant::now() < deadline, "/slow was not called");
            std::thread::yield_now();
        }
    }

    pub(crate) fn go_on(&self) {
        self.go_on.add_permits(1);
    }
}

impl TestApp {
    pub(crate) fn start() -> Self {
        Self::with(|bridge| bridge)
    }

    pub(crate) fn with(configure: impl FnOnce(BridgeBuilder) -> BridgeBuilder) -> Self {
        Self::over(World::default(), configure)
    }

    pub(crate) fn over(world: World, configure: impl FnOnce(BridgeBuilder) -> BridgeBuilder) -> Self {
        let bridge = configure(world.bridge()).build().expect("the bridge is complete");
        Self::serve(world, bridge, true)
    }

    /// The same application by somebody who forgot to wrap it.
    pub(crate) fn without_bridge() -> Self {
        let world = World::default();
        let bridge = world.bridge().build().expect("the bridge is complete");
        Self::serve(world, bridge, false)
    }

    pub(crate) fn serve(world: World, bridge: Bridge, wrapped: bool) -> Self {
        let (tell, told) = mpsc::channel();
        let slow = Slow { entered: Arc::new(Semaphore::new(0)), go_on: Arc::new(Semaphore::new(0)) };
        let (users, wrap, gate) = (world.users.clone(), bridge.clone(), slow.clone());
        let thread = std::thread::spawn(move || {
            System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    App::new()
                        .wrap(from_fn(inner))
                        .wrap(Condition::new(wrapped, wrap.clone()))
                        .app_data(Data::new(users.clone()))
                        .app_data(Data::new(gate.clone()))
                        .app_data(PayloadConfig::new(4 << 20))
                        .app_data(web::JsonConfig::default().limit(4 << 20))
                        .configure(routes)
                })
                .workers(2)
                .disable_signals()
                .bind("127.0.0.1:0")
                .expect("a free port");
                let addr = server.addrs()[0];
                let server = server.run();
                tell.send((addr, server.handle())).expect("the test waits");
                server.await.expect("the server ends well");
            });
        });
        let (addr, server) = told.recv().expect("the server starts");
        Self { addr, world, bridge, slow, server, thread: Some(thread) }
    }

    /// One for all servers.
    pub(crate) fn http(&self) -> &reqwest::blocking::Client {
        static CLIENT: OnceLock<reqwest::blocking::Client> = OnceLock::new();
        CLIENT.get_or_init(new_http)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    pub(crate) fn store(&self) -> &CountingStore {
        &self.world.store
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.world.clock.set(self.world.clock.now() + seconds);
    }
}

impl Anonymous<'_> {
    /// A login that has tokens only.
    pub(crate) fn token_login(&self, username: &str) -> Pair {
        let TestApp { world, bridge, .. } = self.0;
        let user = world.users.by_name(username).expect("a user");
        let signed_in = System::new().block_on(async { as_user(bridge, &user).fresh().via_token().await });
        let tokens = signed_in.tokens().clone();
        Pair { access: tokens.access_token, refresh: tokens.refresh_token }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.slow.go_on.add_permits(100);
        drop(self.server.stop(false));
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the server panicked");
        }
    }
}

/// A middleware of the embedder's, inside the bridge, that fails on one path, and sets headers where it is asked to.
async fn inner<B: actix_web::body::MessageBody>(
    req: dev::ServiceRequest,
    next: Next<B>,
) -> Result<dev::ServiceResponse<B>, actix_web::Error> {
    if req.path() == "/broken-middleware" {
        return Err(error::ErrorImATeapot("the middleware failed"));
    }
    if req.headers().contains_key("x-refuse") {
        return Err(AuthError::LoginRequired.into());
    }
    let sets_headers = req.headers().contains_key("x-headers");
    let mut answer = next.call(req).await?;
    if sets_headers {
        for (name, value) in [
            ("access-control-allow-origin", "https://spa.example"),
            ("x-inner", "of the middleware"),
            ("vary", "Origin"),
            ("etag", "\"of the problem document\""),
        ] {
            answer.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
    }
    Ok(answer)
}

fn routes(app: &mut ServiceConfig) {
    app.route("/login", web::post().to(login))
        .route("/login", web::get().to(login_page))
        .route("/logout", web::post().to(logout))
        .route("/refresh", web::post().to(refresh))
        .route("/confirm", web::post().to(confirm))
        .route("/freshness", web::get().to(freshness))
        .route("/any", web::route().to(any))
        .route("/messages", web::get().to(async |messages: Messages| Json(messages)))
        .route("/next", web::get().to(async |auth: Auth| Json(auth.take_next())))
        .route("/admin{tail:.*}", web::get().to(who_am_i))
        .route("/who_am_i", web::route().to(who_am_i))
        .route("/maybe", web::route().to(maybe))
        .route("/even-revoked", web::route().to(who_am_i).wrap(Require::token().skip_blocklist()))
        .route("/browser", web::route().to(browser))
        .route("/token", web::route().to(token))
        .route("/fresh", web::route().to(fresh))
        .route("/fresh-token", web::route().to(fresh_token))
        .route("/claims", web::route().to(claims))
        .route("/how", web::route().to(how))
        .route("/twice", web::route().to(twice))
        .configure(crate::guarded::routes)
        .configure(crate::logins::routes)
        .configure(crate::request_loader::routes)
        .configure(crate::ended::routes)
        .configure(crate::errors::routes)
        .configure(crate::messages::routes)
        .configure(crate::conflict::routes)
        .configure(crate::explain::routes)
        .configure(crate::freshness::routes)
        .configure(crate::rules::routes)
        .configure(crate::scope::routes)
        .configure(crate::uploads::routes)
        .route("/misfit", web::route().to(misfit))
        .route("/login-misfit", web::post().to(login_misfit))
        .route("/never-asks", web::route().to(never_asks))
        .route("/json", web::post().to(echo_json))
        .route("/stream", web::route().to(echo_stream))
        .route("/session-write", web::post().to(session_write))
        .route("/session-write/{name}", web::post().to(session_write))
        .route("/session-read", web::get().to(session_read))
        .route("/slow", web::post().to(slow))
        .route("/stall", web::post().to(stall))
        .route("/fail", web::route().to(fail))
        .route("/panic", web::route().to(panic))
        // A catch-all that wants a user, below a path that another parser would read as a host.
        .route("//{tail:.*}", web::get().to(who_am_i));
}

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
    #[serde(default)]
    remember: bool,
    #[serde(default)]
    tokens_only: bool,
    #[serde(default)]
    keep_previous: bool,
    #[serde(default)]
    force: bool,
    #[serde(default)]
    stale: bool,
    /// In milliseconds.
    duration: Option<u64>,
    next: Option<String>,
    /// What the tokens say besides.
    #[serde(default)]
    claims: Map<String, Value>,
    #[serde(default)]
    headers: Map<String, Value>,
    expires_in: Option<u64>,
}

async fn login(form: Json<Credentials>, users: Data<Users>, auth: Auth) -> Result<HttpResponse, AuthError> {
    let user = users.by_name(&form.username).filter(|_| form.password == PASSWORD);
    let user = user.ok_or(AuthError::InvalidCredentials)?;
    let mut login = auth.login_user(&user).remember(form.remember);
    if form.tokens_only {
        login = login.tokens_only();
    }
    if form.keep_previous {
        login = login.keep_previous();
    }
    if form.force {
        login = login.force();
    }
    if form.stale {
        login = login.fresh(false);
    }
    if let Some(duration) = form.duration {
        login = login.duration(Duration::from_millis(duration));
    }
    let login = login.await?;
    if let Some(next) = &form.next {
        let next = safe_next(next).unwrap_or("/who_am_i");
        return Ok(HttpResponse::SeeOther().insert_header(("Location", next)).finish());
    }
    let mut tokens = login.tokens();
    for (name, value) in &form.claims {
        tokens = tokens.claim(name, value.clone());
    }
    for (name, value) in &form.headers {
        tokens = tokens.header(name, value.clone());
    }
    if let Some(seconds) = form.expires_in {
        tokens = tokens.expires_in(Duration::from_secs(seconds));
    }
    Ok(HttpResponse::Ok().json(tokens.issue()?))
}

async fn login_page() -> impl Responder {
    HttpResponse::Ok().content_type("text/html").body("<title>Sign in</title>")
}

#[derive(Deserialize)]
struct LogoutForm {
    #[serde(default)]
    scope: LogoutScope,
}

async fn logout(form: Query<LogoutForm>, auth: Auth) -> Result<impl Responder, AuthError> {
    auth.logout_user(form.scope).await?;
    Ok(HttpResponse::NoContent())
}

async fn refresh(auth: Auth) -> Result<impl Responder, AuthError> {
    Ok(Json(auth.refresh().await?))
}

/// Answers tokens, if the user counts as fresh in the same request.
async fn confirm(auth: Auth, req: HttpRequest) -> Result<impl Responder, AuthError> {
    let tokens = auth.confirm_login().await?.issue_tokens()?;
    Fresh::<CurrentUser<User>>::extract(&req).await?;
    Ok(Json(tokens))
}

async fn freshness(auth: Auth) -> Result<impl Responder, AuthError> {
    Ok(Json(json!({ "fresh": auth.login_fresh().await?, "remembered": auth.login_remembered().await? })))
}

async fn any(user: AnyUser<User>) -> impl Responder {
    Json(json!({
        "id": user.get().map(|user| user.id),
        "authenticated": user.is_authenticated(),
        "active": user.is_active(),
        "anonymous": user.is_anonymous(),
    }))
}

async fn who_am_i(user: CurrentUser<User>) -> impl Responder {
    Json(user)
}

async fn maybe(user: MaybeUser<User>) -> impl Responder {
    Json(user)
}

async fn browser(user: BrowserUser<User>) -> impl Responder {
    Json(user)
}

async fn token(user: TokenUser<User>) -> impl Responder {
    Json(user)
}

async fn fresh(user: Fresh<CurrentUser<User>>) -> impl Responder {
    Json(user.into_inner())
}

async fn fresh_token(user: Fresh<TokenUser<User>>) -> impl Responder {
    Json(user.into_inner())
}

async fn claims(claims: Claims) -> impl Responder {
    Json(claims.all)
}

async fn how(login: CurrentLogin) -> impl Responder {
    Json(json!({
        "identity": login.identity,
        "login_id": login.login_id.as_ref().map(LoginId::as_str),
        "via": login.via.as_str(),
        "location": login.location.as_str(),
        "fresh": login.fresh,
        "auth_time": login.auth_time,
        "amr": login.amr,
        "expires_at": login.expires_at,
    }))
}

async fn twice(one: CurrentUser<User>, how: CurrentLogin, two: MaybeUser<User>) -> impl Responder {
    Json(json!([one.id, how.identity, two.as_ref().map(|user| user.id)]))
}

async fn misfit(_: CurrentUser<String>) -> impl Responder {
    HttpResponse::Ok()
}

async fn login_misfit(auth: Auth) -> Result<impl Responder, AuthError> {
    auth.login_user(&"not a user").await?;
    Ok(HttpResponse::Ok())
}

async fn never_asks() -> impl Responder {
    "hello"
}

async fn echo_json(body: Json<Value>) -> impl Responder {
    body
}

async fn echo_stream(mut body: Payload) -> Result<impl Responder, actix_web::Error> {
    let mut all = Vec::new();
    while let Some(chunk) = body.next().await {
        all.extend_from_slice(&chunk?);
    }
    let length = all.len();
    Ok(HttpResponse::Ok().insert_header(("X-Length", length)).body(all))
}

/// Writes the body as a text into the session: as the `note`, or over the value of that name.
async fn session_write(
    name: Option<Path<String>>,
    body: Bytes,
    session: Session,
) -> Result<impl Responder, actix_web::Error> {
    session.insert(name.map_or("note".to_owned(), Path::into_inner), String::from_utf8_lossy(&body))?;
    Ok(HttpResponse::NoContent())
}

/// What is in the session, and who is asking.
async fn session_read(user: MaybeUser<User>, session: Session) -> Result<impl Responder, actix_web::Error> {
    let note: Option<String> = session.get("note")?;
    Ok(Json(json!({ "note": note, "user": user.as_ref().map(|user| user.id) })))
}

/// Holds up its worker, as a machine does that has too much to do.
async fn stall(slow: Data<Slow>) -> HttpResponse {
    slow.entered.add_permits(1);
    std::thread::sleep(Duration::from_millis(1700));
    HttpResponse::NoContent().finish()
}

async fn slow(user: MaybeUser<User>, session: Session, slow: Data<Slow>) -> Result<impl Responder, actix_web::Error> {
    slow.entered.add_permits(1);
    if let Ok(permit) = slow.go_on.acquire().await {
        permit.forget();
    }
    session.insert("note", "written by a request in flight")?;
    Ok(Json(user.into_inner()))
}

async fn fail(session: Session) -> Result<HttpResponse, actix_web::Error> {
    session.insert("note", "before the failure")?;
    Err(error::ErrorInternalServerError("the handler failed"))
}

async fn panic(session: Session) -> HttpResponse {
    let _ = session.insert("note", "before the panic");
    std::panic::resume_unwind(Box::new("the handler panicked"))
}
