//! Operation of a database: migration, health check, and deletion of expired rows.

use diesel::dsl::exists;
use diesel::prelude::*;

use super::connection::{Connection, each};
use super::database::Database;
use super::error::DatabaseError;
use super::schema::users;
use super::write::row_count;
use super::{logins, migrations, sessions};
use crate::{StoreError, UnixTime};

/// How long an ended login is kept, in seconds. Until then its credentials are rejected with the reason of the end.
const ENDED_LOGIN_TTL: i64 = 30 * 24 * 60 * 60;

impl Database {
    /// Brings the tables up to date, and returns the names of the applied migrations. Any number of processes may
    /// call it at once.
    ///
    /// # Errors
    ///
    /// When a migration fails. Nothing is changed then.
    pub async fn migrate(&self) -> Result<Vec<String>, DatabaseError> {
        self.try_write(migrations::migrate).await
    }

    /// Whether the database answers and has its tables.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let any_user = |connection: &mut Connection| each!(connection, c => diesel::select(exists(users::table.select(users::id))).get_result::<bool>(c));
        self.read_in_pool(any_user).await.map(|_any| ())
    }

    /// Deletes expired sessions, and logins that ended or expired 30 days before `now` or earlier. Returns the
    /// number of deleted rows.
    ///
    /// # Errors
    ///
    /// When the database is unavailable.
    pub async fn sweep(&self, now: UnixTime) -> Result<u64, StoreError> {
        let sessions = self.write(move |connection| sessions::delete_expired(connection, now)).await?;
        let ended_by = now.saturating_sub(ENDED_LOGIN_TTL);
        let logins = self.write(move |connection| logins::delete_ended(connection, ended_by)).await?;
        Ok(row_count(sessions + logins))
    }
}
