//! Authentication for actix-web with one login for browsers and API clients. A user signs in once. The browser gets a
//! session cookie, the API client gets JSON Web Tokens, and both belong to the same login. The same handler serves both,
//! and a logout ends both.
//!
//! A request with a token never loads, writes or sets a session. Tollbridge covers the features of Flask-Login and
//! Flask-JWT-Extended.
//!
//! # Getting started
//!
//! 1. Implement [`UserStore`] for your users.
//! 2. Build a [`Bridge`] and wrap the application in it.
//! 3. Use an extractor such as [`CurrentUser`] in the handlers.
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
//!     let user = User { id: 7, name: "Ann" }; // check the password before: see `PasswordHasher`
//!     let login = auth.login_user(&user).remember(true).await?; // cookies for a browser
//!     Ok(HttpResponse::Ok().json(login.issue_tokens()?)) // tokens of the same login for an API client
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
//!     .token_key(TokenKey::hs256(&[0x5e; 32])?) // in a real program: 32 random bytes, kept secret
//!     .store(MemoryStore::default())
//!     .build()?; // fails if a setting is missing or insecure
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
//! # What to import
//!
//! Everything for an application is at the root of the crate: `use tollbridge::{Bridge, CurrentUser, UserStore};`. The
//! modules are [`flask`] for the migration from Flask, [`store`] for the stores, `testing` for tests, and `server` for the
//! server program.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `server` | yes | the module `server` and the program `tollbridge`: pages, a JSON API and a command line; enables `database` |
//! | `database` | with `server` | the module `store::db`: users, logins and sessions in SQLite and PostgreSQL |
//! | `testing` | no | the module `testing`: signed-in test users, a clock to set, assertions, and a conformance test for stores |
//!
//! An application that embeds the layer needs none of them:
//!
//! ```toml
//! [dependencies]
//! tollbridge = { version = "0.1", default-features = false }
//!
//! [dev-dependencies]
//! tollbridge = { version = "0.1", default-features = false, features = ["testing"] }
//! ```
//!
//! # The life of a request
//!
//! 1. **Credential.** The bridge looks for tokens: in the `Authorization` header, then in `access_token` or
//!    `refresh_token` of a JSON body. [`TokenLocations`] sets other locations, such as cookies and the query. The handler
//!    gets the body unchanged.
//! 2. **Gate.** The presence of a token decides, whether it is valid or not. With a token, the application is called
//!    without a session. Without one, it is called inside actix-session; a request with a session or remember cookie must
//!    pass the CSRF check first.
//! 3. **Auth.** A guard ([`Require`]) or an extractor asks for the user. The extractors are [`CurrentUser`],
//!    [`MaybeUser`], [`AnyUser`], [`BrowserUser`], [`TokenUser`], [`Allowed`], [`Fresh`], [`FreshWithin`],
//!    [`CurrentLogin`], [`MaybeLogin`] and [`Claims`].
//! 4. **Resolve.** The first of them resolves the credential; the others get the same result. A handler without guard and
//!    extractor costs no verification and no query.
//! 5. **Response.** An [`AuthError`] becomes a response: that of an [`on_refusal`](BridgeBuilder::on_refusal) hook, a
//!    redirect to the login page, an error page, or a problem document (RFC 9457). The response to a token has no session
//!    cookie.
//!
//! A presented credential is final. An invalid token is a 401, even if the request has a valid cookie too. Absent, invalid
//! and unavailable are three different cases: [`MaybeUser`] is empty only for an anonymous request, an invalid token is a
//! 401, and an unavailable store is a 503.
//!
//! # Good to know
//!
//! * A client counts as a browser if it sends `Accept: text/html` ([`prefers_html`]). With
//!   [`BridgeBuilder::login_view`] and [`BridgeBuilder::error_page`] it gets a page instead of JSON, or a redirect if it
//!   navigates, whichever handler or middleware returned the error. A handler that shows its own form again must return a
//!   response, not an [`AuthError`].
//! * A handler that checks a password should call [`Auth::may_open_session`] first. It refuses requests from other sites
//!   before the expensive hash.
//! * Tests should hash passwords with the smallest [`PasswordParams`].
//! * The attribute `#[post(…)]` of actix-web turns `async fn login` into a type named `login`. No variable or parameter in
//!   that module can have this name. Give the handler or the parameter of type [`CurrentLogin`] another name.
//!
//! # Connections that stay open
//!
//! A request is authenticated once, before its handler is called. A stream of server-sent events, a WebSocket or a long
//! download would go on after a logout. [`CurrentLogin::ended`] is a future that such a handler awaits: it sees every end of
//! the login, on every node, within two seconds. It does not see that the token of the request has expired:
//! [`Principal::expires_at`] is its end.
//!
//! # What is where
//!
//! **The bridge.** [`Bridge`] is the middleware, [`BridgeBuilder`] has all settings, [`BuildError`] says why they are
//! rejected.
//!
//! **What the application provides.** [`UserStore`] finds users. [`LoginStore`] and [`SessionStore`] are the traits of a
//! store; [`store::memory`] implements them in memory, `store::db` (feature `database`) in SQLite and PostgreSQL. [`Clock`]
//! is the time.
//!
//! **For handlers.** [`Auth`] signs users in and out, confirms and refreshes logins, and takes a login from one face to the
//! other: [`Auth::issue_for_session`], [`Auth::handoff`] (a [`CodeStore`] keeps its codes). The extractors are listed in step 3
//! above. [`Require`] guards a route, a scope or an application: `Require::login().fresh()`,
//! `Require::token().refresh_token()`, `Require::login().when(…)` for a [`Rule`] about users. [`ConflictPolicy`] says what
//! becomes of a request with both kinds of credentials, and [`Explanation`] what became of this one. [`CurrentLogin`] has the [`Principal`]: the identity, the login, and with [`Via`] the
//! type of the credential.
//!
//! **Tokens.** [`TokenKey`] is a key from a secret, a PEM file or a JSON Web Key. [`TokenLocations`] and [`TokenCookies`]
//! set where tokens are found. [`NewTokens`], from [`NewLogin::tokens`], issues tokens with additional claims and headers;
//! [`BridgeBuilder::extra_claims`] adds claims to every token of a user, [`TokenTemplate`] is a kind of token for another
//! service. [`TokenBlocklist`] revokes single tokens,
//! [`BridgeBuilder::check_claims`] rejects claims, and [`BridgeBuilder::signing_key_for`] sets a key for each user.
//! [`RequestLoader`] accepts a custom credential.
//!
//! **My logins.** [`Auth::logins`] lists where a user is signed in ([`LoginInfo`]), [`Auth::end_login`] ends one of them.
//! [`Bridge::logins_of`], [`Bridge::end_login`] and [`Bridge::end_logins_of`] are the same for operators.
//! [`BridgeBuilder::max_logins`] bounds their number.
//!
//! **API tokens.** [`NewApiToken`] is a named credential of a user for a program, with [`Abilities`];
//! [`BridgeBuilder::api_tokens`] takes their [`ApiTokenStore`]. [`Require::ability`] and [`Principal::can`] check abilities,
//! also those of access tokens that [`NewTokens::scope`] has narrowed. `docs/api-tokens.md` is a guide.
//!
//! **Browsers.** [`RememberCookie`] and [`SessionProtection`] are settings. [`Messages`] are the flash messages of
//! redirects. [`safe_next`] checks a redirect target, [`login_url`] makes a link to the login page.
//!
//! **Passwords.** [`PasswordHasher`] hashes passwords with Argon2id. Its queue is bounded, so a flood of logins cannot
//! overload the server.
//!
//! **Refusals and events.** [`AuthError`] is the error of every refusal. [`BridgeBuilder::on_refusal`] gets a [`Refusal`]
//! and may answer it. [`BridgeBuilder::on_event`] gets every [`AuthEvent`]; [`event_stream`] turns them into a stream.
//!
//! **Migration from Flask.** [`flask`] accepts the configuration and the tokens of an application with Flask-Login or
//! Flask-JWT-Extended, and answers errors in the same way.

#![warn(clippy::disallowed_methods, clippy::expect_used, clippy::map_err_ignore)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod bridge;
pub mod flask;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
#[allow(
    clippy::disallowed_methods,
    clippy::doc_markdown,
    clippy::expect_used,
    clippy::map_err_ignore,
    reason = "a target panics where a promise is broken"
)]
pub mod fuzzing;
#[cfg(feature = "server")]
pub mod server;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;

// The bridge.
pub use bridge::builder::BridgeBuilder;
pub use bridge::error::BuildError;
pub use bridge::handle::Bridge;
pub use bridge::service::BridgeService;

// What the application provides: users, stores and a clock.
pub use bridge::model::{
    Abilities, Act, Action, Actor, ApiToken, ApiTokenId, ApiTokenInsertion, ApiTokenStore, AttemptChange, AttemptStore,
    Attempts, AuditRecord, AuditStore, Clock, CodeHash, CodeStore, CredentialLocation, EndReason, InvalidAbilities,
    Login, LoginId, LoginInfo, LoginStore, MAX_API_TOKENS_OF_USER, MAX_ATTEMPT_COUNTERS, MAX_CODES_OF_LOGIN,
    MAX_SESSIONS_OF_LOGIN, OneTimeCode, RememberRecord, RevokedToken, RevokedTokenStore, SessionHash, SessionRecord,
    SessionStore, StoreError, StoreFuture, UnixTime, UserFunctions, UserStore, Via, user_loader,
};

// For handlers.
pub use bridge::auth::{
    Allowed, AnyUser, Auth, BrowserUser, CurrentLogin, CurrentUser, Fresh, FreshWithin, Handoff, IssuedApiToken,
    LoginUser, LogoutScope, MaybeLogin, MaybeUser, NewApiToken, NewLogin, NewTokens, Require, RequireService,
    TokenUser,
};
pub use bridge::resolve::{ConflictPolicy, ExplainedPlace, Explanation, Principal, Rule};

// Tokens: keys, locations and checks.
pub use bridge::credential::{
    Client, FoundCredential, InvalidNetwork, RequestId, RequestLoader, TokenCookies, TokenLocations, TrustedProxies,
};
pub use bridge::handle::Revoked;
pub use bridge::resolve::{Introspection, TokenBlocklist};
pub use bridge::token::{
    AccessToken, Algorithm, Claims, KeyError, KeyRing, KeyRingError, KeySource, Malformation, RingKey, TokenFault,
    TokenKey, TokenPair, TokenPart, TokenTemplate, TokenType, UnknownAlgorithm,
};

// Browsers.
pub use bridge::response::{FlashMessage, Messages, login_url, note_refusal, prefers_html, refusal_code, safe_next};
pub use bridge::session::{RememberCookie, SessionProtection};

// Passwords.
pub use bridge::password::{
    Attempt, AttemptBy, PasswordActivity, PasswordError, PasswordHasher, PasswordParams, PasswordVerification,
    Throttle, ThrottleError, ThrottleLimits,
};

// Refusals and events.
pub use bridge::error::{AuthError, BodyFault, CsrfFault, ProblemDetails};
pub use bridge::model::{AuthEvent, EventStream, event_stream};
pub use bridge::response::Refusal;

/// Runs the recipes of the guide.
#[cfg(all(doctest, feature = "testing"))]
#[doc = include_str!("../docs/guards.md")]
struct Guards;

/// Runs the example of the document.
#[cfg(doctest)]
#[doc = include_str!("../docs/audit.md")]
struct Audit;

/// Runs the recipe of the guide.
#[cfg(doctest)]
#[doc = include_str!("../docs/api-tokens.md")]
struct ApiTokens;

/// Compiles the snippets of the guide.
#[cfg(doctest)]
#[doc = include_str!("../docs/from-flask.md")]
struct FromFlask;

/// Runs the recipe of the guide.
#[cfg(doctest)]
#[doc = include_str!("../docs/logins.md")]
struct Logins;

/// Compiles the snippets of the guide from actix-identity, actix-session and jsonwebtoken.
#[cfg(doctest)]
#[doc = include_str!("../docs/from-actix.md")]
struct FromActix;

/// Compiles the snippets of the recipes.
#[cfg(doctest)]
#[doc = include_str!("../docs/recipes.md")]
struct Recipes;

/// Compiles the snippets of the guide.
#[cfg(doctest)]
#[doc = include_str!("../docs/faces.md")]
struct Faces;

/// Compiles the snippets of the guide.
#[cfg(doctest)]
#[doc = include_str!("../docs/throttling.md")]
struct Throttling;

/// Runs the snippet of the guide.
#[cfg(doctest)]
#[doc = include_str!("../docs/keys.md")]
struct Keys;

/// Compiles the snippet of the guide.
#[cfg(doctest)]
#[doc = include_str!("../docs/introspection.md")]
struct IntrospectionGuide;
