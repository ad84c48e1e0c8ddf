//! The one queue and the threads that serve it.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use secrecy::SecretString;
use tokio::sync::oneshot;

use super::arena::Arena;
use super::verification::{PasswordError, PasswordVerification};

/// What the threads of a [`PasswordHasher`](crate::PasswordHasher) are doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordActivity {
    /// Passwords being hashed or verified.
    pub running: usize,
    /// Passwords that wait for a thread.
    pub waiting: usize,
    /// Argon2 computations since the start; a verification that hashes anew counts two.
    pub computed: u64,
}

pub(super) type Reply<T> = oneshot::Sender<Result<T, PasswordError>>;

/// A password on its way to a thread, and where the answer goes.
pub(super) enum Job {
    Hash { password: SecretString, reply: Reply<String> },
    Verify { password: SecretString, phc: Option<String>, reply: Reply<PasswordVerification> },
}

impl Job {
    /// Whether the request that asked is gone.
    fn is_abandoned(&self) -> bool {
        match self {
            Self::Hash { reply, .. } => reply.is_closed(),
            Self::Verify { reply, .. } => reply.is_closed(),
        }
    }

    /// Does the work, then frees the slot, and only then answers: who has the answer finds the slot free.
    fn run(self, arena: &mut Arena, slot: Slot<'_>) {
        match self {
            Self::Hash { password, reply } => {
                let answer = arena.hash(&password);
                slot.free(arena);
                reply.send(answer).ok();
            }
            Self::Verify { password, phc, reply } => {
                let answer = arena.verify(&password, phc.as_deref());
                slot.free(arena);
                reply.send(answer).ok();
            }
        }
    }
}

/// Waiting jobs, at most `capacity` of them beyond what the threads can take at once.
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    threads: usize,
    capacity: usize,
}

struct State {
    waiting: VecDeque<Job>,
    running: usize,
    computed: u64,
    closed: bool,
}

impl Queue {
    pub(super) fn new(threads: usize, capacity: usize) -> Self {
        let state = State { waiting: VecDeque::new(), running: 0, computed: 0, closed: false };
        Self { state: Mutex::new(state), changed: Condvar::new(), threads, capacity }
    }

    /// Queues a job, or refuses it at once. A job whose request is gone keeps nobody out.
    pub(super) fn push(&self, job: Job) -> Result<(), PasswordError> {
        let mut state = self.lock();
        let room = self.threads.saturating_add(self.capacity).saturating_sub(state.running);
        if state.waiting.len() >= room {
            state.waiting.retain(|job| !job.is_abandoned());
            if state.waiting.len() >= room {
                return Err(PasswordError::Overloaded);
            }
        }
        state.waiting.push_back(job);
        self.changed.notify_one();
        Ok(())
    }

    /// Sends the threads home; only the last [`PasswordHasher`](crate::PasswordHasher) does, so nobody waits any more.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    pub(super) fn activity(&self) -> PasswordActivity {
        let state = self.lock();
        PasswordActivity { running: state.running, waiting: state.waiting.len(), computed: state.computed }
    }

    /// The next job that somebody still waits for; `None` when the queue is closed.
    fn next(&self) -> Option<(Job, Slot<'_>)> {
        let mut state = self.lock();
        while !state.closed {
            match state.waiting.pop_front() {
                Some(job) if job.is_abandoned() => {}
                Some(job) => {
                    state.running += 1;
                    return Some((job, Slot(self)));
                }
                None => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
        None
    }

    /// No code that can panic runs under the lock, so a poisoned one is still whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of the places of the running jobs; freed on drop, so also by a panic.
struct Slot<'a>(&'a Queue);

impl Slot<'_> {
    fn free(self, arena: &mut Arena) {
        self.0.lock().computed += arena.take_computed();
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.lock().running -= 1;
    }
}

/// What each thread does until the queue is closed.
///
/// A panic costs the request its answer, not the server a thread.
pub(super) fn work(queue: &Arc<Queue>, mut arena: Arena) {
    lower_priority();
    while let Some((job, slot)) = queue.next() {
        if catch_unwind(AssertUnwindSafe(|| job.run(&mut arena, slot))).is_err() {
            tracing::error!("a password hash panicked");
        }
        arena.shrink();
    }
}

/// Lets requests that need no password go first: on Linux priority belongs to the thread, and 10 is the value at which
/// a saturated machine still answers them.
#[cfg(target_os = "linux")]
fn lower_priority() {
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 10) {
        tracing::warn!(%error, "password threads keep the normal priority");
    }
}

/// Elsewhere priority belongs to the whole process.
#[cfg(not(target_os = "linux"))]
fn lower_priority() {}
