//! The database: its address, its connections, and opening it.

use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use secrecy::SecretString;
use thread_local::ThreadLocal;
use tokio::sync::Mutex;

use super::address::Address;
use super::connection::{Connection, create_sqlite_file};
use super::error::DatabaseError;
use super::file_identity::FileIdentity;
use super::key_ring_watch::KeyRingWatch;
use super::password_source::PasswordSource;
use super::pool::Pool;
use super::snapshot::WalIndex;
use super::thread_reader::ThreadReader;
use super::touches::Touches;

/// A database of users, logins, sessions, one-time codes and API tokens: a [`UserStore`](crate::UserStore), a
/// [`LoginStore`](crate::LoginStore), a [`SessionStore`](crate::SessionStore), a [`CodeStore`](crate::CodeStore) and an
/// [`ApiTokenStore`](crate::ApiTokenStore). Its clones share their connections.
///
/// What is noted of reads ([`touch`](crate::LoginStore::touch), [`touch_session`](crate::SessionStore::touch_session)) is
/// best effort: one note of each login and session is pending at a time and further ones are dropped, and a note that
/// cannot be written is dropped with a warning in the log, at most one a second.
///
/// Its methods must be called on a tokio runtime. A write is committed when its future resolves with success. Once
/// begun, it is carried out even if that future is dropped. A caller waits for an answer at most 1.8 seconds,
/// also for another process that writes to the SQLite file; then the store is [unavailable](crate::StoreError). While a connection has failed within
/// the last second, it is unavailable at once.
#[derive(Clone)]
pub struct Database(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) address: Arc<Address>,
    pub(super) pool: Pool,
    pub(super) touches: Touches,
    /// A connection of its own for probes of [writing](Database::probe_write), which so wait for no other write.
    pub(super) probe_pool: Pool,
    /// When the last probe was, and how it failed.
    pub(super) last_probe: Mutex<Option<(Instant, Option<String>)>>,
    /// SQLite only: the file that was opened.
    pub(super) file: Option<FileIdentity>,
    /// SQLite only: the read connection of each thread. The database owns them and closes them when it is dropped.
    pub(super) readers: ThreadLocal<ThreadReader>,
    /// SQLite only: detects changes of the file.
    pub(super) index: WalIndex,
    /// What is told of another ring of keys.
    pub(super) key_ring: OnceLock<KeyRingWatch>,
}

impl Database {
    /// Connects, and creates a missing SQLite file (mode 0600, missing directories 0700). The tables are
    /// created by [`migrate`](Self::migrate).
    ///
    /// The URL is `sqlite://PATH` (a literal path, relative or absolute) or `postgres://…` (as libpq reads it;
    /// `postgresql://…` too). `pool_size` is the number of connections to PostgreSQL. SQLite allows one write at a
    /// time, so it has one connection for writes, besides those for reads.
    ///
    /// # Errors
    ///
    /// When the URL is invalid, the database is unavailable, or `pool_size` is 0.
    pub fn open(url: &str, pool_size: u32) -> Result<Self, DatabaseError> {
        Self::open_at(Address::parse(url, None)?, pool_size)
    }

    /// [`open`](Self::open) for PostgreSQL with a password that is not in the URL. `password` is called for each new
    /// connection, on a thread that may wait, so that the password can be changed while the program runs.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open), and that of `password`.
    pub fn open_with_password(
        url: &str,
        pool_size: u32,
        password: impl Fn() -> io::Result<SecretString> + Send + Sync + 'static,
    ) -> Result<Self, DatabaseError> {
        Self::open_at(Address::parse(url, Some(PasswordSource::new(password)))?, pool_size)
    }

    fn open_at(address: Address, pool_size: u32) -> Result<Self, DatabaseError> {
        let address = Arc::new(address);
        let pool_size = match &*address {
            _ if pool_size == 0 => return Err(DatabaseError::EmptyPool),
            Address::Sqlite(path) => {
                create_sqlite_file(path).map_err(|error| DatabaseError::Create(path.clone(), error))?;
                1
            }
            Address::Postgres { .. } => pool_size,
        };
        // A failure is reported here, before anything waits for the database.
        drop(Connection::writer(&address)?);
        let file = match &*address {
            Address::Sqlite(path) => {
                Some(FileIdentity::of(path).map_err(|error| DatabaseError::Create(path.clone(), error))?)
            }
            Address::Postgres { .. } => None,
        };
        let pool = Pool::new(Arc::clone(&address), pool_size);
        let probe_pool = Pool::new(Arc::clone(&address), 1);
        let index = WalIndex::of(match &*address {
            Address::Sqlite(path) => path,
            Address::Postgres { .. } => "",
        });
        Ok(Self(Arc::new(Inner {
            address,
            pool,
            touches: Touches::default(),
            probe_pool,
            last_probe: Mutex::default(),
            file,
            readers: ThreadLocal::new(),
            index,
            key_ring: OnceLock::new(),
        })))
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Database").field(&self.0.address.shown()).finish()
    }
}
