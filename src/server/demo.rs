//! `serve --demo`: the three users of the Flask-JWT-Extended guide, so that its examples can be tried at once.
//!
//! Their password is public. So the demo listens on loopback only. A server without `--demo` does not start if others can
//! reach it, on another address or through a proxy, and its database has an active demo user with this password.

use url::Url;

use super::config::ServerConfig;
use crate::store::db::{CreateUserError, Database, NewUser, User};
use crate::{Act, Clock, PasswordHasher, PasswordVerification, StoreError};

/// Id, username, full name, and the hash of `password`.
///
/// The hashes are literal so that a demo starts without hashing. They reveal nothing, because the password is in the
/// guide. They have the default parameters, so the default configuration leaves them unchanged, and any other one
/// replaces them when the user signs in.
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

/// The demo users cannot be created, or are not allowed.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The demo would be reachable by others.
    #[error("the demo's passwords are known to everybody, so it listens on loopback only; use --listen 127.0.0.1:{0}")]
    NotLoopback(u16),
    /// A proxy would make the demo reachable by others.
    #[error(
        "the demo's passwords are known to everybody, so server.public_url must be an address of this machine, and it \
         is {0}; leave it out"
    )]
    PublicUrl(Url),
    /// The database has other users.
    #[error(
        "the database has users already ({0}), and the demo adds three whose password is known to everybody; give it a \
         database of its own, with --database-url sqlite://data/demo.db"
    )]
    OtherUsers(String),
    /// A demo user was deleted, and its id is not given again.
    #[error("the demo user {0} cannot have the id {1} again; give the demo a new database, or delete this one")]
    IdTaken(&'static str, i64),
    /// The database of a server without `--demo` has demo users.
    #[error(
        "the database has the demo user {0}, whose password is known to everybody; run `tollbridge user password {0}` \
         or `tollbridge user delete {0}` first, or use another database"
    )]
    Leftover(&'static str),
    /// The database is unavailable.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Refuses to start the demo where others can reach it.
pub(super) fn require_loopback(server: &ServerConfig) -> Result<(), DemoError> {
    match &server.public_url {
        _ if !server.is_loopback() => Err(DemoError::NotLoopback(server.listen.port())),
        Some(url) if !server.is_public_url_local() => Err(DemoError::PublicUrl(url.clone())),
        _ => Ok(()),
    }
}

/// Creates the demo users that are missing, in a database without any other user.
pub(super) async fn create_users(database: &Database, clock: &Clock) -> Result<(), DemoError> {
    let is_ours = |user: &User| USERS.iter().any(|(id, username, ..)| (*id, *username) == (user.id, &*user.username));
    if let Some(other) = database.list_users().await?.into_iter().find(|user| !is_ours(user)) {
        return Err(DemoError::OtherUsers(other.username.escape_debug().to_string()));
    }
    for (id, username, full_name, hash) in USERS {
        let user = NewUser {
            id: Some(id),
            username: username.to_owned(),
            full_name: full_name.to_owned(),
            password_hash: hash.to_owned(),
            created_at: clock.now(),
        };
        if database.find_by_username(username).await?.is_none() {
            match database.create_user(user, &Act::of_application()).await {
                Ok(_) | Err(CreateUserError::UsernameTaken) => {}
                // Another process may have created the user at the same time.
                Err(CreateUserError::IdNotNew(_)) if database.find_by_username(username).await?.is_some() => {}
                Err(CreateUserError::IdNotNew(id)) => return Err(DemoError::IdTaken(username, id)),
                Err(CreateUserError::Store(error)) => return Err(error.into()),
                Err(error) => return Err(StoreError::new(error).into()),
            }
        }
    }
    Ok(())
}

/// Refuses demo users in a server without `--demo`. If only this machine can reach the server, it only logs a warning.
pub(super) async fn refuse_leftovers(
    database: &Database,
    server: &ServerConfig,
    passwords: &PasswordHasher,
) -> Result<(), DemoError> {
    for (_, username, _, _) in USERS {
        let Some((_, hash)) = database.find_by_username(username).await?.filter(|(user, _)| user.active) else {
            continue;
        };
        // PasswordVerification by password, not compared with the hash above, which a login may have replaced.
        let verified = passwords.verify("password".into(), Some(hash)).await;
        if verified.is_ok_and(|verified| verified != PasswordVerification::No) {
            if !server.is_loopback() || !server.is_public_url_local() {
                return Err(DemoError::Leftover(username));
            }
            tracing::warn!(username, "a demo user is in this database, and everybody knows the password");
        }
    }
    Ok(())
}
