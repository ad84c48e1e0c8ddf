//! The log of panics.

use std::panic::{self, Location, PanicHookInfo};

/// Logs the panics of this process.
pub(super) fn install_hook() {
    panic::set_hook(Box::new(log));
}

fn log(info: &PanicHookInfo<'_>) {
    if info.location().is_some_and(is_of_head) {
        // Any client can cause it, so the target is one of those that are logged once a second.
        tracing::warn!(
            target: "actix_http::h1::decoder",
            "closed a connection: the head of a request cannot be parsed, such as a header name of 64 KiB"
        );
        return;
    }
    let location = info.location().map(ToString::to_string);
    let payload = info.payload();
    let message = payload.downcast_ref::<&str>().copied().or(payload.downcast_ref::<String>().map(String::as_str));
    tracing::error!(panic.location = location, panic.message = message, "a thread panicked");
}

/// Whether a panic is that of actix-http at the head of a request. It ends the task of the connection and nothing else.
fn is_of_head(location: &Location<'_>) -> bool {
    location.file().contains("actix-http") && location.file().ends_with("h1/decoder.rs")
}
