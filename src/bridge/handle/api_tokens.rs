//! The API tokens of any user, for operators: outside a request, without a credential.

use std::any::Any;

use crate::bridge::auth::{IssuedApiToken, NewApiToken, api_tokens};
use crate::bridge::error::AuthError;
use crate::bridge::handle::Bridge;
use crate::bridge::model::{Act, ApiToken, ApiTokenId, UserFacts};

impl Bridge {
    /// Makes an API token for a user, without a login.
    ///
    /// # Errors
    ///
    /// [`UserDisabled`](AuthError::UserDisabled), and those of
    /// [`Auth::create_api_token`](crate::Auth::create_api_token) that are not about the credential.
    pub async fn create_api_token<U: Clone + 'static>(
        &self,
        user: &U,
        new: NewApiToken,
        act: &Act,
    ) -> Result<IssuedApiToken, AuthError> {
        api_tokens::create(&self.engine, self.facts(user)?, new, None, act).await
    }

    /// The API tokens of a user that are neither revoked nor expired, the newest first.
    ///
    /// # Errors
    ///
    /// [`Misconfigured`](AuthError::Misconfigured) without
    /// [`BridgeBuilder::api_tokens`](crate::BridgeBuilder::api_tokens), or when the store is unavailable.
    pub async fn api_tokens_of<U: Clone + 'static>(&self, user: &U) -> Result<Vec<ApiToken>, AuthError> {
        api_tokens::list(&self.engine, &self.facts(user)?).await
    }

    /// Revokes an API token of any user. `false` when there is none with this id, or it is revoked already.
    ///
    /// # Errors
    ///
    /// Those of [`api_tokens_of`](Self::api_tokens_of).
    pub async fn revoke_api_token(&self, id: &ApiTokenId, act: &Act) -> Result<bool, AuthError> {
        let Some(token) = self.engine.required_api_tokens()?.store.find_api_token(id).await? else { return Ok(false) };
        api_tokens::revoke(&self.engine, id, &token.identity, act, self.engine.clock.now()).await
    }

    /// Revokes all API tokens of a user, and returns their number. Call it where the password changes or the user is
    /// disabled, if the store of the tokens is not that of the users.
    ///
    /// # Errors
    ///
    /// When the store is unavailable.
    pub async fn revoke_api_tokens_of(&self, identity: &str, act: &Act) -> Result<u64, AuthError> {
        api_tokens::revoke_all(&self.engine, identity, act, self.engine.clock.now()).await
    }

    fn facts(&self, user: &dyn Any) -> Result<UserFacts, AuthError> {
        self.engine.users.facts(user).ok_or(AuthError::Misconfigured(
            "API tokens were asked for with a value of another type than the bridge's `UserStore::User`",
        ))
    }
}
