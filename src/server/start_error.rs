//! The errors of starting the server.

use std::io;
use std::net::SocketAddr;

use super::demo::DemoError;
use super::secrets::SecretError;
use crate::store::db::DatabaseError;
use crate::{BuildError, KeyError, PasswordError, StoreError};

/// The server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database cannot be opened or migrated.
    #[error("{0}; check database.url and that the database is running")]
    Database(#[from] DatabaseError),
    /// A secret cannot be read or generated.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The token key is invalid.
    #[error("the token key cannot be used: {0}; check token.algorithm and token.private_key_file")]
    Key(#[from] KeyError),
    /// The bridge refuses its settings.
    #[error(transparent)]
    Bridge(#[from] BuildError),
    /// The password hasher refuses its parameters.
    #[error("the password settings cannot be used: {0}; check the keys of [password]")]
    Password(#[from] PasswordError),
    /// The demo users cannot be created, or are not allowed.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// The database is unavailable.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address is unavailable.
    #[error("cannot listen on {0} ({1}); stop what uses the address, or choose another one with --listen")]
    Bind(SocketAddr, #[source] io::Error),
}
