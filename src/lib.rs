//! Tollbridge.

pub mod bridge;

pub use bridge::*;
