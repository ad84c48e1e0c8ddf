//! All that the bridge stores, in memory, for tests and examples. It ends with the process.

mod api_tokens;
mod audit;
mod codes;
mod sessions;

use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use codes::StoredCode;

use crate::{
    Act, Action, ApiToken, ApiTokenId, AttemptChange, AttemptStore, Attempts, AuditRecord, Clock, CodeHash, EndReason,
    Login, LoginId, LoginStore, MAX_SESSIONS_OF_LOGIN, RememberRecord, RevokedToken, RevokedTokenStore, SessionHash,
    SessionRecord, StoreError, StoreFuture, UnixTime,
};

/// A [`LoginStore`], [`SessionStore`](crate::SessionStore), [`CodeStore`](crate::CodeStore),
/// [`ApiTokenStore`](crate::ApiTokenStore), [`AttemptStore`], [`RevokedTokenStore`] and
/// [`AuditStore`](crate::AuditStore) in memory. Its clones share their records.
///
/// It meets every requirement of their traits but one: a write does not survive the end of the process. Expired
/// records are never deleted, so it grows with every login.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Records>>);

#[derive(Default)]
struct Records {
    logins: HashMap<LoginId, Login>,
    sessions: HashMap<SessionHash, SessionRecord>,
    codes: HashMap<CodeHash, StoredCode>,
    api_tokens: HashMap<ApiTokenId, ApiToken>,
    attempts: HashMap<u32, Attempts>,
    revoked: HashMap<String, UnixTime>,
    audit: VecDeque<AuditRecord>,
}

impl MemoryStore {
    fn records(&self) -> MutexGuard<'_, Records> {
        // No change below can panic half-way, so the records are consistent even if a thread has panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Records {
    fn end(&mut self, id: &LoginId, reason: EndReason, now: UnixTime) -> bool {
        self.sessions.retain(|_, session| session.login.as_ref() != Some(id));
        match self.logins.get_mut(id) {
            Some(login) if login.ended.is_none() => {
                login.ended = Some((now, reason));
                true
            }
            _ => false,
        }
    }

    /// The live logins of a user, the latest first.
    fn logins_of(&self, identity: &str, now: UnixTime) -> Vec<Login> {
        let theirs = self.logins.values().filter(|login| login.identity == identity && login.is_live(now));
        let mut theirs: Vec<_> = theirs.cloned().collect();
        theirs.sort_unstable_by_key(|login| Reverse(login.created_at));
        theirs
    }

    /// Deletes the sessions that are too many when another one of the same login is inserted.
    fn make_room_for(&mut self, record: &SessionRecord) {
        let Some(login) = &record.login else { return };
        let of_login = self.sessions.iter().filter(|(_, session)| session.login.as_ref() == Some(login));
        let mut by_expiry: Vec<_> = of_login.map(|(key, session)| (session.expires_at, *key)).collect();
        by_expiry.sort_unstable_by_key(|(expires_at, _)| Reverse(*expires_at));
        for (_, key) in by_expiry.into_iter().skip(MAX_SESSIONS_OF_LOGIN - 1) {
            self.sessions.remove(&key);
        }
    }

    /// Whether the session's login exists, or it has none.
    fn knows_login_of(&self, record: &SessionRecord) -> bool {
        record.login.as_ref().is_none_or(|login| self.logins.contains_key(login))
    }
}

impl LoginStore for MemoryStore {
    fn insert<'a>(&'a self, login: &'a Login, most: usize, act: &'a Act) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let mut records = self.records();
            let selector = login.remember.as_ref().map(|remember| &remember.selector);
            let taken = |other: &Login| selector.is_some() && other.remember.as_ref().map(|r| &r.selector) == selector;
            if records.logins.contains_key(&login.id) || records.logins.values().any(taken) {
                return Err(StoreError::new("a login with this id or this remember selector is there already"));
            }
            let live = records.logins_of(&login.identity, login.created_at);
            let mut ended = 0;
            for excess in live.iter().skip(most.saturating_sub(1)) {
                ended += u64::from(records.end(&excess.id, EndReason::TooMany, login.created_at));
            }
            records.logins.insert(login.id.clone(), login.clone());
            let signed_in = AuditRecord::new(login.created_at, Action::SignedIn, act.clone()).counting(ended);
            records.note(signed_in.of_user(&login.identity).about(login.id.as_str()));
            Ok(true)
        })
    }

    fn find<'a>(&'a self, id: &'a LoginId) -> StoreFuture<'a, Option<Login>> {
        Box::pin(async move { Ok(self.records().logins.get(id).cloned()) })
    }

    fn find_remembered<'a>(&'a self, selector: &'a str) -> StoreFuture<'a, Option<Login>> {
        Box::pin(async move {
            let has_selector = |login: &&Login| login.remember.as_ref().is_some_and(|r| r.selector == selector);
            Ok(self.records().logins.values().find(has_selector).cloned())
        })
    }

    fn logins_of<'a>(&'a self, identity: &'a str, now: UnixTime) -> StoreFuture<'a, Vec<Login>> {
        Box::pin(async move { Ok(self.records().logins_of(identity, now)) })
    }

    fn rotate_refresh<'a>(
        &'a self,
        id: &'a LoginId,
        generation: i64,
        act: &'a Act,
        clock: &'a Clock,
    ) -> StoreFuture<'a, Option<UnixTime>> {
        Box::pin(async move {
            let mut records = self.records();
            let now = clock.now();
            match records.logins.get_mut(id) {
                Some(login) if login.is_live(now) && login.refresh_generation == generation => {
                    login.refresh_generation += 1;
                    login.refresh_confirmed = false;
                    login.refresh_rotated_at = now;
                    login.last_seen_at = now;
                    records.note_login(Action::Refreshed, id, act, now);
                    Ok(Some(now))
                }
                _ => Ok(None),
            }
        })
    }

    fn confirm_refresh<'a>(&'a self, id: &'a LoginId, generation: i64, now: UnixTime) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            match self.records().logins.get_mut(id) {
                Some(login) if login.is_live(now) && login.refresh_generation == generation => {
                    login.refresh_confirmed = true;
                    Ok(true)
                }
                _ => Ok(false),
            }
        })
    }

    fn rotate_remember<'a>(
        &'a self,
        id: &'a LoginId,
        next: &'a RememberRecord,
        act: &'a Act,
        clock: &'a Clock,
    ) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let mut records = self.records();
            let now = clock.now();
            match records.logins.get_mut(id) {
                Some(login) if login.is_live(now) => match &mut login.remember {
                    Some(remember)
                        if remember.selector == next.selector
                            && remember.generation == next.generation.wrapping_sub(1) =>
                    {
                        *remember = RememberRecord { rotated_at: now, ..next.clone() };
                        records.note_login(Action::Remembered, id, act, now);
                        Ok(true)
                    }
                    _ => Ok(false),
                },
                _ => Ok(false),
            }
        })
    }

    fn confirm_remember<'a>(&'a self, id: &'a LoginId, generation: i64, now: UnixTime) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            match self.records().logins.get_mut(id) {
                Some(login) if login.is_live(now) => match &mut login.remember {
                    Some(remember) if remember.generation == generation => {
                        remember.confirmed = true;
                        Ok(true)
                    }
                    _ => Ok(false),
                },
                _ => Ok(false),
            }
        })
    }

    fn extend_remember<'a>(
        &'a self,
        id: &'a LoginId,
        generation: i64,
        expires_at: UnixTime,
        now: UnixTime,
    ) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            match self.records().logins.get_mut(id) {
                Some(login) if login.is_live(now) => match &mut login.remember {
                    Some(remember) if remember.generation == generation => {
                        remember.expires_at = expires_at;
                        Ok(true)
                    }
                    _ => Ok(false),
                },
                _ => Ok(false),
            }
        })
    }

    fn confirm<'a>(&'a self, id: &'a LoginId, act: &'a Act, now: UnixTime) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let mut records = self.records();
            match records.logins.get_mut(id) {
                Some(login) if login.is_live(now) => {
                    login.auth_time = now;
                    login.last_seen_at = now;
                    records.note_login(Action::Confirmed, id, act, now);
                    Ok(true)
                }
                _ => Ok(false),
            }
        })
    }

    fn touch<'a>(&'a self, id: &'a LoginId, now: UnixTime) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            if let Some(login) = self.records().logins.get_mut(id) {
                login.last_seen_at = now;
            }
            Ok(())
        })
    }

    fn end<'a>(&'a self, id: &'a LoginId, reason: EndReason, act: &'a Act, now: UnixTime) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let mut records = self.records();
            let ended = records.end(id, reason, now);
            if ended {
                records.note_login(Action::LoginEnded, id, act, now);
            }
            Ok(ended)
        })
    }

    fn end_all<'a>(
        &'a self,
        identity: &'a str,
        except: Option<&'a LoginId>,
        reason: EndReason,
        act: &'a Act,
        now: UnixTime,
    ) -> StoreFuture<'a, Option<u64>> {
        Box::pin(async move {
            let mut records = self.records();
            let theirs = || records.logins.values().filter(|login| login.identity == identity);
            if except.is_some_and(|except| !theirs().any(|login| login.id == *except && login.is_live(now))) {
                return Ok(None);
            }
            let ids = theirs().filter(|login| Some(&login.id) != except).map(|login| login.id.clone());
            let ids: Vec<LoginId> = ids.collect();
            let ended = ids.iter().map(|id| u64::from(records.end(id, reason, now))).sum();
            if ended > 0 {
                let all = AuditRecord::new(now, Action::LoginsEnded, act.clone()).of_user(identity);
                records.note(all.because(reason.as_str()).counting(ended));
            }
            Ok(Some(ended))
        })
    }
}

impl AttemptStore for MemoryStore {
    fn read_attempts<'a>(&'a self, counters: &'a [u32]) -> StoreFuture<'a, Vec<Attempts>> {
        let records = self.records();
        let read = counters.iter().map(|counter| records.attempts.get(counter).copied().unwrap_or_default()).collect();
        Box::pin(ready(Ok(read)))
    }

    fn change_attempts<'a>(&'a self, counters: &'a [u32], change: AttemptChange) -> StoreFuture<'a, Vec<Attempts>> {
        let mut records = self.records();
        let before: Vec<_> =
            counters.iter().map(|counter| records.attempts.get(counter).copied().unwrap_or_default()).collect();
        let mut after = before.clone();
        if change(&mut after) {
            records.attempts.extend(counters.iter().copied().zip(after));
        }
        Box::pin(ready(Ok(before)))
    }
}

impl RevokedTokenStore for MemoryStore {
    fn revoke_token<'a>(
        &'a self,
        token: &'a RevokedToken,
        identity: &'a str,
        act: &'a Act,
        now: UnixTime,
    ) -> StoreFuture<'a, ()> {
        let mut records = self.records();
        if records.revoked.insert(token.id.clone(), token.expires_at).is_none() {
            let revoked = AuditRecord::new(now, Action::AccessTokenRevoked, act.clone());
            records.note(revoked.of_user(identity).about(&*token.id));
        }
        Box::pin(ready(Ok(())))
    }

    fn revoked_tokens(&self, now: UnixTime) -> StoreFuture<'_, Vec<RevokedToken>> {
        let mut records = self.records();
        records.revoked.retain(|_, expires_at| *expires_at > now);
        let tokens = records.revoked.iter();
        let tokens = tokens.map(|(id, expires_at)| RevokedToken { id: id.clone(), expires_at: *expires_at }).collect();
        Box::pin(ready(Ok(tokens)))
    }
}
