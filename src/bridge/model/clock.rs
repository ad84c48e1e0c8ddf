//! Where the time comes from: one injected clock, so that a test can move it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[cfg(feature = "testing")]
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted (a JWT's `NumericDate`, RFC 7519 section 2).
pub type UnixTime = i64;

/// The clock that a [`Bridge`](crate::Bridge) reads: the system's, or for tests a `testing::FakeClock` (feature
/// `testing`).
#[derive(Clone, Debug, Default)]
pub struct Clock {
    #[cfg(feature = "testing")]
    fake: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// The clock that shows these seconds, whoever sets them.
    #[cfg(feature = "testing")]
    pub(crate) fn showing(seconds: Arc<AtomicI64>) -> Self {
        Self { fake: Some(seconds) }
    }

    /// The time now.
    pub fn now(&self) -> UnixTime {
        #[cfg(feature = "testing")]
        if let Some(seconds) = &self.fake {
            return seconds.load(Ordering::SeqCst);
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixTime::try_from(since.as_secs()).unwrap_or(UnixTime::MAX)
    }
}

/// A duration in whole seconds. The longest is one that, from now on, ends at a time that tokens can say: later ones
/// our own verifier refuses.
pub(crate) fn seconds(duration: Duration) -> UnixTime {
    const LONGEST: UnixTime = 1 << 52;
    UnixTime::try_from(duration.as_secs()).unwrap_or(LONGEST).min(LONGEST)
}
