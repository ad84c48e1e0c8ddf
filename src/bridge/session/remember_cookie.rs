//! How the remember cookie is written.

use actix_web::cookie::SameSite;

use crate::bridge::credential::CookieAttributes;
use crate::bridge::error::BuildError;

/// How the remember cookie is written: Flask-Login's `REMEMBER_COOKIE_…` settings. What is not said is safe: the whole
/// site, this host only, hidden from scripts, not sent by other sites' forms, and over TLS only if the
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
    /// The safe one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Its name (`REMEMBER_COOKIE_NAME`). Default `tollbridge_remember`, with the prefix `__Host-` if it is for TLS and
    /// for this host as a whole, and else with `__Secure-` if it is for TLS.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Shares it with the hosts below this domain (`REMEMBER_COOKIE_DOMAIN`). Each of them can then use it, and plant
    /// another.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// The path below which it is sent (`REMEMBER_COOKIE_PATH`). Default `/`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Whether it is sent over TLS only (`REMEMBER_COOKIE_SECURE`). Default as the public URL is.
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = Some(secure);
        self
    }

    /// Whether it is hidden from scripts (`REMEMBER_COOKIE_HTTPONLY`). Default `true`.
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// With which requests of other sites it is sent (`REMEMBER_COOKIE_SAMESITE`). Default `Lax`.
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = Some(same_site);
        self
    }

    /// Whether the time for which a browser is remembered begins anew with its visits
    /// (`REMEMBER_COOKIE_REFRESH_EACH_REQUEST`). Default `false`. It moves about once a minute, only for a browser that
    /// brought its cookie, and never past the end of the login, which
    /// [`absolute_ttl`](crate::BridgeBuilder::absolute_ttl) says.
    pub fn refresh_each_request(mut self, refresh: bool) -> Self {
        self.refresh_each_request = refresh;
        self
    }

    /// The settings with nothing left open, if browsers keep the cookie, and safe. `tls`: whether browsers come over TLS.
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
            let why = format!("`{name}` is the session cookie's name; take another");
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

/// How the remember cookie is written, with nothing left open.
#[derive(Clone, Debug)]
pub(crate) struct RememberCookieAttributes {
    pub(crate) name: String,
    pub(crate) domain: Option<String>,
    pub(crate) path: String,
    pub(crate) secure: bool,
    pub(crate) http_only: bool,
    pub(crate) same_site: Option<SameSite>,
    /// Whether its time begins anew with each visit.
    pub(crate) renews: bool,
}
