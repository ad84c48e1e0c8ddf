//! The policy for passwords.
//!
//! No rule requires digits or symbols (ASVS 5.0 6.2.5), nothing is trimmed, truncated or normalized (6.2.8), and a password
//! over the maximum is refused (6.2.9). A new one must not be among those that are guessed first: common ones (6.2.4),
//! names and words of this place (6.2.11), and stolen ones, if the operator has a list of them or names a service (6.2.12).

mod breached_file;
mod breached_hash;
mod breached_service;
mod context_words;
mod sorted_lines;

use std::io::Cursor;
use std::sync::Arc;

use crate::{AuthError, StoreError};
pub use breached_file::BreachedFile;
pub use breached_service::{BreachedService, BreachedServiceError};
use context_words::without_context;

/// The most common passwords, sorted. `common_passwords.md` says where they are from.
const COMMON: &str = include_str!("password_policy/common_passwords.txt");

/// The bounds of a password, and those that are refused.
#[derive(Clone, Debug)]
pub struct PasswordPolicy {
    /// The least length of a new password, in characters.
    pub min_length: usize,
    /// The greatest length of any password, in bytes.
    pub max_length: usize,
    /// Words of this place that do not count for the length, as the names of a user do not.
    refused_words: Arc<[String]>,
    /// Passwords that were stolen somewhere.
    breached: Option<BreachedFile>,
    /// A service that knows such passwords.
    breached_service: Option<BreachedService>,
}

impl PasswordPolicy {
    /// A policy with these bounds, which refuses common passwords.
    pub fn new(min_length: usize, max_length: usize) -> Self {
        Self { min_length, max_length, refused_words: Arc::default(), breached: None, breached_service: None }
    }

    /// These words do not count for the length of a new password.
    pub fn refused_words(mut self, words: &[String]) -> Self {
        self.refused_words = words.into();
        self
    }

    /// Refuses new passwords that are in this list.
    pub fn breached(mut self, file: BreachedFile) -> Self {
        self.breached = Some(file);
        self
    }

    /// Refuses new passwords that this service knows.
    pub fn breached_service(mut self, service: BreachedService) -> Self {
        self.breached_service = Some(service);
        self
    }

    /// Refuses a presented password over the maximum, before it is hashed.
    pub fn check_presented(&self, password: &str) -> Result<(), AuthError> {
        if password.len() <= self.max_length {
            return Ok(());
        }
        Err(refusal(format!("The password is longer than {} bytes.", self.max_length)))
    }

    /// Whether `new` may be the password of the user with these names. It reads a file and asks a service, and may take seconds.
    pub fn check_new(&self, names: &[&str], new: &str) -> Result<(), AuthError> {
        self.check_presented(new)?;
        if new.chars().count() < self.min_length {
            return Err(refusal(format!("The new password needs at least {} characters.", self.min_length)));
        }
        let left = without_context(new, names, &self.refused_words).chars().count();
        if left < self.min_length {
            return Err(refusal(format!(
                "The new password needs at least {} characters beside names and words that everybody would try here, and it \
                 has {left}. Add words that have nothing to do with them.",
                self.min_length
            )));
        }
        if is_in(Cursor::new(COMMON), &new.to_lowercase())? {
            return Err(refusal(format!(
                "The new password is one of the most common ones, which are tried first. {HELP}"
            )));
        }
        let in_file = self.breached.as_ref().map_or(Ok(false), |file| file.contains(new)).map_err(StoreError::new)?;
        if in_file || self.is_known_to_service(new) {
            return Err(refusal(format!(
                "The new password is in a list of stolen ones. {HELP} Change it wherever else it is in use."
            )));
        }
        Ok(())
    }

    /// Whether the service knows the password. Whoever must change theirs can do so while somebody else's server is down.
    fn is_known_to_service(&self, new: &str) -> bool {
        let Some(service) = &self.breached_service else { return false };
        service.contains(new).unwrap_or_else(|error| {
            tracing::warn!(%error, "a new password was accepted without the service that knows stolen ones");
            false
        })
    }
}

/// What to do instead.
const HELP: &str = "Choose another: four words that have nothing to do with each other make a good one.";

fn is_in(lines: Cursor<&str>, password: &str) -> Result<bool, AuthError> {
    Ok(sorted_lines::contains(lines, password.as_bytes()).map_err(StoreError::new)?)
}

fn refusal(text: String) -> AuthError {
    AuthError::InvalidRequest(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> PasswordPolicy {
        PasswordPolicy::new(8, 20).refused_words(&["Acme".to_owned()])
    }

    fn accepts(new: &str) -> bool {
        policy().check_new(&["Little_Sapphire", "Jester Lavore"], new).is_ok()
    }

    #[test]
    fn the_minimum_counts_characters_and_the_maximum_counts_bytes() {
        assert!(accepts("ääääbbbb"), "8 characters in 12 bytes");
        assert!(!accepts("äääbbbb"), "7 characters in 10 bytes");
        assert!(accepts(&"xyz-".repeat(5)));
        assert!(!accepts(&"ä".repeat(11)), "11 characters in 22 bytes");
    }

    #[test]
    fn an_overlong_password_is_refused_before_it_is_compared() {
        assert!(policy().check_presented(&"x".repeat(21)).is_err());
        assert!(policy().check_presented("").is_ok(), "an empty one is just wrong");
    }

    #[test]
    fn names_and_words_of_the_place_do_not_count() {
        for guess in
            ["little_sapphire", "Little_Sapphire1", "jesterlavore77", "2026 Lavore!", "TollBridge1", "ACMEacmeAcme"]
        {
            assert!(!accepts(guess), "{guess}");
        }
        for fine in ["acme is not so bad", "lavore and no other"] {
            assert!(accepts(fine), "{fine}");
        }
        let short = policy().check_new(&["ab", "ab"], "abababab-abababab");
        assert!(short.is_ok(), "a name of two letters is part of many words");
    }

    #[test]
    fn common_ones_are_refused_in_any_case() {
        for common in ["password1", "PassWord1", "qwertyuiop", "12345678", "iloveyou", "zaq12wsx"] {
            assert!(!accepts(common), "{common}");
        }
        assert!(accepts("iloveyou "), "a trailing space is part of a password");
    }

    #[test]
    fn the_list_of_common_ones_is_sorted_and_long_enough() {
        let lines: Vec<_> = COMMON.lines().collect();
        assert!(lines.len() >= 10_000 && lines.is_sorted());
        assert!(
            lines.iter().all(|line| line.len() >= 8 && *line == line.to_lowercase() && !line.contains([':', '\r']))
        );
        for line in lines {
            assert!(sorted_lines::contains(Cursor::new(COMMON), line.as_bytes()).is_ok_and(|found| found), "{line}");
        }
    }
}
