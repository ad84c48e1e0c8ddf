//! Tollbridge.

pub mod bridge;
pub mod store;

pub use bridge::*;
