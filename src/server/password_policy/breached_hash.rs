//! The hash by which lists of stolen passwords name them.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// The digits of a SHA-1.
pub(super) const DIGITS: usize = 40;

/// The SHA-1 of a password in hexadecimal, in upper case. It is as good as the password for whoever guesses.
#[expect(clippy::disallowed_methods, reason = "the lists are of SHA-1, and this is no use of it for security")]
pub(super) fn sha1_of(password: &str) -> String {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect()
}
