//! The read connection of a thread, for SQLite, with its cache.

use std::borrow::Borrow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};

use diesel::QueryResult;

use super::connection::Connection;
use super::read_cache::ReadCache;
use super::snapshot::WalIndex;

/// The read connection of a thread.
pub(super) struct ThreadReader {
    connection: RefCell<Connection>,
    cache: RefCell<ReadCache>,
}

impl ThreadReader {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection: RefCell::new(connection), cache: RefCell::default() }
    }

    /// Reads from the database.
    pub(super) fn read<T>(&self, query: impl FnOnce(&mut Connection) -> QueryResult<T>) -> QueryResult<T> {
        query(&mut self.connection.borrow_mut())
    }

    /// The cached result under this key, if the database has not changed since.
    pub(super) fn cached<K: Borrow<Q> + Eq + Hash, Q: Eq + Hash + ?Sized, V: Clone, S: BuildHasher>(
        &self,
        index: &WalIndex,
        map: fn(&mut ReadCache) -> &mut HashMap<K, V, S>,
        key: &Q,
    ) -> Option<V> {
        self.cache.borrow_mut().get(index.snapshot(), map, key)
    }

    /// Caches a result that was read after [`cached`](Self::cached) had found none.
    pub(super) fn cache<K: Eq + Hash, V: Clone, S: BuildHasher>(
        &self,
        map: fn(&mut ReadCache) -> &mut HashMap<K, V, S>,
        key: K,
        value: &V,
    ) {
        self.cache.borrow_mut().insert(map, key, value);
    }
}
