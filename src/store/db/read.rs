//! Reads: on the calling thread or in the pool, cached or not.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};

use diesel::QueryResult;
use diesel::result::Error as QueryError;

use super::address::Address;
use super::connection::Connection;
use super::database::Database;
use super::file_identity::FileIdentity;
use super::read_cache::ReadCache;
use super::thread_reader::ThreadReader;
use crate::StoreError;

impl Database {
    /// A read by key.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl Fn(&mut Connection) -> QueryResult<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        match &*self.0.address {
            Address::Sqlite(path) => self.reader(path)?.read(query).map_err(StoreError::new),
            Address::Postgres { .. } => self.read_in_pool(query).await,
        }
    }

    /// A read by key that nearly every request makes. On SQLite its result is cached until the database changes.
    /// PostgreSQL does not tell of changes, so nothing is cached there.
    ///
    /// `query` makes the query for a key. It is called only where nothing is cached.
    pub(super) async fn read_cached<K, Q, V, S, F>(
        &self,
        map: fn(&mut ReadCache) -> &mut HashMap<K, V, S>,
        key: &Q,
        query: impl FnOnce(K) -> F,
    ) -> Result<V, StoreError>
    where
        K: Borrow<Q> + Eq + Hash,
        Q: ToOwned<Owned = K> + Eq + Hash + ?Sized,
        V: Clone + Send + 'static,
        S: BuildHasher,
        F: Fn(&mut Connection) -> QueryResult<V> + Send + 'static,
    {
        let Address::Sqlite(path) = &*self.0.address else { return self.read_in_pool(query(key.to_owned())).await };
        let reader = self.reader(path)?;
        if let Some(cached) = reader.cached(&self.0.index, map, key) {
            return Ok(cached);
        }
        let value = reader.read(query(key.to_owned())).map_err(StoreError::new)?;
        reader.cache(map, key.to_owned(), &value);
        Ok(value)
    }

    /// A read that must not hold up the calling thread.
    pub(super) async fn read_in_pool<T: Send + 'static>(
        &self,
        query: impl Fn(&mut Connection) -> QueryResult<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.check_file()?;
        self.0.pool.read(query).await
    }

    /// An error when the SQLite file that was opened is gone.
    pub(super) fn check_file(&self) -> Result<(), StoreError> {
        self.0.file.as_ref().map_or(Ok(()), FileIdentity::check)
    }

    /// The reader of this thread.
    fn reader(&self, path: &str) -> Result<&ThreadReader, StoreError> {
        self.check_file()?;
        let open = || Connection::sqlite_reader(&self.0.address, path).map(ThreadReader::new);
        self.0.readers.get_or_try(open).map_err(StoreError::new)
    }
}

/// The error of a row that cannot be read, as that of its query.
pub(super) fn unreadable(error: StoreError) -> QueryError {
    QueryError::DeserializationError(Box::new(error))
}
