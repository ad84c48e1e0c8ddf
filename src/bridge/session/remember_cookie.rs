//! How the remember cookie is written, and what no browser would keep or keep safe.

use actix_web::HttpRequest;
use actix_web::cookie::SameSite;

use crate::bridge::auth::request_state::RequestAuth;
use crate::bridge::builder::BuildError;
use crate::bridge::error::auth_error::AuthError;
use crate::bridge::model::clock::UnixTime;
use crate::bridge::model::login::{Login, Remember};
use crate::bridge::resolve::engine::seconds;
use crate::bridge::session::cookies;
use crate::bridge::session::face::Face;
use crate::bridge::session::remember_token::{Match, PresentedCookie};

/// The expiry of a cookie that is renewed moves when it would move by this much, in seconds: not at every request, so
/// that reading costs no write.
const RENEW_AFTER: UnixTime = 60;

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

    /// The settings with all that was left open, if they are sound.
    pub(crate) fn settle(self, https: bool, session_name: &str) -> Result<SettledCookie, BuildError> {
        let refuse = |why: String| Err(BuildError::RememberCookie(why));
        let secure = self.secure.unwrap_or(https);
        let whole_host = self.domain.is_none() && self.path == "/";
        let name = self.name.unwrap_or_else(|| {
            let prefix = match (secure, whole_host) {
                (true, true) => "__Host-",
                (true, false) => "__Secure-",
                (false, _) => "",
            };
            format!("{prefix}tollbridge_remember")
        });
        let domain = self.domain.map(|domain| domain.strip_prefix('.').unwrap_or(&domain).to_owned());
        if name.is_empty() || !name.bytes().all(is_token_byte) {
            return refuse(format!("`{name}` is no name of a cookie; use letters, digits, `_` and `-`"));
        }
        if name == session_name {
            return refuse(format!("`{name}` is the session cookie's name; take another"));
        }
        if !self.path.starts_with('/') || self.path.bytes().any(|byte| byte == b';' || !(b' '..=b'~').contains(&byte)) {
            return refuse(format!("`{}` is no path; it begins with `/`", self.path.escape_debug()));
        }
        if let Some(domain) = domain.as_deref().filter(|domain| !is_domain(domain)) {
            return refuse(format!("`{}` is no domain; write a host name", domain.escape_debug()));
        }
        // Browsers compare prefixes without regard to case (RFC 6265bis section 5.7).
        let prefixed = |prefix: &str| name.get(..prefix.len()).is_some_and(|it| it.eq_ignore_ascii_case(prefix));
        if prefixed("__Host-") && !(secure && whole_host) {
            return refuse(format!("`{name}` must be Secure, with the path `/` and no domain, or no browser keeps it"));
        }
        if prefixed("__Secure-") && !secure {
            return refuse(format!("`{name}` must be Secure, or no browser keeps it"));
        }
        if self.same_site == Some(SameSite::None) && !secure {
            return refuse("with SameSite=None it must be Secure, or no browser keeps it".to_owned());
        }
        if https && !secure {
            return refuse("the public URL is https, and without Secure the cookie would go out in clear".to_owned());
        }
        Ok(SettledCookie {
            name,
            domain,
            path: self.path,
            secure,
            http_only: self.http_only,
            same_site: self.same_site,
            renews: self.refresh_each_request,
        })
    }
}

/// How the remember cookie is written, with nothing left open.
#[derive(Clone, Debug)]
pub(crate) struct SettledCookie {
    pub(crate) name: String,
    pub(crate) domain: Option<String>,
    pub(crate) path: String,
    pub(crate) secure: bool,
    pub(crate) http_only: bool,
    pub(crate) same_site: Option<SameSite>,
    /// Whether its time begins anew with each visit.
    pub(crate) renews: bool,
}

/// RFC 9110 section 5.6.2, but for `%`, which some readers decode.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$&'*+-.^_`|~".contains(&byte)
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        let edges = !label.starts_with('-') && !label.ends_with('-');
        !label.is_empty() && edges && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    domain.split('.').all(is_label)
}

/// Lets the time of the remember cookie that came with a session begin anew, where cookies are renewed.
pub(crate) async fn renew(
    auth: &RequestAuth,
    req: &HttpRequest,
    login: &Login,
    face: Face,
    now: UnixTime,
) -> Result<(), AuthError> {
    let core = &*auth.core;
    if !core.cookies.remember_cookie.renews {
        return Ok(());
    }
    let value = cookies::value_of(req.headers(), core.cookies.remember_name());
    let Some((value, record)) = value.zip(login.remember.as_ref()) else { return Ok(()) };
    let expires_at = renewed_expiry(login, face.remembered_for.unwrap_or(seconds(core.lifetimes.remember)), now);
    let is_theirs = PresentedCookie::parse(value).is_some_and(|cookie| {
        cookie.selector == record.selector && core.remember.compare(&cookie, record, now, 0) == Match::Current
    });
    if !is_theirs || now >= record.expires_at || expires_at - record.expires_at < RENEW_AFTER {
        return Ok(());
    }
    if core.logins.extend_remember(&login.id, record.generation, expires_at, now).await? {
        auth.set_cookie(core.cookies.remember(core.remember.value(record), now, expires_at));
    }
    Ok(())
}

/// For how many seconds a browser was to be remembered, as far as its cookie's record tells: what the session knew of it
/// is gone. Never longer than all browsers are, whatever its login said.
pub(crate) fn remembered_for(record: &Remember, usual: UnixTime) -> UnixTime {
    usual.min(record.expires_at - record.rotated_at)
}

/// When a cookie expires whose time of so many seconds begins now.
pub(crate) fn renewed_expiry(login: &Login, remembered_for: UnixTime, now: UnixTime) -> UnixTime {
    login.expires_at.min(now.saturating_add(remembered_for))
}
