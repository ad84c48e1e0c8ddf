//! Access and refresh tokens: issued by [`issuer`], checked by [`verifier`], with the keys of [`keys`].
//!
//! The format is a compact JWS (RFC 7515) whose payload is a JWT claims set (RFC 7519), explicitly typed as RFC 9068
//! and RFC 8725 section 3.11 ask. jsonwebtoken has the keys and signs and verifies the bytes; what surrounds them is
//! parsed here, more strictly than it does: nothing passes with an unknown `crit`, another `typ`, absent or mistyped
//! claims.

mod algorithm;
mod claims;
mod compact;
mod extras;
mod fault;
mod foreign;
mod issuer;
mod jwk;
mod key_set;
mod keys;
mod known;
mod new_tokens;
mod pem;
mod renewal;
mod roca;
mod signature;
mod signer;
mod soundness;
mod verifier;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use claims::Claims;
pub(crate) use compact::unverified_header;
pub(crate) use extras::Extras;
pub use fault::{Malformation, TokenFault, TokenPart};
pub(crate) use foreign::ForeignTokens;
pub use issuer::TokenPair;
pub(crate) use issuer::{Issuer, TokenConfig};
pub(crate) use key_set::KeySet;
pub use keys::{KeyError, TokenKey};
pub(crate) use known::KnownTokens;
pub use new_tokens::NewTokens;
pub(crate) use verifier::{Freshness, NO_LOGIN, Verified, VerifiedToken, Verifier};

/// What a token is for. The two are never interchangeable (RFC 8725 section 3.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenType {
    /// Authenticates requests.
    Access,
    /// Good for refreshing, and for nothing else.
    Refresh,
}

impl TokenType {
    /// The `typ` of the header.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Self::Access => "at+jwt",
            Self::Refresh => "rt+jwt",
        }
    }

    /// The `type` claim, which is Flask-JWT-Extended's.
    pub(crate) fn claim(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }
}
