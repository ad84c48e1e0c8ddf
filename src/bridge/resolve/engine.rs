//! The stores, keys and settings of the resolver.

use std::sync::Arc;
use std::time::Duration;

use super::confirmation::Confirmations;
use super::conflict_policy::ConflictPolicy;
use super::end_watch::EndWatch;
use super::external_tokens::ExternalTokens;
use super::revoked_tokens::RevokedTokens;
use super::token_checks::TokenChecks;
use crate::bridge::credential::CredentialReader;
use crate::bridge::error::AuthError;
use crate::bridge::model::{
    ApiTokenId, ApiTokenStore, AuditStore, BackgroundNotes, Clock, CodeStore, DynUserStore, Events, FailedSignIns,
    LoginId, LoginStore, UnixTime, seconds,
};
use crate::bridge::session::BrowserSettings;
use crate::bridge::token::{ApiTokenText, TokenAuthority};

/// The stores, keys and settings with which requests are resolved. All workers share it.
pub(crate) struct Engine {
    pub(crate) users: Box<dyn DynUserStore>,
    pub(crate) logins: Arc<dyn LoginStore>,
    /// The codes of handoffs. Without a store there are none.
    pub(crate) codes: Option<Arc<dyn CodeStore>>,
    /// How many live logins a user has at most.
    pub(crate) max_logins: usize,
    /// The records of the last use of logins.
    pub(crate) last_seen: BackgroundNotes<LoginId>,
    /// Without them an API token is as invalid as any other text.
    pub(crate) api_tokens: Option<ApiTokens>,
    pub(crate) tokens: TokenAuthority,
    pub(crate) checks: TokenChecks,
    /// Access tokens that were revoked one by one.
    pub(crate) revoked: RevokedTokens,
    pub(crate) audit: Option<Audit>,
    /// The verifier of external tokens. Without one they are invalid.
    pub(crate) external: Option<Box<dyn ExternalTokens>>,
    pub(crate) reader: CredentialReader,
    pub(crate) browser: BrowserSettings,
    /// How long a login counts as fresh after its user has authenticated.
    pub(crate) fresh_window: Duration,
    /// What a request with a token and our cookies is answered with where no guard says otherwise.
    pub(crate) conflict: ConflictPolicy,
    pub(crate) confirmations: Confirmations,
    /// The logins that handlers watch.
    pub(crate) ends: EndWatch,
    pub(crate) events: Events,
    pub(crate) clock: Clock,
}

/// The API tokens, if the application has some.
pub(crate) struct ApiTokens {
    pub(crate) store: Arc<dyn ApiTokenStore>,
    /// The records of the last use.
    pub(crate) uses: BackgroundNotes<ApiTokenId>,
}

/// The audit, for what changes nothing else.
pub(crate) struct Audit {
    pub(crate) store: Arc<dyn AuditStore>,
    pub(crate) failed: FailedSignIns,
}

impl Engine {
    /// The API tokens, for a text that is meant to be one.
    pub(crate) fn api_tokens_for(&self, text: &str) -> Option<&ApiTokens> {
        self.api_tokens.as_ref().filter(|_| ApiTokenText::is_meant_by(text))
    }

    /// The API tokens, for an operation on them.
    pub(crate) fn required_api_tokens(&self) -> Result<&ApiTokens, AuthError> {
        self.api_tokens.as_ref().ok_or(AuthError::Misconfigured(
            "API tokens are used but not configured: call `BridgeBuilder::api_tokens` with a store for them",
        ))
    }

    /// The refusal of a login that is not fresh where a fresh one is required.
    pub(crate) fn reauth_required(&self) -> AuthError {
        AuthError::reauth_required(self.fresh_window)
    }

    /// Whether a login whose user authenticated at `auth_time` counts as fresh now.
    pub(crate) fn is_fresh(&self, auth_time: UnixTime, now: UnixTime) -> bool {
        now - auth_time < seconds(self.fresh_window)
    }
}
