//! Sets and removes token cookies on a response.

use actix_web::HttpResponse;
use actix_web::cookie::Cookie;
use actix_web::cookie::time::Duration as CookieDuration;
use actix_web::http::header::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{CookieName, TokenCookies};
use crate::bridge::credential::set_cookie;
use crate::bridge::error::AuthError;
use crate::bridge::token::TokenType;

impl TokenCookies {
    /// Sets the cookie with the access token, and the cookie with its `csrf` claim (`set_access_cookies`).
    ///
    /// # Errors
    ///
    /// [`Misconfigured`](AuthError::Misconfigured) in these cases:
    ///
    /// * `token` is not a token.
    /// * The token has no `csrf` claim, and the double submit needs it.
    /// * The settings are not from [`Auth::token_cookies`](crate::Auth::token_cookies).
    /// * Browsers would reject the cookie: its name begins with `__Host-`, and it has a [`domain`](Self::domain) or a
    ///   path other than `/`.
    pub fn set_access<B>(&self, response: &mut HttpResponse<B>, token: &str) -> Result<(), AuthError> {
        self.set(response.headers_mut(), TokenType::Access, token)
    }

    /// Sets the cookie with the refresh token, and the cookie with its `csrf` claim (`set_refresh_cookies`).
    ///
    /// # Errors
    ///
    /// The same as [`set_access`](Self::set_access).
    pub fn set_refresh<B>(&self, response: &mut HttpResponse<B>, token: &str) -> Result<(), AuthError> {
        self.set(response.headers_mut(), TokenType::Refresh, token)
    }

    /// Removes the cookies of the access token (`unset_access_cookies`).
    pub fn unset_access<B>(&self, response: &mut HttpResponse<B>) {
        self.unset_type(response.headers_mut(), TokenType::Access);
    }

    /// Removes the cookies of the refresh token (`unset_refresh_cookies`).
    pub fn unset_refresh<B>(&self, response: &mut HttpResponse<B>) {
        self.unset_type(response.headers_mut(), TokenType::Refresh);
    }

    /// Removes the cookies of both tokens (`unset_jwt_cookies`).
    pub fn unset<B>(&self, response: &mut HttpResponse<B>) {
        self.unset_access(response);
        self.unset_refresh(response);
    }

    pub(crate) fn set(&self, headers: &mut HeaderMap, token_type: TokenType, token: &str) -> Result<(), AuthError> {
        let names = self.names_of(token_type);
        if self.secure.is_none() {
            return Err(AuthError::Misconfigured(
                "these cookie settings were not validated by the bridge: use those of `Auth::token_cookies`",
            ));
        }
        let is_compact = token.split('.').count() == 3
            && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if !is_compact {
            return Err(AuthError::Misconfigured("the value for a token cookie is not a token"));
        }
        if ![&names.cookie, &names.csrf_cookie].into_iter().all(|cookie| self.attributes(cookie).check_prefix().is_ok())
        {
            return Err(AuthError::Misconfigured(
                "browsers would reject the token cookie: a name with the prefix `__Host-` requires `Secure`, the path \
                 `/` and no domain. Set the domain in `TokenLocations::cookies`, which omits the prefix from the \
                 default names, or configure names without the prefix",
            ));
        }
        let mut set = |mut cookie: Cookie<'_>| {
            if let Some(max_age) = self.max_age {
                cookie.set_max_age(CookieDuration::try_from(max_age).unwrap_or(CookieDuration::MAX));
            }
            set_cookie::replace(headers, &cookie);
        };
        if self.double_submit && self.csrf_cookies {
            let csrf = csrf_claim(token).ok_or(AuthError::Misconfigured(
                "the token for a cookie has no `csrf` claim, which the double submit requires",
            ))?;
            set(self.cookie(&names.csrf_cookie, &csrf, false));
        }
        set(self.cookie(&names.cookie, token, true));
        Ok(())
    }

    pub(crate) fn unset_type(&self, headers: &mut HeaderMap, token_type: TokenType) {
        let names = self.names_of(token_type);
        let mut remove = |mut cookie: Cookie<'_>| {
            cookie.make_removal();
            set_cookie::replace(headers, &cookie);
        };
        remove(self.cookie(&names.cookie, "", true));
        if self.double_submit && self.csrf_cookies {
            remove(self.cookie(&names.csrf_cookie, "", false));
        }
    }

    /// The cookies that remove every cookie of both tokens: with the configured domain and paths, and also host-only for
    /// the whole site, because another may have been set under other settings.
    pub(crate) fn removals(&self) -> Vec<Cookie<'_>> {
        let mut removals = Vec::new();
        for names in [&self.access, &self.refresh] {
            for (named, http_only) in [(&names.cookie, true), (&names.csrf_cookie, false)] {
                let mut cookie = self.cookie(named, "", http_only);
                cookie.make_removal();
                if self.domain.is_some() || named.path != "/" {
                    let mut plain = cookie.clone();
                    plain.unset_domain();
                    plain.set_path("/");
                    removals.push(plain);
                }
                removals.push(cookie);
            }
        }
        removals
    }

    fn cookie<'a>(&'a self, named: &'a CookieName, value: &'a str, http_only: bool) -> Cookie<'a> {
        let mut cookie = Cookie::new(&named.name, value);
        cookie.set_path(&named.path);
        cookie.set_http_only(http_only);
        cookie.set_secure(self.secure == Some(true));
        cookie.set_same_site(self.same_site);
        if let Some(domain) = &self.domain {
            cookie.set_domain(domain);
        }
        cookie
    }
}

/// The `csrf` claim of a token. The token is not verified, because it is about to be sent to the client.
fn csrf_claim(token: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Payload {
        csrf: String,
    }
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice::<Payload>(&payload).ok().map(|payload| payload.csrf)
}
