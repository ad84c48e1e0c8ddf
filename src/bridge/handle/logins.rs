//! The logins of any user, for operators: outside a request, without a credential.

use crate::bridge::auth::logins;
use crate::bridge::error::AuthError;
use crate::bridge::handle::Bridge;
use crate::bridge::model::{Act, AuthEvent, EndReason, LoginId, LoginInfo};

impl Bridge {
    /// The live logins of the user with this [identity](crate::UserStore::identity), those that began last first. None for
    /// an unknown user.
    ///
    /// # Errors
    ///
    /// When a store is unavailable.
    pub async fn logins_of(&self, identity: &str) -> Result<Vec<LoginInfo>, AuthError> {
        let user = self.engine.users.find(identity).await?;
        logins::list(&self.engine, identity, user.map(|user| user.credential_epoch), None).await
    }

    /// Ends a login of any user from the next request on, with its sessions, its remember cookie and its tokens. `false`
    /// when there is no live login with this id.
    ///
    /// # Errors
    ///
    /// When the store is unavailable.
    pub async fn end_login(&self, id: &LoginId, act: &Act) -> Result<bool, AuthError> {
        let now = self.engine.clock.now();
        match self.engine.logins.find(id).await? {
            Some(login) if login.is_live(now) => {
                logins::end(&self.engine, &login.identity, id, EndReason::Revoked, act, now).await
            }
            _ => Ok(false),
        }
    }

    /// Ends all logins of a user from the next request on, and returns their number. API tokens are no logins:
    /// [`revoke_api_tokens_of`](Self::revoke_api_tokens_of).
    ///
    /// # Errors
    ///
    /// When the store is unavailable.
    pub async fn end_logins_of(&self, identity: &str, act: &Act) -> Result<u64, AuthError> {
        let now = self.engine.clock.now();
        let ended = self.engine.logins.end_all(identity, None, EndReason::Revoked, act, now).await?.unwrap_or_default();
        if ended > 0 {
            tracing::info!(user.id = %identity, ended, "all logins ended");
            self.engine.events.emit(|| AuthEvent::LoginsEnded { user: identity.to_owned(), ended });
        }
        Ok(ended)
    }
}
