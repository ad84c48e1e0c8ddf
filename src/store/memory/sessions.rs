//! The sessions in memory.

use super::MemoryStore;
use crate::{LoginId, SessionHash, SessionRecord, SessionStore, StoreError, StoreFuture, UnixTime};

impl SessionStore for MemoryStore {
    fn load_session<'a>(&'a self, key: &'a SessionHash, now: UnixTime) -> StoreFuture<'a, Option<SessionRecord>> {
        Box::pin(
            async move { Ok(self.records().sessions.get(key).filter(|session| now < session.expires_at).cloned()) },
        )
    }

    /// The session of an unknown login is not inserted: it would never be usable.
    fn insert_session<'a>(&'a self, key: &'a SessionHash, record: &'a SessionRecord) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut records = self.records();
            if records.sessions.contains_key(key) {
                return Err(StoreError::new("a session with this key is there already"));
            }
            if records.knows_login_of(record) {
                records.make_room_for(record);
                records.sessions.insert(*key, record.clone());
            }
            Ok(())
        })
    }

    fn update_session<'a>(&'a self, key: &'a SessionHash, record: &'a SessionRecord) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let mut records = self.records();
            let known = records.knows_login_of(record);
            match records.sessions.get_mut(key) {
                Some(session) if known => {
                    *session = record.clone();
                    Ok(true)
                }
                _ => Ok(false),
            }
        })
    }

    fn touch_session<'a>(&'a self, key: &'a SessionHash, expires_at: UnixTime) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            if let Some(session) = self.records().sessions.get_mut(key) {
                session.expires_at = expires_at;
            }
            Ok(())
        })
    }

    fn logins_with_session<'a>(&'a self, logins: &'a [LoginId], now: UnixTime) -> StoreFuture<'a, Vec<LoginId>> {
        Box::pin(async move {
            let records = self.records();
            let is_open = |id: &&LoginId| {
                records.sessions.values().any(|session| session.login.as_ref() == Some(*id) && now < session.expires_at)
            };
            Ok(logins.iter().filter(is_open).cloned().collect())
        })
    }

    fn delete_session<'a>(&'a self, key: &'a SessionHash) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.records().sessions.remove(key);
            Ok(())
        })
    }
}
