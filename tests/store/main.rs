//! The stores keep what their traits promise, alone and against each other's writes.
#![cfg(feature = "database")]

#[path = "../support/database.rs"]
mod database;

mod conformance;
mod opening;
mod processes;
mod records;
mod sweep;
mod users;
