//! Password hashing: argon2id (RFC 9106) on a few dedicated low-priority threads, with one bounded queue.
//!
//! A hash takes tens of milliseconds of a core and megabytes of memory. More requests must not use more of either. The
//! number of threads bounds the memory, and the queue bounds the waiting time. When the queue is full, a request is
//! refused at once.
//!
//! Failed attempts are counted here too, so that few can be guessed at.
//!
//! This room may import `model`.

mod arena;
mod hasher;
mod queue;
mod throttle;
mod verification;

pub use hasher::{PasswordHasher, PasswordParams};
pub use queue::PasswordActivity;
pub use throttle::{Attempt, AttemptBy, Throttle, ThrottleError, ThrottleLimits};
pub use verification::{PasswordError, PasswordVerification};
