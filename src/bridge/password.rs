//! Passwords: argon2id (RFC 9106) on a few low-priority threads of their own, behind one bounded queue.
//!
//! A hash takes tens of milliseconds of a core and megabytes of memory. Neither may be obtained by sending more requests:
//! the number of threads bounds the memory, the queue bounds the wait, and a request that finds it full is refused at once.
//!
//! This room may import `model`.

mod arena;
mod hasher;
mod queue;
mod verification;

pub use hasher::{PasswordHasher, PasswordParams};
pub use queue::PasswordActivity;
pub use verification::{PasswordError, PasswordVerification};
