//! A connection, to either backend.
//!
//! The macro `each!` compiles a query once for each backend. So every statement keeps its own static type, and Diesel's
//! statement cache finds it without building its SQL.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::result::Error as QueryError;
use diesel::{Connection as _, PgConnection, QueryResult, SqliteConnection};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};

use super::address::Address;
use super::error::DatabaseError;

/// How long the start of a program waits for SQLite's lock when another process holds it.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// How long any other statement waits for it: less than its caller waits, so that the caller learns what became of it.
const BUSY_TIMEOUT: Duration = Duration::from_millis(1500);

/// How long PostgreSQL works at a statement.
const STATEMENT_TIMEOUT: &str = "SET statement_timeout = '1500ms'";

/// The pragmas of a write connection. FULL: a committed write survives a power failure.
const WRITER: [&str; 2] = ["PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON"];

/// The pragmas of a read connection, which is used on async workers. In WAL mode a read waits only for a recovery, and
/// must not block the worker for long.
const READER: [&str; 2] = ["PRAGMA busy_timeout = 1000", "PRAGMA query_only = ON"];

/// The characters that are encoded in the path of a URI.
const NOT_IN_PATH: AsciiSet = NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'_').remove(b'-');

/// A connection to one of the backends.
pub(super) enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// Evaluates `$body` with `$c` as the typed connection inside `$connection`.
macro_rules! each {
    ($connection:expr, $c:ident => $body:expr) => {
        match $connection {
            $crate::store::db::connection::Connection::Sqlite($c) => $body,
            $crate::store::db::connection::Connection::Postgres($c) => $body,
        }
    };
}
pub(super) use each;

impl Connection {
    /// A write connection.
    pub(super) fn writer(address: &Address) -> Result<Self, DatabaseError> {
        match address {
            Address::Sqlite(path) => {
                let mut connection = sqlite(address, path)?;
                let set_up = enter_wal(&mut connection)
                    .and_then(|()| WRITER.into_iter().try_for_each(|pragma| connection.batch_execute(pragma)))
                    .and_then(|()| set_busy_timeout(&mut connection, BUSY_TIMEOUT));
                set_up.map_err(|error| refused(address, &error.to_string()))?;
                Ok(Self::Sqlite(connection))
            }
            Address::Postgres { url, shown, password } => {
                let complete = match password {
                    Some(source) => source.with_password(url),
                    None => Ok(SecretString::from(url.as_str())),
                };
                let complete = complete.map_err(|error| refused(address, &error.to_string()))?;
                match PgConnection::establish(complete.expose_secret()) {
                    Ok(mut connection) => {
                        let set_up = if url.contains("statement_timeout") { "" } else { STATEMENT_TIMEOUT };
                        connection.batch_execute(set_up).map_err(|error| refused(address, &error.to_string()))?;
                        Ok(Self::Postgres(connection))
                    }
                    // libpq quotes an invalid URL.
                    Err(error) => Err(refused(address, &error.to_string().replace(complete.expose_secret(), shown))),
                }
            }
        }
    }

    /// A read-only connection to the SQLite file at `path`.
    pub(super) fn sqlite_reader(address: &Address, path: &str) -> Result<Self, DatabaseError> {
        let mut connection = sqlite(address, path)?;
        let set_up = READER.into_iter().try_for_each(|pragma| connection.batch_execute(pragma));
        set_up.map_err(|error| refused(address, &error.to_string()))?;
        Ok(Self::Sqlite(connection))
    }

    /// Does `work` of a program's start, which waits longer for SQLite's lock.
    pub(super) fn at_start<T, E: From<QueryError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        if let Self::Sqlite(c) = self {
            set_busy_timeout(c, START_TIMEOUT)?;
        }
        let done = work(self);
        if let Self::Sqlite(c) = self {
            set_busy_timeout(c, BUSY_TIMEOUT)?;
        }
        done
    }

    /// Lets the statements of this transaction take as long as they need.
    pub(super) fn take_time(&mut self) -> QueryResult<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(c) => c.batch_execute("SET LOCAL statement_timeout = 0"),
        }
    }

    /// Runs `body` in a transaction, which is committed on `Ok` and rolled back on `Err`. On SQLite it holds the write
    /// lock from its start (`BEGIN IMMEDIATE`): otherwise a transaction that reads first can fail at its first write.
    pub(super) fn transaction<T, E: From<QueryError>>(
        &mut self,
        body: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        match self {
            Self::Sqlite(c) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE")?,
            Self::Postgres(c) => AnsiTransactionManager::begin_transaction(c)?,
        }
        match body(self) {
            Ok(value) => {
                each!(self, c => AnsiTransactionManager::commit_transaction(c))?;
                Ok(value)
            }
            Err(error) => match each!(self, c => AnsiTransactionManager::rollback_transaction(c)) {
                Ok(()) | Err(QueryError::BrokenTransactionManager) => Err(error),
                Err(rollback) => Err(rollback.into()),
            },
        }
    }

    /// Whether a failed query failed because the connection is lost. The test query also tells Diesel, which does
    /// not notice a connection that is lost while a `SELECT` is being prepared.
    pub(super) fn is_lost(&mut self) -> bool {
        each!(self, c => c.batch_execute("SELECT 1")).is_err()
    }

    /// Whether Diesel knows that the connection is lost, or it is still in a transaction.
    pub(super) fn is_broken(&mut self) -> bool {
        let depth = each!(self, c => AnsiTransactionManager::transaction_manager_status_mut(c).transaction_depth());
        !matches!(depth, Ok(None))
    }
}

fn refused(address: &Address, reason: &str) -> DatabaseError {
    let (shown, reason) = (address.shown().to_owned(), reason.trim_end().to_owned());
    match address {
        Address::Sqlite(_) => DatabaseError::Open(shown, reason),
        Address::Postgres { .. } => DatabaseError::Connect(shown, reason),
    }
}

fn sqlite(address: &Address, path: &str) -> Result<SqliteConnection, DatabaseError> {
    // As a URI, which forbids to create a file that was removed in the meantime.
    let uri = format!("file:{}?mode=rw", utf8_percent_encode(path, &NOT_IN_PATH));
    SqliteConnection::establish(&uri).map_err(|error| refused(address, &error.to_string()))
}

fn set_busy_timeout(connection: &mut SqliteConnection, time: Duration) -> QueryResult<()> {
    connection.batch_execute(&format!("PRAGMA busy_timeout = {}", time.as_millis()))
}

/// Turns on the write-ahead log, a persistent property of the file. SQLite does not wait for its lock here: of two
/// processes that open a new file at once, one gets `SQLITE_BUSY` and has to retry.
fn enter_wal(connection: &mut SqliteConnection) -> QueryResult<()> {
    set_busy_timeout(connection, START_TIMEOUT)?;
    let begin = Instant::now();
    loop {
        match connection.batch_execute("PRAGMA journal_mode = WAL") {
            Err(QueryError::DatabaseError(_, cause))
                if cause.message().contains("locked") && begin.elapsed() < START_TIMEOUT =>
            {
                sleep(Duration::from_millis(10));
            }
            done => return done,
        }
    }
}

/// Creates the file at `path`, readable only by its owner, and its missing directories. SQLite creates the companion
/// files with the same mode.
pub(super) fn create_sqlite_file(path: &str) -> io::Result<()> {
    // Closing a file releases every lock that this process holds on it, including those of SQLite's connections. The
    // mutex ensures that it is closed here before another thread of this process opens it.
    static CREATING: Mutex<()> = Mutex::new(());
    let _creating = CREATING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(directory) = Path::new(path).parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}
