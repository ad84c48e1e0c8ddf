//! A store that is wrong on purpose, in one way at a time.

mod api_tokens;
mod logins;
mod sessions;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tollbridge::{EndReason, Login, LoginId, SessionHash, SessionRecord, UnixTime};

pub(crate) use api_tokens::{ApiTokenFault, WrongApiTokenStore};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Nothing,
    AnswersErrors,
    Panics,
    LosesAField,
    KeepsWhatItRefuses,
    OverwritesLogins,
    SharesSelectors,
    FindsAnyLogin,
    FindsNoDeadLogin,
    FindsNoDeadLoginByCookie,
    ListsTheDead,
    ListsEverybody,
    ListsInAnyOrder,
    KeepsEveryLogin,
    EndsTheNewest,
    CountsTheDead,
    BoundForgetsTheReason,
    BoundForgetsSessions,
    InsertsLoginsInTwoSteps,
    FindsEverySession,
    FindsExpiredSessions,
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
    EndsAllForTheDead,
    EndsAllForAnybody,
    EndsAllInTwoSteps,
    RotatesWithoutTime,
    RotatesConfirmed,
    RotatesTheDead,
    RotatesAnyGeneration,
    RotatesInTwoSteps,
    ConfirmsWithTime,
    ConfirmsAnyGeneration,
    ConfirmsRefreshOfTheDead,
    RotatesHalfACookie,
    RotatesCookiesOfTheDead,
    RotatesCookiesOfAnyGeneration,
    RotatesCookiesOfAnySelector,
    RotatesCookiesInTwoSteps,
    RotatesCookiesWithoutTime,
    ConfirmsCookiesWithTime,
    ConfirmsCookiesOfAnyGeneration,
    ConfirmsCookiesOfTheDead,
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
    KeepsEverySession,
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
