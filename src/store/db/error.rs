//! What can go wrong while a database is opened and migrated. No message holds a password.

use std::error::Error;
use std::io;

use crate::StoreError;

/// A [`Database`](super::Database) could not be opened or migrated.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The URL's scheme is not one of ours. Holds as much of the URL as is safe to show.
    #[error("`{0}` is not a database URL: write sqlite://PATH or postgres://USER@HOST/DATABASE")]
    UnknownUrl(String),
    /// The scheme is known, the rest is not usable. Holds the URL without its secrets, and what to change.
    #[error("the database URL `{0}` cannot be used: {1}")]
    BadUrl(String, &'static str),
    /// The pool was to have no connection.
    #[error("the pool size is 0: the database needs at least 1 connection")]
    EmptyPool,
    /// The SQLite file or its directory could not be created.
    #[error("the database file {0} cannot be created: {1}")]
    Create(String, #[source] io::Error),
    /// No connection. Holds the URL without its secrets, and the reason that the backend gave.
    #[error("cannot connect to {0}: {1}")]
    Connect(String, String),
    /// A migration failed; nothing of it, nor of those before it in the same run, was kept.
    #[error("the database cannot be migrated: {0}")]
    Migrate(#[source] Box<dyn Error + Send + Sync>),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}
