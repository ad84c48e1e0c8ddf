//! The count of the responses with 503, of which a flood may come.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::rt;

/// How long responses are counted for one line of the log.
const SECOND: Duration = Duration::from_secs(1);

/// Counts responses with 503. A second after the first one it logs their number, in one line.
#[derive(Clone, Debug, Default)]
pub(super) struct Unavailable(Arc<AtomicU64>);

impl Unavailable {
    pub(super) fn count(&self) {
        if self.0.fetch_add(1, Ordering::Relaxed) == 0 {
            let line = Line(self.clone());
            rt::spawn(async move {
                rt::time::sleep(SECOND).await;
                drop(line);
            });
        }
    }
}

/// The line, which is logged when it is dropped: after the second, or at the end of the server.
struct Line(Unavailable);

impl Drop for Line {
    fn drop(&mut self) {
        let count = self.0.0.swap(0, Ordering::Relaxed);
        tracing::warn!(count, "answered requests with 503: too busy, or the store is unavailable");
    }
}
