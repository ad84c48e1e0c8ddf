//! Reads: on the calling thread or in the pool, cached or not.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};

use diesel::QueryResult;

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
    pub(super) async fn read_cached<K: Eq + Hash, V: Clone + Send + 'static, S: BuildHasher>(
        &self,
        map: fn(&mut ReadCache) -> &mut HashMap<K, V, S>,
        key: K,
        query: impl Fn(&mut Connection) -> QueryResult<V> + Send + 'static,
    ) -> Result<V, StoreError> {
        let Address::Sqlite(path) = &*self.0.address else { return self.read_in_pool(query).await };
        let reader = self.reader(path)?;
        if let Some(cached) = reader.cached(&self.0.index, map, &key) {
            return Ok(cached);
        }
        let value = reader.read(query).map_err(StoreError::new)?;
        reader.cache(map, key, &value);
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
