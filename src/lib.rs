//! **One login, two faces.** A person signs in once; browsers then carry a session cookie, API clients carry a JWT,
//! and both are the same login: the same handler serves both, and ending the login ends both. A request that brings a
//! token never loads, writes or sets a session.
//!
//! For actix-web this is what Flask-Login and Flask-JWT-Extended are to Flask, as one coherent thing.
//!
//! # Embedding it
//!
//! Say who your users are ([`UserStore`]), build a [`Bridge`], wrap the app in it, and ask for a [`CurrentUser`]:
//!
//! ```
//! use actix_web::{App, HttpResponse, Responder, get, post, test, web::Json};
//! use tollbridge::store::memory::MemoryStore;
//! use tollbridge::{Auth, AuthError, Bridge, CurrentUser, StoreError, TokenKey, UserStore};
//!
//! #[derive(Clone, serde::Serialize)]
//! struct User { id: u32, name: &'static str }
//!
//! struct Users;
//!
//! impl UserStore for Users {
//!     type User = User;
//!     fn identity(&self, user: &User) -> String { user.id.to_string() }
//!     async fn find(&self, identity: &str) -> Result<Option<User>, StoreError> {
//!         Ok((identity == "7").then_some(User { id: 7, name: "Ann" }))
//!     }
//! }
//!
//! #[post("/login")]
//! async fn login(auth: Auth) -> Result<impl Responder, AuthError> {
//!     let user = User { id: 7, name: "Ann" }; // whose password you have checked: see `PasswordHasher`
//!     let login = auth.login_user(&user).remember(true).await?; // the browser's face: cookies
//!     Ok(HttpResponse::Ok().json(login.issue_tokens()?)) // the API's face: tokens of the same login
//! }
//!
//! #[get("/who_am_i")]
//! async fn who_am_i(user: CurrentUser<User>) -> impl Responder {
//!     Json(user)
//! }
//!
//! # #[actix_web::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let bridge = Bridge::builder(Users)
//!     .token_key(TokenKey::hs256(&[0x5e; 32])?) // in your program: 32 random bytes, kept secret
//!     .store(MemoryStore::default())
//!     .build()?; // what is missing or weak fails here, not in a request
//!
//! let app = test::init_service(App::new().wrap(bridge).service(login).service(who_am_i)).await;
//! let signed_in = test::call_service(&app, test::TestRequest::post().uri("/login").to_request()).await;
//! let cookie = signed_in.response().cookies().next().ok_or("no cookie")?.into_owned();
//! let tokens: serde_json::Value = test::read_body_json(signed_in).await;
//!
//! let by_cookie = test::TestRequest::get().uri("/who_am_i").cookie(cookie).to_request();
//! assert_eq!(test::call_and_read_body(&app, by_cookie).await, r#"{"id":7,"name":"Ann"}"#);
//!
//! let bearer = format!("Bearer {}", tokens["access_token"].as_str().ok_or("no token")?);
//! let by_token = test::TestRequest::get().uri("/who_am_i").insert_header(("authorization", bearer)).to_request();
//! assert_eq!(test::call_and_read_body(&app, by_token).await, r#"{"id":7,"name":"Ann"}"#);
//! # Ok(())
//! # }
//! ```
//!
//! # The life of a request
//!
//! 1. The *loader* looks for a token: the `Authorization` header, then `access_token` or `refresh_token` of a JSON
//!    body, or wherever else [`TokenLocations`] say: cookies, the query. The body reaches the handler as it came.
//! 2. The *gate* decides by the presence of a token, valid or not: with one, the app is called without sessions; else
//!    inside actix-session, after the check against forged requests for those that cookies would authenticate.
//! 3. A *guard* or an *extractor* resolves the credential when a route or a handler asks, once: [`Require`];
//!    [`CurrentUser`], [`MaybeUser`], [`BrowserUser`], [`TokenUser`], [`Fresh`], [`CurrentLogin`], [`Claims`]. A handler
//!    that asks for none costs no verification and no query.
//! 4. On the way out, every [`Refusal`] gets the form that you want it to have, and then *silence*: the response to a
//!    token leaves without a cookie of a session.
//!
//! A credential that was presented is final: a rejected token is a 401, whatever cookie came along. Absent is not
//! invalid, and invalid is not broken: [`MaybeUser`] is nobody only for the first, a bad token is a 401, a store that is
//! down is a 503.
//!
//! # Good to know
//!
//! * A browser is who sends `Accept: text/html` ([`prefers_html`]). With [`BridgeBuilder::login_view`] and
//!   [`BridgeBuilder::error_page`] it gets a redirect or a page where others get JSON, whichever handler refused: one
//!   that wants to show its own form again answers with a response and not with an [`AuthError`].
//! * A handler that checks a password asks [`Auth::may_open_session`] first, so that other sites cannot make it hash.
//! * With the feature `testing` comes `testing`, a kit for your tests: users who are signed in, a clock to move, what a
//!   response must not carry, and what a store must pass. Tests hash with the least [`PasswordParams`].
//! * actix-web's `#[post(…)] async fn login` makes a type called `login`, and no variable or parameter of that name is
//!   possible beside it: call the handler of a [`CurrentLogin`] or its parameter something else.
//!
//! # What is where
//!
//! * [`Auth`] signs users in and out: `login_user`, `confirm_login`, `logout_user`, `refresh`.
//! * [`BridgeBuilder::on_refusal`] answers refusals in your words, and [`BridgeBuilder::on_event`] tells of logins:
//!   [`Refusal`], [`AuthEvent`], [`event_stream`].
//! * [`AnyUser`] is for pages that everybody may see, [`Messages`] are what a redirect had to say.
//! * [`RequestLoader`] is for a credential of your own, such as an API key.
//! * [`RememberCookie`] and [`SessionProtection`] say how browsers are remembered and their sessions guarded.
//! * [`NewLogin::tokens`] issues tokens with claims and headers of your own; [`BridgeBuilder::extra_claims`] has them in
//!   every token of a user. [`TokenBlocklist`] revokes single ones, and [`BridgeBuilder::check_claims`] says which are
//!   accepted. A [`TokenKey`] comes from a secret, a PEM file or a JSON Web Key, and one for each user from
//!   [`BridgeBuilder::signing_key_for`].
//! * [`Require`] guards a route, a scope or an app: `Require::login().fresh()`, `Require::token().refresh_token()`.
//! * [`TokenLocations`] and [`TokenCookies`] say where tokens are looked for, and how cookies carry them.
//! * [`flask`] moves an application of Flask-Login or Flask-JWT-Extended in, with its configuration, tokens and answers.
//! * [`PasswordHasher`] hashes passwords without letting a flood of logins take the server down.
//! * [`LoginStore`] and [`SessionStore`] say what a store must do; [`store::memory`] does it in memory, and with the
//!   feature `database` `store::db` in SQLite and PostgreSQL.
//! * With the feature `server` (default) the crate is also an application, with pages, a JSON API and a command line.
//!   Who embeds the layer alone depends on it with `default-features = false`.

mod bridge;
pub mod flask;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(feature = "server")]
pub mod server;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;

// The bridge, and how it is built.
pub use bridge::builder::BridgeBuilder;
pub use bridge::error::BuildError;
pub use bridge::handle::Bridge;
pub use bridge::service::BridgeService;

// What an application brings: its users and its stores.
pub use bridge::model::{
    Clock, CredentialLocation, EndReason, Login, LoginId, LoginStore, RememberRecord, SessionHash, SessionRecord,
    SessionStore, StoreError, StoreFuture, UnixTime, UserStore,
};

// What handlers ask for.
pub use bridge::auth::{
    AnyUser, Auth, BrowserUser, CurrentLogin, CurrentUser, Fresh, LoginUser, LogoutScope, MaybeLogin, MaybeUser,
    NewLogin, NewTokens, Require, RequireService, TokenUser,
};
pub use bridge::resolve::{Principal, Via};

// Tokens and their keys, and where they are looked for.
pub use bridge::credential::{RequestLoader, TokenCookies, TokenLocations};
pub use bridge::resolve::TokenBlocklist;
pub use bridge::token::{
    Algorithm, Claims, KeyError, Malformation, TokenFault, TokenKey, TokenPair, TokenPart, TokenType, UnknownAlgorithm,
};

// Browsers.
pub use bridge::response::{FlashMessage, Messages, login_url, prefers_html, safe_next};
pub use bridge::session::{RememberCookie, SessionProtection};

// Passwords.
pub use bridge::password::{PasswordActivity, PasswordError, PasswordHasher, PasswordParams, PasswordVerification};

// Refusals and events.
pub use bridge::error::{AuthError, CsrfFault, ProblemDetails};
pub use bridge::model::{AuthEvent, EventStream, event_stream};
pub use bridge::response::Refusal;

/// The snippets of the guide compile.
#[cfg(doctest)]
#[doc = include_str!("../docs/from-flask.md")]
struct FromFlask;
