//! Cookies that carry tokens, and their protection against forged requests.
//!
//! A browser sends a cookie by itself, whoever made it send the request. So a token in a cookie needs more than a token
//! in a header: a request that is not `GET`, `HEAD` or `OPTIONS` must come from our own pages (see `csrf`), and it must
//! repeat the `csrf` claim of the token, which only our own pages can read: the double submit.

mod settings;
mod write;

use std::time::Duration;

use actix_web::cookie::SameSite;
use actix_web::http::Method;
use actix_web::http::header::HeaderMap;

use super::same_origin::is_safe;
use crate::bridge::token::TokenType;

/// The cookies that carry tokens: for [`TokenLocations::cookies`](crate::TokenLocations::cookies), and from
/// [`Auth::token_cookies`](crate::Auth::token_cookies) to put tokens on a response and take them back.
///
/// Their names are `tollbridge_access` and `tollbridge_refresh` unless others are given, with the prefix `__Host-` where
/// a [`public_url`](crate::BridgeBuilder::public_url) declares TLS. They are HttpOnly, `SameSite=Lax`, last as long as
/// the browser is open, and are protected by the double submit: beside each goes a cookie that scripts can read
/// (`tollbridge_access_csrf`, `tollbridge_refresh_csrf`), whose value a request must repeat in the header
/// `X-CSRF-TOKEN`.
///
/// Give a browser either such cookies or a session: one that has both is a browser with a token, and so without a
/// session. Sign it in with [`tokens_only`](crate::LoginUser::tokens_only).
#[derive(Clone, Debug)]
pub struct TokenCookies {
    access: Names,
    refresh: Names,
    domain: Option<String>,
    secure: Option<bool>,
    same_site: Option<SameSite>,
    max_age: Option<Duration>,
    double_submit: bool,
    /// `None`: all but `GET`, `HEAD` and `OPTIONS`.
    methods: Option<Vec<Method>>,
    check_form: bool,
    csrf_cookies: bool,
}

/// The names for one type of token.
#[derive(Clone, Debug)]
struct Names {
    cookie: CookieName,
    csrf_cookie: CookieName,
    csrf_header: String,
    csrf_field: String,
}

#[derive(Clone, Debug)]
pub(crate) struct CookieName {
    name: String,
    path: String,
    /// Whether it is the default, and may get the prefix `__Host-`.
    is_default: bool,
}

impl Default for TokenCookies {
    fn default() -> Self {
        let names = |cookie: &str, csrf_cookie: &str| Names {
            cookie: CookieName { name: cookie.to_owned(), path: "/".to_owned(), is_default: true },
            csrf_cookie: CookieName { name: csrf_cookie.to_owned(), path: "/".to_owned(), is_default: true },
            csrf_header: "X-CSRF-TOKEN".to_owned(),
            csrf_field: "csrf_token".to_owned(),
        };
        Self {
            access: names("tollbridge_access", "tollbridge_access_csrf"),
            refresh: names("tollbridge_refresh", "tollbridge_refresh_csrf"),
            domain: None,
            secure: None,
            same_site: Some(SameSite::Lax),
            max_age: None,
            double_submit: true,
            methods: None,
            check_form: false,
            csrf_cookies: true,
        }
    }
}

/// How requests are read.
impl TokenCookies {
    fn of(&self, token_type: TokenType) -> &Names {
        match token_type {
            TokenType::Access => &self.access,
            TokenType::Refresh => &self.refresh,
        }
    }

    pub(crate) fn cookie_name(&self, token_type: TokenType) -> &str {
        &self.of(token_type).cookie.name
    }

    /// Whether our own tokens carry a `csrf` claim.
    pub(crate) fn uses_double_submit(&self) -> bool {
        self.double_submit
    }

    /// Whether a request of this method needs the double submit.
    pub(crate) fn needs_double_submit(&self, method: &Method) -> bool {
        self.double_submit
            && match &self.methods {
                Some(methods) => methods.contains(method),
                None => !is_safe(method),
            }
    }

    /// What the headers say for the double submit.
    pub(crate) fn csrf_header<'h>(&self, headers: &'h HeaderMap, token_type: TokenType) -> Option<&'h [u8]> {
        let value = headers.get(self.of(token_type).csrf_header.as_str())?.as_bytes();
        (!value.is_empty()).then_some(value)
    }

    /// The header that repeats the claim.
    #[cfg(feature = "testing")]
    pub(crate) fn csrf_header_name(&self, token_type: TokenType) -> &str {
        &self.of(token_type).csrf_header
    }

    pub(crate) fn checks_forms(&self) -> bool {
        self.check_form
    }

    pub(crate) fn csrf_field(&self, token_type: TokenType) -> &str {
        &self.of(token_type).csrf_field
    }
}
