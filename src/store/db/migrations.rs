//! The migrations of both backends, embedded in the program.

use std::error::Error;

use diesel::backend::Backend;
use diesel::sql_query;
use diesel::{QueryResult, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::Connection;
use super::error::DatabaseError;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The key of PostgreSQL's advisory lock is an arbitrary number, the same in every process.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7310612019462103154)";

/// Applies the pending migrations in one transaction that holds a lock from its start, and returns their names. Of
/// several processes that do this at once, one applies them and the others find none pending.
pub(super) fn migrate(connection: &mut Connection) -> Result<Vec<String>, DatabaseError> {
    let migrated = connection.transaction(|connection| {
        connection.take_time()?;
        lock(connection)?;
        match connection {
            Connection::Sqlite(c) => apply(c, SQLITE),
            Connection::Postgres(c) => apply(c, POSTGRES),
        }
    });
    migrated.map_err(|Failed(cause)| DatabaseError::Migrate(cause))
}

/// Takes the lock. On SQLite the transaction already holds it (`BEGIN IMMEDIATE`).
fn lock(connection: &mut Connection) -> QueryResult<()> {
    if let Connection::Postgres(c) = connection {
        sql_query(LOCK).execute(c)?;
    }
    Ok(())
}

fn apply<DB: Backend>(
    harness: &mut impl MigrationHarness<DB>,
    embedded: EmbeddedMigrations,
) -> Result<Vec<String>, Failed>
where
    EmbeddedMigrations: diesel::migration::MigrationSource<DB>,
{
    let mut applied = Vec::new();
    for migration in harness.pending_migrations(embedded).map_err(Failed)? {
        harness.run_migration(&*migration).map_err(Failed)?;
        applied.push(migration.name().to_string());
    }
    Ok(applied)
}

/// The cause of a failed migration. A type of its own, because `Box<dyn Error>` does not implement `Error`.
struct Failed(Box<dyn Error + Send + Sync>);

impl From<diesel::result::Error> for Failed {
    fn from(error: diesel::result::Error) -> Self {
        Self(Box::new(error))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use diesel::migration::MigrationSource;
    use diesel::pg::Pg;
    use diesel::sqlite::Sqlite;

    use super::*;

    fn embedded<DB: Backend>(migrations: EmbeddedMigrations) -> Vec<String>
    where
        EmbeddedMigrations: MigrationSource<DB>,
    {
        let migrations = migrations.migrations().expect("embedded migrations can be read");
        let mut names: Vec<String> = migrations.iter().map(|migration| migration.name().to_string()).collect();
        names.sort();
        names
    }

    fn directories(backend: &str) -> Vec<String> {
        let path = format!("{}/migrations/{backend}", env!("CARGO_MANIFEST_DIR"));
        let entries = fs::read_dir(path).expect("the directory of migrations can be read");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
        names.sort();
        names
    }

    // A directory that was added is not embedded until this file is compiled again.
    #[test]
    fn every_migration_is_embedded_for_both_backends() {
        assert_eq!(embedded::<Sqlite>(SQLITE), directories("sqlite"));
        assert_eq!(embedded::<Pg>(POSTGRES), directories("postgres"));
        assert_eq!(directories("sqlite"), directories("postgres"));
        assert!(!directories("sqlite").is_empty());
    }
}
