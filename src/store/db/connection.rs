//! One connection, to either backend.
//!
//! Queries are written once and compiled once for each backend by the macro `each!`. So every statement keeps its own
//! static type, by which Diesel's statement cache finds it without building its SQL.

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

use super::address::Address;
use super::error::DatabaseError;

/// How long a statement waits for another process that holds SQLite's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The pragmas of a connection that writes. FULL: what was acknowledged survives a power failure too.
const WRITER: [&str; 2] = ["PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON"];

/// The pragmas of a connection that reads on an async worker. In WAL mode a reader waits for nobody but a recovery,
/// and it must not hold up the worker.
const READER: [&str; 2] = ["PRAGMA busy_timeout = 1000", "PRAGMA query_only = ON"];

/// A connection to one of the backends.
pub(super) enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// Evaluates `$body` with `$c` as the typed connection inside `$connection`, whichever that is.
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
    /// A connection that may write.
    pub(super) fn writer(address: &Address) -> Result<Self, DatabaseError> {
        match address {
            Address::Sqlite(path) => {
                let mut connection = sqlite(address, path)?;
                let set_up = enter_wal(&mut connection)
                    .and_then(|()| WRITER.into_iter().try_for_each(|pragma| connection.batch_execute(pragma)));
                set_up.map_err(|error| refused(address, &error.to_string()))?;
                Ok(Self::Sqlite(connection))
            }
            Address::Postgres { url, shown } => match PgConnection::establish(url) {
                Ok(connection) => Ok(Self::Postgres(connection)),
                // libpq quotes a URL that it cannot read.
                Err(error) => Err(refused(address, &error.to_string().replace(url, shown))),
            },
        }
    }

    /// A connection to the SQLite file at `path` that cannot write.
    pub(super) fn sqlite_reader(address: &Address, path: &str) -> Result<Self, DatabaseError> {
        let mut connection = sqlite(address, path)?;
        let set_up = READER.into_iter().try_for_each(|pragma| connection.batch_execute(pragma));
        set_up.map_err(|error| refused(address, &error.to_string()))?;
        Ok(Self::Sqlite(connection))
    }

    /// Runs `body` in a transaction: committed when it is `Ok`, else rolled back. On SQLite it holds the write lock
    /// from its start (`BEGIN IMMEDIATE`): a transaction that reads first could otherwise fail when it comes to write.
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

    /// Asks, after a query failed, whether the connection itself did. It also makes sure that Diesel knows: it does
    /// not notice a connection that is lost while a `SELECT` is being prepared.
    pub(super) fn is_lost(&mut self) -> bool {
        each!(self, c => c.batch_execute("SELECT 1")).is_err()
    }

    /// Whether the connection is known to be lost, or was left in the middle of a transaction.
    pub(super) fn is_broken(&mut self) -> bool {
        let depth = each!(self, c => AnsiTransactionManager::transaction_manager_status_mut(c).transaction_depth());
        !matches!(depth, Ok(None))
    }
}

fn refused(address: &Address, reason: &str) -> DatabaseError {
    DatabaseError::Connect(address.shown().to_owned(), reason.trim_end().to_owned())
}

fn sqlite(address: &Address, path: &str) -> Result<SqliteConnection, DatabaseError> {
    SqliteConnection::establish(path).map_err(|error| refused(address, &error.to_string()))
}

/// Turns on the write-ahead log, which the file then keeps. SQLite does not wait for its lock here: of two processes
/// that open a new file at once, one is told that it is busy, and has to ask again.
fn enter_wal(connection: &mut SqliteConnection) -> QueryResult<()> {
    connection.batch_execute(&format!("PRAGMA busy_timeout = {}", BUSY_TIMEOUT.as_millis()))?;
    let begin = Instant::now();
    loop {
        match connection.batch_execute("PRAGMA journal_mode = WAL") {
            Err(QueryError::DatabaseError(_, cause))
                if cause.message().contains("locked") && begin.elapsed() < BUSY_TIMEOUT =>
            {
                sleep(Duration::from_millis(10));
            }
            done => return done,
        }
    }
}

/// Creates the file at `path`, readable by its owner alone (SQLite gives its companions the same mode), and the
/// directories that are missing above it.
pub(super) fn create_sqlite_file(path: &str) -> io::Result<()> {
    // Closing a file drops every lock that this process has on it, those of SQLite's connections too. So nobody in
    // this process may have it open yet: it is closed before another thread can find that it exists.
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
