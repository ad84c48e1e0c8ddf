//! Tollbridge.

pub mod bridge;
#[cfg(feature = "server")]
pub mod server;
pub mod store;

pub use bridge::*;
