//! Freshness: how long ago the user of a credential has authenticated, and how long ago that may be.

use std::time::Duration;

use super::engine::Engine;
use crate::bridge::error::AuthError;
use crate::bridge::model::{UnixTime, seconds};

/// When the user authenticated, as far as the credential of the request proves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Proof {
    /// `None`: the credential proves no authentication. It is the session of a remember cookie, the token of a refresh or
    /// a custom credential.
    authenticated_at: Option<UnixTime>,
    /// When the credential was checked.
    checked_at: UnixTime,
}

/// The freshness that a route requires. Both conditions must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RequiredFreshness {
    /// Whether the login must be fresh within the window of the bridge.
    pub(crate) in_window: bool,
    /// The window of the route itself.
    pub(crate) within: Option<Duration>,
}

impl Proof {
    /// The credential of a user who authenticated at `authenticated_at`.
    pub(crate) fn new(authenticated_at: Option<UnixTime>, checked_at: UnixTime) -> Self {
        Self { authenticated_at, checked_at }
    }

    /// When the user authenticated.
    pub(crate) fn authenticated_at(self) -> Option<UnixTime> {
        self.authenticated_at
    }

    /// Whether the user authenticated within this time.
    pub(crate) fn is_within(self, window: Duration) -> bool {
        self.authenticated_at.is_some_and(|at| self.checked_at - at < seconds(window))
    }
}

impl RequiredFreshness {
    pub(crate) const NONE: Self = Self { in_window: false, within: None };

    /// The freshness that meets both requirements.
    pub(crate) fn and(self, other: Self) -> Self {
        let within = [self.within, other.within].into_iter().flatten().min();
        Self { in_window: self.in_window || other.in_window, within }
    }

    /// Refuses a credential that is not fresh enough. `fresh`: whether it is fresh within the window of the bridge.
    ///
    /// # Errors
    ///
    /// [`ReauthRequired`](AuthError::ReauthRequired) with the shortest window that is required.
    pub(crate) fn check(self, engine: &Engine, fresh: bool, proof: Proof) -> Result<(), AuthError> {
        let is_met = (!self.in_window || fresh) && self.within.is_none_or(|window| proof.is_within(window));
        if is_met { Ok(()) } else { Err(self.refusal(engine)) }
    }

    fn refusal(self, engine: &Engine) -> AuthError {
        if self.within.is_some_and(|window| window.as_secs() == 0) {
            return AuthError::Misconfigured("`fresh_within` is less than a second: no login is ever so fresh");
        }
        let of_bridge = self.in_window.then_some(engine.fresh_window);
        let shortest = of_bridge.into_iter().chain(self.within).min();
        AuthError::reauth_required(shortest.unwrap_or(engine.fresh_window))
    }
}
