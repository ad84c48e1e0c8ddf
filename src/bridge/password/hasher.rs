//! The public password hasher, which owns the threads.

use std::fmt;
use std::sync::Arc;
use std::thread;

use argon2::Params;
use secrecy::SecretString;
use tokio::sync::oneshot;

use super::arena::{Arena, OUTPUT_LEN};
use super::queue;
use super::queue::{Job, PasswordActivity, Queue, Reply};
use super::verification::{PasswordError, PasswordVerification};

/// The cost of a password hash, and the number of hashes that are computed at the same time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordParams {
    /// Memory of one hash in KiB, argon2's `m`: at least 8 for each lane.
    pub memory_kib: u32,
    /// Passes over the memory, argon2's `t`.
    pub iterations: u32,
    /// Lanes, argon2's `p`. One thread computes them one after the other, so more than one is only for compatibility.
    pub parallelism: u32,
    /// Number of hashing threads. Each keeps `memory_kib` of memory after its first hash.
    pub threads: usize,
    /// Number of passwords that may wait while every thread is busy.
    pub queue: usize,
}

impl Default for PasswordParams {
    /// 19 MiB, two passes and one lane (the minimum of the OWASP Password Storage Cheat Sheet), one thread for each
    /// core, and 64 waiting passwords.
    fn default() -> Self {
        Self {
            memory_kib: Params::DEFAULT_M_COST,
            iterations: Params::DEFAULT_T_COST,
            parallelism: Params::DEFAULT_P_COST,
            threads: thread::available_parallelism().map_or(1, usize::from),
            queue: 64,
        }
    }
}

/// Hashes and verifies passwords. Clones share the threads. The threads end when the last clone is dropped.
///
/// A hash is a PHC string (`$argon2id$v=19$m=19456,t=2,p=1$salt$hash`) with a random salt of 16 bytes and an output of
/// 32 bytes. The caller must limit the length of passwords. The hasher never truncates a password.
#[derive(Clone)]
pub struct PasswordHasher(Arc<Threads>);

/// The running threads, which end when this is dropped.
struct Threads {
    queue: Arc<Queue>,
    params: PasswordParams,
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl PasswordHasher {
    /// Starts the threads, named `password-0` and so on.
    ///
    /// # Errors
    ///
    /// [`PasswordError::Unusable`] when argon2 does not accept a parameter, which it names, or when a thread could not
    /// be started.
    pub fn new(params: PasswordParams) -> Result<Self, PasswordError> {
        let argon2 = validate(&params)?;
        let queue = Arc::new(Queue::new(params.threads, params.queue));
        let hasher = Self(Arc::new(Threads { queue: Arc::clone(&queue), params }));
        for index in 0..hasher.0.params.threads {
            let queue = Arc::clone(&queue);
            let arena = Arena::new(argon2.clone());
            thread::Builder::new()
                .name(format!("password-{index}"))
                .spawn(move || queue::work(&queue, arena))
                .map_err(|error| PasswordError::Unusable(format!("thread password-{index} did not start: {error}")))?;
        }
        Ok(hasher)
    }

    /// Hashes a new password and returns the PHC string to store.
    ///
    /// `.into()` makes the password of a `String` or `&str`. When the future is dropped while the password waits, no
    /// hash is computed.
    ///
    /// # Errors
    ///
    /// [`PasswordError::Overloaded`], at once, when the queue is full.
    pub async fn hash(&self, password: SecretString) -> Result<String, PasswordError> {
        self.submit(|reply| Job::Hash { password, reply }).await
    }

    /// Verifies a password against the stored PHC string of the user. The string can also be of argon2i or argon2d.
    ///
    /// Pass `None` when the user does not exist. The same work is then done, because the response time must not tell
    /// whether a user exists, and the answer is [`PasswordVerification::No`]. When the future is dropped while the
    /// password waits, no hash is computed.
    ///
    /// # Errors
    ///
    /// [`PasswordError::Overloaded`], at once, when the queue is full. [`PasswordError::UnusableHash`] when the stored hash
    /// cannot be parsed, or needs more than 256 MiB of memory or 1 GiB over all passes; a higher configured value
    /// raises the limit. This error takes as long as a hash.
    pub async fn verify(
        &self,
        password: SecretString,
        phc: Option<String>,
    ) -> Result<PasswordVerification, PasswordError> {
        self.submit(|reply| Job::Verify { password, phc, reply }).await
    }

    /// The current activity of the threads, for metrics.
    pub fn activity(&self) -> PasswordActivity {
        self.0.queue.activity()
    }

    async fn submit<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, PasswordError> {
        let (reply, answer) = oneshot::channel();
        self.0.queue.push(job(reply))?;
        answer.await.unwrap_or_else(|_sender_dropped| {
            Err(PasswordError::Unusable("the hash computation did not finish".to_owned()))
        })
    }
}

impl fmt::Debug for PasswordHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PasswordHasher").field(&self.0.params).finish()
    }
}

/// The parameters for argon2, or an error that names the invalid one and the valid range.
fn validate(params: &PasswordParams) -> Result<Params, PasswordError> {
    let PasswordParams { memory_kib, iterations, parallelism, threads, .. } = *params;
    let least = parallelism.saturating_mul(8);
    let fault = if threads == 0 {
        "password threads is 0: use at least 1".to_owned()
    } else if iterations == 0 {
        "password iterations is 0: use at least 1".to_owned()
    } else if !(Params::MIN_P_COST..=Params::MAX_P_COST).contains(&parallelism) {
        format!("password parallelism is {parallelism}: use 1 to {}", Params::MAX_P_COST)
    } else if memory_kib < least {
        format!("password memory_kib is {memory_kib}: use at least {least}, 8 KiB for each lane of the parallelism")
    } else {
        return Params::new(memory_kib, iterations, parallelism, Some(OUTPUT_LEN))
            .map_err(|error| PasswordError::Unusable(format!("argon2 refuses the password parameters: {error}")));
    };
    Err(PasswordError::Unusable(fault))
}
