//! The session cookie and the remember cookie: their names and attributes.

use actix_web::cookie::time::Duration as CookieDuration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue};
use percent_encoding::percent_decode;

use super::remember_cookie::{RememberCookie, RememberCookieAttributes};
use crate::bridge::credential::{name_of, pairs, value_of};
use crate::bridge::error::BuildError;
use crate::bridge::model::UnixTime;

/// The names and attributes of the session cookie and the remember cookie.
#[derive(Clone, Debug)]
pub(crate) struct BrowserCookies {
    pub(crate) session: String,
    pub(crate) remember_cookie: RememberCookieAttributes,
    /// Whether the session cookie is `Secure`.
    pub(crate) secure: bool,
}

impl BrowserCookies {
    /// Names the cookies and validates their attributes. With TLS the prefix `__Host-` prevents other hosts from
    /// setting them (RFC 6265bis section 4.1.3.2).
    pub(crate) fn new(secure: bool, remember: RememberCookie) -> Result<Self, BuildError> {
        let session = format!("{}tollbridge_session", if secure { "__Host-" } else { "" });
        Ok(Self { remember_cookie: remember.validate(secure, &session)?, session, secure })
    }

    /// The remember cookie with this value. It expires at `expires_at`.
    pub(crate) fn remember(&self, value: String, now: UnixTime, expires_at: UnixTime) -> Cookie<'static> {
        let mut cookie = self.remember_cookie_with(value);
        cookie.set_max_age(CookieDuration::seconds(expires_at - now));
        cookie
    }

    /// The cookies that remove the remember cookie: with the configured domain and path, and also without them, because
    /// it may have been set under other settings.
    pub(crate) fn remember_removals(&self) -> impl Iterator<Item = Cookie<'static>> {
        let mut cookie = self.remember_cookie_with(String::new());
        cookie.make_removal();
        let attributes = &self.remember_cookie;
        let plain = (attributes.domain.is_some() || attributes.path != "/").then(|| {
            let mut plain = cookie.clone();
            plain.unset_domain();
            plain.set_path("/");
            plain
        });
        [cookie].into_iter().chain(plain)
    }

    /// A cookie that removes the session cookie.
    pub(crate) fn session_removal(&self) -> Cookie<'static> {
        let cookie = Cookie::build(self.session.clone(), "").path("/").http_only(true).same_site(SameSite::Lax);
        let mut cookie = cookie.secure(self.secure).finish();
        cookie.make_removal();
        cookie
    }

    fn remember_cookie_with(&self, value: String) -> Cookie<'static> {
        let attributes = &self.remember_cookie;
        let cookie = Cookie::build(attributes.name.clone(), value).path(attributes.path.clone());
        let mut cookie = cookie.secure(attributes.secure).http_only(attributes.http_only).finish();
        cookie.set_same_site(attributes.same_site);
        if let Some(domain) = &attributes.domain {
            cookie.set_domain(domain.clone());
        }
        cookie
    }

    /// The name of the remember cookie.
    pub(crate) fn remember_name(&self) -> &str {
        &self.remember_cookie.name
    }

    /// Whether the request has a session cookie or a remember cookie.
    pub(crate) fn any_in_headers(&self, headers: &HeaderMap) -> bool {
        value_of(headers, &self.session).is_some() || value_of(headers, self.remember_name()).is_some()
    }

    /// Whether all readers see the same cookies of ours in these headers. See `cookie_header`.
    pub(super) fn is_unambiguous(&self, headers: &HeaderMap) -> bool {
        let (mut sessions, mut remembers) = (0, 0);
        for name in pairs(headers).map(name_of) {
            if name == self.session.as_bytes() {
                sessions += 1;
            } else if name == self.remember_name().as_bytes() {
                remembers += 1;
            } else if self.matches_when_decoded(name) {
                return false;
            }
        }
        let is_text = |line: &HeaderValue| std::str::from_utf8(line.as_bytes()).is_ok();
        sessions <= 1 && remembers <= 1 && headers.get_all(COOKIE).all(is_text)
    }

    /// Whether this name equals one of our names after percent-decoding and trimming, as other readers do it.
    pub(crate) fn matches_when_decoded(&self, name: &[u8]) -> bool {
        let decoded = percent_decode(name).decode_utf8_lossy();
        let trimmed = decoded.trim();
        trimmed == self.session || trimmed == self.remember_name()
    }
}
