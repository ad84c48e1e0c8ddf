//! The settings of the remember cookie.

use actix_web::cookie::SameSite;

use crate::bridge::credential::CookieAttributes;
use crate::bridge::error::BuildError;

/// The settings of the remember cookie: Flask-Login's `REMEMBER_COOKIE_…` settings.
///
/// The defaults are safe: path `/`, no domain, `HttpOnly` and `SameSite=Lax`. The cookie is `Secure` if the
/// [public URL](crate::BridgeBuilder::public_url) is `https`.
///
/// ```
/// use tollbridge::{BridgeBuilder, RememberCookie};
///
/// fn configured(bridge: BridgeBuilder) -> BridgeBuilder {
///     bridge.remember_cookie(RememberCookie::new().name("keep").domain("example.org").refresh_each_request(true))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct RememberCookie {
    name: Option<String>,
    domain: Option<String>,
    path: String,
    secure: Option<bool>,
    http_only: bool,
    /// `None` leaves the attribute out.
    pub(crate) same_site: Option<SameSite>,
    refresh_each_request: bool,
}

impl Default for RememberCookie {
    fn default() -> Self {
        Self {
            name: None,
            domain: None,
            path: "/".to_owned(),
            secure: None,
            http_only: true,
            same_site: Some(SameSite::Lax),
            refresh_each_request: false,
        }
    }
}

impl RememberCookie {
    /// The default settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the name (`REMEMBER_COOKIE_NAME`). Default: `tollbridge_remember`, with a prefix if the cookie is `Secure`.
    /// The prefix is `__Host-` if the cookie has no domain and the path `/`, and `__Secure-` otherwise.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the domain (`REMEMBER_COOKIE_DOMAIN`). Browsers then send the cookie to this domain and its subdomains.
    /// Each of these hosts can use the cookie, and can set another one. Default: no domain.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Sets the path (`REMEMBER_COOKIE_PATH`). Browsers send the cookie only to this path and the paths below it.
    /// Default: `/`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Whether browsers send the cookie only over TLS (`REMEMBER_COOKIE_SECURE`). Default: `true` if the public URL is
    /// `https`. `false` is a build error in that case.
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = Some(secure);
        self
    }

    /// Whether scripts cannot read the cookie (`REMEMBER_COOKIE_HTTPONLY`). Default: `true`.
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// Sets which requests from other sites carry the cookie (`REMEMBER_COOKIE_SAMESITE`). Default: `Lax`.
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = Some(same_site);
        self
    }

    /// Whether the lifetime of the cookie restarts when the browser is used
    /// (`REMEMBER_COOKIE_REFRESH_EACH_REQUEST`). Default: `false`.
    ///
    /// The lifetime restarts about once a minute, only in requests that carry the cookie. It never exceeds the end of
    /// the login, which [`absolute_ttl`](crate::BridgeBuilder::absolute_ttl) limits.
    pub fn refresh_each_request(mut self, refresh: bool) -> Self {
        self.refresh_each_request = refresh;
        self
    }

    /// Validates the settings and fills in the defaults. `tls`: whether browsers use TLS.
    pub(super) fn validate(self, tls: bool, session_name: &str) -> Result<RememberCookieAttributes, BuildError> {
        let secure = self.secure.unwrap_or(tls);
        let whole_host = self.domain.is_none() && self.path == "/";
        let name = self.name.unwrap_or_else(|| {
            let prefix = match (secure, whole_host) {
                (true, true) => "__Host-",
                (true, false) => "__Secure-",
                (false, _) => "",
            };
            format!("{prefix}tollbridge_remember")
        });
        if name == session_name {
            let why = format!("`{name}` is the session cookie's name; choose another name");
            return Err(BuildError::RememberCookie(why));
        }
        let domain = self.domain.map(|domain| domain.strip_prefix('.').unwrap_or(&domain).to_owned());
        let (path, same_site) = (self.path, self.same_site);
        let attributes = CookieAttributes { name: &name, domain: domain.as_deref(), path: &path, secure, same_site };
        attributes.check(tls).map_err(|fault| BuildError::RememberCookie(fault.to_string()))?;
        Ok(RememberCookieAttributes {
            name,
            domain,
            path,
            secure,
            http_only: self.http_only,
            same_site,
            renews: self.refresh_each_request,
        })
    }
}

/// The validated attributes of the remember cookie.
#[derive(Clone, Debug)]
pub(crate) struct RememberCookieAttributes {
    pub(crate) name: String,
    pub(crate) domain: Option<String>,
    pub(crate) path: String,
    pub(crate) secure: bool,
    pub(crate) http_only: bool,
    pub(crate) same_site: Option<SameSite>,
    /// Whether the lifetime restarts when the browser is used.
    pub(crate) renews: bool,
}
