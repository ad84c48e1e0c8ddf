//! Compatibility with Flask, for an application that migrates. [`LoginManager`] has the settings and defaults of
//! Flask-Login. Everything else here is for Flask-JWT-Extended: the configuration, tokens, cookies and error responses of
//! the application stay the same.
//!
//! Only this module imitates Flask-JWT-Extended (version 4.7.4, with PyJWT 2.15.1). It accepts some tokens that the
//! standards do not allow; the bridge's own tokens are still verified strictly. `examples/from_flask.rs` is a complete
//! application. `docs/from-flask.md` lists everything that both libraries have, with code side by side.
//!
//! ```
//! use serde_json::json;
//! use tollbridge::Bridge;
//! use tollbridge::flask::{FlaskConfig, JwtManager};
//! # use tollbridge::store::memory::MemoryStore;
//! # struct Users;
//! # impl tollbridge::UserStore for Users {
//! #     type User = String;
//! #     fn identity(&self, user: &String) -> String { user.clone() }
//! #     async fn find(&self, identity: &str) -> Result<Option<String>, tollbridge::StoreError> { Ok(Some(identity.into())) }
//! # }
//!
//! let config = json!({ // app.config
//!     "JWT_SECRET_KEY": "a secret of at least thirty-two bytes",
//!     "JWT_TOKEN_LOCATION": ["headers", "cookies"],
//! });
//! let config = FlaskConfig::from_json(&config)?;
//! let jwt = JwtManager::builder(config).build()?; // JWTManager(app)
//! let bridge = Bridge::builder(Users).store(MemoryStore::default()).flask_jwt(&jwt).build()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Names
//!
//! | Flask-JWT-Extended | here |
//! |---|---|
//! | `jwt_required(…)` | [`Require::token()`](crate::Require::token) with `.optional()`, `.fresh()`, `.refresh_token()`, `.locations(…)`, `.any_token_type()`, `.skip_blocklist()` |
//! | `verify_jwt_in_request()` | an extractor: [`Claims`](crate::Claims), [`CurrentLogin`](crate::CurrentLogin), [`MaybeLogin`](crate::MaybeLogin) |
//! | `get_jwt()`, `get_jwt_header()` | [`Claims`](crate::Claims), its `header` |
//! | `get_jwt_identity()` | `sub` of [`Claims`](crate::Claims), `identity` of [`CurrentLogin`](crate::CurrentLogin) |
//! | `get_jwt_request_location()` | `location` of [`CurrentLogin`](crate::CurrentLogin) |
//! | `current_user`, `get_current_user()` | [`CurrentUser`](crate::CurrentUser) |
//! | `create_access_token()`, `create_refresh_token()` | [`JwtManager::create_access_token`], [`JwtManager::create_refresh_token`] |
//! | `decode_token()`, `get_jti()`, `get_csrf_token()`, `get_unverified_jwt_headers()` | the methods of [`JwtManager`] with these names |
//! | `set_access_cookies()`, `unset_jwt_cookies()` and the like | [`Auth::token_cookies`](crate::Auth::token_cookies) |
//!
//! | loader | here |
//! |---|---|
//! | `user_identity_loader`, `user_lookup_loader` | [`UserStore::identity`](crate::UserStore::identity), [`UserStore::find`](crate::UserStore::find); see [`without_user_lookup`](JwtManagerBuilder::without_user_lookup) |
//! | `token_in_blocklist_loader` | [`BridgeBuilder::token_blocklist`](crate::BridgeBuilder::token_blocklist) |
//! | `token_verification_loader` | [`BridgeBuilder::check_claims`](crate::BridgeBuilder::check_claims) |
//! | `additional_claims_loader`, `additional_headers_loader`, `encode_key_loader`, `decode_key_loader` | the methods of [`JwtManagerBuilder`] with these names |
//! | `unauthorized_loader`, `invalid_token_loader`, `expired_token_loader`, `needs_fresh_token_loader`, `revoked_token_loader`, `token_verification_failed_loader`, `user_lookup_error_loader` | the methods of [`ErrorProfile`] with these names, given to [`JwtManagerBuilder::errors`] |
//!
//! # Differences
//!
//! * An error in the configuration is reported at the start of the application, not by a 500 in a request. Secrets shorter
//!   than 32 bytes are refused unless they are [accepted explicitly](FlaskConfig::from_json_with_weak_secret).
//! * Some requests for which Flask-JWT-Extended answers 500 are refused instead: a token whose algorithm is allowed but
//!   differs from that of the key, a `fresh` claim that is neither a boolean nor a time, a JSON body that is not an object,
//!   and a CSRF value that is not ASCII.
//! * These tokens are refused: longer than 8 KiB; with JSON deeper than 127 levels or in UTF-16; with a number that JSON
//!   cannot express or that needs more than 64 bits; with the extension `b64`; with the `typ` of the bridge's own tokens
//!   when it is not one of them.
//! * A JSON body or a form is searched up to [`json_body_limit`](crate::BridgeBuilder::json_body_limit); a larger JSON body is
//!   refused with a 413. A form is searched only if it is URL-encoded.
//! * A request with a token in a cookie must come from the same site, in addition to the double submit. Two cookies of the
//!   same name are ignored.
//! * Cookies are `Secure` if the [public URL](crate::BridgeBuilder::public_url) is `https`; `JWT_COOKIE_SECURE` cannot be
//!   `false` then.
//! * Flask-JWT-Extended ignores a token that is one of two in a header, or whose scheme has different capitals. Here such a
//!   request has no session either, as every request with a token.
//! * An additional header `alg` is an error. It does not change how a token is signed.
//! * Claims that are added to the token of one user cannot get into the token of another.

mod config;
mod external;
mod flask_jwt;
#[cfg(any(test, fuzzing))]
#[allow(
    clippy::disallowed_methods,
    clippy::doc_markdown,
    clippy::expect_used,
    clippy::map_err_ignore,
    reason = "a target panics where a promise is broken"
)]
pub(crate) mod fuzzing;
mod keys;
mod login;
mod manager;
mod messages;
mod places;
mod pyjwt;
mod python_json;
mod tokens;

pub use config::{FlaskConfig, FlaskConfigError};
pub use login::LoginManager;
pub use manager::{JwtManager, JwtManagerBuilder};
pub use messages::ErrorProfile;
pub use tokens::{DecodeToken, NewToken};
