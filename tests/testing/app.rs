//! A small application of an embedder's, called without a socket.

use std::rc::Rc;

use actix_web::body::BoxBody;
use actix_web::cookie::Cookie;
use actix_web::dev::{Service as _, ServiceResponse};
use actix_web::test::{TestRequest, init_service};
use actix_web::web::{self, Json};
use actix_web::{App, HttpResponse, Responder};
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};
use tollbridge::store::memory::MemoryStore;
use tollbridge::testing::FakeClock;
use tollbridge::{
    Auth, AuthError, Bridge, BridgeBuilder, CurrentLogin, CurrentUser, Fresh, LogoutScope, Require, StoreError,
    TokenKey, UserStore,
};

pub(crate) const START: i64 = 1_800_000_000;

#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub(crate) struct User {
    pub(crate) name: &'static str,
    #[serde(skip)]
    pub(crate) active: bool,
}

pub(crate) const ANN: User = User { name: "Ann", active: true };

pub(crate) struct Users;

impl UserStore for Users {
    type User = User;

    fn identity(&self, user: &User) -> String {
        user.name.to_owned()
    }

    async fn find(&self, identity: &str) -> Result<Option<User>, StoreError> {
        Ok((identity == ANN.name).then_some(ANN))
    }

    fn is_active(&self, user: &User) -> bool {
        user.active
    }
}

type Answer = Result<ServiceResponse<BoxBody>, actix_web::Error>;
type Call = dyn Fn(TestRequest) -> LocalBoxFuture<'static, Answer>;

/// The application, with what its tests hold of it.
pub(crate) struct TestApp {
    pub(crate) bridge: Bridge,
    pub(crate) store: MemoryStore,
    pub(crate) clock: FakeClock,
    service: Box<Call>,
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::with(|bridge| bridge).await
    }

    pub(crate) async fn with(configure: impl FnOnce(BridgeBuilder) -> BridgeBuilder) -> Self {
        let (store, clock) = (MemoryStore::default(), FakeClock::at(START));
        let builder = Bridge::builder(Users).token_key(TokenKey::hs256(&[0x5e; 32]).expect("a key"));
        let bridge = configure(builder.store(store.clone()).clock(&clock)).build().expect("the bridge is complete");
        let app = App::new()
            .wrap(bridge.clone())
            .route("/how", web::route().to(how))
            .route("/notes/read", web::get().to(how).wrap(Require::login().ability("notes:read")))
            .route("/notes/write", web::get().to(how).wrap(Require::login().ability("notes:write")))
            .route("/fresh", web::get().to(fresh))
            .route("/logout", web::post().to(logout))
            .route("/cookies", web::get().to(cookies));
        let service = Rc::new(init_service(app).await);
        let service = Box::new(move |req: TestRequest| -> LocalBoxFuture<'static, Answer> {
            let service = Rc::clone(&service);
            Box::pin(async move { Ok(service.call(req.to_request()).await?.map_into_boxed_body()) })
        });
        Self { bridge, store, clock, service }
    }

    pub(crate) async fn call(&self, req: TestRequest) -> ServiceResponse<BoxBody> {
        (self.service)(req).await.expect("a response")
    }
}

pub(crate) async fn body(res: ServiceResponse<BoxBody>) -> Value {
    serde_json::from_slice(&actix_web::test::read_body(res).await).unwrap_or_default()
}

async fn how(login: CurrentLogin, user: CurrentUser<User>) -> impl Responder {
    Json(json!({
        "user": user.name,
        "login_id": login.login_id.as_ref().map(|login| login.as_str()),
        "via": login.via.as_str(),
        "location": login.location.as_str(),
        "fresh": login.fresh,
    }))
}

async fn fresh(_: Fresh<CurrentUser<User>>) -> impl Responder {
    HttpResponse::Ok()
}

async fn logout(auth: Auth) -> Result<impl Responder, AuthError> {
    auth.logout_user(LogoutScope::This).await?;
    Ok(HttpResponse::NoContent())
}

/// Sets two cookies of its own.
async fn cookies() -> impl Responder {
    let cookie = |name| Cookie::new(name, "secret-value");
    HttpResponse::Ok().cookie(cookie("theme")).cookie(cookie("basket")).finish()
}
