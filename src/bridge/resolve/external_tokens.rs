//! Tokens that were not issued by this layer in its own format: they belong to no login.

use crate::bridge::credential::Csrf;
use crate::bridge::error::AuthError;
use crate::bridge::model::UnixTime;
use crate::bridge::token::{Verification, VerifiedToken};

/// Judges every token whose header does not say that it is one of ours.
pub(crate) trait ExternalTokens: Send + Sync {
    /// Verifies a token. `csrf` is what the request says for the double submit: the implementation calls
    /// [`Csrf::check`] at the point of its own order where that belongs. A token that is right in all but its time is
    /// an answer, not an error.
    fn verify(&self, text: &str, now: UnixTime, csrf: Csrf<'_>) -> Result<Verification, AuthError>;

    /// An access token to follow this one, that is not fresh and says all else that it says; `None` where there is
    /// nothing to follow it with.
    fn renew(&self, token: &VerifiedToken, now: UnixTime) -> Result<Option<String>, AuthError>;

    /// Whether the user of a token is looked up. If not, the token alone says who it is.
    fn finds_users(&self) -> bool;
}
