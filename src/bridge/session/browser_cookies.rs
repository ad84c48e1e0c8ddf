//! Our cookies: their names, how they are written, and reading them by their raw name.
//!
//! actix-web decodes `%xx` in cookie names, so that a sibling site's `__%48ost-…` would read as ours, and its session
//! middleware takes the first of several cookies of one name. Both are ways to plant a session on somebody. So the
//! header is cleaned before anything else reads it: an alias of our names is dropped, and of two cookies of one of our
//! names both are.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration as CookieDuration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue};
use percent_encoding::percent_decode;

use super::remember_cookie::{RememberCookie, RememberCookieAttributes};
use crate::bridge::credential::{name_of, pairs, value_of};
use crate::bridge::error::BuildError;
use crate::bridge::model::UnixTime;

/// The names, and whether cookies are for TLS only.
#[derive(Clone, Debug)]
pub(crate) struct BrowserCookies {
    pub(crate) session: String,
    pub(crate) remember_cookie: RememberCookieAttributes,
    /// Whether the session cookie is for TLS only.
    pub(crate) secure: bool,
}

impl BrowserCookies {
    /// With TLS the `__Host-` prefix keeps other hosts from setting them (RFC 6265bis section 4.1.3.2).
    pub(crate) fn new(secure: bool, remember: RememberCookie) -> Result<Self, BuildError> {
        let session = format!("{}tollbridge_session", if secure { "__Host-" } else { "" });
        Ok(Self { remember_cookie: remember.validate(secure, &session)?, session, secure })
    }

    /// The remember cookie with this value, until `expires_at`.
    pub(crate) fn remember(&self, value: String, now: UnixTime, expires_at: UnixTime) -> Cookie<'static> {
        let mut cookie = self.remember_with(value);
        cookie.set_max_age(CookieDuration::seconds(expires_at - now));
        cookie
    }

    /// A cookie that removes the remember cookie.
    pub(crate) fn remember_removal(&self) -> Cookie<'static> {
        let mut cookie = self.remember_with(String::new());
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

    fn remember_with(&self, value: String) -> Cookie<'static> {
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

    /// Whether the request carries a cookie of ours.
    pub(crate) fn any_in(&self, headers: &HeaderMap) -> bool {
        value_of(headers, &self.session).is_some() || value_of(headers, self.remember_name()).is_some()
    }

    /// Drops aliases of our cookies, and our cookies where there are two of a name. Everybody else's stay. Says whether
    /// there was something to drop: no cookie of ours is left then.
    pub(crate) fn clean(&self, headers: &mut HeaderMap) -> bool {
        if !headers.contains_key(COOKIE) || !self.is_ambiguous(headers) {
            return false;
        }
        tracing::warn!("a request brought ambiguous cookies; they were dropped");
        let kept: Vec<&[u8]> = pairs(headers).filter(|pair| !self.is_ours_decoded(name_of(pair))).collect();
        let kept = HeaderValue::from_bytes(&kept.join(&b"; "[..]));
        headers.remove(COOKIE);
        if let Ok(kept) = kept
            && !kept.is_empty()
        {
            headers.insert(COOKIE, kept);
        }
        true
    }

    /// Whether actix-web's list of the request's cookies has one of ours. It is made when somebody first asks for it,
    /// and never again.
    pub(crate) fn any_listed(&self, req: &HttpRequest) -> bool {
        req.cookies().is_ok_and(|listed| {
            listed.iter().any(|one| one.name() == self.session || one.name() == self.remember_name())
        })
    }

    fn is_ambiguous(&self, headers: &HeaderMap) -> bool {
        let (mut sessions, mut remembers) = (0, 0);
        for name in pairs(headers).map(name_of) {
            if name == self.session.as_bytes() {
                sessions += 1;
            } else if name == self.remember_name().as_bytes() {
                remembers += 1;
            } else if self.is_ours_decoded(name) {
                return true;
            }
        }
        sessions > 1 || remembers > 1
    }

    /// Whether a more lenient reader than ours would take this name for one of ours.
    fn is_ours_decoded(&self, name: &[u8]) -> bool {
        let decoded = percent_decode(name).decode_utf8_lossy();
        let trimmed = decoded.trim();
        trimmed == self.session || trimmed == self.remember_name()
    }
}
