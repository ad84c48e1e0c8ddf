//! The attributes of the cookies that the bridge sets. They are validated when the bridge is built, so that a cookie
//! that browsers reject or that is unsafe is a build error.

use std::fmt;

use actix_web::cookie::SameSite;

/// The attributes of a cookie that the bridge will set.
pub(crate) struct CookieAttributes<'a> {
    pub(crate) name: &'a str,
    pub(crate) domain: Option<&'a str>,
    pub(crate) path: &'a str,
    pub(crate) secure: bool,
    pub(crate) same_site: Option<SameSite>,
}

/// The fault in the attributes of a cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CookieFault {
    Name(String),
    Path(String),
    Domain(String),
    /// The name begins with `__Host-`, but the cookie is not `Secure`, has a domain, or has a path other than `/`.
    HostPrefix(String),
    /// The name begins with `__Secure-`, but the cookie is not `Secure`.
    SecurePrefix(String),
    /// The cookie is `SameSite=None`, but not `Secure`.
    SameSiteNone,
    /// Browsers use TLS, but the cookie is not `Secure`.
    NotSecure,
}

impl CookieAttributes<'_> {
    /// Checks that browsers accept the cookie and that it is safe. `tls`: whether browsers use TLS.
    pub(crate) fn check(&self, tls: bool) -> Result<(), CookieFault> {
        if self.name.is_empty() || !self.name.bytes().all(is_name_byte) {
            return Err(CookieFault::Name(self.name.to_owned()));
        }
        if !self.path.starts_with('/') || !self.path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';') {
            return Err(CookieFault::Path(self.path.to_owned()));
        }
        if let Some(domain) = self.domain.filter(|domain| !is_domain(domain)) {
            return Err(CookieFault::Domain(domain.to_owned()));
        }
        self.check_prefix()?;
        if self.same_site == Some(SameSite::None) && !self.secure {
            return Err(CookieFault::SameSiteNone);
        }
        if tls && !self.secure {
            return Err(CookieFault::NotSecure);
        }
        Ok(())
    }

    /// Checks the requirements of the name's prefix (RFC 6265bis section 4.1.3). Browsers compare the prefix
    /// case-insensitively (section 5.7).
    pub(crate) fn check_prefix(&self) -> Result<(), CookieFault> {
        let begins_with =
            |prefix: &str| self.name.get(..prefix.len()).is_some_and(|it| it.eq_ignore_ascii_case(prefix));
        if begins_with("__Host-") && !(self.secure && self.domain.is_none() && self.path == "/") {
            return Err(CookieFault::HostPrefix(self.name.to_owned()));
        }
        if begins_with("__Secure-") && !self.secure {
            return Err(CookieFault::SecurePrefix(self.name.to_owned()));
        }
        Ok(())
    }
}

impl fmt::Display for CookieFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => {
                write!(f, "`{}` is no name for a cookie; use letters, digits, `_` and `-`", name.escape_debug())
            }
            Self::Path(path) => {
                write!(f, "`{}` is no path for a cookie; begin it with `/`", path.escape_debug())
            }
            Self::Domain(domain) => {
                write!(f, "`{}` is no domain for a cookie; use a host name", domain.escape_debug())
            }
            Self::HostPrefix(name) => {
                write!(f, "`{name}` must be Secure, with the path `/` and no domain; otherwise browsers reject it")
            }
            Self::SecurePrefix(name) => write!(f, "`{name}` must be Secure; otherwise browsers reject it"),
            Self::SameSiteNone => {
                f.write_str("a cookie with SameSite=None must be Secure; otherwise browsers reject it")
            }
            Self::NotSecure => {
                f.write_str("the public URL is https, but the cookie is not Secure and could be sent in clear")
            }
        }
    }
}

/// A `token` character of RFC 9110 section 5.6.2. The characters that are percent-encoded when a cookie is written are
/// excluded, because cookies are read without decoding.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!$&'*+-._~".contains(&byte)
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        let edges = !label.starts_with('-') && !label.ends_with('-');
        !label.is_empty() && edges && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    domain.split('.').all(is_label)
}
