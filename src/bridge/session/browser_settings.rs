//! The settings of what browsers get: sessions and cookies.

use std::sync::Arc;
use std::time::Duration;

use actix_web::cookie::Key;

use super::browser_cookies::BrowserCookies;
use super::protection::SessionProtection;
use super::remember_token::RememberKey;
use crate::bridge::model::SessionStore;

/// Browsers keep no cookie for longer (RFC 6265bis section 5.5).
pub(crate) const LONGEST_REMEMBER: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// Where sessions are stored, how cookies are written and signed, and how long each lives.
pub(crate) struct BrowserSettings {
    pub(crate) sessions: Arc<dyn SessionStore>,
    pub(crate) cookies: BrowserCookies,
    pub(crate) remember_key: RememberKey,
    pub(crate) protection: SessionProtection,
    /// Signs the session cookie.
    pub(crate) signing_key: Key,
    /// How long a session lives that is not used.
    pub(crate) idle_ttl: Duration,
    /// How long the login of a browser lives at the most.
    pub(crate) absolute_ttl: Duration,
    /// How long a browser is remembered.
    pub(crate) remember_ttl: Duration,
}
