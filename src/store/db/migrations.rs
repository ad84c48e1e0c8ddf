//! The migrations of both backends, embedded in the program.

use std::error::Error;

use diesel::backend::Backend;
use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel::sql_query;
use diesel::sql_types::{Bool, Text};
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, QueryableByName, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::{Connection, each};
use super::error::DatabaseError;
use super::username_backfill;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The migration whose columns the program fills.
const USERNAME_KEYS: &str = "_username_keys";

/// The key of PostgreSQL's advisory lock is an arbitrary number, the same in every process.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7310612019462103154)";

/// Applies the pending migrations in one transaction that holds a lock from its start, and returns their names. Of
/// several processes that do this at once, one applies them and the others find none pending.
pub(super) fn migrate(connection: &mut Connection) -> Result<Vec<String>, DatabaseError> {
    let migrate = |connection: &mut Connection| {
        connection.take_time()?;
        lock(connection)?;
        let applied = match connection {
            Connection::Sqlite(c) => apply(c, SQLITE),
            Connection::Postgres(c) => apply(c, POSTGRES),
        }?;
        // What SQL cannot compute.
        if applied.iter().any(|name| name.ends_with(USERNAME_KEYS)) {
            username_backfill::fill(connection)?;
        }
        Ok(applied)
    };
    let migrated: Result<_, Failed> = connection.at_start(|connection| connection.transaction(migrate));
    migrated.map_err(DatabaseError::from)
}

/// The names of the migrations that are not applied yet. Unlike Diesel's harness, which makes its table first, it only
/// reads: the role of a server needs no right to make tables.
pub(super) fn pending(connection: &mut Connection) -> Result<Vec<String>, DatabaseError> {
    let exists = match connection {
        Connection::Sqlite(c) => {
            sql_query("SELECT count(*) > 0 AS found FROM sqlite_master WHERE name = '__diesel_schema_migrations'")
                .get_result(c)
        }
        Connection::Postgres(c) => {
            sql_query("SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL AS found").get_result(c)
        }
    };
    let Exists { found } = exists.map_err(Failed::from)?;
    let applied: Vec<Applied> = if found {
        each!(connection, c => sql_query("SELECT version FROM __diesel_schema_migrations").load(c))
            .map_err(Failed::from)?
    } else {
        Vec::new()
    };
    let applied: Vec<String> = applied.into_iter().map(|row| row.version).collect();
    Ok(match connection {
        Connection::Sqlite(_) => missing::<Sqlite>(&applied, &SQLITE),
        Connection::Postgres(_) => missing::<Pg>(&applied, &POSTGRES),
    }?)
}

fn missing<DB: Backend>(applied: &[String], embedded: &EmbeddedMigrations) -> Result<Vec<String>, Failed>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    refuse_newer::<DB>(applied.iter().cloned(), embedded)?;
    let known = embedded.migrations().map_err(Failed::Migration)?;
    let missing = known.iter().map(|migration| migration.name());
    let missing = missing.filter(|name| !applied.contains(&name.version().to_string()));
    let mut names: Vec<_> = missing.map(ToString::to_string).collect();
    names.sort();
    Ok(names)
}

#[derive(QueryableByName)]
struct Exists {
    #[diesel(sql_type = Bool)]
    found: bool,
}

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Text)]
    version: String,
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
    let done = harness.applied_migrations().map_err(Failed::Migration)?;
    refuse_newer::<DB>(done.iter().map(ToString::to_string), &embedded)?;
    let mut applied = Vec::new();
    for migration in harness.pending_migrations(embedded).map_err(Failed::Migration)? {
        harness.run_migration(&*migration).map_err(Failed::Migration)?;
        applied.push(migration.name().to_string());
    }
    Ok(applied)
}

/// Refuses tables that a later version of this program has changed: it would not understand them.
fn refuse_newer<DB: Backend>(applied: impl Iterator<Item = String>, embedded: &EmbeddedMigrations) -> Result<(), Failed>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let known = embedded.migrations().map_err(Failed::Migration)?;
    let known: Vec<_> = known.iter().map(|migration| migration.name().version().to_string()).collect();
    match applied.filter(|version| !known.contains(version)).max() {
        Some(found) => Err(Failed::Newer { found, known: known.into_iter().max().unwrap_or_default() }),
        None => Ok(()),
    }
}

/// Why the tables are not up to date.
enum Failed {
    Migration(Box<dyn Error + Send + Sync>),
    Newer { found: String, known: String },
}

impl From<Failed> for DatabaseError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Migration(cause) => Self::Migrate(cause),
            Failed::Newer { found, known } => Self::NewerSchema { found, known },
        }
    }
}

impl From<diesel::result::Error> for Failed {
    fn from(error: diesel::result::Error) -> Self {
        Self::Migration(Box::new(error))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

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
