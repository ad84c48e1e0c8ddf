//! Moving in from Flask: what exists only to be as it was there. [`LoginManager`] is Flask-Login's, and all else here
//! belongs to Flask-JWT-Extended: an application's configuration, tokens, cookies and answers stay as they were.
//!
//! This is the one place that imitates it (version 4.7.4, on PyJWT 2.15.1), and its leniences end here: tokens of our own
//! are as strict as ever. `examples/from_flask.rs` is a whole application, and `docs/from-flask.md` names all that both
//! libraries have, with code side by side.
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
//! # What is called what
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
//! # What is different
//!
//! * What is wrong with the configuration is said when the application starts, and not by a 500. Secrets shorter than 32
//!   bytes are refused unless they are [asked for](FlaskConfig::from_json_with_weak_secret).
//! * Where Flask-JWT-Extended breaks off with a 500, the request is refused: a token whose algorithm is allowed and is not
//!   the key's, `fresh` that is neither flag nor time, a JSON body that is no object, a CSRF value that is not ASCII.
//! * Refused are tokens longer than 8 KiB, JSON deeper than 127 levels or in UTF-16, numbers that JSON cannot say or 64
//!   bits cannot hold, the extension `b64`, and a token whose `typ` is that of our own but that is not one.
//! * A JSON body or form is searched up to [`json_body_limit`](crate::BridgeBuilder::json_body_limit), and a form only if it
//!   is URL-encoded.
//! * Beside the double submit, a request with a token in a cookie must not come from another site; and two cookies of one
//!   name are none.
//! * Cookies are for TLS alone where the [public URL](crate::BridgeBuilder::public_url) is; `JWT_COOKIE_SECURE` cannot be
//!   `false` there.
//! * A token that is overlooked there, because it is one of two in a header or its scheme is in other letters, keeps the
//!   session out like every other.
//! * An additional header `alg` does not change how a token is signed: it is an error.
//! * Claims that are added to the token of one user cannot get into that of the next.

mod config;
mod external;
mod flask_jwt;
#[cfg(any(test, fuzzing))]
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
