//! Logins, and what can be wrong with keeping them.

use std::cmp::Reverse;

use tollbridge::{
    Act, Clock, EndReason, Login, LoginId, LoginStore, RememberRecord, StoreError, StoreFuture, UnixTime,
};

use super::{Fault, Kept, WrongStore, lock};

impl WrongStore {
    /// The logins that a new one makes too many.
    fn excess(&self, kept: &Kept, new: &Login, most: usize) -> Vec<LoginId> {
        if self.has(Fault::KeepsEveryLogin) {
            return Vec::new();
        }
        let counts = |login: &&Login| login.is_live(new.created_at) || self.has(Fault::CountsTheDead);
        let theirs = kept.logins.values().filter(|login| login.identity == new.identity).filter(counts);
        let mut theirs: Vec<_> = theirs.map(|login| (login.created_at, login.id.clone())).collect();
        theirs.sort_unstable_by_key(|(created_at, _)| Reverse(*created_at));
        if self.has(Fault::EndsTheNewest) {
            theirs.reverse();
        }
        theirs.into_iter().skip(most.saturating_sub(1)).map(|(_, id)| id).collect()
    }
}

impl LoginStore for WrongStore {
    fn insert<'a>(&'a self, login: &'a Login, most: usize, _act: &'a Act) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            if self.has(Fault::AnswersErrors) {
                return Err(StoreError::new("out of order"));
            }
            assert!(!self.has(Fault::Panics), "out of order");
            let now = login.created_at;
            let early = self.has(Fault::InsertsLoginsInTwoSteps).then(|| self.excess(&self.kept(), login, most));
            if early.is_some() {
                self.pause();
            }
            let mut kept = self.kept();
            let selector = login.remember.as_ref().map(|remember| &remember.selector);
            let taken = |other: &Login| selector.is_some() && other.remember.as_ref().map(|r| &r.selector) == selector;
            let id_is_taken = kept.logins.contains_key(&login.id) && !self.has(Fault::OverwritesLogins);
            let selector_is_taken = kept.logins.values().any(taken) && !self.has(Fault::SharesSelectors);
            if id_is_taken || selector_is_taken {
                return Err(StoreError::new("taken"));
            }
            let reason = if self.has(Fault::BoundForgetsTheReason) { EndReason::Logout } else { EndReason::TooMany };
            for id in early.unwrap_or_else(|| self.excess(&kept, login, most)) {
                self.end_in(&mut kept, &id, (now, reason), !self.has(Fault::BoundForgetsSessions));
            }
            let mut login = login.clone();
            if self.has(Fault::LosesAField) {
                login.user_agent = None;
            }
            let refused = self.has(Fault::KeepsWhatItRefuses) && login.credential_epoch != 0;
            kept.logins.insert(login.id.clone(), login);
            Ok(!refused)
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

    fn logins_of<'a>(&'a self, identity: &'a str, now: UnixTime) -> StoreFuture<'a, Vec<Login>> {
        Box::pin(async move {
            let kept = self.kept();
            let is_theirs = |login: &&Login| {
                (login.identity == identity || self.has(Fault::ListsEverybody))
                    && (login.is_live(now) || self.has(Fault::ListsTheDead))
            };
            let mut theirs: Vec<_> = kept.logins.values().filter(is_theirs).cloned().collect();
            theirs.sort_unstable_by_key(|login| Reverse(login.created_at));
            if self.has(Fault::ListsInAnyOrder) {
                theirs.reverse();
            }
            Ok(theirs)
        })
    }

    fn rotate_refresh<'a>(
        &'a self,
        id: &'a LoginId,
        generation: i64,
        _act: &'a Act,
        clock: &'a Clock,
    ) -> StoreFuture<'a, Option<UnixTime>> {
        Box::pin(async move {
            let now = clock.now();
            let may = |login: &Login| {
                (login.is_live(now) || self.has(Fault::RotatesTheDead))
                    && (login.refresh_generation == generation || self.has(Fault::RotatesAnyGeneration))
            };
            let rotate = |login: &mut Login| {
                login.refresh_generation += 1;
                login.refresh_confirmed &= self.has(Fault::RotatesConfirmed);
                login.refresh_rotated_at = now;
                if !self.has(Fault::RotatesWithoutTime) {
                    login.last_seen_at = now;
                }
            };
            if self.has(Fault::RotatesInTwoSteps) || self.has(Fault::WritesBackWhatItRead) {
                let Some(mut read) = self.find(id).await?.filter(|login| may(login)) else { return Ok(None) };
                self.pause();
                rotate(&mut read);
                self.kept().logins.insert(id.clone(), read);
                return Ok(Some(now));
            }
            Ok(self.kept().logins.get_mut(id).filter(|login| may(login)).map(rotate).map(|()| now))
        })
    }

    fn confirm_refresh<'a>(&'a self, id: &'a LoginId, generation: i64, now: UnixTime) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let may = |login: &&mut Login| {
                (login.is_live(now) || self.has(Fault::ConfirmsRefreshOfTheDead))
                    && (login.refresh_generation == generation || self.has(Fault::ConfirmsAnyGeneration))
            };
            let confirm = |login: &mut Login| {
                login.refresh_confirmed = true;
                if self.has(Fault::ConfirmsWithTime) {
                    login.last_seen_at = now;
                }
            };
            Ok(self.kept().logins.get_mut(id).filter(may).map(confirm).is_some())
        })
    }

    fn rotate_remember<'a>(
        &'a self,
        id: &'a LoginId,
        next: &'a RememberRecord,
        _act: &'a Act,
        clock: &'a Clock,
    ) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let now = clock.now();
            let dated = RememberRecord { rotated_at: now, ..next.clone() };
            let may = |login: &Login| {
                let before = login.remember.as_ref().map(|remember| remember.generation);
                let selector = login.remember.as_ref().map(|remember| &remember.selector);
                (login.is_live(now) || self.has(Fault::RotatesCookiesOfTheDead))
                    && (before == Some(next.generation - 1) || self.has(Fault::RotatesCookiesOfAnyGeneration))
                    && (selector == Some(&next.selector) || self.has(Fault::RotatesCookiesOfAnySelector))
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
                    *remember = RememberRecord { expires_at: remember.expires_at, ..dated };
                }
                remember if self.has(Fault::RotatesCookiesWithoutTime) => *remember = Some(next.clone()),
                remember => *remember = Some(dated),
            }
            Ok(true)
        })
    }

    fn confirm_remember<'a>(&'a self, id: &'a LoginId, generation: i64, now: UnixTime) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let mut kept = self.kept();
            let Some(login) = kept.logins.get_mut(id) else { return Ok(false) };
            let is_live = login.is_live(now) || self.has(Fault::ConfirmsCookiesOfTheDead);
            let any = self.has(Fault::ConfirmsCookiesOfAnyGeneration);
            match login.remember.as_mut().filter(|remember| is_live && (any || remember.generation == generation)) {
                Some(remember) => remember.confirmed = true,
                None => return Ok(false),
            }
            if self.has(Fault::ConfirmsCookiesWithTime) {
                login.last_seen_at = now;
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

    fn confirm<'a>(&'a self, id: &'a LoginId, _act: &'a Act, now: UnixTime) -> StoreFuture<'a, bool> {
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

    fn end<'a>(&'a self, id: &'a LoginId, reason: EndReason, _act: &'a Act, now: UnixTime) -> StoreFuture<'a, bool> {
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
        _act: &'a Act,
        now: UnixTime,
    ) -> StoreFuture<'a, Option<u64>> {
        Box::pin(async move {
            let may = |kept: &Kept| {
                let of_user = |login: &Login| login.identity == identity || self.has(Fault::EndsAllForAnybody);
                let live = |login: &Login| login.is_live(now) || self.has(Fault::EndsAllForTheDead);
                except.is_none_or(|id| kept.logins.get(id).is_some_and(|login| of_user(login) && live(login)))
            };
            if !may(&self.kept()) {
                return Ok(None);
            }
            if self.has(Fault::EndsAllInTwoSteps) {
                self.pause();
            }
            let mut kept = self.kept();
            if !self.has(Fault::EndsAllInTwoSteps) && !may(&kept) {
                return Ok(None);
            }
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
            Ok(Some(if self.has(Fault::Miscounts) { ids.len() } else { ended } as u64))
        })
    }
}
