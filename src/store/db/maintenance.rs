//! Operation of a database: migration, health check, and deletion of expired rows.

use std::time::Duration;

use diesel::dsl::exists;
use diesel::prelude::*;
use tokio::time::sleep;

use super::connection::{Connection, each};
use super::database::Database;
use super::error::DatabaseError;
use super::retention::Retention;
use super::schema::users;
use super::write::row_count;
use super::{api_tokens, attempts, audit, codes, login_ends, migrations, revoked_tokens, sessions, signing_keys};
use crate::{StoreError, UnixTime};

/// How many rows one transaction of the sweep deletes: a few milliseconds of work.
pub(super) const BATCH: i64 = 500;

/// The pause after a batch. Another process that waits for SQLite's lock polls for it, and would miss a shorter one.
pub(super) const PAUSE: Duration = Duration::from_millis(10);

impl Database {
    /// Brings the tables up to date, and returns the names of the applied migrations. Any number of processes may
    /// call it at once.
    ///
    /// # Errors
    ///
    /// When a migration fails. Nothing is changed then.
    pub async fn migrate(&self) -> Result<Vec<String>, DatabaseError> {
        self.0.pool.run_to_end(migrations::migrate).await?
    }

    /// The names of the migrations that are not applied yet, in their order. It changes nothing, and needs no right but
    /// to read.
    ///
    /// # Errors
    ///
    /// When a later version of this program has changed the tables, or the database is unavailable.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, DatabaseError> {
        self.0.pool.run_to_end(migrations::pending).await?
    }

    /// Whether the database answers and has its tables. It waits for no write.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let any_user = |connection: &mut Connection| each!(connection, c => diesel::select(exists(users::table.select(users::id))).get_result::<bool>(c));
        self.read(any_user).await.map(|_any| ())
    }

    /// Deletes expired sessions and codes, forgotten attempts, and what has been over at `now` for as long as `retention` says.
    /// Returns the number of deleted rows.
    ///
    /// It deletes in small batches, each with a transaction of its own, and lets other writes pass between them.
    ///
    /// # Errors
    ///
    /// When the database is unavailable. The batches before stay deleted.
    pub async fn sweep(&self, now: UnixTime, retention: Retention) -> Result<u64, StoreError> {
        let ended_by = before(now, retention.ended);
        let sessions = self.sweep_batches(move |connection| sessions::delete_expired(connection, now, BATCH)).await?;
        let codes = self.sweep_batches(move |connection| codes::delete_expired(connection, now, BATCH)).await?;
        let logins =
            self.sweep_batches(move |connection| login_ends::delete_ended(connection, ended_by, BATCH)).await?;
        let tokens = self.sweep_batches(move |connection| api_tokens::delete_over(connection, ended_by, BATCH)).await?;
        let attempts = self.sweep_batches(move |connection| attempts::delete_forgotten(connection, now, BATCH)).await?;
        let over = move |connection: &mut Connection| {
            connection.transaction(|connection| signing_keys::delete_over(connection, now))
        };
        let keys = row_count(self.write(over).await?);
        let revoked = row_count(self.write(move |connection| revoked_tokens::delete_expired(connection, now)).await?);
        let records = self.sweep_audit(now, retention).await?;
        Ok(sessions + codes + logins + tokens + attempts + keys + revoked + records)
    }

    /// Deletes the records of the audit that are too old, and those that are too many about one user.
    async fn sweep_audit(&self, now: UnixTime, retention: Retention) -> Result<u64, StoreError> {
        let old = before(now, retention.audit);
        let mut deleted = self.sweep_batches(move |connection| audit::delete_old(connection, old, BATCH)).await?;
        let kept = i64::from(retention.records_of_user);
        for group in self.groups_with_too_many_records(kept).await? {
            let excess = move |connection: &mut Connection| audit::delete_excess(connection, group, kept, BATCH);
            deleted += self.sweep_batches(excess).await?;
        }
        Ok(deleted)
    }

    /// Repeats a deletion of up to [`BATCH`] rows until it finds fewer.
    async fn sweep_batches(
        &self,
        delete: impl Fn(&mut Connection) -> QueryResult<usize> + Copy + Send + 'static,
    ) -> Result<u64, StoreError> {
        let mut deleted = 0;
        loop {
            let rows = row_count(self.write(delete).await?);
            deleted += rows;
            if rows < BATCH.unsigned_abs() {
                return Ok(deleted);
            }
            sleep(PAUSE).await;
        }
    }
}

/// The time that is so long before `now`.
fn before(now: UnixTime, time: Duration) -> UnixTime {
    now.saturating_sub(i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}
