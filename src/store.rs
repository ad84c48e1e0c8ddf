//! The store: where users, logins and sessions are kept. It knows the bridge's records and traits, and no HTTP.
//!
//! * [`memory`]: logins and sessions in the process's memory, for tests and examples.
//! * [`db`]: users, logins and sessions in SQLite or PostgreSQL (feature `database`).

#[cfg(feature = "database")]
pub mod db;
pub mod memory;
