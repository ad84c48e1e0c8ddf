//! The errors of starting the server.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::demo::DemoError;
use super::keys::KeysError;
use super::secrets::SecretError;
use crate::store::db::DatabaseError;
use crate::{BuildError, KeyError, PasswordError, StoreError};

/// The server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database cannot be opened or migrated.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A secret cannot be read or generated.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// Another server at this database has other keys.
    #[error(
        "the {key} is not that of the servers at this database, which would refuse what this one issues: copy {file} \
         from one of them, or set {option} to the same file everywhere; if you have replaced the key on purpose, start \
         once with --replace-keys", file = file.display()
    )]
    OtherKeys {
        /// What the key is for.
        key: &'static str,
        /// The file of a generated key.
        file: PathBuf,
        /// The setting that names another file.
        option: &'static str,
    },
    /// The ring of keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
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
    #[error("cannot listen on {0} ({1}); {advice}", advice = advice(*.0, .1))]
    Bind(SocketAddr, #[source] io::Error),
}

/// The ports below this one are the superuser's.
const UNPRIVILEGED: u16 = 1024;

fn advice(address: SocketAddr, cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::PermissionDenied if address.port() < UNPRIVILEGED => {
            "ports below 1024 need a privilege: choose a higher one with --listen and put a proxy in front, or give the \
             program CAP_NET_BIND_SERVICE"
        }
        io::ErrorKind::AddrNotAvailable => "this machine does not have the address: choose another one with --listen",
        _ => "stop what uses the address, or choose another one with --listen",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_needs_a_privilege_is_not_in_use() {
        let refused =
            |port, kind: io::ErrorKind| StartError::Bind(([127, 0, 0, 1], port).into(), kind.into()).to_string();
        let privileged = refused(80, io::ErrorKind::PermissionDenied);
        assert!(
            privileged.contains("CAP_NET_BIND_SERVICE") && !privileged.contains("uses the address"),
            "{privileged}"
        );
        let in_use = refused(80, io::ErrorKind::AddrInUse);
        assert!(in_use.contains("stop what uses the address"), "{in_use}");
    }
}
