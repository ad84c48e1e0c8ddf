//! The resources that the server and the command line open.

use std::io;

use super::config::{Config, DatabaseConfig, PasswordConfig};
use super::secrets::read_password;
use crate::store::db::{Database, DatabaseError};
use crate::{PasswordError, PasswordHasher, PasswordParams};

/// Opens the database. Its tables are as they are.
pub(super) fn connect(config: &DatabaseConfig) -> Result<Database, DatabaseError> {
    match config.password_file.clone() {
        Some(path) => {
            let password = move || read_password(&path).map_err(io::Error::other);
            Database::open_with_password(config.url.expose(), config.pool_size, password)
        }
        None => Database::open(config.url.expose(), config.pool_size),
    }
}

/// Opens the database and brings its tables up to date, or only looks whether they are, where `migrate_at_start` is
/// `false`. Returns the names of the applied migrations with it.
pub(super) async fn open_database(config: &Config) -> Result<(Database, Vec<String>), DatabaseError> {
    let database = connect(&config.database)?;
    if config.database.migrate_at_start {
        let migrations = database.migrate().await?;
        return Ok((database, migrations));
    }
    match database.pending_migrations().await? {
        pending if pending.is_empty() => Ok((database, pending)),
        pending => Err(DatabaseError::OlderSchema { pending }),
    }
}

/// Starts the threads that hash passwords.
pub(super) fn password_hasher(config: &PasswordConfig) -> Result<PasswordHasher, PasswordError> {
    PasswordHasher::new(PasswordParams {
        memory_kib: config.memory_kib,
        iterations: config.iterations,
        parallelism: config.parallelism,
        threads: config.threads,
        queue: config.queue,
    })
}
