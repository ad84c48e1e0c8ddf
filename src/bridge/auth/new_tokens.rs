//! Tokens that are about to be issued, with what an application wants in them.

use std::time::Duration;

use serde_json::Value;

use crate::bridge::error::AuthError;
use crate::bridge::model::{Login, UnixTime};
use crate::bridge::token::{Extras, Issuer, TokenPair};

/// Tokens of a login, about to be issued; from [`NewLogin::tokens`](crate::NewLogin::tokens).
///
/// ```
/// # use std::time::Duration;
/// # use tollbridge::{AuthError, NewLogin, TokenPair};
/// # fn issue(login: &NewLogin<'_>) -> Result<TokenPair, AuthError> {
/// login.tokens().claim("role", "editor").expires_in(Duration::from_secs(60)).issue()
/// # }
/// ```
#[must_use = "nothing is issued until `issue` is called"]
pub struct NewTokens<'a> {
    issuer: &'a Issuer,
    login: &'a Login,
    fresh: bool,
    now: UnixTime,
    extras: Extras,
    access_ttl: Option<Duration>,
}

impl<'a> NewTokens<'a> {
    pub(crate) fn new(issuer: &'a Issuer, login: &'a Login, fresh: bool, now: UnixTime) -> Self {
        Self { issuer, login, fresh, now, extras: Extras::default(), access_ttl: None }
    }

    /// A claim of both tokens, in place of one that [`extra_claims`](crate::BridgeBuilder::extra_claims) gives this name
    /// (`additional_claims`).
    ///
    /// It is not there after a refresh, because nothing of these tokens is kept; what shall stay comes from
    /// [`extra_claims`](crate::BridgeBuilder::extra_claims).
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extras.claims.insert(name.into(), value.into());
        self
    }

    /// A member of the header of both tokens (`additional_headers`), as [`claim`](Self::claim).
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extras.headers.insert(name.into(), value.into());
        self
    }

    /// How long the access token lives (`expires_delta`), in place of
    /// [`access_ttl`](crate::BridgeBuilder::access_ttl). No token outlives its login.
    pub fn expires_in(mut self, ttl: Duration) -> Self {
        self.access_ttl = Some(ttl);
        self
    }

    /// Issues them.
    ///
    /// # Errors
    ///
    /// [`Misconfigured`](AuthError::Misconfigured) when a claim or header is one that the bridge itself writes, when the
    /// access token would live for less than a second, when a token would be longer than the 8 KiB that are read back,
    /// or when the key cannot sign.
    pub fn issue(self) -> Result<TokenPair, AuthError> {
        if self.access_ttl.is_some_and(|ttl| ttl.as_secs() == 0) {
            return Err(AuthError::Misconfigured("`expires_in` is less than a second: give it a second or more"));
        }
        let signer = self.issuer.signer(&self.login.identity, self.extras)?;
        Ok(self.issuer.pair(&signer, self.login, self.fresh, self.now, self.access_ttl)?)
    }
}
