//! Events that clients can cause at any rate, and that are logged once a second.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::callsite::Identifier;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

const SECOND: Duration = Duration::from_secs(1);

/// The modules whose warnings and errors are about single requests: cookies that cannot be read, and refusals that the
/// [event of the request](super::Telemetry) reports as well.
const MODULES: [&str; 3] = ["actix_session", "tollbridge::bridge::error", "tollbridge::bridge::session"];

/// Lets one event of each place in these modules pass in a second.
#[derive(Default)]
pub(super) struct OncePerSecond(Mutex<HashMap<Identifier, Instant>>);

impl<S: Subscriber> Layer<S> for OncePerSecond {
    fn event_enabled(&self, event: &Event<'_>, _context: Context<'_, S>) -> bool {
        let metadata = event.metadata();
        if *metadata.level() > Level::WARN || !MODULES.iter().any(|module| metadata.target().starts_with(module)) {
            return true;
        }
        let mut passed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let has_passed = passed.get(&metadata.callsite()).is_some_and(|at| now.duration_since(*at) < SECOND);
        if !has_passed {
            passed.insert(metadata.callsite(), now);
        }
        !has_passed
    }
}
