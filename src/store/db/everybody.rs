//! The end of everybody's logins, for an operator: a key was stolen, or a store was copied.

use diesel::prelude::*;
use diesel::result::Error as QueryError;
use tokio::time::sleep;

use super::audit;
use super::connection::{Connection, each};
use super::database::Database;
use super::maintenance::{BATCH, PAUSE};
use super::schema::{logins, sessions};
use super::write::row_count;
use crate::{Act, Action, AuditRecord, EndReason, StoreError, UnixTime};

impl Database {
    /// Ends every login that is live at `now` and began by then, with its sessions, and returns their number. API tokens are
    /// no logins.
    ///
    /// It ends them in small batches, each with a transaction of its own, and lets other writes pass between them.
    /// Each has a record in the audit. `progress` is told how many have ended so far.
    ///
    /// # Errors
    ///
    /// When the database is unavailable. The logins of the batches before have ended; call it again.
    pub async fn end_everybody(
        &self,
        reason: EndReason,
        act: &Act,
        now: UnixTime,
        mut progress: impl FnMut(u64),
    ) -> Result<u64, StoreError> {
        let mut ended = 0;
        loop {
            let all = AuditRecord::new(now, Action::LoginsEnded, act.clone()).because(reason.as_str());
            let batch = move |connection: &mut Connection| {
                let rows = row_count(end_some(connection, reason, now)?);
                if rows > 0 {
                    audit::write(connection, &all.counting(rows))?;
                }
                Ok::<_, QueryError>(rows)
            };
            let rows = self.write(move |connection| connection.transaction(batch)).await?;
            ended += rows;
            progress(ended);
            // A batch leaves out the logins that another transaction is changing.
            if rows == 0 && !self.read(move |connection| any_is_live(connection, now)).await? {
                return Ok(ended);
            }
            sleep(PAUSE).await;
        }
    }
}

/// Ends up to a batch of logins. It waits for no other transaction, so that it can be part of no deadlock.
fn end_some(connection: &mut Connection, reason: EndReason, now: UnixTime) -> QueryResult<usize> {
    let live = logins::table
        .filter(logins::ended_at.is_null())
        .filter(logins::expires_at.gt(now))
        .filter(logins::created_at.le(now))
        .select(logins::id)
        .limit(BATCH);
    let ids: Vec<String> = match connection {
        Connection::Sqlite(c) => live.load(c)?,
        Connection::Postgres(c) => live.for_no_key_update().skip_locked().load(c)?,
    };
    each!(connection, c => {
        let ended = diesel::update(logins::table.filter(logins::id.eq_any(&ids)).filter(logins::ended_at.is_null()))
            .set((logins::ended_at.eq(now), logins::end_reason.eq(reason.as_str())))
            .execute(c)?;
        diesel::delete(sessions::table.filter(sessions::login_id.eq_any(&ids))).execute(c)?;
        Ok(ended)
    })
}

fn any_is_live(connection: &mut Connection, now: UnixTime) -> QueryResult<bool> {
    each!(connection, c => {
        let live = logins::table
            .filter(logins::ended_at.is_null())
            .filter(logins::expires_at.gt(now))
            .filter(logins::created_at.le(now));
        diesel::select(diesel::dsl::exists(live)).get_result(c)
    })
}
