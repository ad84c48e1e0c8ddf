//! The migrations of both backends, embedded in the program.

use std::error::Error;

use diesel::backend::Backend;
use diesel::migration::MigrationSource;
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
    let migrate = |connection: &mut Connection| {
        connection.take_time()?;
        lock(connection)?;
        match connection {
            Connection::Sqlite(c) => apply(c, SQLITE),
            Connection::Postgres(c) => apply(c, POSTGRES),
        }
    };
    let migrated = connection.at_start(|connection| connection.transaction(migrate));
    migrated.map_err(|failed| match failed {
        Failed::Migration(cause) => DatabaseError::Migrate(cause),
        Failed::Newer { found, known } => DatabaseError::NewerSchema { found, known },
    })
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
    EmbeddedMigrations: MigrationSource<DB>,
{
    refuse_newer(harness, &embedded)?;
    let mut applied = Vec::new();
    for migration in harness.pending_migrations(embedded).map_err(Failed::Migration)? {
        harness.run_migration(&*migration).map_err(Failed::Migration)?;
        applied.push(migration.name().to_string());
    }
    Ok(applied)
}

/// Refuses tables that a later version of this program has changed: it would not understand them.
fn refuse_newer<DB: Backend>(
    harness: &mut impl MigrationHarness<DB>,
    embedded: &EmbeddedMigrations,
) -> Result<(), Failed>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let known = embedded.migrations().map_err(Failed::Migration)?;
    let known: Vec<_> = known.iter().map(|migration| migration.name().version().to_string()).collect();
    let applied = harness.applied_migrations().map_err(Failed::Migration)?;
    let unknown = applied.iter().map(ToString::to_string).filter(|version| !known.contains(version)).max();
    match unknown {
        Some(found) => Err(Failed::Newer { found, known: known.into_iter().max().unwrap_or_default() }),
        None => Ok(()),
    }
}

/// Why the tables are not up to date.
enum Failed {
    Migration(Box<dyn Error + Send + Sync>),
    Newer { found: String, known: String },
}

impl From<diesel::result::Error> for Failed {
    fn from(error: diesel::result::Error) -> Self {
        Self::Migration(Box::new(error))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

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
