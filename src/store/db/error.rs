//! Errors of opening and migrating a database. No message contains a password.

use std::error::Error;
use std::io;

use crate::StoreError;

/// A [`Database`](super::Database) could not be opened or migrated.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The URL's scheme is unknown. Contains the part of the URL that is safe to show.
    #[error("`{0}` is not a database URL: write sqlite://PATH or postgres://USER@HOST/DATABASE")]
    UnknownUrl(String),
    /// The URL is invalid after its scheme. Contains the URL without its secrets, and what to change.
    #[error("the database URL `{0}` cannot be used: {1}")]
    BadUrl(String, &'static str),
    /// The pool size is 0.
    #[error("the pool size is 0: the database needs at least 1 connection")]
    EmptyPool,
    /// The SQLite file or its directory could not be created.
    #[error(
        "the database file {0} cannot be created: {1}; let this user write to its directory, or choose another file \
         with --database-url"
    )]
    Create(String, #[source] io::Error),
    /// The connection to PostgreSQL failed. Contains the URL without its secrets, and the backend's reason.
    #[error("cannot connect to {0}: {1}; check the URL, and that the database is running")]
    Connect(String, String),
    /// The SQLite file could not be opened. Contains its path, and the backend's reason.
    #[error("cannot open the database file {0}: {1}; let this user read and write the file and its directory")]
    Open(String, String),
    /// A later version of this program has changed the tables.
    #[error(
        "the database has the schema {found}, and this version of the program knows schemas up to {known}: run the \
         version that made it, or a later one"
    )]
    NewerSchema {
        /// The latest schema that the database has.
        found: String,
        /// The latest schema that this program knows.
        known: String,
    },
    /// The tables are not up to date, and this program was told not to change them.
    #[error(
        "the database lacks the migrations {}: run `tollbridge migrate`, with a role that may change tables, and start \
         again", .pending.join(", ")
    )]
    OlderSchema {
        /// The names of the migrations that are missing, in their order.
        pending: Vec<String>,
    },
    /// A migration failed. It was rolled back, with those before it in the same run.
    #[error("the database cannot be migrated: {0}")]
    Migrate(#[source] Box<dyn Error + Send + Sync>),
    /// The database is unavailable.
    #[error(transparent)]
    Store(#[from] StoreError),
}
