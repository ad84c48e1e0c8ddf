//! What becomes of a password that is verified or hashed.

use std::fmt;

/// The answer to [`PasswordHasher::verify`](crate::PasswordHasher::verify).
#[derive(Clone, PartialEq, Eq)]
pub enum PasswordVerification {
    /// The password is wrong, or there is no such user.
    No,
    /// The password is right.
    Yes,
    /// The password is right, but its hash was made with other parameters than today's or with a salt of fewer than
    /// 16 bytes: store this one instead.
    Rehashed(String),
}

impl fmt::Debug for PasswordVerification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::No => "No",
            Self::Yes => "Yes",
            Self::Rehashed(_) => "Rehashed(..)",
        })
    }
}

/// A password was neither hashed nor verified.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Every thread is busy and the queue is full, or there was no memory: try again in a few seconds.
    #[error("too many passwords are being checked; try again in a few seconds")]
    Overloaded,
    /// Bad parameters or a stored hash that can't be used; says which, never the hash itself.
    #[error("{0}")]
    Unusable(String),
}
