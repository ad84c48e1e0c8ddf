//! The session cookie and the remember cookie: their names, their attributes, and the removal of ambiguous ones.
//!
//! An attacker on a sibling host can try to plant a session in a browser in two ways. actix-web decodes `%xx` in cookie
//! names, so it reads `__%48ost-…` as one of our names: an alias. The session middleware uses the first of several
//! cookies with the same name. The bridge therefore cleans the `Cookie` header before any other code reads it. It
//! removes every alias of our names, and every cookie whose name is one of ours and is repeated.

use actix_web::HttpRequest;
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

    /// A cookie that removes the remember cookie.
    pub(crate) fn remember_removal(&self) -> Cookie<'static> {
        let mut cookie = self.remember_cookie_with(String::new());
        cookie.make_removal();
        cookie
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

    /// Removes the session and the remember cookie from the headers, with their aliases, if there is an alias or a
    /// repeated cookie. Other cookies stay. Returns whether cookies were removed.
    pub(crate) fn remove_ambiguous(&self, headers: &mut HeaderMap) -> bool {
        if !headers.contains_key(COOKIE) || !self.is_ambiguous(headers) {
            return false;
        }
        tracing::warn!("a request has ambiguous session or remember cookies; they were removed");
        let kept: Vec<&[u8]> = pairs(headers).filter(|pair| !self.matches_when_decoded(name_of(pair))).collect();
        let kept = HeaderValue::from_bytes(&kept.join(&b"; "[..]));
        headers.remove(COOKIE);
        if let Ok(kept) = kept
            && !kept.is_empty()
        {
            headers.insert(COOKIE, kept);
        }
        true
    }

    /// Whether the cookies that actix-web parsed include a session cookie or a remember cookie. actix-web parses the
    /// header at the first call of `cookies` and caches the result.
    #[expect(clippy::disallowed_methods, reason = "this is about that list")]
    pub(crate) fn any_in_parsed_list(&self, req: &HttpRequest) -> bool {
        req.cookies().is_ok_and(|parsed| {
            parsed.iter().any(|cookie| cookie.name() == self.session || cookie.name() == self.remember_name())
        })
    }

    fn is_ambiguous(&self, headers: &HeaderMap) -> bool {
        let (mut sessions, mut remembers) = (0, 0);
        for name in pairs(headers).map(name_of) {
            if name == self.session.as_bytes() {
                sessions += 1;
            } else if name == self.remember_name().as_bytes() {
                remembers += 1;
            } else if self.matches_when_decoded(name) {
                return true;
            }
        }
        sessions > 1 || remembers > 1
    }

    /// Whether this name equals one of our names after percent-decoding and trimming, as other readers do it.
    fn matches_when_decoded(&self, name: &[u8]) -> bool {
        let decoded = percent_decode(name).decode_utf8_lossy();
        let trimmed = decoded.trim();
        trimmed == self.session || trimmed == self.remember_name()
    }
}
