//! The read cache of a thread, for SQLite.
//!
//! Every authenticated request reads a user and a login by their keys. Between two writes the result is the same, so
//! it is cached for exactly that long. The next read sees what another process has committed, as without a cache.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hash};

use super::snapshot::Snapshot;
use super::user_row::User;
use crate::bridge::model::DigestHasher;
use crate::{ApiToken, Login, SessionRecord};

/// The most entries of each map. A full map is cleared.
const CAPACITY: usize = 4096;

/// A login and its user, and the version of the ring of keys at that time. `None`: there is no such login.
type LoginAndUser = Option<(User, Login, i64)>;

/// The results of queries on one state of the database.
#[derive(Default)]
pub(super) struct ReadCache {
    /// The state that the results belong to. `None` when it is unknown: then nothing is cached.
    snapshot: Option<Snapshot>,
    pub(super) logins: HashMap<String, LoginAndUser>,
    pub(super) api_tokens: HashMap<String, Option<(User, ApiToken)>>,
    /// By a hash of a key that was made here, so that nobody else chooses where it goes.
    pub(super) sessions: HashMap<[u8; 32], Option<SessionRecord>, BuildHasherDefault<DigestHasher>>,
}

impl ReadCache {
    /// The result under this key, if it belongs to the `current` state of the database.
    pub(super) fn get<K: Borrow<Q> + Eq + Hash, Q: Eq + Hash + ?Sized, V: Clone, S: BuildHasher>(
        &mut self,
        current: Option<Snapshot>,
        map: fn(&mut Self) -> &mut HashMap<K, V, S>,
        key: &Q,
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
