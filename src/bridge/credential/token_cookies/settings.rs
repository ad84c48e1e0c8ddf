//! How the cookies that carry tokens are named, sent and protected.

use std::time::Duration;

use actix_web::cookie::SameSite;
use actix_web::http::Method;
use actix_web::http::header::HeaderName;

use super::{CookieName, TokenCookies};
use crate::bridge::credential::cookie_attributes::CookieAttributes;
use crate::bridge::error::BuildError;

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
    ///
    /// Names with the prefix `__Host-` go with no domain. Our own are without it if the domain is declared with
    /// [`TokenLocations::cookies`](crate::TokenLocations::cookies); a clone of
    /// [`Auth::token_cookies`](crate::Auth::token_cookies) cannot get a domain later, where they have it.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Whether browsers send them over TLS only (`JWT_COOKIE_SECURE`). Default: as
    /// [`public_url`](crate::BridgeBuilder::public_url) says; with TLS they cannot be without it.
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
    /// Forms larger than [`json_body_limit`](crate::BridgeBuilder::json_body_limit) are not searched; of one with files
    /// (`multipart/form-data`) the beginning is, so put the field before the files.
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
}

impl TokenCookies {
    /// The settings with every name as it is sent, if browsers keep the cookies. `tls`: whether browsers come over TLS.
    pub(crate) fn validate(mut self, tls: bool) -> Result<Self, BuildError> {
        let wrong = |text: String| Err(BuildError::TokenLocations(text));
        let secure = *self.secure.get_or_insert(tls);
        self.domain = self.domain.map(|domain| domain.strip_prefix('.').unwrap_or(&domain).to_owned());
        let host_only = secure && self.domain.is_none();
        for names in [&mut self.access, &mut self.refresh] {
            if HeaderName::try_from(names.csrf_header.as_str()).is_err() {
                return wrong(format!("`{}` is not the name of a header", names.csrf_header));
            }
            for cookie in [&mut names.cookie, &mut names.csrf_cookie] {
                if cookie.is_default && host_only && cookie.path == "/" {
                    // It keeps other hosts from setting them (RFC 6265bis section 4.1.3.2).
                    cookie.name.insert_str(0, "__Host-");
                }
                cookie.is_default = false;
            }
        }
        let cookies = [&self.access, &self.refresh].into_iter().flat_map(|names| [&names.cookie, &names.csrf_cookie]);
        for cookie in cookies {
            self.attributes(cookie).check(tls).map_err(|fault| BuildError::TokenLocations(fault.to_string()))?;
        }
        if self.access.cookie.name == self.refresh.cookie.name {
            return wrong(format!("the cookies of both tokens have the name `{}`", self.access.cookie.name));
        }
        Ok(self)
    }

    /// How one of the cookies is written.
    pub(super) fn attributes<'a>(&'a self, cookie: &'a CookieName) -> CookieAttributes<'a> {
        CookieAttributes {
            name: &cookie.name,
            domain: self.domain.as_deref(),
            path: &cookie.path,
            secure: self.secure == Some(true),
            same_site: self.same_site,
        }
    }
}

impl CookieName {
    fn given(name: impl Into<String>, path: impl Into<String>) -> Self {
        Self { name: name.into(), path: path.into(), is_default: false }
    }
}
