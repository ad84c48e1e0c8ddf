//! The one-time codes in memory.

use super::MemoryStore;
use crate::{Act, Action, CodeHash, CodeStore, MAX_CODES_OF_LOGIN, OneTimeCode, StoreError, StoreFuture, UnixTime};

pub(super) struct StoredCode {
    code: OneTimeCode,
    taken: bool,
}

impl StoredCode {
    fn is_usable(&self, now: UnixTime) -> bool {
        !self.taken && now < self.code.expires_at
    }
}

impl CodeStore for MemoryStore {
    fn insert_code<'a>(&'a self, code: &'a OneTimeCode, act: &'a Act, now: UnixTime) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let mut records = self.records();
            let codes = &mut records.codes;
            if codes.contains_key(&code.hash) {
                return Err(StoreError::new("a code with this hash is there already"));
            }
            codes.retain(|_, stored| now < stored.code.expires_at);
            if codes.values().filter(|stored| stored.code.login == code.login).count() >= MAX_CODES_OF_LOGIN {
                return Ok(false);
            }
            codes.insert(code.hash, StoredCode { code: code.clone(), taken: false });
            records.note_code(Action::CodeMade, &code.login, act, now);
            Ok(true)
        })
    }

    fn find_code<'a>(&'a self, hash: &'a CodeHash, now: UnixTime) -> StoreFuture<'a, Option<OneTimeCode>> {
        Box::pin(async move {
            let records = self.records();
            Ok(records.codes.get(hash).filter(|stored| stored.is_usable(now)).map(|stored| stored.code.clone()))
        })
    }

    fn take_code<'a>(
        &'a self,
        hash: &'a CodeHash,
        act: &'a Act,
        now: UnixTime,
    ) -> StoreFuture<'a, Option<OneTimeCode>> {
        Box::pin(async move {
            let mut records = self.records();
            let Some(stored) = records.codes.get_mut(hash).filter(|stored| stored.is_usable(now)) else {
                return Ok(None);
            };
            stored.taken = true;
            let code = stored.code.clone();
            records.note_code(Action::CodeUsed, &code.login, act, now);
            Ok(Some(code))
        })
    }
}
