//! The log, and the log of requests.
//!
//! Lines go to standard error with UTC timestamps, as text or JSON. An event is one line: [`OneLine`] escapes control
//! characters.
//!
//! [`Telemetry`] is the outermost middleware. It gives each request an id (response header `x-request-id`), and enters
//! a span with that id. With the response it logs one event with the id, the method, the path, the status and the
//! duration: at `debug` below 400, at `info` for 4xx, at `error` for 5xx. Headers, query strings and bodies are never
//! logged, because they may contain secrets.

mod request;
mod subscriber;

pub use request::Telemetry;
pub use subscriber::{OneLine, install};
