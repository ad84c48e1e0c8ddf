//! The settings for browsers: sessions and cookies.

use std::sync::Arc;
use std::time::Duration;

use actix_web::cookie::Key;

use super::browser_cookies::BrowserCookies;
use super::protection::SessionProtection;
use super::remember_token::RememberKey;
use crate::bridge::credential::TrustedProxies;
use crate::bridge::model::{BackgroundNotes, SessionHash, SessionStore};

/// The longest lifetime of a cookie in browsers (RFC 6265bis section 5.5).
pub(crate) const MAX_REMEMBER_TTL: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// The session store, the cookies with their keys, and the lifetimes.
pub(crate) struct BrowserSettings {
    pub(crate) sessions: Arc<dyn SessionStore>,
    /// The extensions of idle timeouts.
    pub(crate) session_touches: BackgroundNotes<SessionHash>,
    pub(crate) cookies: BrowserCookies,
    pub(crate) remember_key: RememberKey,
    pub(crate) protection: SessionProtection,
    pub(crate) proxies: TrustedProxies,
    /// Signs the session cookie.
    pub(crate) signing_key: Key,
    /// Keys of session cookies that are still read.
    pub(crate) retired_signing_keys: Vec<Key>,
    /// The lifetime of a session that is not used.
    pub(crate) idle_ttl: Duration,
    /// The maximum lifetime of a browser's login.
    pub(crate) absolute_ttl: Duration,
    /// The lifetime of the remember cookie.
    pub(crate) remember_ttl: Duration,
}
