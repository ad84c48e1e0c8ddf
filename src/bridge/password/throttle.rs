//! Who may guess: failed attempts are counted, and after some of them each one more has to wait longer.
//!
//! An attempt is counted *before* the secret is looked at, and forgiven if it was right. So a hundred at once are no more
//! than a hundred one after the other. A guess counts for the account, for the network that it comes from, and for all
//! together. Whoever shows that they have signed in to the account before, by a [device token](Throttle::device_token) or by
//! a login that is live, has a counter of their own: a stranger cannot lock them out.
//!
//! The counters are chosen by a keyed hash, out of a fixed number. A flood of names fills no store, no name is kept, and who
//! does not know the key cannot find a name that shares a counter with another one.

mod counters;
mod device_token;
mod limits;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use aws_lc_rs::hmac;

use crate::bridge::model::{AttemptStore, Attempts, Clock, StoreError, UnixTime};
use counters::Counter;
pub use limits::ThrottleLimits;

/// Counts attempts to guess a password, a code or another secret. Its clones share their counters.
///
/// ```
/// use tollbridge::store::memory::MemoryStore;
/// use tollbridge::{AttemptBy, Throttle, ThrottleError};
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let throttle = Throttle::new(MemoryStore::default(), &[0x5e; 32]);
/// let by = AttemptBy { account: "ann", address: Some("192.0.2.7".parse()?), known_as: None };
/// let attempt = throttle.begin(by).await?; // before the password is hashed
/// let is_right = true;
/// if is_right {
///     attempt.succeeded().await?;
/// } // else it stays counted
///
/// for _ in 0..5 {
///     drop(throttle.begin(by).await?); // five wrong ones
/// }
/// assert!(matches!(throttle.begin(by).await, Err(ThrottleError::TooMany { retry_after: 1 })));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Throttle {
    store: Arc<dyn AttemptStore>,
    key: hmac::Key,
    limits: ThrottleLimits,
    clock: Clock,
}

/// Who makes an attempt.
#[derive(Clone, Copy, Debug)]
pub struct AttemptBy<'a> {
    /// The account, in one form however its name was typed. It need not exist: what is answered must not tell.
    pub account: &'a str,
    /// The address of the client, as [`TrustedProxies`](crate::TrustedProxies) finds it.
    pub address: Option<IpAddr>,
    /// By what the client is known to have signed in to this account before: the
    /// [device](Throttle::device_of) of its token, or the id of a live login.
    pub known_as: Option<&'a str>,
}

/// An attempt cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ThrottleError {
    /// There were too many. The next may be made in `retry_after` seconds.
    #[error("too many attempts; try again in {retry_after} seconds")]
    TooMany {
        /// The waiting time in seconds.
        retry_after: u32,
    },
    /// The store is unavailable. Without it nothing may be guessed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An attempt that is counted. If it is dropped, it stays counted.
#[must_use = "an attempt that was right has to be forgiven"]
pub struct Attempt {
    throttle: Throttle,
    counters: Vec<Counter>,
}

impl Throttle {
    /// A throttle with the default [limits](ThrottleLimits). All nodes must have the same store and the same secret.
    pub fn new(store: impl AttemptStore, secret: &[u8]) -> Self {
        // A key for this purpose alone.
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), b"tollbridge throttle");
        let key = hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref());
        let (limits, clock) = (ThrottleLimits::default(), Clock::system());
        Self { store: Arc::new(store), key, limits, clock }
    }

    /// With other limits.
    pub fn limits(mut self, limits: ThrottleLimits) -> Self {
        self.limits = limits;
        self
    }

    /// With this clock.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Counts an attempt, or refuses it without counting. It must come before everything that costs much.
    ///
    /// # Errors
    ///
    /// [`ThrottleError`]. It is the same whether the secret is right, and whether there is such an account.
    pub async fn begin(&self, by: AttemptBy<'_>) -> Result<Attempt, ThrottleError> {
        let counters = counters::of(&self.key, &by);
        let numbers: Vec<u32> = counters.iter().map(|counter| counter.number).collect();
        let now = self.clock.now();
        // Most refusals need no write.
        self.require_open(&counters, &self.store.read_attempts(&numbers).await?, now)?;
        let limits = self.limits;
        let kinds: Vec<_> = counters.iter().map(|counter| counter.kind).collect();
        let count = move |attempts: &mut [Attempts]| {
            let is_open = kinds.iter().zip(&*attempts).all(|(kind, attempts)| limits.wait(*kind, attempts, now) == 0);
            if is_open {
                kinds.iter().zip(attempts).for_each(|(kind, attempts)| limits.count(*kind, attempts, now));
            }
            is_open
        };
        let before = self.store.change_attempts(&numbers, Arc::new(count)).await?;
        self.require_open(&counters, &before, now)?;
        if counters
            .iter()
            .zip(&before)
            .any(|(counter, attempts)| limits.begins_to_slow_all(counter.kind, attempts, now))
        {
            tracing::warn!("many sign-ins have failed, over all accounts and networks: unknown devices have to wait");
        }
        Ok(Attempt { throttle: self.clone(), counters })
    }

    fn require_open(&self, counters: &[Counter], attempts: &[Attempts], now: UnixTime) -> Result<(), ThrottleError> {
        let waits =
            counters.iter().zip(attempts).map(|(counter, attempts)| self.limits.wait(counter.kind, attempts, now));
        match waits.max().unwrap_or_default() {
            0 => Ok(()),
            retry_after => Err(ThrottleError::TooMany { retry_after }),
        }
    }
}

impl Attempt {
    /// The secret was right: what was tried at this account before is forgotten. The network's failures are not: their sender
    /// may have an account of their own.
    ///
    /// # Errors
    ///
    /// When the store is unavailable. The attempt stays counted.
    pub async fn succeeded(self) -> Result<(), StoreError> {
        self.change(|limits, counter, attempts, now| {
            if counter.kind.is_of_account() {
                *attempts = Attempts::default();
            } else {
                limits.forgive(counter.kind, attempts, now);
            }
        })
        .await
    }

    /// The secret was not looked at, because of a fault that is not the client's.
    ///
    /// # Errors
    ///
    /// When the store is unavailable. The attempt stays counted.
    pub async fn forgive(self) -> Result<(), StoreError> {
        self.change(|limits, counter, attempts, now| limits.forgive(counter.kind, attempts, now)).await
    }

    async fn change(
        self,
        change: impl Fn(&ThrottleLimits, &Counter, &mut Attempts, UnixTime) + Send + Sync + 'static,
    ) -> Result<(), StoreError> {
        let throttle = &self.throttle;
        let numbers: Vec<u32> = self.counters.iter().map(|counter| counter.number).collect();
        let (limits, now, counters) = (throttle.limits, throttle.clock.now(), self.counters.clone());
        let change = move |attempts: &mut [Attempts]| {
            counters.iter().zip(attempts).for_each(|(counter, attempts)| change(&limits, counter, attempts, now));
            true
        };
        throttle.store.change_attempts(&numbers, Arc::new(change)).await.map(drop)
    }
}

impl fmt::Debug for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Throttle").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt").finish_non_exhaustive()
    }
}
