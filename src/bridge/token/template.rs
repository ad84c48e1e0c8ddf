//! Token templates: named kinds of access tokens, such as one for another service.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use super::extras::is_reserved_claim;
use crate::bridge::model::{Abilities, InvalidAbilities};

/// A kind of access token: its lifetime, its audience and additional claims, for
/// [`NewTokens::template`](crate::NewTokens::template). It is made once and used for any number of logins.
///
/// ```
/// # use std::time::Duration;
/// # use tollbridge::{AuthError, NewTokens, TokenPair, TokenTemplate};
/// # fn issue(tokens: NewTokens<'_>) -> Result<TokenPair, AuthError> {
/// let billing = TokenTemplate::new()
///     .access_ttl(Duration::from_secs(120))
///     .audience("https://billing.example")
///     .claim("plan", "pro");
/// tokens.template(&billing).issue()
/// # }
/// ```
#[derive(Clone, Default)]
pub struct TokenTemplate {
    pub(crate) access_ttl: Option<Duration>,
    pub(crate) audiences: Vec<String>,
    pub(crate) scope: Option<Result<Abilities, InvalidAbilities>>,
    pub(crate) claims: Map<String, Value>,
}

impl TokenTemplate {
    /// A template that changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The lifetime of the access token: at least a second. Default: that of the bridge. No token expires after the end
    /// of its login. A service that does not ask the bridge accepts a token until it expires, so make this short.
    pub fn access_ttl(mut self, ttl: Duration) -> Self {
        self.access_ttl = Some(ttl);
        self
    }

    /// An `aud` of the access token. It can be called several times. Default: that of the bridge.
    ///
    /// The bridge does not accept an access token for other audiences than
    /// [its own](crate::BridgeBuilder::audience). The refresh token stays one for the bridge.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Narrows the tokens to these abilities, as [`NewTokens::scope`](crate::NewTokens::scope) does.
    pub fn scope<A: AsRef<str>>(mut self, abilities: impl IntoIterator<Item = A>) -> Self {
        self.scope = Some(Abilities::new(abilities));
        self
    }

    /// Whether every token has a claim of this name already, so that it cannot be added.
    pub fn is_reserved_claim(name: &str) -> bool {
        is_reserved_claim(name)
    }

    /// Adds a claim, as [`NewTokens::claim`](crate::NewTokens::claim) does.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }
}

/// Omits the values of the claims, as the `Debug` of [`Claims`](crate::Claims) does.
impl fmt::Debug for TokenTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenTemplate")
            .field("access_ttl", &self.access_ttl)
            .field("audiences", &self.audiences)
            .field("scope", &self.scope)
            .field("claims", &self.claims.keys().collect::<Vec<_>>())
            .finish()
    }
}
