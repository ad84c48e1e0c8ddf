//! The read cache of a thread, for SQLite.
//!
//! Every authenticated request reads a user and a login by their keys. Between two writes the result is the same, so
//! it is cached for exactly that long. The next read sees what another process has committed, as without a cache.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};

use super::api_token_row::ApiTokenRow;
use super::login_row::LoginRow;
use super::snapshot::Snapshot;
use super::user_row::User;
use crate::SessionRecord;
use crate::bridge::model::DigestMap;

/// The most entries of each map. A full map is cleared.
const CAPACITY: usize = 4096;

/// A user and a login, and the version of the ring of keys at that time.
type UserAndLogin = (Option<User>, Option<LoginRow>, Option<i64>);

/// The results of queries on one state of the database.
#[derive(Default)]
pub(super) struct ReadCache {
    /// The state that the results belong to. `None` when it is unknown: then nothing is cached.
    snapshot: Option<Snapshot>,
    pub(super) logins: HashMap<(i64, String), UserAndLogin>,
    pub(super) api_tokens: HashMap<String, Option<(User, ApiTokenRow)>>,
    pub(super) sessions: DigestMap<Option<SessionRecord>>,
}

impl ReadCache {
    /// The result under this key, if it belongs to the `current` state of the database.
    pub(super) fn get<K: Eq + Hash, V: Clone, S: BuildHasher>(
        &mut self,
        current: Option<Snapshot>,
        map: fn(&mut Self) -> &mut HashMap<K, V, S>,
        key: &K,
    ) -> Option<V> {
        if current.is_none() || self.snapshot != current {
            *self = Self { snapshot: current, ..Self::default() };
        }
        map(self).get(key).cloned()
    }

    /// Adds a result that was read after [`get`](Self::get) had found none. If the database has changed in between,
    /// the result is newer than the cached state, and the next `get` discards it with that state.
    pub(super) fn insert<K: Eq + Hash, V: Clone, S: BuildHasher>(
        &mut self,
        map: fn(&mut Self) -> &mut HashMap<K, V, S>,
        key: K,
        value: &V,
    ) {
        if self.snapshot.is_none() {
            return;
        }
        let map = map(self);
        if map.len() >= CAPACITY {
            map.clear();
        }
        map.insert(key, value.clone());
    }
}
