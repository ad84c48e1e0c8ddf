//! What this node knows of access tokens that were revoked one by one. A request with a token looks here, and not into the
//! store.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::bridge::error::AuthError;
use crate::bridge::model::{Act, RevokedToken, RevokedTokenStore, StoreError, UnixTime};
use crate::bridge::token::VerifiedToken;

/// The revoked tokens, and the store that keeps them.
#[derive(Default)]
pub(crate) struct RevokedTokens {
    pub(crate) store: Option<Arc<dyn RevokedTokenStore>>,
    ids: RwLock<HashMap<String, UnixTime>>,
    /// Whether there are any. It is all that most requests read.
    any: AtomicBool,
}

impl RevokedTokens {
    pub(crate) fn new(store: Option<Arc<dyn RevokedTokenStore>>) -> Self {
        Self { store, ..Self::default() }
    }

    /// Refuses a token that was revoked.
    #[inline]
    pub(crate) fn check(&self, token: &VerifiedToken) -> Result<(), AuthError> {
        if self.any.load(Ordering::Acquire) && self.contains(token) { Err(AuthError::TokenRevoked) } else { Ok(()) }
    }

    #[cold]
    fn contains(&self, token: &VerifiedToken) -> bool {
        let ids = self.ids.read().unwrap_or_else(PoisonError::into_inner);
        token.id().is_some_and(|id| ids.contains_key(&id))
    }

    /// Revokes a token, here and in the store. `false`: there is no store.
    pub(crate) async fn revoke(
        &self,
        token: RevokedToken,
        identity: &str,
        act: &Act,
        now: UnixTime,
    ) -> Result<bool, StoreError> {
        let Some(store) = &self.store else { return Ok(false) };
        store.revoke_token(&token, identity, act, now).await?;
        let mut ids = self.ids.write().unwrap_or_else(PoisonError::into_inner);
        ids.retain(|_, expires_at| *expires_at > now);
        ids.insert(token.id, token.expires_at);
        self.any.store(true, Ordering::Release);
        Ok(true)
    }

    /// Reads them from the store, which others have changed.
    pub(crate) async fn learn(&self, now: UnixTime) -> Result<(), StoreError> {
        let Some(store) = &self.store else { return Ok(()) };
        let revoked = store.revoked_tokens(now).await?;
        let mut ids = self.ids.write().unwrap_or_else(PoisonError::into_inner);
        // What another request has revoked meanwhile stays.
        ids.retain(|_, expires_at| *expires_at > now);
        ids.extend(revoked.into_iter().map(|token| (token.id, token.expires_at)));
        self.any.store(!ids.is_empty(), Ordering::Release);
        Ok(())
    }
}
