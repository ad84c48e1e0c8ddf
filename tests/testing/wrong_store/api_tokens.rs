//! API tokens, and what can be wrong with keeping them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tollbridge::{
    Act, ApiToken, ApiTokenId, ApiTokenInsertion, ApiTokenStore, MAX_API_TOKENS_OF_USER, StoreError, StoreFuture,
    UnixTime,
};

/// What is wrong with a store of API tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ApiTokenFault {
    Nothing,
    AnswersErrors,
    LosesTheExpiry,
    Overwrites,
    KeepsAnyNumber,
    CountsTheDead,
    KeepsWhatIsTooMany,
    CountsInTwoSteps,
    FindsNoDead,
    FindsAny,
    ListsTheRevoked,
    ListsTheOldestFirst,
    ListsEverybodys,
    ListsNoExpired,
    RevokesWithoutTime,
    RevokesAllOfTheUser,
    RevokesAnybodys,
    RevokesAgain,
    RevokesInTwoSteps,
    RevokesEverybodys,
    RevokesAllAgain,
    Miscounts,
    TouchesAll,
    TouchesTheCreation,
    Caches,
}

type Tokens = HashMap<ApiTokenId, ApiToken>;

/// A store of API tokens in memory with a fault.
pub(crate) struct WrongApiTokenStore {
    fault: ApiTokenFault,
    kept: Arc<Mutex<Tokens>>,
    /// What this handle has seen.
    seen: Mutex<Tokens>,
}

impl WrongApiTokenStore {
    pub(crate) fn new(fault: ApiTokenFault) -> Self {
        Self { fault, kept: Arc::default(), seen: Mutex::default() }
    }

    pub(crate) fn second_handle(&self) -> Self {
        Self { kept: Arc::clone(&self.kept), ..Self::new(self.fault) }
    }

    fn has(&self, fault: ApiTokenFault) -> bool {
        self.fault == fault
    }

    fn kept(&self) -> MutexGuard<'_, Tokens> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_counted(&self, token: &ApiToken, identity: &str, now: UnixTime) -> bool {
        token.identity == identity && (token.is_live(now) || self.has(ApiTokenFault::CountsTheDead))
    }

    /// Gives others the time to do the first of two steps.
    fn pause(&self) {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

impl ApiTokenStore for WrongApiTokenStore {
    fn insert_api_token<'a>(&'a self, token: &'a ApiToken, _act: &'a Act) -> StoreFuture<'a, ApiTokenInsertion> {
        Box::pin(async move {
            if self.has(ApiTokenFault::AnswersErrors) {
                return Err(StoreError::new("out of order"));
            }
            let mut token = token.clone();
            let mut kept = self.kept();
            if kept.contains_key(&token.id) && !self.has(ApiTokenFault::Overwrites) {
                return Err(StoreError::new("taken"));
            }
            let count = |kept: &Tokens| {
                kept.values().filter(|other| self.is_counted(other, &token.identity, token.created_at)).count()
            };
            let count = count(&kept);
            if self.has(ApiTokenFault::CountsInTwoSteps) {
                drop(kept);
                self.pause();
                kept = self.kept();
            }
            let is_too_many = count >= MAX_API_TOKENS_OF_USER && !self.has(ApiTokenFault::KeepsAnyNumber);
            if is_too_many && !self.has(ApiTokenFault::KeepsWhatIsTooMany) {
                return Ok(ApiTokenInsertion::TooMany);
            }
            if self.has(ApiTokenFault::LosesTheExpiry) {
                token.expires_at = None;
            }
            kept.insert(token.id.clone(), token);
            Ok(if is_too_many { ApiTokenInsertion::TooMany } else { ApiTokenInsertion::Inserted })
        })
    }

    fn find_api_token<'a>(&'a self, id: &'a ApiTokenId) -> StoreFuture<'a, Option<ApiToken>> {
        Box::pin(async move {
            let kept = self.kept();
            let mut found = kept.get(id).cloned();
            if self.has(ApiTokenFault::FindsAny) {
                found = found.or_else(|| kept.values().next().cloned());
            }
            if self.has(ApiTokenFault::FindsNoDead) {
                found = found.filter(|token| token.is_live(token.created_at + 10));
            }
            if self.has(ApiTokenFault::Caches)
                && let Some(token) = found
            {
                let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                return Ok(Some(seen.entry(id.clone()).or_insert(token).clone()));
            }
            Ok(found)
        })
    }

    fn api_tokens_of<'a>(&'a self, identity: &'a str) -> StoreFuture<'a, Vec<ApiToken>> {
        Box::pin(async move {
            let is_listed = |token: &&ApiToken| {
                (token.identity == identity || self.has(ApiTokenFault::ListsEverybodys))
                    && (token.revoked_at.is_none() || self.has(ApiTokenFault::ListsTheRevoked))
                    && (token.expires_at.is_none() || !self.has(ApiTokenFault::ListsNoExpired))
            };
            let mut listed: Vec<_> = self.kept().values().filter(is_listed).cloned().collect();
            listed.sort_by_key(|token| -token.created_at);
            if self.has(ApiTokenFault::ListsTheOldestFirst) {
                listed.reverse();
            }
            Ok(listed)
        })
    }

    fn revoke_api_token<'a>(
        &'a self,
        id: &'a ApiTokenId,
        identity: &'a str,
        _act: &'a Act,
        now: UnixTime,
    ) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let may_revoke = |kept: &Tokens| {
                kept.get(id).is_some_and(|token| {
                    (token.identity == identity || self.has(ApiTokenFault::RevokesAnybodys))
                        && (token.revoked_at.is_none() || self.has(ApiTokenFault::RevokesAgain))
                })
            };
            let mut kept = self.kept();
            let revokes = may_revoke(&kept);
            if self.has(ApiTokenFault::RevokesInTwoSteps) {
                drop(kept);
                self.pause();
                kept = self.kept();
            }
            if !revokes {
                return Ok(false);
            }
            let at = if self.has(ApiTokenFault::RevokesWithoutTime) { 0 } else { now };
            for token in kept.values_mut() {
                if token.id == *id || (self.has(ApiTokenFault::RevokesAllOfTheUser) && token.identity == identity) {
                    token.revoked_at = Some(at);
                }
            }
            Ok(true)
        })
    }

    fn revoke_api_tokens_of<'a>(&'a self, identity: &'a str, _act: &'a Act, now: UnixTime) -> StoreFuture<'a, u64> {
        Box::pin(async move {
            let mut revoked = 0;
            for token in self.kept().values_mut() {
                let is_theirs = token.identity == identity || self.has(ApiTokenFault::RevokesEverybodys);
                if is_theirs && (token.revoked_at.is_none() || self.has(ApiTokenFault::RevokesAllAgain)) {
                    token.revoked_at = Some(now);
                    revoked += 1;
                }
            }
            Ok(if self.has(ApiTokenFault::Miscounts) { revoked + 1 } else { revoked })
        })
    }

    fn touch_api_token<'a>(&'a self, id: &'a ApiTokenId, now: UnixTime) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            for token in self.kept().values_mut() {
                if token.id == *id || self.has(ApiTokenFault::TouchesAll) {
                    token.last_used_at = Some(now);
                    if self.has(ApiTokenFault::TouchesTheCreation) {
                        token.created_at = now;
                    }
                }
            }
            Ok(())
        })
    }
}
