//! A store that is wrong on purpose, in one way at a time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tollbridge::{
    EndReason, Login, LoginId, LoginStore, Remember, SessionHash, SessionRecord, SessionStore, StoreError, StoreFuture,
    UnixTime,
};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Nothing,
    AnswersErrors,
    Panics,
    LosesAField,
    OverwritesLogins,
    SharesSelectors,
    FindsAnyLogin,
    FindsNoDeadLogin,
    FindsNoDeadLoginByCookie,
    ExtendsOtherLogins,
    ExtendsCookiesOfTheDead,
    ExtendsAnyGeneration,
    ConfirmsTheDead,
    ConfirmsWithoutATrace,
    TouchesEveryLogin,
    EndWithoutReason,
    EndsAgain,
    EndsInTwoSteps,
    EndsAllButNone,
    EndsEverybody,
    EndsAllAgain,
    Miscounts,
    RotatesWithoutTime,
    RotatesTheDead,
    RotatesAnyGeneration,
    RotatesInTwoSteps,
    RotatesHalfACookie,
    RotatesCookiesOfTheDead,
    RotatesCookiesOfAnyGeneration,
    RotatesCookiesInTwoSteps,
    WritesBackWhatItRead,
    EndForgetsSessions,
    EndKnowsTheFirstLoginOnly,
    EndAllForgetsSessions,
    EndAllTakesAllSessions,
    LosesTheLoginOfASession,
    KeepsSessionsForever,
    OverwritesSessions,
    InsertsSessionsInTwoSteps,
    MergesSessions,
    ResurrectsSessions,
    ResurrectsSessionsInARace,
    TouchResurrectsSessions,
    TouchForgetsValues,
    DeletesNothing,
    DeletesEverything,
    CachesSessions,
    CachesLogins,
}

#[derive(Default)]
struct Kept {
    logins: HashMap<LoginId, Login>,
    sessions: HashMap<SessionHash, SessionRecord>,
    /// Which login a session was of at first.
    first_logins: HashMap<SessionHash, Option<LoginId>>,
}

/// A store in memory with a fault.
pub(crate) struct WrongStore {
    fault: Fault,
    kept: Arc<Mutex<Kept>>,
    /// What this handle has seen.
    seen: Mutex<Kept>,
    /// How many are between the two steps of what should be one.
    between: AtomicUsize,
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

impl WrongStore {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { fault, kept: Arc::default(), seen: Mutex::default(), between: AtomicUsize::new(0) }
    }

    pub(crate) fn second_handle(&self) -> Self {
        Self { kept: Arc::clone(&self.kept), ..Self::new(self.fault) }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        lock(&self.kept)
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    /// Between two steps: gives others the time to do their first.
    fn pause(&self) {
        self.between.fetch_add(1, Ordering::SeqCst);
        for _ in 0..1000 {
            if self.between.load(Ordering::SeqCst) > 1 {
                break;
            }
            std::thread::yield_now();
        }
        // Who comes next must see that somebody is here.
        std::thread::yield_now();
        self.between.fetch_sub(1, Ordering::SeqCst);
    }

    fn end_in(&self, kept: &mut Kept, id: &LoginId, end: (UnixTime, EndReason), with_sessions: bool) -> bool {
        if with_sessions {
            let first = self.has(Fault::EndKnowsTheFirstLoginOnly);
            let Kept { sessions, first_logins, .. } = kept;
            sessions.retain(|key, session| {
                let login = if first { first_logins.get(key).and_then(Option::as_ref) } else { session.login.as_ref() };
                login != Some(id)
            });
        }
        let again = self.has(Fault::EndsAgain) || self.has(Fault::EndsAllAgain);
        match kept.logins.get_mut(id) {
            Some(login) if login.ended.is_none() || again => {
                login.ended = Some(end);
                true
            }
            _ => false,
        }
    }
}

impl LoginStore for WrongStore {
    fn insert<'a>(&'a self, login: &'a Login) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            if self.has(Fault::AnswersErrors) {
                return Err(StoreError::new("out of order"));
            }
            assert!(!self.has(Fault::Panics), "out of order");
            let mut kept = self.kept();
            let selector = login.remember.as_ref().map(|remember| &remember.selector);
            let taken = |other: &Login| selector.is_some() && other.remember.as_ref().map(|r| &r.selector) == selector;
            let id_is_taken = kept.logins.contains_key(&login.id) && !self.has(Fault::OverwritesLogins);
            let selector_is_taken = kept.logins.values().any(taken) && !self.has(Fault::SharesSelectors);
            if id_is_taken || selector_is_taken {
                return Err(StoreError::new("taken"));
            }
            let mut login = login.clone();
            if self.has(Fault::LosesAField) {
                login.credential_epoch = 0;
            }
            kept.logins.insert(login.id.clone(), login);
            Ok(())
        })
    }

    fn find<'a>(&'a self, id: &'a LoginId) -> StoreFuture<'a, Option<Login>> {
        Box::pin(async move {
            let kept = self.kept();
            let found = kept.logins.get(id).cloned();
            if self.has(Fault::FindsAnyLogin) {
                return Ok(found.or_else(|| kept.logins.values().next().cloned()));
            }
            if self.has(Fault::CachesLogins)
                && let Some(found) = found
            {
                return Ok(Some(lock(&self.seen).logins.entry(id.clone()).or_insert(found).clone()));
            }
            Ok(found.filter(|login| login.ended.is_none() || !self.has(Fault::FindsNoDeadLogin)))
        })
    }

    fn find_remembered<'a>(&'a self, selector: &'a str) -> StoreFuture<'a, Option<Login>> {
        Box::pin(async move {
            let has_selector = |login: &&Login| login.remember.as_ref().is_some_and(|r| r.selector == selector);
            let found = self.kept().logins.values().find(has_selector).cloned();
            Ok(found.filter(|login| login.ended.is_none() || !self.has(Fault::FindsNoDeadLoginByCookie)))
        })
    }

    fn rotate_refresh<'a>(&'a self, id: &'a LoginId, generation: i64, now: UnixTime) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let may = |login: &Login| {
                (login.is_live(now) || self.has(Fault::RotatesTheDead))
                    && (login.refresh_generation == generation || self.has(Fault::RotatesAnyGeneration))
            };
            let rotate = |login: &mut Login| {
                login.refresh_generation += 1;
                login.refresh_rotated_at = now;
                if !self.has(Fault::RotatesWithoutTime) {
                    login.last_seen_at = now;
                }
            };
            if self.has(Fault::RotatesInTwoSteps) || self.has(Fault::WritesBackWhatItRead) {
                let Some(mut read) = self.find(id).await?.filter(|login| may(login)) else { return Ok(false) };
                self.pause();
                rotate(&mut read);
                self.kept().logins.insert(id.clone(), read);
                return Ok(true);
            }
            Ok(self.kept().logins.get_mut(id).filter(|login| may(login)).map(rotate).is_some())
        })
    }

    fn rotate_remember<'a>(&'a self, id: &'a LoginId, next: &'a Remember) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let may = |login: &Login| {
                let before = login.remember.as_ref().map(|remember| remember.generation);
                (login.is_live(next.rotated_at) || self.has(Fault::RotatesCookiesOfTheDead))
                    && (before == Some(next.generation - 1) || self.has(Fault::RotatesCookiesOfAnyGeneration))
            };
            if self.has(Fault::RotatesCookiesInTwoSteps) {
                if !self.kept().logins.get(id).is_some_and(may) {
                    return Ok(false);
                }
                self.pause();
            }
            let any = self.has(Fault::RotatesCookiesInTwoSteps);
            let mut kept = self.kept();
            let Some(login) = kept.logins.get_mut(id).filter(|login| any || may(login)) else { return Ok(false) };
            match &mut login.remember {
                Some(remember) if self.has(Fault::RotatesHalfACookie) => {
                    *remember = Remember { expires_at: remember.expires_at, ..next.clone() };
                }
                remember => *remember = Some(next.clone()),
            }
            Ok(true)
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
            let mut kept = self.kept();
            let is_live =
                kept.logins.get(id).is_some_and(|login| login.is_live(now) || self.has(Fault::ExtendsCookiesOfTheDead));
            let mut extended = false;
            for login in kept.logins.values_mut().filter(|_| is_live) {
                let theirs = login.id == *id || self.has(Fault::ExtendsOtherLogins);
                let any = self.has(Fault::ExtendsAnyGeneration);
                for remember in login.remember.iter_mut().filter(|it| theirs && (any || it.generation == generation)) {
                    remember.expires_at = expires_at;
                    extended = true;
                }
            }
            Ok(extended)
        })
    }

    fn confirm<'a>(&'a self, id: &'a LoginId, now: UnixTime) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let may = |login: &&mut Login| login.is_live(now) || self.has(Fault::ConfirmsTheDead);
            let confirm = |login: &mut Login| {
                login.auth_time = now;
                if !self.has(Fault::ConfirmsWithoutATrace) {
                    login.last_seen_at = now;
                }
            };
            Ok(self.kept().logins.get_mut(id).filter(may).map(confirm).is_some())
        })
    }

    fn touch<'a>(&'a self, id: &'a LoginId, now: UnixTime) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut kept = self.kept();
            for login in kept.logins.values_mut() {
                if login.id == *id || self.has(Fault::TouchesEveryLogin) {
                    login.last_seen_at = now;
                }
            }
            Ok(())
        })
    }

    fn end<'a>(&'a self, id: &'a LoginId, reason: EndReason, now: UnixTime) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let reason = if self.has(Fault::EndWithoutReason) { EndReason::Logout } else { reason };
            let live = self.kept().logins.get(id).is_some_and(|login| login.ended.is_none());
            if self.has(Fault::EndsInTwoSteps) && live {
                self.pause();
                self.end_in(&mut self.kept(), id, (now, reason), true);
                return Ok(true);
            }
            Ok(self.end_in(&mut self.kept(), id, (now, reason), !self.has(Fault::EndForgetsSessions)))
        })
    }

    fn end_all<'a>(
        &'a self,
        identity: &'a str,
        except: Option<&'a LoginId>,
        reason: EndReason,
        now: UnixTime,
    ) -> StoreFuture<'a, u64> {
        Box::pin(async move {
            let mut kept = self.kept();
            let except = except.filter(|_| !self.has(Fault::EndsAllButNone));
            let theirs = |login: &&Login| {
                (login.identity == identity || self.has(Fault::EndsEverybody)) && Some(&login.id) != except
            };
            let ids: Vec<LoginId> = kept.logins.values().filter(theirs).map(|login| login.id.clone()).collect();
            let with_sessions = !self.has(Fault::EndAllForgetsSessions);
            let ended = ids.iter().filter(|id| self.end_in(&mut kept, id, (now, reason), with_sessions)).count();
            if self.has(Fault::EndAllTakesAllSessions) {
                kept.sessions.clear();
            }
            Ok(if self.has(Fault::Miscounts) { ids.len() } else { ended } as u64)
        })
    }
}

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
