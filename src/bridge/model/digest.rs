//! The hash function for secrets that are looked up or compared, and the hasher of maps with keys that are random.

use std::hash::Hasher;

use aws_lc_rs::digest;

/// SHA-256.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

/// Takes the first bytes of a key that is random: a hash, or the text of one. They need to be spread, but not to be hashed.
#[derive(Default)]
pub(crate) struct DigestHasher(u64);

impl Hasher for DigestHasher {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    /// The length of the key, which is always the same.
    fn write_usize(&mut self, _: usize) {}

    /// A text has few bits of chance in each byte; a map takes its places from the lowest bits.
    fn finish(&self) -> u64 {
        let spread = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        spread ^ (spread >> 32)
    }
}
