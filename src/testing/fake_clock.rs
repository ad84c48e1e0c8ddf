//! A clock that a test controls.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::{Clock, UnixTime};

/// A clock that stands still until a test sets it. Its clones and the [`Clock`]s made from it show the same time.
///
/// ```
/// use std::time::Duration;
/// use tollbridge::Clock;
/// use tollbridge::testing::FakeClock;
///
/// let fake = FakeClock::at(1_800_000_000);
/// let clock = Clock::from(&fake); // or `Bridge::builder(…).clock(&fake)`
/// fake.advance(Duration::from_secs(60));
/// assert_eq!(clock.now(), 1_800_000_060);
/// ```
#[derive(Clone, Debug)]
pub struct FakeClock(Arc<AtomicI64>);

impl FakeClock {
    /// A clock that shows `time`.
    pub fn at(time: UnixTime) -> Self {
        Self(Arc::new(AtomicI64::new(time)))
    }

    /// The current time of the clock.
    pub fn now(&self) -> UnixTime {
        self.0.load(Ordering::SeqCst)
    }

    /// Sets the clock to a later or earlier time.
    pub fn set(&self, time: UnixTime) {
        self.0.store(time, Ordering::SeqCst);
    }

    /// Moves the clock forward by whole seconds. A fraction of a second is ignored.
    pub fn advance(&self, by: Duration) {
        let seconds = UnixTime::try_from(by.as_secs()).unwrap_or(UnixTime::MAX);
        self.set(self.now().saturating_add(seconds));
    }
}

impl From<&FakeClock> for Clock {
    fn from(fake: &FakeClock) -> Self {
        Self::fake(Arc::clone(&fake.0))
    }
}

impl From<FakeClock> for Clock {
    fn from(fake: FakeClock) -> Self {
        Self::from(&fake)
    }
}
