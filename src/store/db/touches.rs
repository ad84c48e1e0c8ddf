//! What is noted of reads: when a login was last seen, and until when an idle session lives.
//!
//! A read must not wait for a write, and thousands of logins are read in the time of one commit. So the notes are
//! gathered, one for each login and session, and one background task writes all of them in one transaction, and the
//! next ones at least [`PAUSE`] later. Every commit makes the read caches start over, so fewer commits serve reads too.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diesel::QueryResult;
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::connection::Connection;
use super::database::Database;
use super::{logins, sessions};
use crate::UnixTime;

/// The pause after a transaction, in which the notes of the next one are gathered.
const PAUSE: Duration = Duration::from_millis(50);

/// How long no note is taken after one could not be written, so that the log says so once in this time.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// The most rows of one statement.
const CHUNK: usize = 500;

/// The notes that are not committed yet.
#[derive(Default)]
pub(super) struct Touches(Mutex<State>);

#[derive(Default)]
struct State {
    gathered: Batch,
    /// The batch that is being written.
    in_flight: Batch,
    /// Whether a task writes the batches.
    has_writer: bool,
    failed_at: Option<Instant>,
}

/// When each login was seen, and until when each session lives.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) logins: HashMap<String, UnixTime>,
    pub(super) sessions: HashMap<[u8; 32], UnixTime>,
    /// Those who wait for the batch. They are woken when it is dropped.
    waiting: Vec<oneshot::Sender<()>>,
}

impl Touches {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The rows of the next transaction. `None` when there are none: the task ends.
    fn begin(&mut self) -> Option<Rows> {
        self.in_flight = std::mem::take(&mut self.gathered);
        let Batch { logins, sessions, .. } = &self.in_flight;
        self.has_writer = !(logins.is_empty() && sessions.is_empty());
        self.has_writer.then(|| Rows { logins: by_time(logins), sessions: by_time(sessions) })
    }

    /// The transaction has ended, or has failed at this time.
    fn end(&mut self, failed_at: Option<Instant>) {
        self.failed_at = failed_at;
        self.in_flight = Batch::default();
    }
}

impl Database {
    /// Notes the time under this key, and waits until it is committed. A note of a key that has one pending is dropped,
    /// and so are the notes that cannot be written: the next read makes another one.
    pub(super) async fn note<K: Eq + Hash>(
        &self,
        map: fn(&mut Batch) -> &mut HashMap<K, UnixTime>,
        key: K,
        time: UnixTime,
    ) {
        let committed = {
            let mut state = self.0.touches.lock();
            let has_failed = state.failed_at.is_some_and(|at| at.elapsed() < AFTER_FAILURE);
            if has_failed || map(&mut state.in_flight).contains_key(&key) || map(&mut state.gathered).contains_key(&key)
            {
                return;
            }
            map(&mut state.gathered).insert(key, time);
            let (waiting, committed) = oneshot::channel();
            state.gathered.waiting.push(waiting);
            if !state.has_writer {
                state.has_writer = true;
                tokio::spawn(Writer { database: self.clone(), is_done: false }.run());
            }
            committed
        };
        // The sender is dropped with its batch, never used.
        let _ = committed.await;
    }
}

/// The task that writes the batches.
struct Writer {
    database: Database,
    /// Whether it has ended because there was nothing left to write.
    is_done: bool,
}

impl Writer {
    async fn run(mut self) {
        loop {
            let touches = &self.database.0.touches;
            let Some(rows) = touches.lock().begin() else { break };
            let count = rows.count();
            let written =
                self.database.write(move |connection| connection.transaction(|connection| rows.write(connection)));
            let failed = written.await.err();
            if let Some(error) = &failed {
                tracing::warn!(%error, count, "could not note when logins and sessions were last used");
            }
            touches.lock().end(failed.map(|_error| Instant::now()));
            sleep(PAUSE).await;
        }
        self.is_done = true;
    }
}

impl Drop for Writer {
    /// When the task ends with its runtime, nobody may wait for it.
    fn drop(&mut self) {
        if !self.is_done {
            *self.database.0.touches.lock() = State::default();
        }
    }
}

/// The rows of a transaction, by the time that they get.
struct Rows {
    logins: BTreeMap<UnixTime, Vec<String>>,
    sessions: BTreeMap<UnixTime, Vec<[u8; 32]>>,
}

impl Rows {
    fn count(&self) -> usize {
        self.logins.values().map(Vec::len).chain(self.sessions.values().map(Vec::len)).sum()
    }

    fn write(&self, connection: &mut Connection) -> QueryResult<()> {
        for (seen_at, ids) in &self.logins {
            ids.chunks(CHUNK).try_for_each(|ids| logins::touch(connection, ids, *seen_at))?;
        }
        for (expires_at, keys) in &self.sessions {
            keys.chunks(CHUNK).try_for_each(|keys| sessions::touch(connection, keys, *expires_at))?;
        }
        Ok(())
    }
}

fn by_time<K: Clone>(times: &HashMap<K, UnixTime>) -> BTreeMap<UnixTime, Vec<K>> {
    let mut by_time: BTreeMap<UnixTime, Vec<K>> = BTreeMap::new();
    times.iter().for_each(|(key, time)| by_time.entry(*time).or_default().push(key.clone()));
    by_time
}
