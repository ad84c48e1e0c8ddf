//! The audit in memory.

use std::future::ready;

use super::{MemoryStore, Records};
use crate::{Act, Action, Actor, AuditRecord, AuditStore, LoginId, StoreFuture, UnixTime};

/// How many records are kept, the latest ones.
const KEPT: usize = 10_000;

impl Records {
    pub(super) fn note(&mut self, record: AuditRecord) {
        if self.audit.len() == KEPT {
            self.audit.pop_front();
        }
        self.audit.push_back(record);
    }

    /// Notes what was done to a login.
    pub(super) fn note_login(&mut self, action: Action, id: &LoginId, act: &Act, now: UnixTime) {
        let Some(login) = self.logins.get(id) else { return };
        let mut record = AuditRecord::new(now, action, act.clone()).of_user(&login.identity).about(id.as_str());
        record.reason = login.ended.map(|(_, reason)| reason.as_str().to_owned());
        self.note(record);
    }

    /// Notes what was done to a code of a login.
    pub(super) fn note_code(&mut self, action: Action, login: &LoginId, act: &Act, now: UnixTime) {
        let mut record = AuditRecord::new(now, action, act.clone()).about(login.as_str());
        if let Actor::User(identity) = &act.by {
            record.user = Some(identity.clone());
        }
        self.note(record);
    }
}

impl AuditStore for MemoryStore {
    fn add_record<'a>(&'a self, record: &'a AuditRecord) -> StoreFuture<'a, ()> {
        self.records().note(record.clone());
        Box::pin(ready(Ok(())))
    }

    fn records_of<'a>(
        &'a self,
        identity: &'a str,
        actions: &'a [Action],
        most: usize,
    ) -> StoreFuture<'a, Vec<AuditRecord>> {
        let records = self.records();
        let is_asked_for = |record: &&AuditRecord| {
            record.user.as_deref() == Some(identity) && (actions.is_empty() || actions.contains(&record.action))
        };
        let theirs = records.audit.iter().rev().filter(is_asked_for);
        let theirs = theirs.take(most).cloned().collect();
        Box::pin(ready(Ok(theirs)))
    }
}
