//! All that decides who a request is.

use std::sync::Arc;
use std::time::Duration;

use super::external_tokens::ExternalTokens;
use super::token_checks::TokenChecks;
use crate::bridge::credential::CredentialReader;
use crate::bridge::error::AuthError;
use crate::bridge::model::{Clock, DynUserStore, Events, LoginStore, UnixTime, seconds};
use crate::bridge::session::BrowserSettings;
use crate::bridge::token::TokenAuthority;

/// The stores, keys and settings by which requests are resolved. All workers share it.
pub(crate) struct Engine {
    pub(crate) users: Box<dyn DynUserStore>,
    pub(crate) logins: Arc<dyn LoginStore>,
    pub(crate) tokens: TokenAuthority,
    pub(crate) checks: TokenChecks,
    /// Verifies tokens that are not of our own format. Without it they are invalid.
    pub(crate) external: Option<Box<dyn ExternalTokens>>,
    pub(crate) reader: CredentialReader,
    pub(crate) browser: BrowserSettings,
    /// How long after authenticating a user counts as fresh.
    pub(crate) fresh_window: Duration,
    pub(crate) events: Events,
    pub(crate) clock: Clock,
}

impl Engine {
    /// The refusal of a user who is not fresh where that is required.
    pub(crate) fn reauth_required(&self) -> AuthError {
        AuthError::ReauthRequired { max_age: seconds(self.fresh_window).unsigned_abs() }
    }

    /// Whether a user who authenticated at `auth_time` counts as fresh now.
    pub(crate) fn is_fresh(&self, auth_time: UnixTime, now: UnixTime) -> bool {
        now - auth_time < seconds(self.fresh_window)
    }
}
