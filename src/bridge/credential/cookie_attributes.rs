//! The attributes of a cookie that we set: what no browser keeps, or keeps safe, is found when the bridge is built.

use std::fmt;

use actix_web::cookie::SameSite;

/// A cookie as it is going to be written.
pub(crate) struct CookieAttributes<'a> {
    pub(crate) name: &'a str,
    pub(crate) domain: Option<&'a str>,
    pub(crate) path: &'a str,
    pub(crate) secure: bool,
    pub(crate) same_site: Option<SameSite>,
}

/// What is wrong with the attributes of a cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CookieFault {
    Name(String),
    Path(String),
    Domain(String),
    /// The name begins with `__Host-`, and the cookie is not what that promises.
    HostPrefix(String),
    /// The name begins with `__Secure-`, and the cookie is not `Secure`.
    SecurePrefix(String),
    SameSiteNone,
    InClear,
}

impl CookieAttributes<'_> {
    /// Checks that a browser keeps the cookie, and safe. `tls`: whether browsers come over TLS.
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
            return Err(CookieFault::InClear);
        }
        Ok(())
    }

    /// Checks that the cookie is what the prefix of its name promises (RFC 6265bis section 4.1.3). Browsers compare it
    /// without regard to case (section 5.7).
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
                write!(f, "`{}` is no name of a cookie; use letters, digits, `_` and `-`", name.escape_debug())
            }
            Self::Path(path) => {
                write!(f, "`{}` is no path of a cookie; begin it with `/`", path.escape_debug())
            }
            Self::Domain(domain) => {
                write!(f, "`{}` is no domain of a cookie; write a host name", domain.escape_debug())
            }
            Self::HostPrefix(name) => {
                write!(f, "`{name}` must be Secure, with the path `/` and no domain, or no browser keeps it")
            }
            Self::SecurePrefix(name) => write!(f, "`{name}` must be Secure, or no browser keeps it"),
            Self::SameSiteNone => f.write_str("with SameSite=None a cookie must be Secure, or no browser keeps it"),
            Self::InClear => {
                f.write_str("the public URL is https, and without Secure the cookie would go out in clear")
            }
        }
    }
}

/// `token` of RFC 9110 section 5.6.2, without what is escaped when a cookie is written: nobody would undo that.
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
