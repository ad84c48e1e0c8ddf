//! Where the time comes from: one injected clock, so that a test can move it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted (a JWT's `NumericDate`, RFC 7519 section 2).
pub type UnixTime = i64;

/// The clock that a [`Bridge`](crate::Bridge) reads.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock for tests, which stands still until [`advance`](Self::advance) moves it. Its clones share the time.
    pub fn fixed(at: UnixTime) -> Self {
        Self(Some(Arc::new(AtomicI64::new(at))))
    }

    /// The clock that shows these seconds, whoever sets them.
    #[cfg(feature = "testing")]
    pub(crate) fn showing(seconds: Arc<AtomicI64>) -> Self {
        Self(Some(seconds))
    }

    /// The time now.
    pub fn now(&self) -> UnixTime {
        match &self.0 {
            Some(at) => at.load(Ordering::SeqCst),
            None => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                UnixTime::try_from(since.as_secs()).unwrap_or(UnixTime::MAX)
            }
        }
    }

    /// Moves a fixed clock forward by `seconds` (backward if negative). The system's clock stays as it is.
    pub fn advance(&self, seconds: i64) {
        if let Some(at) = &self.0 {
            at.fetch_add(seconds, Ordering::SeqCst);
        }
    }
}
