//! A store of one-time codes that is wrong on purpose, in one way at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tollbridge::{Act, CodeHash, CodeStore, MAX_CODES_OF_LOGIN, OneTimeCode, StoreError, StoreFuture, UnixTime};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeFault {
    Nothing,
    LosesAField,
    OverwritesCodes,
    KeepsEveryCode,
    ForgetsUsedCodes,
    CountsInTwoSteps,
    FindTakes,
    FindsExpired,
    TakesAgain,
    TakesExpired,
    TakesInTwoSteps,
}

type Codes = HashMap<CodeHash, (OneTimeCode, bool)>;

/// A store in memory with a fault.
#[derive(Clone)]
pub(crate) struct WrongCodes {
    fault: CodeFault,
    codes: Arc<Mutex<Codes>>,
}

impl WrongCodes {
    pub(crate) fn new(fault: CodeFault) -> Self {
        Self { fault, codes: Arc::default() }
    }

    fn codes(&self) -> MutexGuard<'_, Codes> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, fault: CodeFault) -> bool {
        self.fault == fault
    }

    /// Between two steps: gives others the time to do their first.
    fn pause(&self) {
        for _ in 0..100 {
            std::thread::yield_now();
        }
    }
}

impl CodeStore for WrongCodes {
    fn insert_code<'a>(&'a self, code: &'a OneTimeCode, _act: &'a Act, now: UnixTime) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let mut codes = self.codes();
            if codes.contains_key(&code.hash) && !self.has(CodeFault::OverwritesCodes) {
                return Err(StoreError::new("taken"));
            }
            let counts = |taken: bool| !taken || !self.has(CodeFault::ForgetsUsedCodes);
            let of_login = codes
                .values()
                .filter(|(other, taken)| other.login == code.login && now < other.expires_at && counts(*taken));
            if of_login.count() >= MAX_CODES_OF_LOGIN && !self.has(CodeFault::KeepsEveryCode) {
                return Ok(false);
            }
            if self.has(CodeFault::CountsInTwoSteps) {
                drop(codes);
                self.pause();
                codes = self.codes();
            }
            let mut kept = code.clone();
            if self.has(CodeFault::LosesAField) {
                kept.auth_time = None;
            }
            codes.insert(code.hash, (kept, false));
            Ok(true)
        })
    }

    fn find_code<'a>(&'a self, hash: &'a CodeHash, now: UnixTime) -> StoreFuture<'a, Option<OneTimeCode>> {
        Box::pin(async move {
            let mut codes = self.codes();
            let Some((code, taken)) = codes.get_mut(hash) else { return Ok(None) };
            let expired = now >= code.expires_at && !self.has(CodeFault::FindsExpired);
            let found = (!*taken && !expired).then(|| code.clone());
            *taken |= self.has(CodeFault::FindTakes);
            Ok(found)
        })
    }

    fn take_code<'a>(
        &'a self,
        hash: &'a CodeHash,
        _act: &'a Act,
        now: UnixTime,
    ) -> StoreFuture<'a, Option<OneTimeCode>> {
        Box::pin(async move {
            let mut codes = self.codes();
            let Some((code, taken)) = codes.get_mut(hash) else { return Ok(None) };
            let expired = now >= code.expires_at && !self.has(CodeFault::TakesExpired);
            let found = ((!*taken || self.has(CodeFault::TakesAgain)) && !expired).then(|| code.clone());
            if self.has(CodeFault::TakesInTwoSteps) {
                drop(codes);
                self.pause();
                codes = self.codes();
            }
            if let (Some((_, taken)), Some(_)) = (codes.get_mut(hash), &found) {
                *taken = true;
            }
            Ok(found)
        })
    }
}
