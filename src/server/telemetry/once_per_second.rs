//! Events that clients can cause at any rate, and that are logged once a second.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::sleep;
use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

const SECOND: Duration = Duration::from_secs(1);

/// The modules whose warnings and errors are about single requests: bytes and cookies that cannot be read, and refusals
/// that the [event of the request](super::Telemetry) reports as well. What ends a login is in none of them.
const MODULES: [&str; 11] = [
    "actix_http",
    "actix_identity",
    "actix_session",
    "tollbridge::bridge::auth",
    "tollbridge::bridge::credential",
    "tollbridge::bridge::error",
    "tollbridge::bridge::model",
    "tollbridge::bridge::password",
    "tollbridge::bridge::response",
    "tollbridge::bridge::service",
    "tollbridge::bridge::session",
];

/// Lets the first event of each place in these modules pass. Those of the seconds after it are counted, and each second
/// is one line with their number.
#[derive(Clone)]
pub(super) struct OncePerSecond {
    counts: Arc<Mutex<HashMap<Identifier, u64>>>,
    /// The runtime of the server. It ends after the workers, so that what they have counted is logged.
    runtime: Handle,
}

impl<S: Subscriber> Layer<S> for OncePerSecond {
    fn event_enabled(&self, event: &Event<'_>, _context: Context<'_, S>) -> bool {
        let metadata = event.metadata();
        if *metadata.level() > Level::WARN || !MODULES.iter().any(|module| metadata.target().starts_with(module)) {
            return true;
        }
        let place = metadata.callsite();
        if !self.begin(&place) {
            return false;
        }
        let mut message = Message::default();
        event.record(&mut message);
        let of = metadata.target();
        let line = Line { counts: self.clone(), place, level: *metadata.level(), of, message: message.0 };
        self.runtime.spawn(async move {
            loop {
                sleep(SECOND).await;
                if !line.write() {
                    break;
                }
            }
        });
        true
    }
}

impl OncePerSecond {
    pub(super) fn new(runtime: Handle) -> Self {
        Self { counts: Arc::default(), runtime }
    }

    /// Whether this event is the first of its place. Others are counted.
    fn begin(&self, place: &Identifier) -> bool {
        match self.counts().entry(place.clone()) {
            Entry::Vacant(first) => {
                first.insert(0);
                true
            }
            Entry::Occupied(mut counted) => {
                *counted.get_mut() += 1;
                false
            }
        }
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<Identifier, u64>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The line of the counted events of one place. It is also written at the end of the server.
struct Line {
    counts: OncePerSecond,
    place: Identifier,
    level: Level,
    of: &'static str,
    message: String,
}

impl Line {
    /// Writes the line, if events were counted since the last one. Otherwise the next event passes again.
    fn write(&self) -> bool {
        let count = {
            let mut counts = self.counts.counts();
            match counts.get_mut(&self.place).map(std::mem::take) {
                Some(0) | None => {
                    counts.remove(&self.place);
                    return false;
                }
                Some(count) => count,
            }
        };
        if self.level == Level::ERROR {
            tracing::error!(count, of = self.of, "again: {}", self.message);
        } else {
            tracing::warn!(count, of = self.of, "again: {}", self.message);
        }
        true
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.write();
    }
}

/// The message of an event, without its other fields.
#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            // Writing to a string does not fail.
            let _ = write!(self.0, "{value:?}");
        }
    }
}
