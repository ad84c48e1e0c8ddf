//! The kit for tests, tested: what it gives is real, and what it asserts can fail.

mod app;
mod as_user;
mod conformance;
mod silence;
mod wrong_store;
