//! The stores keep what their traits promise, alone and against each other's writes.
#![cfg(feature = "database")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/database.rs"]
mod database;

mod audit;
mod conformance;
#[path = "../../examples/rusqlite_store/store.rs"]
mod example_store;
mod opening;
mod processes;
mod records;
mod snapshots;
mod sweep;
mod touches;
mod users;
