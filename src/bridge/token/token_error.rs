//! What can go wrong with a token, without a word of HTTP.

use super::fault::TokenFault;

/// Why a token could not be verified or issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenError {
    /// The token is not valid.
    Invalid(TokenFault),
    /// The application is put together wrongly; the text says how.
    Misconfigured(&'static str),
}

impl From<TokenFault> for TokenError {
    fn from(fault: TokenFault) -> Self {
        Self::Invalid(fault)
    }
}
