//! What is noted of reads: when a login was last seen and an API token last used, and until when an idle session lives.
//!
//! A read must not wait for a write, and thousands of logins are read in the time of one commit. So the notes are
//! gathered here, one for each login, API token and session, and one [background task](super::touch_writer) writes all of them in one transaction, and the
//! next ones a little later. Every commit makes the read caches start over, so fewer commits serve reads too.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::UnixTime;

/// How long no note is taken after one could not be written, so that the log says so once in this time.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

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

/// When each login was seen and each API token used, and until when each session lives.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) logins: HashMap<String, UnixTime>,
    pub(super) sessions: HashMap<[u8; 32], UnixTime>,
    pub(super) api_tokens: HashMap<String, UnixTime>,
    /// Those who wait for the batch. They are woken when it is dropped.
    waiting: Vec<oneshot::Sender<()>>,
}

/// What a note became.
pub(super) struct Noted {
    /// Ready when the batch is dropped, committed or not. Nothing is ever sent.
    pub(super) is_over: oneshot::Receiver<()>,
    /// Whether a task has to begin that writes the batches.
    pub(super) needs_writer: bool,
}

impl Touches {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a note to the next batch. `None` when the key has a note that is not committed yet, or none can be written.
    pub(super) fn add<K: Eq + Hash>(
        &self,
        map: fn(&mut Batch) -> &mut HashMap<K, UnixTime>,
        key: K,
        time: UnixTime,
    ) -> Option<Noted> {
        let mut state = self.lock();
        let has_failed = state.failed_at.is_some_and(|at| at.elapsed() < AFTER_FAILURE);
        if has_failed || map(&mut state.in_flight).contains_key(&key) || map(&mut state.gathered).contains_key(&key) {
            return None;
        }
        map(&mut state.gathered).insert(key, time);
        let (waiting, is_over) = oneshot::channel();
        state.gathered.waiting.push(waiting);
        Some(Noted { is_over, needs_writer: !std::mem::replace(&mut state.has_writer, true) })
    }

    /// The rows of the next transaction. `None` when there are none: the task ends.
    pub(super) fn begin(&self) -> Option<Rows> {
        let mut state = self.lock();
        state.in_flight = std::mem::take(&mut state.gathered);
        let Batch { logins, sessions, api_tokens, .. } = &state.in_flight;
        let rows = Rows { logins: by_time(logins), sessions: by_time(sessions), api_tokens: by_time(api_tokens) };
        state.has_writer = rows.count() > 0;
        state.has_writer.then_some(rows)
    }

    /// The transaction is committed.
    pub(super) fn end(&self) {
        self.lock().in_flight = Batch::default();
    }

    /// The transaction has failed. What was gathered meanwhile is dropped too.
    pub(super) fn fail(&self) {
        *self.lock() = State { has_writer: true, failed_at: Some(Instant::now()), ..State::default() };
    }

    /// The task has ended before its time.
    pub(super) fn abandon(&self) {
        *self.lock() = State::default();
    }
}

/// The rows of a transaction, by the time that they get.
pub(super) struct Rows {
    pub(super) logins: BTreeMap<UnixTime, Vec<String>>,
    pub(super) sessions: BTreeMap<UnixTime, Vec<[u8; 32]>>,
    pub(super) api_tokens: BTreeMap<UnixTime, Vec<String>>,
}

impl Rows {
    pub(super) fn count(&self) -> usize {
        let ids = self.logins.values().chain(self.api_tokens.values()).map(Vec::len);
        ids.chain(self.sessions.values().map(Vec::len)).sum()
    }
}

fn by_time<K: Clone>(times: &HashMap<K, UnixTime>) -> BTreeMap<UnixTime, Vec<K>> {
    let mut by_time: BTreeMap<UnixTime, Vec<K>> = BTreeMap::new();
    times.iter().for_each(|(key, time)| by_time.entry(*time).or_default().push(key.clone()));
    by_time
}
