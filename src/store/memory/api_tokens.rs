//! The API tokens in memory.

use super::MemoryStore;
use crate::{
    Act, Action, ApiToken, ApiTokenId, ApiTokenInsertion, ApiTokenStore, AuditRecord, LoginId, MAX_API_TOKENS_OF_USER,
    StoreError, StoreFuture, UnixTime,
};

impl ApiTokenStore for MemoryStore {
    fn insert_api_token<'a>(&'a self, token: &'a ApiToken, act: &'a Act) -> StoreFuture<'a, ApiTokenInsertion> {
        Box::pin(async move {
            let mut records = self.records();
            if records.api_tokens.contains_key(&token.id) {
                return Err(StoreError::new("an API token with this id is there already"));
            }
            let now = token.created_at;
            // A login that is unknown here is in another store.
            let is_over = |id: &LoginId| records.logins.get(id).is_some_and(|login| !login.is_live(now));
            if token.created_by.as_ref().is_some_and(is_over) {
                return Ok(ApiTokenInsertion::Outdated);
            }
            let live =
                records.api_tokens.values().filter(|other| other.identity == token.identity && other.is_live(now));
            if live.count() >= MAX_API_TOKENS_OF_USER {
                return Ok(ApiTokenInsertion::TooMany);
            }
            records.api_tokens.insert(token.id.clone(), token.clone());
            let made = AuditRecord::new(now, Action::ApiTokenMade, act.clone());
            records.note(made.of_user(&token.identity).about(token.id.as_str()));
            Ok(ApiTokenInsertion::Inserted)
        })
    }

    fn find_api_token<'a>(&'a self, id: &'a ApiTokenId) -> StoreFuture<'a, Option<ApiToken>> {
        Box::pin(async move { Ok(self.records().api_tokens.get(id).cloned()) })
    }

    fn api_tokens_of<'a>(&'a self, identity: &'a str) -> StoreFuture<'a, Vec<ApiToken>> {
        Box::pin(async move {
            let records = self.records();
            let is_listed = |token: &&ApiToken| token.identity == identity && token.revoked_at.is_none();
            let mut tokens: Vec<ApiToken> = records.api_tokens.values().filter(is_listed).cloned().collect();
            tokens.sort_by(|one, other| (other.created_at, other.id.as_str()).cmp(&(one.created_at, one.id.as_str())));
            Ok(tokens)
        })
    }

    fn revoke_api_token<'a>(
        &'a self,
        id: &'a ApiTokenId,
        identity: &'a str,
        act: &'a Act,
        now: UnixTime,
    ) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let mut records = self.records();
            match records.api_tokens.get_mut(id) {
                Some(token) if token.identity == identity && token.revoked_at.is_none() => {
                    token.revoked_at = Some(now);
                    let revoked = AuditRecord::new(now, Action::ApiTokenRevoked, act.clone());
                    records.note(revoked.of_user(identity).about(id.as_str()));
                    Ok(true)
                }
                _ => Ok(false),
            }
        })
    }

    fn revoke_api_tokens_of<'a>(&'a self, identity: &'a str, act: &'a Act, now: UnixTime) -> StoreFuture<'a, u64> {
        Box::pin(async move {
            let mut records = self.records();
            let tokens = records.api_tokens.values_mut();
            let mut revoked = 0;
            for token in tokens.filter(|token| token.identity == identity && token.revoked_at.is_none()) {
                token.revoked_at = Some(now);
                revoked += 1;
            }
            if revoked > 0 {
                let all = AuditRecord::new(now, Action::ApiTokensRevoked, act.clone());
                records.note(all.of_user(identity).counting(revoked));
            }
            Ok(revoked)
        })
    }

    fn touch_api_token<'a>(&'a self, id: &'a ApiTokenId, now: UnixTime) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            if let Some(token) = self.records().api_tokens.get_mut(id) {
                token.last_used_at = Some(now);
            }
            Ok(())
        })
    }
}
