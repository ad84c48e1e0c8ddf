//! The keys that are derived from the session secret.

use aws_lc_rs::{hkdf, hmac};

/// An HMAC key for one purpose.
pub(crate) fn mac_key(secret: &[u8], purpose: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, &derive::<32>(secret, purpose))
}

/// A key for one purpose (HKDF-SHA-256, RFC 5869). Each purpose has a separate key.
pub(crate) fn derive<const N: usize>(secret: &[u8], purpose: &[u8]) -> [u8; N] {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let mut key = [0; N];
    let info = [b"tollbridge ", purpose];
    let pseudorandom = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(secret);
    #[expect(clippy::expect_used, reason = "HKDF fails only for keys of more than 8160 bytes")]
    pseudorandom.expand(&info, Length(N)).and_then(|okm| okm.fill(&mut key)).expect("the key is short");
    key
}
