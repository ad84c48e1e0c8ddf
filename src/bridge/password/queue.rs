//! The queue of passwords and the loop of the threads that take them from it.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use secrecy::SecretString;
use tokio::sync::oneshot;

use super::arena::Arena;
use super::verification::{PasswordError, PasswordVerification};

/// The activity of the threads of a [`PasswordHasher`](crate::PasswordHasher).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordActivity {
    /// Number of passwords that are being hashed or verified.
    pub running: usize,
    /// Number of passwords that wait for a thread.
    pub waiting: usize,
    /// Number of argon2 computations since the start. A verification that also makes a new hash counts as two.
    pub computed: u64,
}

pub(super) type Reply<T> = oneshot::Sender<Result<T, PasswordError>>;

/// A password to hash or verify, and the channel for the answer.
pub(super) enum Job {
    Hash { password: SecretString, reply: Reply<String> },
    Verify { password: SecretString, phc: Option<String>, reply: Reply<PasswordVerification> },
}

impl Job {
    /// Whether the caller has dropped its future.
    fn is_abandoned(&self) -> bool {
        match self {
            Self::Hash { reply, .. } => reply.is_closed(),
            Self::Verify { reply, .. } => reply.is_closed(),
        }
    }

    /// Does the work, frees the slot, and then sends the answer. In this order a caller that has its answer finds the
    /// slot free.
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

/// The waiting jobs: at most `capacity` of them, plus one for each idle thread.
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

    /// Queues a job, or refuses it at once when the queue is full. Abandoned jobs are removed first.
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

    /// Ends the threads. It is called when the last [`PasswordHasher`](crate::PasswordHasher) is dropped, when no
    /// caller waits any more.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    pub(super) fn activity(&self) -> PasswordActivity {
        let state = self.lock();
        PasswordActivity { running: state.running, waiting: state.waiting.len(), computed: state.computed }
    }

    /// Waits for the next job that is not abandoned; `None` when the queue is closed.
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

    /// Locks the state. No code that can panic runs under the lock, so a poisoned state is still consistent.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One unit of `State::running`. Dropping it frees it, also when the job panics.
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

/// The loop of each thread until the queue is closed.
///
/// A panic is caught: the request gets an error, and the thread goes on.
pub(super) fn work(queue: &Arc<Queue>, mut arena: Arena) {
    lower_priority();
    while let Some((job, slot)) = queue.next() {
        if catch_unwind(AssertUnwindSafe(|| job.run(&mut arena, slot))).is_err() {
            tracing::error!("a password hash panicked");
        }
        arena.shrink();
    }
}

/// Lowers the priority of the current thread, so that requests without a password come first. On Linux a priority
/// belongs to one thread. With 10 a saturated machine still answers the other requests.
#[cfg(target_os = "linux")]
fn lower_priority() {
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 10) {
        tracing::warn!(%error, "password threads run at normal priority");
    }
}

/// Does nothing: on other systems a priority belongs to the whole process.
#[cfg(not(target_os = "linux"))]
fn lower_priority() {}
