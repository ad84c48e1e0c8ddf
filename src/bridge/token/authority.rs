//! The issuer and the verifier of a bridge.

use std::time::Duration;

use super::issuer::Issuer;
use super::verifier::Verifier;

/// The issuer and the verifier of a bridge, which have the same keys.
pub(crate) struct TokenAuthority {
    pub(crate) issuer: Issuer,
    pub(crate) verifier: Verifier,
    /// The time after a rotation during which the previous refresh token gives the same successor in any case. Zero: it
    /// never does.
    pub(crate) refresh_grace: Duration,
}
