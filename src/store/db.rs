//! Users, logins and sessions in SQLite or PostgreSQL, through Diesel.
//!
//! On SQLite a read by key runs on the calling thread, with a connection of that thread: it takes a few microseconds,
//! and the way to another thread and back would cost more. Everything else, and everything on PostgreSQL, runs on
//! tokio's blocking threads, as many at once as the pool has connections.
//!
//! Text is compared byte by byte: usernames are case-sensitive, and what counts as the same name (case, Unicode
//! normalization) is for the application to decide before it asks.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use diesel::dsl::exists;
use diesel::prelude::*;
use thread_local::ThreadLocal;

mod address;
mod connection;
mod error;
mod logins;
mod migrations;
mod pool;
mod reader;
mod schema;
mod sessions;
mod snapshot;
pub mod users;

pub use error::DatabaseError;

use crate::{StoreError, UnixTime};
use address::Address;
use connection::{Connection, each};
use pool::Pool;
use reader::{Kept, Reader};
use snapshot::WalIndex;

/// How long a login is kept after its end, so that its credentials are still answered with the reason of the end.
const KEPT_AFTER_END: i64 = 30 * 24 * 60 * 60;

/// A database of users, logins and sessions: a [`UserStore`](crate::UserStore), a [`LoginStore`](crate::LoginStore)
/// and a [`SessionStore`](crate::SessionStore). Its clones share their connections.
///
/// Its methods must be called on a tokio runtime. A write is in the database when its future is ready, and is carried
/// out even if that future is dropped before. A caller waits at most ten seconds for a connection, then the store is
/// [unavailable](StoreError).
#[derive(Clone)]
pub struct Database(Arc<Inner>);

struct Inner {
    address: Arc<Address>,
    pool: Pool,
    /// SQLite alone: each thread's connection for reads. They belong to the database, and are closed with it.
    readers: ThreadLocal<Reader>,
    /// SQLite alone: tells when it has changed.
    index: WalIndex,
}

impl Database {
    /// Connects, and creates an SQLite file that is not there (mode 0600, missing directories 0700). The tables are
    /// left to [`migrate`](Self::migrate).
    ///
    /// The URL is `sqlite://PATH` (a path as it stands, relative or absolute) or `postgres://…` (as libpq reads it;
    /// `postgresql://…` too). `pool_size` is the number of connections to PostgreSQL; SQLite lets one write at a time
    /// and has one, besides those that read.
    ///
    /// # Errors
    ///
    /// When the URL cannot be used or nobody answers there, or `pool_size` is 0.
    pub fn open(url: &str, pool_size: u32) -> Result<Self, DatabaseError> {
        let address = Arc::new(Address::parse(url)?);
        let pool_size = match &*address {
            _ if pool_size == 0 => return Err(DatabaseError::EmptyPool),
            Address::Sqlite(path) => {
                connection::create_sqlite_file(path).map_err(|error| DatabaseError::Create(path.clone(), error))?;
                1
            }
            Address::Postgres { .. } => pool_size,
        };
        // The pool keeps on trying; the first failure is better known at once.
        drop(Connection::writer(&address)?);
        let pool = Pool::new(Arc::clone(&address), pool_size);
        let index = WalIndex::of(match &*address {
            Address::Sqlite(path) => path,
            Address::Postgres { .. } => "",
        });
        Ok(Self(Arc::new(Inner { address, pool, readers: ThreadLocal::new(), index })))
    }

    /// Brings the tables up to date, and answers the names of the migrations that this took. Any number of processes
    /// may do so at once.
    ///
    /// # Errors
    ///
    /// When a migration fails; then nothing was changed.
    pub async fn migrate(&self) -> Result<Vec<String>, DatabaseError> {
        self.0.pool.run(migrations::migrate).await?
    }

    /// Whether the database answers and has its tables.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let any_user = |connection: &mut Connection| each!(connection, c => diesel::select(exists(schema::users::table.select(schema::users::id))).get_result::<bool>(c));
        self.0.pool.read(any_user).await.map(|_any| ())
    }

    /// Deletes the sessions that have expired, and the logins that ended or expired 30 days before `now` or earlier.
    /// Answers how many rows that were.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn sweep(&self, now: UnixTime) -> Result<u64, StoreError> {
        let sessions = self.write(move |connection| sessions::delete_expired(connection, now)).await?;
        let ended_by = now.saturating_sub(KEPT_AFTER_END);
        let logins = self.write(move |connection| logins::delete_ended(connection, ended_by)).await?;
        Ok(rows(sessions + logins))
    }

    /// A read by key.
    async fn read<T: Send + 'static>(
        &self,
        query: impl Fn(&mut Connection) -> QueryResult<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        match &*self.0.address {
            Address::Sqlite(path) => self.reader(path)?.read(query).map_err(StoreError::new),
            Address::Postgres { .. } => self.0.pool.read(query).await,
        }
    }

    /// A read by key that nearly every request makes: its answer is kept until the database changes. PostgreSQL does
    /// not tell when that is, so nothing is kept of it.
    async fn read_often<K: Eq + Hash, V: Clone + Send + 'static>(
        &self,
        map: fn(&mut Kept) -> &mut HashMap<K, V>,
        key: K,
        query: impl Fn(&mut Connection) -> QueryResult<V> + Send + 'static,
    ) -> Result<V, StoreError> {
        let Address::Sqlite(path) = &*self.0.address else { return self.0.pool.read(query).await };
        let reader = self.reader(path)?;
        if let Some(kept) = reader.kept(&self.0.index, map, &key) {
            return Ok(kept);
        }
        let value = reader.read(query).map_err(StoreError::new)?;
        reader.keep(map, key, &value);
        Ok(value)
    }

    /// This thread's reader.
    fn reader(&self, path: &str) -> Result<&Reader, StoreError> {
        let open = || Connection::sqlite_reader(&self.0.address, path).map(Reader::new);
        self.0.readers.get_or_try(open).map_err(StoreError::new)
    }

    /// A write, or several in one [`Connection::transaction`].
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> QueryResult<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.0.pool.run(work).await?.map_err(StoreError::new)
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Database").field(&self.0.address.shown()).finish()
    }
}

/// A number of rows, as the public face counts.
fn rows(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Whether the text can be in the database at all. PostgreSQL has no NUL in its text and calls one an error, which
/// must not look like a database that is down: nothing is found under such a key.
fn storable(text: &str) -> bool {
    !text.contains('\0')
}
