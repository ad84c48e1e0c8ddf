//! The task that writes the gathered [notes](super::touches).

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use diesel::QueryResult;
use tokio::time::sleep;

use super::connection::Connection;
use super::database::Database;
use super::touches::{Batch, Rows};
use super::{api_tokens, logins, sessions};
use crate::UnixTime;

/// The pause after a transaction, in which the notes of the next one are gathered.
const PAUSE: Duration = Duration::from_millis(50);

/// The most rows of one statement.
const CHUNK: usize = 500;

impl Database {
    /// Notes the time under this key, and waits until it is committed. A note of a key that has one pending is dropped,
    /// and so are the notes that cannot be written: the next read makes another one.
    pub(super) async fn note<K: Eq + Hash>(
        &self,
        map: fn(&mut Batch) -> &mut HashMap<K, UnixTime>,
        key: K,
        time: UnixTime,
    ) {
        let Some(noted) = self.0.touches.add(map, key, time) else { return };
        if noted.needs_writer {
            tokio::spawn(Writer { database: self.clone(), is_done: false }.run());
        }
        let _ = noted.is_over.await;
    }
}

struct Writer {
    database: Database,
    /// Whether it has ended because there was nothing left to write.
    is_done: bool,
}

impl Writer {
    async fn run(mut self) {
        while let Some(rows) = self.database.0.touches.begin() {
            let count = rows.count();
            let work = move |connection: &mut Connection| connection.transaction(|connection| write(connection, &rows));
            match self.database.write(work).await {
                Ok(()) => self.database.0.touches.end(),
                Err(error) => {
                    tracing::warn!(%error, count, "could not note when logins and sessions were last used");
                    self.database.0.touches.fail();
                }
            }
            sleep(PAUSE).await;
        }
        self.is_done = true;
    }
}

impl Drop for Writer {
    /// When the task ends with its runtime, nobody may wait for it.
    fn drop(&mut self) {
        if !self.is_done {
            self.database.0.touches.abandon();
        }
    }
}

fn write(connection: &mut Connection, rows: &Rows) -> QueryResult<()> {
    for (seen_at, ids) in &rows.logins {
        ids.chunks(CHUNK).try_for_each(|ids| logins::touch(connection, ids, *seen_at))?;
    }
    for (expires_at, keys) in &rows.sessions {
        keys.chunks(CHUNK).try_for_each(|keys| sessions::touch(connection, keys, *expires_at))?;
    }
    for (used_at, ids) in &rows.api_tokens {
        ids.chunks(CHUNK).try_for_each(|ids| api_tokens::touch(connection, ids, *used_at))?;
    }
    Ok(())
}
