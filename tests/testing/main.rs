//! The kit for tests, tested: what it gives is real, and what it asserts can fail.

mod app;
mod as_user;
mod attempt_conformance;
mod audit_conformance;
mod code_conformance;
mod conformance;
mod revoked_token_conformance;
mod silence;
mod wrong_codes;
mod wrong_store;
