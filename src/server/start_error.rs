//! The errors of starting the server.

use std::io;
use std::net::SocketAddr;

use super::demo::DemoError;
use super::secrets::SecretError;
use crate::store::db::DatabaseError;
use crate::{BuildError, KeyError, PasswordError, StoreError};

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database cannot be opened or brought up to date.
    #[error("{0}; check database.url and that the database is running")]
    Database(#[from] DatabaseError),
    /// A secret cannot be read or made.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The token key is none.
    #[error("the token key cannot be used: {0}; check token.algorithm and token.private_key_file")]
    Key(#[from] KeyError),
    /// The bridge refuses its settings.
    #[error(transparent)]
    Bridge(#[from] BuildError),
    /// The password hasher refuses its parameters.
    #[error("the password settings cannot be used: {0}; check the keys of [password]")]
    Password(#[from] PasswordError),
    /// The demo users cannot be had, or are where they must not be.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address is not to be had.
    #[error("cannot listen on {0} ({1}); stop what uses the address, or choose another one with --listen")]
    Bind(SocketAddr, #[source] io::Error),
}
