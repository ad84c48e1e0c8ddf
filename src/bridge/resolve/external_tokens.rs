//! External tokens: tokens in another format than the bridge's. They belong to no login.

use crate::bridge::credential::Csrf;
use crate::bridge::error::AuthError;
use crate::bridge::model::UnixTime;
use crate::bridge::token::{Verification, VerifiedToken};

/// The verifier of every token whose header does not name the bridge's format.
pub(crate) trait ExternalTokens: Send + Sync {
    /// Verifies a token. `csrf` is the value that the request gives for the double submit. The implementation calls
    /// [`Csrf::check`] itself, because the order of the checks is its own. A token that has expired and is valid in all
    /// else is a [`Verification`], not an error.
    fn verify(&self, text: &str, now: UnixTime, csrf: Csrf<'_>) -> Result<Verification, AuthError>;

    /// Issues an access token that replaces this one: not fresh, with the same other claims. `None` where none can be
    /// issued.
    fn renew(&self, token: &VerifiedToken, now: UnixTime) -> Result<Option<String>, AuthError>;

    /// Whether the user of a token is looked up in the user store. If not, the handler gets the token's subject only.
    fn finds_users(&self) -> bool;
}
