//! Cookies that carry tokens, and their CSRF protection.
//!
//! A browser sends cookies automatically, also in a request that another site caused. A request that a token in a
//! cookie authenticates therefore needs two more checks, unless its method is safe: it must come from our own origin
//! (see `same_origin`), and it must repeat the `csrf` claim of the token (see `double_submit`).

mod settings;
mod write;

use std::time::Duration;

use actix_web::cookie::SameSite;
use actix_web::http::Method;
use actix_web::http::header::HeaderMap;

use super::same_origin::is_safe;
use crate::bridge::token::TokenType;

/// The cookies that carry tokens. They are configured with
/// [`TokenLocations::cookies`](crate::TokenLocations::cookies). Handlers get them from
/// [`Auth::token_cookies`](crate::Auth::token_cookies), to set tokens on a response and to remove them.
///
/// The default names are `tollbridge_access` and `tollbridge_refresh`. They have the prefix `__Host-` if the
/// [`public_url`](crate::BridgeBuilder::public_url) is `https`. The cookies are `HttpOnly` and `SameSite=Lax`, and last
/// until the browser is closed.
///
/// The double submit protects them against CSRF. Each token cookie has a second cookie that scripts can read
/// (`tollbridge_access_csrf`, `tollbridge_refresh_csrf`). A request must repeat its value in the header `X-CSRF-TOKEN`.
///
/// Give a browser either these cookies or a session. The session of a browser that has both is ignored, because a token
/// is present. Use [`tokens_only`](crate::LoginUser::tokens_only) to sign such a browser in.
#[derive(Clone, Debug)]
pub struct TokenCookies {
    access: Names,
    refresh: Names,
    domain: Option<String>,
    secure: Option<bool>,
    same_site: Option<SameSite>,
    max_age: Option<Duration>,
    double_submit: bool,
    /// The methods that need the double submit. `None`: all except `GET`, `HEAD` and `OPTIONS`.
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
    /// Whether the name is the default. Only a default name gets the prefix `__Host-`.
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

/// The names and rules for reading requests.
impl TokenCookies {
    fn names_of(&self, token_type: TokenType) -> &Names {
        match token_type {
            TokenType::Access => &self.access,
            TokenType::Refresh => &self.refresh,
        }
    }

    pub(crate) fn cookie_name(&self, token_type: TokenType) -> &str {
        &self.names_of(token_type).cookie.name
    }

    /// Whether the tokens of the bridge carry a `csrf` claim.
    pub(crate) fn uses_double_submit(&self) -> bool {
        self.double_submit
    }

    /// Whether a request with this method needs the double submit.
    pub(crate) fn needs_double_submit(&self, method: &Method) -> bool {
        self.double_submit
            && match &self.methods {
                Some(methods) => methods.contains(method),
                None => !is_safe(method),
            }
    }

    /// The claim that the CSRF header repeats. An empty header counts as missing.
    pub(crate) fn csrf_header<'h>(&self, headers: &'h HeaderMap, token_type: TokenType) -> Option<&'h [u8]> {
        let value = headers.get(self.names_of(token_type).csrf_header.as_str())?.as_bytes();
        (!value.is_empty()).then_some(value)
    }

    /// The name of the CSRF header.
    #[cfg(feature = "testing")]
    pub(crate) fn csrf_header_name(&self, token_type: TokenType) -> &str {
        &self.names_of(token_type).csrf_header
    }

    pub(crate) fn checks_forms(&self) -> bool {
        self.check_form
    }

    pub(crate) fn csrf_field(&self, token_type: TokenType) -> &str {
        &self.names_of(token_type).csrf_field
    }
}
