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

/// Any number, the same in every process: the key of PostgreSQL's advisory lock.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7310612019462103154)";

/// Applies what is missing, in one transaction that holds a lock from its start, and answers the names of what it
/// applied. Of several processes that do this at once, one applies and the others find nothing to do.
pub(super) fn migrate(connection: &mut Connection) -> Result<Vec<String>, DatabaseError> {
    let migrated = connection.transaction(|connection| {
        lock(connection)?;
        match connection {
            Connection::Sqlite(c) => apply(c, SQLITE),
            Connection::Postgres(c) => apply(c, POSTGRES),
        }
    });
    migrated.map_err(|Failed(cause)| DatabaseError::Migrate(cause))
}

/// The transaction on SQLite is `BEGIN IMMEDIATE`, which is such a lock.
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

/// Why a migration failed. (`Box<dyn Error>` itself is no `Error`, so a type of our own carries it.)
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
