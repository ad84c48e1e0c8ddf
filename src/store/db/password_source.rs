//! The password of PostgreSQL, where it is not in the URL: it is asked for at each new connection, so that it can change
//! while the program runs.

use std::fmt;
use std::io;
use std::sync::Arc;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};

/// Asks for the password.
#[derive(Clone)]
pub(super) struct PasswordSource(Arc<dyn Fn() -> io::Result<SecretString> + Send + Sync>);

impl PasswordSource {
    pub(super) fn new(read: impl Fn() -> io::Result<SecretString> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// The URL with the password of now.
    pub(super) fn with_password(&self, url: &str) -> io::Result<SecretString> {
        let password = (self.0)()?;
        let password = utf8_percent_encode(password.expose_secret(), NON_ALPHANUMERIC);
        let separator = if url.contains('?') { '&' } else { '?' };
        Ok(format!("{url}{separator}password={password}").into())
    }
}

impl fmt::Debug for PasswordSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordSource(..)")
    }
}
