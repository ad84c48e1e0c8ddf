//! The policy for passwords.
//!
//! Only the length is restricted: no rule requires digits or symbols (ASVS 5.0 6.2.5), nothing is trimmed, truncated or
//! normalized (6.2.8), and a password over the maximum is refused (6.2.9).

use crate::AuthError;

/// The bounds of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// The least length of a new password, in characters.
    pub min_length: usize,
    /// The greatest length of any password, in bytes.
    pub max_length: usize,
}

impl PasswordPolicy {
    /// Refuses a presented password over the maximum, before it is hashed.
    pub fn check_presented(&self, password: &str) -> Result<(), AuthError> {
        if password.len() <= self.max_length {
            return Ok(());
        }
        Err(refusal(format!("The password is longer than {} bytes.", self.max_length)))
    }

    /// Whether `new` may replace the password `current` of the user called `username`.
    pub fn check_new(&self, username: &str, current: &str, new: &str) -> Result<(), AuthError> {
        self.check_presented(new)?;
        if new.chars().count() < self.min_length {
            return Err(refusal(format!("The new password needs at least {} characters.", self.min_length)));
        }
        if new.to_lowercase() == username.to_lowercase() {
            return Err(refusal("The new password must not be the username.".to_owned()));
        }
        if new == current {
            return Err(refusal("The new password is the current one. Choose another.".to_owned()));
        }
        Ok(())
    }
}

fn refusal(text: String) -> AuthError {
    AuthError::InvalidRequest(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: PasswordPolicy = PasswordPolicy { min_length: 8, max_length: 20 };

    fn accepts(new: &str) -> bool {
        POLICY.check_new("Little_Sapphire", "the old one", new).is_ok()
    }

    #[test]
    fn the_minimum_counts_characters_and_the_maximum_counts_bytes() {
        assert!(accepts("ääääbbbb"), "8 characters in 12 bytes");
        assert!(!accepts("äääbbbb"), "7 characters in 10 bytes");
        assert!(accepts(&"x".repeat(20)));
        assert!(!accepts(&"ä".repeat(11)), "11 characters in 22 bytes");
    }

    #[test]
    fn neither_the_username_nor_the_current_password_will_do() {
        assert!(!accepts("little_sapphire"));
        assert!(!accepts("the old one"));
        assert!(accepts("the old one "), "a trailing space is part of a password");
    }

    #[test]
    fn an_overlong_password_is_refused_before_it_is_compared() {
        assert!(POLICY.check_presented(&"x".repeat(21)).is_err());
        assert!(POLICY.check_presented("").is_ok(), "an empty one is just wrong");
    }
}
