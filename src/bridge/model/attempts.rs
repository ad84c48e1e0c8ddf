//! Failed attempts to guess a secret, counted in a fixed number of counters, and the trait of the store that keeps them.

use std::sync::Arc;

use super::clock::UnixTime;
use super::store_error::StoreFuture;

/// A counter of attempts: two times, so that nothing has to be rewritten while nobody tries. The default is that of no
/// attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    /// When all attempts are forgotten. Each one puts it off.
    pub forgotten_at: UnixTime,
    /// When the next attempt may be made.
    pub blocked_until: UnixTime,
}

/// What becomes of counters. It returns `false` if nothing is to be written.
pub type AttemptChange = Arc<dyn Fn(&mut [Attempts]) -> bool + Send + Sync>;

/// Keeps the counters of a [`Throttle`](crate::Throttle). There are at most [`MAX_ATTEMPT_COUNTERS`], so that no flood of
/// names and addresses fills the store. A counter whose times have both passed may be deleted: it is like a new one.
pub trait AttemptStore: Send + Sync + 'static {
    /// The counters with these numbers, in this order.
    fn read_attempts<'a>(&'a self, counters: &'a [u32]) -> StoreFuture<'a, Vec<Attempts>>;

    /// Changes the counters with these numbers, which are different ones, and returns them as they were before. Nothing may
    /// come between reading and writing, also from another process, and what is written must be seen by the next call: two
    /// hundred guesses at once would pass otherwise. `change` may be called again if the write has to be repeated.
    fn change_attempts<'a>(&'a self, counters: &'a [u32], change: AttemptChange) -> StoreFuture<'a, Vec<Attempts>>;
}

/// How many counters there are at most, of all kinds together.
pub const MAX_ATTEMPT_COUNTERS: u32 = 3 * (1 << 17) + 1;
