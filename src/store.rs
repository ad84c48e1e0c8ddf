//! The stores of users, logins and sessions. They depend on the bridge's records and traits, not on HTTP.
//!
//! * [`memory`]: logins and sessions in memory, for tests and examples.
//! * [`blocking`]: a store of your own over a driver that blocks.
//! * [`db`]: users, logins and sessions in SQLite or PostgreSQL (feature `database`).

pub mod blocking;
#[cfg(feature = "database")]
pub mod db;
pub mod memory;
