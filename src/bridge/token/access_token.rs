//! An access token without a refresh token.

use std::fmt;

use serde::Serialize;

use super::issuer::TokenPair;

/// A new access token of a login whose refresh token stays as it is: the body of a token response (RFC 6749 section 5.1).
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AccessToken {
    /// The access token.
    pub access_token: String,
    /// The token type, always `Bearer`.
    pub token_type: &'static str,
    /// The lifetime in seconds.
    pub expires_in: i64,
}

impl From<TokenPair> for AccessToken {
    fn from(pair: TokenPair) -> Self {
        Self { access_token: pair.access_token, token_type: pair.token_type, expires_in: pair.expires_in }
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}
