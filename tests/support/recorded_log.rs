//! What a thread logs, for tests that run beside others.

use std::io::{self, Write};
use std::sync::{Arc, LazyLock, Mutex};

use tracing::dispatcher::{DefaultGuard, Dispatch, set_default};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::NoSubscriber;

/// A second subscriber, which hears nothing.
///
/// tracing remembers of each callsite whether anybody listens. While there is one subscriber only, it asks the thread that
/// comes by first, which may be that of another test, where nobody does; with two it asks both of them.
static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));

/// What was logged.
#[derive(Clone, Default)]
pub(crate) struct RecordedLog(Arc<Mutex<Vec<u8>>>);

impl RecordedLog {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("a whole log")).into_owned()
    }

    /// Records the log of this thread at this level until the guard is dropped. What is written passes `through`.
    pub(crate) fn record<W: Write + 'static>(
        &self,
        level: LevelFilter,
        through: impl Fn(Self) -> W + Send + Sync + 'static,
    ) -> DefaultGuard {
        LazyLock::force(&ANOTHER);
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt().with_max_level(level).with_ansi(false);
        set_default(&subscriber.with_writer(move || through(log.clone())).finish().into())
    }
}

impl Write for RecordedLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("a whole log").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
