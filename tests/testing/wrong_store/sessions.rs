//! Sessions, and what can be wrong with keeping them.

use std::collections::BTreeSet;

use tollbridge::{
    LoginId, MAX_SESSIONS_OF_LOGIN, SessionHash, SessionRecord, SessionStore, StoreError, StoreFuture, UnixTime,
};

use super::{Fault, WrongStore, lock};

impl SessionStore for WrongStore {
    fn load_session<'a>(&'a self, key: &'a SessionHash, now: UnixTime) -> StoreFuture<'a, Option<SessionRecord>> {
        Box::pin(async move {
            let found = self.kept().sessions.get(key).cloned();
            let found = match found {
                Some(found) if self.has(Fault::CachesSessions) => {
                    Some(lock(&self.seen).sessions.entry(*key).or_insert(found).clone())
                }
                None if self.has(Fault::CachesSessions) => lock(&self.seen).sessions.get(key).cloned(),
                found => found,
            };
            Ok(found.filter(|session| now < session.expires_at || self.has(Fault::KeepsSessionsForever)))
        })
    }

    fn insert_session<'a>(&'a self, key: &'a SessionHash, record: &'a SessionRecord) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let taken = self.kept().sessions.contains_key(key);
            if self.has(Fault::MergesSessions) && taken {
                return Ok(());
            }
            if taken && !self.has(Fault::OverwritesSessions) {
                return Err(StoreError::new("taken"));
            }
            if self.has(Fault::InsertsSessionsInTwoSteps) {
                self.pause();
            }
            let mut kept = self.kept();
            let taken = kept.sessions.contains_key(key) && !self.has(Fault::InsertsSessionsInTwoSteps);
            if taken && !self.has(Fault::OverwritesSessions) {
                return Err(StoreError::new("taken"));
            }
            let mut record = record.clone();
            kept.first_logins.insert(*key, record.login.clone());
            if self.has(Fault::LosesTheLoginOfASession) {
                record.login = None;
            }
            if let Some(login) = &record.login
                && !self.has(Fault::KeepsEverySession)
            {
                let of_login = kept.sessions.iter().filter(|(_, session)| session.login.as_ref() == Some(login));
                let mut others: Vec<_> = of_login.map(|(key, session)| (session.expires_at, key.0)).collect();
                others.sort_unstable();
                let excess = (others.len() + 1).saturating_sub(MAX_SESSIONS_OF_LOGIN);
                for (_, key) in others.into_iter().take(excess) {
                    kept.sessions.remove(&SessionHash(key));
                }
            }
            kept.sessions.insert(*key, record);
            Ok(())
        })
    }

    fn update_session<'a>(&'a self, key: &'a SessionHash, record: &'a SessionRecord) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            if self.has(Fault::ResurrectsSessionsInARace) {
                if !self.kept().sessions.contains_key(key) {
                    return Ok(false);
                }
                self.pause();
                self.kept().sessions.insert(*key, record.clone());
                return Ok(true);
            }
            let mut kept = self.kept();
            if !kept.sessions.contains_key(key) && !self.has(Fault::ResurrectsSessions) {
                return Ok(false);
            }
            kept.sessions.insert(*key, record.clone());
            Ok(true)
        })
    }

    fn touch_session<'a>(&'a self, key: &'a SessionHash, expires_at: UnixTime) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut kept = self.kept();
            let empty = SessionRecord { state: "{}".to_owned(), login: None, expires_at };
            if self.has(Fault::TouchResurrectsSessions) {
                kept.sessions.entry(*key).or_insert(empty.clone());
            }
            if let Some(session) = kept.sessions.get_mut(key) {
                if self.has(Fault::TouchForgetsValues) {
                    *session = empty;
                }
                session.expires_at = expires_at;
            }
            Ok(())
        })
    }

    fn logins_with_session<'a>(&'a self, logins: &'a [LoginId], now: UnixTime) -> StoreFuture<'a, Vec<LoginId>> {
        Box::pin(async move {
            let kept = self.kept();
            let open = kept
                .sessions
                .values()
                .filter(|session| now < session.expires_at || self.has(Fault::FindsExpiredSessions));
            let open: BTreeSet<_> = open.filter_map(|session| Some(session.login.as_ref()?.as_str())).collect();
            let open = open.into_iter().map(|id| LoginId::from(id.to_owned()));
            Ok(open.filter(|id| logins.contains(id) || self.has(Fault::FindsEverySession)).collect())
        })
    }

    fn delete_session<'a>(&'a self, key: &'a SessionHash) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            if self.has(Fault::DeletesEverything) {
                self.kept().sessions.clear();
            }
            if !self.has(Fault::DeletesNothing) {
                self.kept().sessions.remove(key);
            }
            Ok(())
        })
    }
}
