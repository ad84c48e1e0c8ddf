//! For the tests of an application that is built on the bridge (feature `testing`, off by default).
//!
//! ```toml
//! [dev-dependencies]
//! tollbridge = { version = "0.1", features = ["testing"] }
//! ```
//!
//! * [`as_user()`] signs a user in without the application's login form, as `FlaskLoginClient` of Flask-Login does.
//! * [`FakeClock`] is a clock that the test controls.
//! * [`assert_no_cookies`] and [`assert_silent`] check what a response must not carry.
//! * [`conformance`] checks a [`LoginStore`](crate::LoginStore) and a [`SessionStore`](crate::SessionStore) against
//!   the requirements of these traits.
//!
//! Nothing inside the bridge is mocked: the login is in the store, the session is in the session store, its cookie is
//! signed, and the tokens are real.
//!
//! ```
//! use std::time::Duration;
//!
//! use actix_web::test::{TestRequest, call_service, init_service};
//! use actix_web::{App, Responder, get, web::Json};
//! use tollbridge::store::memory::MemoryStore;
//! use tollbridge::testing::{FakeClock, as_user, assert_silent};
//! use tollbridge::{Bridge, CurrentUser, Fresh, StoreError, TokenKey, UserStore};
//!
//! #[derive(Clone, serde::Serialize)]
//! struct User { id: u32, name: &'static str }
//!
//! const ANN: User = User { id: 7, name: "Ann" };
//!
//! struct Users;
//!
//! impl UserStore for Users {
//!     type User = User;
//!     fn identity(&self, user: &User) -> String { user.id.to_string() }
//!     async fn find(&self, identity: &str) -> Result<Option<User>, StoreError> {
//!         Ok((identity == "7").then_some(ANN))
//!     }
//! }
//!
//! #[get("/who_am_i")]
//! async fn who_am_i(user: CurrentUser<User>) -> impl Responder {
//!     Json(user)
//! }
//!
//! #[get("/secrets")]
//! async fn secrets(_: Fresh<CurrentUser<User>>) -> impl Responder {
//!     "the secrets"
//! }
//!
//! # #[actix_web::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clock = FakeClock::at(1_800_000_000);
//! let bridge = Bridge::builder(Users)
//!     .token_key(TokenKey::hs256(&[0x5e; 32])?)
//!     .store(MemoryStore::default())
//!     .clock(&clock)
//!     .build()?;
//! let app = init_service(App::new().wrap(bridge.clone()).service(who_am_i).service(secrets)).await;
//!
//! // A browser, and an API client. Neither is fresh unless that is asked for, as most requests are not.
//! let browser = as_user(&bridge, &ANN).via_session().await;
//! let client = as_user(&bridge, &ANN).via_token().await;
//! let res = call_service(&app, browser.on(TestRequest::get().uri("/who_am_i")).to_request()).await;
//! assert_eq!(res.status(), 200);
//! let res = call_service(&app, client.on(TestRequest::get().uri("/who_am_i")).to_request()).await;
//! assert_eq!(res.status(), 200);
//! assert_silent(&res);
//! let res = call_service(&app, browser.on(TestRequest::get().uri("/secrets")).to_request()).await;
//! assert_eq!(res.status(), 401);
//!
//! // A login is fresh for a limited time after the user signed in.
//! let fresh = as_user(&bridge, &ANN).fresh().via_session().await;
//! let res = call_service(&app, fresh.on(TestRequest::get().uri("/secrets")).to_request()).await;
//! assert_eq!(res.status(), 200);
//! clock.advance(Duration::from_secs(15 * 60));
//! let res = call_service(&app, fresh.on(TestRequest::get().uri("/secrets")).to_request()).await;
//! assert_eq!(res.status(), 401);
//! # Ok(())
//! # }
//! ```

mod as_user;
pub mod conformance;
mod fake_clock;
mod response_assertions;
mod signed_in;

pub use as_user::{AsUser, as_user};
pub use fake_clock::FakeClock;
pub use response_assertions::{assert_no_cookies, assert_silent};
pub use signed_in::SignedIn;
