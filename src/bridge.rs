//! The bridge layer: what an actix-web application wraps around itself.
//!
//! It is built of rooms. A room imports the rooms before it in this list, and its own files: `model`; `token` and
//! `password`; `error`; `credential`; `session`; `resolve`; `auth`; `response`; and then `gate`, `service`, `handle` and
//! `builder`, which put the layer together. `tests/house.rs` keeps it so.

pub(crate) mod auth;
pub(crate) mod builder;
pub(crate) mod credential;
pub(crate) mod error;
pub(crate) mod gate;
pub(crate) mod handle;
pub(crate) mod model;
pub(crate) mod password;
pub(crate) mod resolve;
pub(crate) mod response;
pub(crate) mod service;
pub(crate) mod session;
pub(crate) mod token;

pub use auth::any_user::AnyUser;
pub use auth::auth_handle::{Auth, LoginUser, NewLogin};
pub use auth::extractors::{BrowserUser, CurrentLogin, CurrentUser, Fresh, MaybeLogin, MaybeUser, TokenUser};
pub use auth::guard::{Require, RequireService};
pub use auth::new_tokens::NewTokens;
pub use auth::sign_out::Scope;
pub use builder::{BridgeBuilder, BuildError};
pub use credential::custom_credential::RequestLoader;
pub use credential::double_submit::CsrfFault;
pub use credential::locations::TokenLocations;
pub use credential::presented::Location;
pub use credential::token_cookies::TokenCookies;
pub use error::auth_error::AuthError;
pub use error::problem::Problem;
pub use handle::Bridge;
pub use model::clock::{Clock, UnixTime};
pub use model::events::{AuthEvent, EventStream, event_stream};
pub use model::login::{EndReason, Login, LoginId, LoginStore, Remember};
pub use model::session_store::{SessionHash, SessionRecord, SessionStore};
pub use model::store_error::{StoreError, StoreFuture};
pub use model::user_store::UserStore;
pub use password::{PasswordActivity, PasswordError, PasswordHasher, PasswordParams, Verified};
pub use resolve::principal::{Principal, Via};
pub use resolve::token_checks::{TokenBlocklist, TokenClaims};
pub use response::messages::{Message, Messages};
pub use response::redirect::{login_url, safe_next};
pub use response::refusal::{Refusal, prefers_html};
pub use service::BridgeService;
pub use session::protection::SessionProtection;
pub use session::remember_cookie::RememberCookie;
pub use token::{
    Algorithm, Claims, KeyError, Malformation, TokenFault, TokenKey, TokenPair, TokenPart, TokenType, UnknownAlgorithm,
};
