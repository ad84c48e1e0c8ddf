//! The password hasher and its threads.

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

/// What a password hash costs, and how many are computed at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordParams {
    /// Memory of one hash in KiB, argon2's `m`: at least 8 for each lane.
    pub memory_kib: u32,
    /// Passes over the memory, argon2's `t`.
    pub iterations: u32,
    /// Lanes, argon2's `p`. One thread computes them one after the other, so more than one only serves compatibility.
    pub parallelism: u32,
    /// Threads that hash; each keeps `memory_kib` of memory from its first hash on.
    pub threads: usize,
    /// Passwords that may wait while every thread is busy.
    pub queue: usize,
}

impl Default for PasswordParams {
    /// 19 MiB, two passes, one lane (the minimum of the OWASP Password Storage Cheat Sheet), a thread for each core.
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

/// Hashes and verifies passwords. Its clones share the threads, which end when the last clone is dropped.
///
/// Hashes are PHC strings (`$argon2id$v=19$m=19456,t=2,p=1$salt$hash`) with a random salt of 16 bytes and an output of
/// 32 bytes. The length of a password is for the caller to bound; none is cut.
#[derive(Clone)]
pub struct PasswordHasher(Arc<Threads>);

/// Ends the threads when it is dropped.
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
    /// [`PasswordError::Unusable`] says which parameter argon2 does not accept, or that a thread could not be started.
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

    /// Hashes a new password and answers the PHC string to store.
    ///
    /// The password is a `String` or `&str` with `.into()`. A future that is dropped before its turn costs no hash.
    ///
    /// # Errors
    ///
    /// [`PasswordError::Overloaded`] at once when the queue is full.
    pub async fn hash(&self, password: SecretString) -> Result<String, PasswordError> {
        self.submit(|reply| Job::Hash { password, reply }).await
    }

    /// Verifies a password against the PHC string that is stored for the user; argon2i and argon2d are read as well.
    ///
    /// `None` stands for a user that does not exist: the same work is done, so that the time does not tell, and the
    /// answer is [`PasswordVerification::No`]. A future that is dropped before its turn costs no hash.
    ///
    /// # Errors
    ///
    /// [`PasswordError::Overloaded`] at once when the queue is full. [`PasswordError::Unusable`] when the stored hash
    /// can't be read, or asks for more memory (256 MiB) or work (1 GiB over all passes) than a hash may unless the
    /// configured parameters do too; it takes the time of a hash as well.
    pub async fn verify(
        &self,
        password: SecretString,
        phc: Option<String>,
    ) -> Result<PasswordVerification, PasswordError> {
        self.submit(|reply| Job::Verify { password, phc, reply }).await
    }

    /// What the threads are doing now, for metrics.
    pub fn activity(&self) -> PasswordActivity {
        self.0.queue.activity()
    }

    async fn submit<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, PasswordError> {
        let (reply, answer) = oneshot::channel();
        self.0.queue.push(job(reply))?;
        answer.await.unwrap_or_else(|_| Err(PasswordError::Unusable("the hash computation broke off".to_owned())))
    }
}

impl fmt::Debug for PasswordHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PasswordHasher").field(&self.0.params).finish()
    }
}

/// What argon2 calls the parameters, or what is wrong with them and which would do.
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
