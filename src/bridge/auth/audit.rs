//! What a handler adds to the audit, and what it shows of it.

use super::auth_handle::Auth;
use crate::bridge::error::AuthError;
use crate::bridge::model::{Act, Action, AuditRecord};

impl Auth {
    /// The act of this request, for a change that your own store records: by whom it is, if the request has been
    /// authenticated, and from where it comes.
    pub fn act(&self) -> Act {
        match self.state.accepted() {
            Some(principal) => self.engine().act_of(&self.req, &principal),
            None => self.engine().act(&self.req),
        }
    }

    /// Records that a sign-in has failed, or that the password was given again and is wrong. `identity` is that of the user
    /// whose account it was, if there is one. Never record a name that nobody has: it may be a password.
    ///
    /// It is written within ten seconds. The failures of that time are one record for each user, network and reason, and no
    /// more than 32 of them: the rest is one for each reason, so that an attack does not fill the audit. Does nothing without
    /// [`BridgeBuilder::audit`](crate::BridgeBuilder::audit).
    pub fn sign_in_failed(&self, identity: Option<&str>, reason: &'static str) {
        if let Some(audit) = &self.engine().audit {
            audit.failed.count(identity, self.client().address, reason, || self.act());
        }
    }

    /// What was done to the account of the user of this request, of these actions, or of all if there are none: the latest first,
    /// at most `most` records.
    ///
    /// # Errors
    ///
    /// [`Misconfigured`](AuthError::Misconfigured) without [`BridgeBuilder::audit`](crate::BridgeBuilder::audit), and those of
    /// [`logins`](Self::logins).
    pub async fn history(&self, actions: &[Action], most: usize) -> Result<Vec<AuditRecord>, AuthError> {
        let principal = self.state.principal(&self.req).await?;
        principal.full_login()?;
        let audit = self.engine().audit.as_ref().ok_or(AuthError::Misconfigured(
            "a history was asked for but there is no audit: call `BridgeBuilder::audit` with a store for it",
        ))?;
        Ok(audit.store.records_of(&principal.identity, actions, most).await?)
    }
}
