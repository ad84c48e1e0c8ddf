//! The clock of the bridge. It is injected, because tests must be able to set the time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[cfg(feature = "testing")]
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted (a JWT's `NumericDate`, RFC 7519 section 2).
pub type UnixTime = i64;

/// The clock that a [`Bridge`](crate::Bridge) reads: the system clock, or in tests a `testing::FakeClock` (feature
/// `testing`).
#[derive(Clone, Debug, Default)]
pub struct Clock {
    #[cfg(feature = "testing")]
    fake: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The system clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that reads the time from `seconds`, which a test can change.
    #[cfg(feature = "testing")]
    pub(crate) fn fake(seconds: Arc<AtomicI64>) -> Self {
        Self { fake: Some(seconds) }
    }

    /// The current time.
    #[expect(clippy::disallowed_methods, reason = "this is the system clock")]
    pub fn now(&self) -> UnixTime {
        #[cfg(feature = "testing")]
        if let Some(seconds) = &self.fake {
            return seconds.load(Ordering::SeqCst);
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixTime::try_from(since.as_secs()).unwrap_or(UnixTime::MAX)
    }
}

/// A duration in whole seconds, at most `LONGEST`. A token that is issued now with the longest lifetime still has an
/// `exp` that the verifier accepts; it refuses times later than 2^53.
pub(crate) fn seconds(duration: Duration) -> UnixTime {
    const LONGEST: UnixTime = 1 << 52;
    UnixTime::try_from(duration.as_secs()).unwrap_or(LONGEST).min(LONGEST)
}
