//! What a handler that checks a password asks about the client before.

use super::auth_handle::Auth;
use crate::bridge::credential::{Choice, Client, WantedType};
use crate::bridge::error::AuthError;
use crate::bridge::model::LoginId;
use crate::bridge::resolve::{find_live, rotation};
use crate::bridge::token::TokenType;

impl Auth {
    /// Who sent the request: the peer, or whom the [trusted proxies](crate::BridgeBuilder::trusted_proxies) name.
    pub fn client(&self) -> Client {
        self.engine().browser.proxies.client(&self.req)
    }

    /// The live login of this user whose refresh or access token the request presents, without using the token. It shows that
    /// the client has signed in to the account before, for [`AttemptBy::known_as`](crate::AttemptBy::known_as). `None` for
    /// a request without such a token.
    ///
    /// # Errors
    ///
    /// When a store is unavailable.
    pub async fn login_of_token(&self, identity: &str) -> Result<Option<LoginId>, AuthError> {
        if !self.state.presented.has_token() {
            return Ok(None);
        }
        let engine = self.engine();
        let Choice::Token(presented) = self.state.choose(&self.req, WantedType::Either).await? else { return Ok(None) };
        if engine.api_tokens_for(presented.text).is_some() {
            return Ok(None);
        }
        let now = engine.clock.now();
        let Ok(verified) = self.verify(&presented, now).await else { return Ok(None) };
        let token = verified.token;
        let Some(login_id) = token.login_id().filter(|_| !verified.expired && token.sub == identity) else {
            return Ok(None);
        };
        let login = match find_live(engine, identity, &login_id, now).await.map_err(AuthError::from) {
            Ok((_, login)) => login,
            Err(error @ AuthError::StoreUnavailable(_)) => return Err(error),
            Err(_) => return Ok(None),
        };
        let is_current = token.token_type != TokenType::Refresh
            || token.generation == Some(login.refresh_generation)
            || rotation::is_good_predecessor(engine, &token, &login, now);
        Ok(is_current.then_some(login_id))
    }
}
