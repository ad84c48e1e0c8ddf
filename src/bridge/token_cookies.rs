//! Cookies that carry tokens, and their protection against forged requests.
//!
//! A browser sends a cookie by itself, whoever made it send the request. So a token in a cookie needs more than a token
//! in a header: a request that is not `GET`, `HEAD` or `OPTIONS` must come from our own pages (see `csrf`), and it must
//! repeat the `csrf` claim of the token, which only our own pages can read: the double submit.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::cookie::time::Duration as CookieDuration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::builder::BuildError;
use super::csrf;
use super::error::AuthError;
use super::token::TokenType;

/// The cookies that carry tokens: for [`TokenLocations::cookies`](crate::TokenLocations::cookies), and from
/// [`Auth::token_cookies`](crate::Auth::token_cookies) to put tokens on a response and take them back.
///
/// Their names are `tollbridge_access` and `tollbridge_refresh` unless others are given, with the prefix `__Host-` where
/// a [`public_url`](crate::BridgeBuilder::public_url) declares TLS. They are HttpOnly, `SameSite=Lax`, last as long as
/// the browser is open, and are protected by the double submit: beside each goes a cookie that scripts can read
/// (`tollbridge_access_csrf`, `tollbridge_refresh_csrf`), whose value a request must repeat in the header
/// `X-CSRF-TOKEN`.
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
struct CookieName {
    name: String,
    path: String,
    /// Whether it is the one that we gave it, and may get the prefix `__Host-`.
    ours: bool,
}

impl Default for TokenCookies {
    fn default() -> Self {
        let names = |cookie: &str, csrf_cookie: &str| Names {
            cookie: CookieName { name: cookie.to_owned(), path: "/".to_owned(), ours: true },
            csrf_cookie: CookieName { name: csrf_cookie.to_owned(), path: "/".to_owned(), ours: true },
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

/// The settings.
impl TokenCookies {
    /// Name and path of the access token's cookie (`JWT_ACCESS_COOKIE_NAME`, `JWT_ACCESS_COOKIE_PATH`).
    pub fn access_cookie(mut self, name: impl Into<String>, path: impl Into<String>) -> Self {
        self.access.cookie = CookieName::given(name, path);
        self
    }

    /// Name and path of the refresh token's cookie (`JWT_REFRESH_COOKIE_NAME`, `JWT_REFRESH_COOKIE_PATH`).
    pub fn refresh_cookie(mut self, name: impl Into<String>, path: impl Into<String>) -> Self {
        self.refresh.cookie = CookieName::given(name, path);
        self
    }

    /// The domain that they are for, with all that is below it (`JWT_COOKIE_DOMAIN`). Default none: this host alone.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Whether browsers send them over TLS only (`JWT_COOKIE_SECURE`). Default: as
    /// [`public_url`](crate::BridgeBuilder::public_url) says.
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = Some(secure);
        self
    }

    /// Whether other sites' requests may carry them (`JWT_COOKIE_SAMESITE`); `None` leaves it to the browser. Default
    /// `Lax`.
    pub fn same_site(mut self, same_site: impl Into<Option<SameSite>>) -> Self {
        self.same_site = same_site.into();
        self
    }

    /// How long the browser keeps them, also when it is closed (`JWT_SESSION_COOKIE=False`). Default: until it is
    /// closed. What they carry lives as long as it says itself.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Whether a request with such a cookie must repeat the `csrf` claim (`JWT_COOKIE_CSRF_PROTECT`). Default yes.
    /// Without it the check of where the request comes from stands alone, which needs browsers that say so.
    pub fn double_submit(mut self, on: bool) -> Self {
        self.double_submit = on;
        self
    }

    /// The methods that need the double submit (`JWT_CSRF_METHODS`). Default all but `GET`, `HEAD` and `OPTIONS`.
    pub fn csrf_methods(mut self, methods: &[Method]) -> Self {
        self.methods = Some(methods.to_vec());
        self
    }

    /// The headers that repeat the claim (`JWT_ACCESS_CSRF_HEADER_NAME`, `JWT_REFRESH_CSRF_HEADER_NAME`). Default
    /// `X-CSRF-TOKEN` for both.
    pub fn csrf_headers(mut self, access: impl Into<String>, refresh: impl Into<String>) -> Self {
        (self.access.csrf_header, self.refresh.csrf_header) = (access.into(), refresh.into());
        self
    }

    /// Whether a field of a form may repeat the claim where the header does not (`JWT_CSRF_CHECK_FORM`). Default no.
    /// Forms larger than [`json_body_limit`](crate::BridgeBuilder::json_body_limit) are not searched.
    pub fn check_form(mut self, on: bool) -> Self {
        self.check_form = on;
        self
    }

    /// Those fields (`JWT_ACCESS_CSRF_FIELD_NAME`, `JWT_REFRESH_CSRF_FIELD_NAME`). Default `csrf_token` for both.
    pub fn csrf_fields(mut self, access: impl Into<String>, refresh: impl Into<String>) -> Self {
        (self.access.csrf_field, self.refresh.csrf_field) = (access.into(), refresh.into());
        self
    }

    /// Whether the claim is put into a cookie that scripts can read (`JWT_CSRF_IN_COOKIES`). Default yes. Without it
    /// your pages must get it some other way.
    pub fn csrf_cookies(mut self, on: bool) -> Self {
        self.csrf_cookies = on;
        self
    }

    /// Name and path of the cookie with the access token's claim (`JWT_ACCESS_CSRF_COOKIE_NAME`,
    /// `JWT_ACCESS_CSRF_COOKIE_PATH`).
    pub fn access_csrf_cookie(mut self, name: impl Into<String>, path: impl Into<String>) -> Self {
        self.access.csrf_cookie = CookieName::given(name, path);
        self
    }

    /// Name and path of the cookie with the refresh token's claim (`JWT_REFRESH_CSRF_COOKIE_NAME`,
    /// `JWT_REFRESH_CSRF_COOKIE_PATH`).
    pub fn refresh_csrf_cookie(mut self, name: impl Into<String>, path: impl Into<String>) -> Self {
        self.refresh.csrf_cookie = CookieName::given(name, path);
        self
    }

    /// With every name as it is on the wire, checked. `tls`: whether browsers come over TLS.
    pub(crate) fn named(mut self, tls: bool) -> Result<Self, BuildError> {
        let wrong = |text: String| Err(BuildError::TokenLocations(text));
        let secure = *self.secure.get_or_insert(tls);
        if self.same_site == Some(SameSite::None) && !secure {
            return wrong("browsers refuse a cookie that is `SameSite=None` and not `Secure`".to_owned());
        }
        let host_only = secure && self.domain.is_none();
        for one in [&mut self.access, &mut self.refresh] {
            if HeaderName::try_from(one.csrf_header.as_str()).is_err() {
                return wrong(format!("`{}` is not the name of a header", one.csrf_header));
            }
            for cookie in [&mut one.cookie, &mut one.csrf_cookie] {
                if cookie.ours && host_only {
                    // It keeps other hosts from setting them (RFC 6265bis section 4.1.3.2).
                    cookie.name.insert_str(0, "__Host-");
                }
                cookie.ours = false;
                if !is_token(&cookie.name) {
                    return wrong(format!("`{}` is not a name that a cookie can have", cookie.name));
                }
                if !cookie.path.starts_with('/') || cookie.path.contains([';', ',']) {
                    return wrong(format!("`{}` is not the path of a cookie: begin it with `/`", cookie.path));
                }
            }
        }
        if self.access.cookie.name == self.refresh.cookie.name {
            return wrong(format!("the cookies of both tokens have the name `{}`", self.access.cookie.name));
        }
        Ok(self)
    }
}

impl CookieName {
    fn given(name: impl Into<String>, path: impl Into<String>) -> Self {
        Self { name: name.into(), path: path.into(), ours: false }
    }
}

/// `token` of RFC 9110 section 5.6.2, which is what the name of a cookie is.
fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
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
                None => !csrf::is_safe(method),
            }
    }

    /// What the headers say for the double submit.
    pub(crate) fn csrf_header<'h>(&self, headers: &'h HeaderMap, token_type: TokenType) -> Option<&'h [u8]> {
        let value = headers.get(self.of(token_type).csrf_header.as_str())?.as_bytes();
        (!value.is_empty()).then_some(value)
    }

    pub(crate) fn checks_forms(&self) -> bool {
        self.check_form
    }

    pub(crate) fn csrf_field(&self, token_type: TokenType) -> &str {
        &self.of(token_type).csrf_field
    }
}

/// What responses get.
impl TokenCookies {
    /// Puts an access token into its cookie, and its `csrf` claim beside it (`set_access_cookies`).
    ///
    /// # Errors
    ///
    /// [`Misconfigured`](AuthError::Misconfigured) when this is no token, or one without the claim that the double
    /// submit needs.
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
        let is_compact = token.split('.').count() == 3
            && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if !is_compact {
            return Err(AuthError::Misconfigured("what was to be put into a token's cookie is no token"));
        }
        let mut keep = |mut cookie: Cookie<'_>| {
            if let Some(max_age) = self.max_age {
                cookie.set_max_age(CookieDuration::try_from(max_age).unwrap_or(CookieDuration::MAX));
            }
            put(headers, &cookie);
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
            put(headers, &cookie);
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

/// One cookie of a name in one response (RFC 6265bis section 4.1.1): the last.
fn put(headers: &mut HeaderMap, cookie: &Cookie<'_>) {
    let Ok(value) = HeaderValue::try_from(cookie.encoded().to_string()) else { return };
    let others: Vec<_> = headers.remove(SET_COOKIE).filter(|set| !names(set, cookie.name())).collect();
    for set in others.into_iter().chain([value]) {
        headers.append(SET_COOKIE, set);
    }
}

/// Whether a `Set-Cookie` sets the cookie of this name.
pub(crate) fn names(set: &HeaderValue, name: &str) -> bool {
    set.as_bytes().strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b"="))
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
