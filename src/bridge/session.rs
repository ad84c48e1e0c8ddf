//! The login of a browser: its session, its cookies, and their keys.
//!
//! This room may import `model`, `token`, `error` and `credential`.

mod actix_store;
mod browser_cookies;
mod browser_settings;
mod cookie_header;
pub(crate) mod face;
mod protection;
mod remember_cookie;
mod remember_token;
pub(crate) mod session_keys;

pub(crate) use actix_store::ActixStore;
pub(crate) use browser_cookies::BrowserCookies;
pub(crate) use browser_settings::{BrowserSettings, MAX_REMEMBER_TTL};
pub(crate) use cookie_header::{SeveralSessions, SignedSession, restore_session};
pub(crate) use face::{SessionLogin, SessionMetadata};
pub use protection::SessionProtection;
pub use remember_cookie::RememberCookie;
pub(crate) use remember_token::{Match, PresentedCookie, RememberKey};
