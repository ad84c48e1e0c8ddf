//! The resources that the server and the command line open.

use super::config::{Config, PasswordConfig};
use crate::store::db::{Database, DatabaseError};
use crate::{PasswordError, PasswordHasher, PasswordParams};

/// Opens and migrates the database, and returns the names of the applied migrations with it.
pub(super) async fn open_database(config: &Config) -> Result<(Database, Vec<String>), DatabaseError> {
    let database = Database::open(config.database.url.expose(), config.database.pool_size)?;
    let migrations = database.migrate().await?;
    Ok((database, migrations))
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
