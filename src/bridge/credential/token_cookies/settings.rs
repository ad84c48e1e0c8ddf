//! The settings of the cookies that carry tokens: names, attributes and CSRF protection.

use std::time::Duration;

use actix_web::cookie::SameSite;
use actix_web::http::Method;
use actix_web::http::header::HeaderName;

use super::{CookieName, TokenCookies};
use crate::bridge::credential::cookie_attributes::CookieAttributes;
use crate::bridge::error::BuildError;

impl TokenCookies {
    /// Sets name and path of the access token's cookie (`JWT_ACCESS_COOKIE_NAME`, `JWT_ACCESS_COOKIE_PATH`).
    pub fn access_cookie(mut self, name: impl Into<String>, path: impl Into<String>) -> Self {
        self.access.cookie = CookieName::configured(name, path);
        self
    }

    /// Sets name and path of the refresh token's cookie (`JWT_REFRESH_COOKIE_NAME`, `JWT_REFRESH_COOKIE_PATH`).
    pub fn refresh_cookie(mut self, name: impl Into<String>, path: impl Into<String>) -> Self {
        self.refresh.cookie = CookieName::configured(name, path);
        self
    }

    /// Sets the domain of the cookies (`JWT_COOKIE_DOMAIN`). Browsers also send them to its subdomains. Default: no
    /// domain, so only this host receives the cookies.
    ///
    /// Browsers reject a cookie that has a domain and a name with the prefix `__Host-`. The default names have no
    /// prefix if the domain is set in [`TokenLocations::cookies`](crate::TokenLocations::cookies). A domain that is set
    /// later, on a clone of [`Auth::token_cookies`](crate::Auth::token_cookies), does not change the names.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Whether browsers send the cookies only over TLS (`JWT_COOKIE_SECURE`). Default: `true` if the
    /// [`public_url`](crate::BridgeBuilder::public_url) is `https`. `false` is a build error in that case.
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = Some(secure);
        self
    }

    /// Whether requests from other sites carry the cookies (`JWT_COOKIE_SAMESITE`). `None` omits the attribute, so the
    /// browser decides. Default: `Lax`.
    pub fn same_site(mut self, same_site: impl Into<Option<SameSite>>) -> Self {
        self.same_site = same_site.into();
        self
    }

    /// Sets how long the browser keeps the cookies, also after it was closed (`JWT_SESSION_COOKIE=False`). Default:
    /// until the browser is closed. The lifetime of the tokens does not depend on it.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Whether a request with such a cookie must repeat the `csrf` claim (`JWT_COOKIE_CSRF_PROTECT`). Default: `true`.
    /// Without it the only CSRF protection is the origin check, which needs browsers that send `Sec-Fetch-Site` or
    /// `Origin`.
    pub fn double_submit(mut self, on: bool) -> Self {
        self.double_submit = on;
        self
    }

    /// Sets the methods that need the double submit (`JWT_CSRF_METHODS`). Default: all except `GET`, `HEAD` and
    /// `OPTIONS`.
    pub fn csrf_methods(mut self, methods: &[Method]) -> Self {
        self.methods = Some(methods.to_vec());
        self
    }

    /// Sets the headers that repeat the claim (`JWT_ACCESS_CSRF_HEADER_NAME`, `JWT_REFRESH_CSRF_HEADER_NAME`). Default:
    /// `X-CSRF-TOKEN` for both.
    pub fn csrf_headers(mut self, access: impl Into<String>, refresh: impl Into<String>) -> Self {
        (self.access.csrf_header, self.refresh.csrf_header) = (access.into(), refresh.into());
        self
    }

    /// Whether a form field may repeat the claim if the header is missing (`JWT_CSRF_CHECK_FORM`). Default: `false`.
    ///
    /// A URL-encoded form larger than [`json_body_limit`](crate::BridgeBuilder::json_body_limit) is refused. A
    /// multipart form (`multipart/form-data`) is searched up to that limit, so put the field before the files.
    pub fn check_form(mut self, on: bool) -> Self {
        self.check_form = on;
        self
    }

    /// Sets the form fields that repeat the claim (`JWT_ACCESS_CSRF_FIELD_NAME`, `JWT_REFRESH_CSRF_FIELD_NAME`).
    /// Default: `csrf_token` for both.
    pub fn csrf_fields(mut self, access: impl Into<String>, refresh: impl Into<String>) -> Self {
        (self.access.csrf_field, self.refresh.csrf_field) = (access.into(), refresh.into());
        self
    }

    /// Whether the claim is also set in a cookie that scripts can read (`JWT_CSRF_IN_COOKIES`). Default: `true`.
    /// Without it the embedder must pass the claim to its pages.
    pub fn csrf_cookies(mut self, on: bool) -> Self {
        self.csrf_cookies = on;
        self
    }

    /// Sets name and path of the cookie with the access token's claim (`JWT_ACCESS_CSRF_COOKIE_NAME`,
    /// `JWT_ACCESS_CSRF_COOKIE_PATH`).
    pub fn access_csrf_cookie(mut self, name: impl Into<String>, path: impl Into<String>) -> Self {
        self.access.csrf_cookie = CookieName::configured(name, path);
        self
    }

    /// Sets name and path of the cookie with the refresh token's claim (`JWT_REFRESH_CSRF_COOKIE_NAME`,
    /// `JWT_REFRESH_CSRF_COOKIE_PATH`).
    pub fn refresh_csrf_cookie(mut self, name: impl Into<String>, path: impl Into<String>) -> Self {
        self.refresh.csrf_cookie = CookieName::configured(name, path);
        self
    }
}

impl TokenCookies {
    /// Validates the settings and sets the final names of the cookies. `tls`: whether browsers use TLS.
    pub(crate) fn validate(mut self, tls: bool) -> Result<Self, BuildError> {
        let invalid = |text: String| Err(BuildError::TokenLocations(text));
        let secure = *self.secure.get_or_insert(tls);
        self.domain = self.domain.map(|domain| domain.strip_prefix('.').unwrap_or(&domain).to_owned());
        let host_only = secure && self.domain.is_none();
        for names in [&mut self.access, &mut self.refresh] {
            if HeaderName::try_from(names.csrf_header.as_str()).is_err() {
                return invalid(format!("`{}` is not a header name", names.csrf_header));
            }
            for cookie in [&mut names.cookie, &mut names.csrf_cookie] {
                if cookie.is_default && host_only && cookie.path == "/" {
                    // The prefix prevents other hosts from setting the cookie (RFC 6265bis section 4.1.3.2).
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
            return invalid(format!(
                "the access and the refresh cookie have the same name `{}`",
                self.access.cookie.name
            ));
        }
        Ok(self)
    }

    /// The attributes of one of the cookies.
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
    fn configured(name: impl Into<String>, path: impl Into<String>) -> Self {
        Self { name: name.into(), path: path.into(), is_default: false }
    }
}
