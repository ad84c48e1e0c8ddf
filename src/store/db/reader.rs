//! A thread's way to read SQLite: its connection, and what it has read since the database last changed.
//!
//! Every authenticated request reads a user and a login by their keys. Between two writes the answer is the same, so it
//! is kept for exactly that long: what another process commits is seen by the next read, as if nothing were kept.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::Hash;

use diesel::QueryResult;

use super::connection::Connection;
use super::logins;
use super::snapshot::{Snapshot, WalIndex};
use super::users::User;
use crate::SessionRecord;

/// What is kept of each kind at the most, before all of it is dropped.
const CAPACITY: usize = 4096;

/// A thread's reader.
pub(super) struct Reader {
    connection: RefCell<Connection>,
    kept: RefCell<Kept>,
}

/// What was read from one state of the database.
#[derive(Default)]
pub(super) struct Kept {
    snapshot: Option<Snapshot>,
    pub(super) logins: HashMap<(i64, String), (Option<User>, Option<logins::Row>)>,
    pub(super) sessions: HashMap<[u8; 32], Option<SessionRecord>>,
}

impl Reader {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection: RefCell::new(connection), kept: RefCell::default() }
    }

    /// Reads from the database.
    pub(super) fn read<T>(&self, query: impl FnOnce(&mut Connection) -> QueryResult<T>) -> QueryResult<T> {
        query(&mut self.connection.borrow_mut())
    }

    /// What was read under this key from the state that the database is still in.
    pub(super) fn kept<K: Eq + Hash, V: Clone>(
        &self,
        index: &WalIndex,
        map: fn(&mut Kept) -> &mut HashMap<K, V>,
        key: &K,
    ) -> Option<V> {
        let mut kept = self.kept.borrow_mut();
        let snapshot = index.snapshot();
        if snapshot.is_none() || kept.snapshot != snapshot {
            *kept = Kept { snapshot, ..Kept::default() };
        }
        map(&mut kept).get(key).cloned()
    }

    /// Keeps what was read after [`kept`](Self::kept) had nothing. If the database has changed in between, it is newer
    /// than the state that it is kept for, and will not be found.
    pub(super) fn keep<K: Eq + Hash, V: Clone>(&self, map: fn(&mut Kept) -> &mut HashMap<K, V>, key: K, value: &V) {
        let mut kept = self.kept.borrow_mut();
        if kept.snapshot.is_none() {
            return;
        }
        let map = map(&mut kept);
        if map.len() >= CAPACITY {
            map.clear();
        }
        map.insert(key, value.clone());
    }
}
