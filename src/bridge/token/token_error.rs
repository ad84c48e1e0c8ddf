//! The error of verifying and issuing tokens. It does not know HTTP.

use super::fault::TokenFault;

/// The reason why a token could not be verified or issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenError {
    /// The token is not valid.
    Invalid(TokenFault),
    /// The application is misconfigured. The text describes the mistake.
    Misconfigured(&'static str),
}

impl From<TokenFault> for TokenError {
    fn from(fault: TokenFault) -> Self {
        Self::Invalid(fault)
    }
}
