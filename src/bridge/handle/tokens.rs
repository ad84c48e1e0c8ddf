//! Tokens that another service has received: what they say (RFC 7662), and their revocation (RFC 7009).

#[cfg(feature = "server")]
use std::sync::Arc;

use crate::bridge::auth::{api_tokens, logins};
use crate::bridge::credential::Chosen;
use crate::bridge::error::AuthError;
use crate::bridge::handle::Bridge;
#[cfg(feature = "server")]
use crate::bridge::model::StoreFuture;
use crate::bridge::model::{Act, CredentialLocation, EndReason, RevokedToken, StoreError};
use crate::bridge::resolve::{Introspection, by_api_token, introspection, rotation};
use crate::bridge::token::{TokenType, Verification};

/// What was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Revoked {
    /// The login of a refresh token, with all its tokens and its session.
    Login,
    /// One access token. Its login goes on.
    AccessToken,
    /// An API token.
    ApiToken,
}

impl Bridge {
    /// What a token says, for another service that has received it (RFC 7662). `None`: it is not good now, for whatever reason.
    ///
    /// Access, refresh and API tokens of this bridge are known. Their login is looked up, and nothing is recorded. Whoever asks
    /// must be authenticated: the answer says who somebody is.
    ///
    /// # Errors
    ///
    /// When a store is unavailable.
    pub async fn introspect(&self, token: &str) -> Result<Option<Introspection>, AuthError> {
        introspection::introspect(&self.engine, token, self.engine.clock.now()).await
    }

    /// Revokes a token (RFC 7009), from the next request on. `None`: it was good for nothing any more.
    ///
    /// A refresh token ends its login. An access token alone is revoked if there is a
    /// [`revoked_tokens`](crate::BridgeBuilder::revoked_tokens) store, and ends its login otherwise.
    ///
    /// # Errors
    ///
    /// When a store is unavailable. The token may be good then.
    pub async fn revoke(&self, token: &str, act: &Act) -> Result<Option<Revoked>, AuthError> {
        match self.revoke_good(token, act).await {
            Err(error) if error.status().is_server_error() => Err(error),
            // A token that is not good is none to revoke (section 2.2).
            Err(_) => Ok(None),
            Ok(revoked) => Ok(revoked),
        }
    }

    async fn revoke_good(&self, text: &str, act: &Act) -> Result<Option<Revoked>, AuthError> {
        let (engine, now) = (&*self.engine, self.engine.clock.now());
        if let Some(tokens) = engine.api_tokens_for(text) {
            let presented = Chosen { text, location: CredentialLocation::Header, presented_as: TokenType::Access };
            let (_, token) = by_api_token::find_genuine(engine, tokens, &presented).await?;
            let revoked = api_tokens::revoke(engine, &token.id, &token.identity, act, now).await?;
            return Ok(revoked.then_some(Revoked::ApiToken));
        }
        let Verification { token, expired } = introspection::verify(engine, text, now).await?;
        let Some(login_id) = token.login_id().filter(|_| !expired) else { return Ok(None) };
        let Some(login) = engine.logins.find(&login_id).await? else { return Ok(None) };
        if !login.is_live(now) || login.identity != token.sub {
            return Ok(None);
        }
        match (token.token_type, token.id(), token.exp) {
            (TokenType::Refresh, ..) => {
                // One that was used is good for nothing, and its holder must not end what another one goes on with.
                let is_current = token.generation == Some(login.refresh_generation)
                    || rotation::is_good_predecessor(engine, &token, &login, now);
                if !is_current {
                    return Ok(None);
                }
            }
            (TokenType::Access, Some(id), Some(exp)) => {
                let expires_at = engine.tokens.verifier.expires_for_good_at(exp);
                if engine.revoked.revoke(RevokedToken { id, expires_at }, &login.identity, act, now).await? {
                    tracing::info!(login.id = %login_id, user.id = %login.identity, "access token revoked");
                    return Ok(Some(Revoked::AccessToken));
                }
            }
            (TokenType::Access, ..) => {}
        }
        let ended = logins::end(engine, &login.identity, &login_id, EndReason::Revoked, act, now).await?;
        Ok(ended.then_some(Revoked::Login))
    }

    /// Asks the [`KeySource`](crate::KeySource) of the ring for new keys. Call it before [`jwks`](Self::jwks), so that a key is
    /// published from the moment on in which it is made.
    ///
    /// # Errors
    ///
    /// When the source is unavailable.
    pub async fn learn_keys(&self) -> Result<(), StoreError> {
        self.engine.tokens.verifier.keys().learn().await.map(drop)
    }

    /// Reads the access tokens that other nodes have revoked. Call it at the start, and when the store tells of a change.
    ///
    /// # Errors
    ///
    /// When the store is unavailable.
    pub async fn learn_revoked_tokens(&self) -> Result<(), StoreError> {
        self.engine.revoked.learn(self.engine.clock.now()).await
    }

    /// What learns new keys, and what learns revoked tokens, as long as the bridge is there.
    #[cfg(feature = "server")]
    pub(crate) fn learners(&self) -> [Learn; 2] {
        let (of_keys, of_revoked) = (Arc::downgrade(&self.engine), Arc::downgrade(&self.engine));
        let keys: Learn = Box::new(move || {
            let engine = of_keys.upgrade();
            Box::pin(async move {
                match engine {
                    Some(engine) => engine.tokens.verifier.keys().learn().await.map(drop),
                    None => Ok(()),
                }
            })
        });
        let revoked: Learn = Box::new(move || {
            let engine = of_revoked.upgrade();
            Box::pin(async move {
                match engine {
                    Some(engine) => engine.revoked.learn(engine.clock.now()).await,
                    None => Ok(()),
                }
            })
        });
        [keys, revoked]
    }
}

/// Reads something anew.
#[cfg(feature = "server")]
type Learn = Box<dyn Fn() -> StoreFuture<'static, ()> + Send + Sync>;
