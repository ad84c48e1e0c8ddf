//! The result and the error of password hashing and verification.

use std::fmt;

/// The result of [`PasswordHasher::verify`](crate::PasswordHasher::verify).
#[derive(Clone, PartialEq, Eq)]
pub enum PasswordVerification {
    /// The password is wrong, or there is no such user.
    No,
    /// The password is right.
    Yes,
    /// The password is right, but the stored hash was made with other parameters than the configured ones, or has a
    /// salt of fewer than 16 bytes. Store this hash instead.
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

/// The reason why a password was neither hashed nor verified.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Every thread is busy and the queue is full, or memory could not be allocated. Try again in a few seconds.
    #[error("too many passwords are being checked; try again in a few seconds")]
    Overloaded,
    /// The parameters are invalid, or the computation failed. The text gives the reason.
    #[error("{0}")]
    Unusable(String),
    /// The stored hash is of another kind, damaged, or too expensive, so no password of this user is right. The text gives
    /// the reason and never contains the hash.
    #[error("{0}")]
    UnusableHash(String),
}
