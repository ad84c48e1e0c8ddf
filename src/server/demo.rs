//! `serve --demo`: the three users of the Flask-JWT-Extended guide, so that its examples can be tried at once.
//!
//! Everybody knows their password. So the demo listens on loopback only, and a server that is no demo does not start
//! where others reach it, on another address or through a proxy, as long as its database has them.

use super::config::ServerConfig;
use crate::store::db::{CreateUserError, Database, NewUser};
use crate::{Clock, PasswordHasher, StoreError, Verified};

/// Id, username, full name, and the hash of `password`.
///
/// The hashes are literal so that a demo starts without hashing anything. A hash that is made ahead gives away nothing
/// here: the password is in the guide. They were made with the default parameters, so that the default configuration
/// leaves them as they are, and any other one replaces them when the user signs in.
const USERS: [(i64, &str, &str, &str); 3] = [
    (
        1,
        "batman",
        "Bruce Wayne",
        "$argon2id$v=19$m=19456,t=2,p=1$MyG3hM7UJZr1k1V0C1mibg$iZO3YxgsAQ72q5ScHBDXkYmSDDDcx8NOLEhDJmCl9k0",
    ),
    (
        2,
        "panther",
        "Ann Takamaki",
        "$argon2id$v=19$m=19456,t=2,p=1$Ka4igo1iMaXB7PZregDhkQ$tH90X+6pmmRDZ+OLTYKbN49yll9K/MDxi2bJmwo7t40",
    ),
    (
        3,
        "little_sapphire",
        "Jester Lavore",
        "$argon2id$v=19$m=19456,t=2,p=1$D5CmYfOUeZIzdrWx1bd9Mw$zLXK+9f9CojPXSwnMXyvdLiZmS7D13hnZVqDBIVDeiM",
    ),
];

/// The demo users cannot be had, or are where they must not be.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The demo was to be reachable by others.
    #[error("the demo's passwords are known to everybody, so it listens on loopback only; use --listen 127.0.0.1:{0}")]
    NotLoopback(u16),
    /// Another user has the id of a demo user.
    #[error(
        "the database has other users already, and the demo user {0} cannot have the id {1}; give the demo a database \
         of its own, with --database-url sqlite://data/demo.db"
    )]
    IdTaken(&'static str, i64),
    /// The database has demo users and the server is no demo.
    #[error(
        "the database has the demo user {0}, whose password is known to everybody; run `tollbridge user password {0}` \
         or `tollbridge user delete {0}` first, or use another database"
    )]
    Leftover(&'static str),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Refuses to start the demo where others can reach it.
pub(super) fn require_loopback(server: &ServerConfig) -> Result<(), DemoError> {
    if server.is_loopback() { Ok(()) } else { Err(DemoError::NotLoopback(server.listen.port())) }
}

/// Creates the demo users that are missing.
pub(super) async fn create_users(database: &Database, clock: &Clock) -> Result<(), DemoError> {
    for (id, username, full_name, hash) in USERS {
        let user = NewUser {
            id: Some(id),
            username: username.to_owned(),
            full_name: full_name.to_owned(),
            password_hash: hash.to_owned(),
            created_at: clock.now(),
        };
        if database.find_by_username(username).await?.is_none() {
            match database.create_user(user).await {
                Ok(_) | Err(CreateUserError::UsernameTaken) => {}
                // Another process that starts now may have been faster.
                Err(CreateUserError::IdNotNew(_)) if database.find_by_username(username).await?.is_some() => {}
                Err(CreateUserError::IdNotNew(id)) => return Err(DemoError::IdTaken(username, id)),
                Err(CreateUserError::Store(error)) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

/// Refuses, or where nobody else can reach them warns of, demo users in a server that is no demo.
pub(super) async fn refuse_leftovers(
    database: &Database,
    server: &ServerConfig,
    passwords: &PasswordHasher,
) -> Result<(), DemoError> {
    for (_, username, _, _) in USERS {
        let Some((_, hash)) = database.find_by_username(username).await?.filter(|(user, _)| user.active) else {
            continue;
        };
        // Not by the hash above: signing in may have replaced it by another of the same password.
        let verified = passwords.verify("password".into(), Some(hash)).await;
        if verified.is_ok_and(|verified| verified != Verified::No) {
            if !server.is_loopback() || !server.is_public_url_local() {
                return Err(DemoError::Leftover(username));
            }
            tracing::warn!(username, "a demo user is in this database, and everybody knows the password");
        }
    }
    Ok(())
}
