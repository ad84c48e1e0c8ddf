//! What issues and verifies the tokens of a bridge.

use std::time::Duration;

use super::issuer::Issuer;
use super::verifier::Verifier;

/// The issuer and the verifier of a bridge, which work with the same keys.
pub(crate) struct TokenAuthority {
    pub(crate) issuer: Issuer,
    pub(crate) verifier: Verifier,
    /// How long after a rotation the previous refresh token still yields the same successor.
    pub(crate) refresh_grace: Duration,
}
