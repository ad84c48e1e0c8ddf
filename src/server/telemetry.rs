//! The log, and what it says of each request.
//!
//! Lines go to standard error with UTC timestamps, as text or JSON. A line is a line: what came from a client is
//! escaped where it is recorded, and [`OneLine`] escapes every control character that is left.
//!
//! [`Telemetry`] is the outermost middleware. It gives each request an id (response header `x-request-id`), enters a
//! span with that id, the method and the path, and logs one event when the response is there: at `debug` below 400,
//! at `info` for 4xx, at `error` for 5xx. The span is a `debug` one, because a request costs half as much again where
//! spans are recorded; so the event has the id and the path too. Headers, query strings and bodies are never recorded:
//! that is where secrets travel.

mod request;
mod subscriber;

pub use request::Telemetry;
pub use subscriber::{OneLine, install};
