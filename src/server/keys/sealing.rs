//! The sealing of private keys in the database: AES-256-GCM, bound to the id and the algorithm of the key.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretSlice};

use crate::server::secrets::TokenSecret;
use crate::store::db::SealedKey;
use crate::{Algorithm, UnixTime};

/// The key that all nodes share.
pub(crate) struct SealingKey {
    key: RandomizedNonceKey,
    fingerprint: String,
}

/// A sealed key cannot be opened, or a key cannot be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealingError {
    /// The system has no randomness.
    #[error("the key {0} cannot be sealed: the system has no randomness")]
    Seal(String),
    /// The row was altered, or sealed with another key.
    #[error(
        "the key {0} of the database cannot be opened with this sealing key: it was sealed with another one, or altered"
    )]
    Open(String),
}

impl SealingKey {
    /// A key made of this secret, of 32 bytes or more. `None` if it cannot be made.
    pub(crate) fn new(secret: &SecretSlice<u8>) -> Option<Self> {
        // One key for sealing, and another one for telling it.
        let master = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret());
        let sealing = hmac::sign(&master, b"tollbridge sealing");
        let fingerprint = hmac::sign(&master, b"tollbridge sealing fingerprint");
        let key = RandomizedNonceKey::new(&AES_256_GCM, sealing.as_ref()).ok()?;
        Some(Self { key, fingerprint: URL_SAFE_NO_PAD.encode(&fingerprint.as_ref()[..12]) })
    }

    /// What tells whether another node has the same key, without telling the key.
    pub(crate) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The row of a key.
    pub(crate) fn seal(
        &self,
        secret: &TokenSecret,
        kid: &str,
        created_at: UnixTime,
        signs_from: Option<UnixTime>,
    ) -> Result<SealedKey, SealingError> {
        let (algorithm, bytes) = match secret {
            TokenSecret::Secret(algorithm, bytes) | TokenSecret::PrivateKey(algorithm, bytes) => (*algorithm, bytes),
        };
        let failed = |_unspecified| SealingError::Seal(kid.to_owned());
        let mut sealed = bytes.expose_secret().to_vec();
        let nonce =
            self.key.seal_in_place_append_tag(Aad::from(bound_to(kid, algorithm)), &mut sealed).map_err(failed)?;
        let sealed = [&nonce.as_ref()[..], &sealed].concat();
        let (kid, algorithm) = (kid.to_owned(), algorithm.name().to_owned());
        Ok(SealedKey { kid, algorithm, sealed, created_at, signs_from, verifies_until: None })
    }

    /// The key of a row.
    pub(crate) fn open(&self, row: &SealedKey) -> Result<TokenSecret, SealingError> {
        let failed = || SealingError::Open(row.kid.clone());
        let algorithm: Algorithm = row.algorithm.parse().map_err(|_unknown| failed())?;
        let (nonce, sealed) = row.sealed.split_at_checked(NONCE_LEN).ok_or_else(failed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_length| failed())?;
        let mut opened = sealed.to_vec();
        let length = self
            .key
            .open_in_place(nonce, Aad::from(bound_to(&row.kid, algorithm)), &mut opened)
            .map_err(|_unspecified| failed())?
            .len();
        opened.truncate(length);
        let opened = SecretSlice::from(opened);
        Ok(if algorithm.is_symmetric() {
            TokenSecret::Secret(algorithm, opened)
        } else {
            TokenSecret::PrivateKey(algorithm, opened)
        })
    }
}

/// What a sealed key is good for, and nothing else.
fn bound_to(kid: &str, algorithm: Algorithm) -> Vec<u8> {
    format!("tollbridge signing key\0{algorithm}\0{kid}").into_bytes()
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealingKey").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::keys::generate::generate;

    fn sealing(byte: u8) -> SealingKey {
        SealingKey::new(&SecretSlice::from(vec![byte; 32])).expect("a key")
    }

    #[test]
    fn what_is_sealed_opens_with_its_key_as_what_it_is_and_no_other() {
        for algorithm in [Algorithm::HS256, Algorithm::EdDSA, Algorithm::ES384] {
            let secret = generate(algorithm).expect("randomness");
            let kid = secret.token_key().expect("a key").id().to_owned();
            let row = sealing(1).seal(&secret, &kid, 7, Some(7)).expect("sealed");
            let opened = sealing(1).open(&row).expect("opened");
            assert_eq!(opened.token_key().expect("a key").id(), kid);
            assert_ne!(sealing(1).seal(&secret, &kid, 7, Some(7)).expect("sealed").sealed, row.sealed);

            assert!(sealing(2).open(&row).is_err(), "another key");
            for wrong in [
                SealedKey { kid: format!("{kid}x"), ..row.clone() },
                SealedKey { algorithm: "HS384".to_owned(), ..row.clone() },
                SealedKey { algorithm: "none".to_owned(), ..row.clone() },
                SealedKey { sealed: row.sealed[1..].to_vec(), ..row.clone() },
                SealedKey { sealed: Vec::new(), ..row.clone() },
            ] {
                assert!(sealing(1).open(&wrong).is_err(), "{wrong:?}");
            }
            for index in 0..row.sealed.len() {
                let mut altered = row.clone();
                altered.sealed[index] ^= 1;
                assert!(sealing(1).open(&altered).is_err());
            }
        }
        let shown = format!("{:?}", sealing(1));
        assert!(!shown.contains("[1, 1") && sealing(1).fingerprint() != sealing(2).fingerprint(), "{shown}");
    }
}
