//! Putting tokens into cookies on a response, and taking them back.

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
    /// Puts an access token into its cookie, and its `csrf` claim beside it (`set_access_cookies`).
    ///
    /// # Errors
    ///
    /// [`Misconfigured`](AuthError::Misconfigured) when this is no token, or one without the claim that the double
    /// submit needs; when these cookies are not from [`Auth::token_cookies`](crate::Auth::token_cookies); and when no browser would keep the cookie,
    /// because its name begins with `__Host-` and it has a [`domain`](Self::domain) or a path.
    pub fn set_access<B>(&self, response: &mut HttpResponse<B>, token: &str) -> Result<(), AuthError> {
        self.set(response.headers_mut(), TokenType::Access, token)
    }

    /// Puts a refresh token into its cookie, and its `csrf` claim beside it (`set_refresh_cookies`).
    ///
    /// # Errors
    ///
    /// As [`set_access`](Self::set_access).
    pub fn set_refresh<B>(&self, response: &mut HttpResponse<B>, token: &str) -> Result<(), AuthError> {
        self.set(response.headers_mut(), TokenType::Refresh, token)
    }

    /// Takes the access token from the browser (`unset_access_cookies`).
    pub fn unset_access<B>(&self, response: &mut HttpResponse<B>) {
        self.unset_type(response.headers_mut(), TokenType::Access);
    }

    /// Takes the refresh token from the browser (`unset_refresh_cookies`).
    pub fn unset_refresh<B>(&self, response: &mut HttpResponse<B>) {
        self.unset_type(response.headers_mut(), TokenType::Refresh);
    }

    /// Takes both tokens from the browser (`unset_jwt_cookies`).
    pub fn unset<B>(&self, response: &mut HttpResponse<B>) {
        self.unset_access(response);
        self.unset_refresh(response);
    }

    pub(crate) fn set(&self, headers: &mut HeaderMap, token_type: TokenType, token: &str) -> Result<(), AuthError> {
        let names = self.of(token_type);
        if self.secure.is_none() {
            return Err(AuthError::Misconfigured(
                "these settings of cookies are not those of the bridge: take the cookies from `Auth::token_cookies`",
            ));
        }
        let is_compact = token.split('.').count() == 3
            && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if !is_compact {
            return Err(AuthError::Misconfigured("what was to be put into a token's cookie is no token"));
        }
        if ![&names.cookie, &names.csrf_cookie].into_iter().all(|cookie| self.attributes(cookie).check_prefix().is_ok())
        {
            return Err(AuthError::Misconfigured(
                "a token was to be put into a cookie that no browser keeps: one whose name begins with `__Host-` is \
                 `Secure` and has no domain and no path but `/`. Declare the domain with `TokenLocations::cookies`, \
                 which leaves the prefix out, or give names without it",
            ));
        }
        let mut keep = |mut cookie: Cookie<'_>| {
            if let Some(max_age) = self.max_age {
                cookie.set_max_age(CookieDuration::try_from(max_age).unwrap_or(CookieDuration::MAX));
            }
            set_cookie::replace(headers, &cookie);
        };
        if self.double_submit && self.csrf_cookies {
            let csrf = csrf_claim(token).ok_or(AuthError::Misconfigured(
                "a token without a `csrf` claim was to be put into a cookie, where nobody could use it",
            ))?;
            keep(self.cookie(&names.csrf_cookie, &csrf, false));
        }
        keep(self.cookie(&names.cookie, token, true));
        Ok(())
    }

    pub(crate) fn unset_type(&self, headers: &mut HeaderMap, token_type: TokenType) {
        let names = self.of(token_type);
        let mut remove = |mut cookie: Cookie<'_>| {
            cookie.make_removal();
            set_cookie::replace(headers, &cookie);
        };
        remove(self.cookie(&names.cookie, "", true));
        if self.double_submit && self.csrf_cookies {
            remove(self.cookie(&names.csrf_cookie, "", false));
        }
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

/// The `csrf` claim of a token, which is not verified here: it is about to be given away.
fn csrf_claim(token: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Payload {
        csrf: String,
    }
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice::<Payload>(&payload).ok().map(|payload| payload.csrf)
}
