//! The hash function for secrets that are looked up or compared.

use aws_lc_rs::digest;

/// SHA-256.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}
