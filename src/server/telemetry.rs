//! The log, and the log of requests.
//!
//! Lines go to standard error with UTC timestamps, as text or JSON. An event is one line: [`OneLine`] escapes control
//! characters.
//!
//! [`Telemetry`] is the outermost middleware. It gives each request an id (response header `x-request-id`), and enters
//! a span with that id. With the response it logs one event with the id, the method, the route, the status and the
//! duration: at `debug` below 400, at `info` for 4xx, at `error` for 5xx. Paths, headers, query strings and bodies are
//! never logged, because they may contain secrets; the route is the pattern that the path has matched.
//!
//! What clients can cause at any rate is one line a second: responses with 503 are counted, and so are the warnings and
//! errors that other modules log of single requests.

mod once_per_second;
mod panics;
mod request;
mod subscriber;
mod unavailable;

pub use request::Telemetry;
pub use subscriber::{OneLine, install};
