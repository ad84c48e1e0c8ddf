//! Signing and verification of the bytes of a token (RFC 7515 section 5) with jsonwebtoken.
//!
//! The functions name the provider explicitly. They never use the default provider of the process, which belongs to the
//! embedder: it panics if two providers are compiled in and none was chosen.

use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::{DecodingKey, EncodingKey};

use super::algorithm::Algorithm;

/// The signature of `message`.
pub(super) fn sign(algorithm: Algorithm, key: &EncodingKey, message: &[u8]) -> Option<Vec<u8>> {
    let signer = (DEFAULT_PROVIDER.signer_factory)(&algorithm.to_jsonwebtoken(), key).ok()?;
    signer.try_sign(message).ok()
}

/// Whether `signature` is a signature of `message`. HMACs are compared in constant time.
pub(super) fn verify(algorithm: Algorithm, key: &DecodingKey, message: &[u8], signature: &[u8]) -> bool {
    (DEFAULT_PROVIDER.verifier_factory)(&algorithm.to_jsonwebtoken(), key)
        .is_ok_and(|verifier| verifier.verify(message, &signature.to_vec()).is_ok())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jsonwebtoken::crypto::{CryptoProvider, KeyUtils};

    use crate::bridge::token::{Algorithm, KeySet, TokenKey};

    /// A default provider that panics, as jsonwebtoken has when two providers are compiled in.
    static PANICS: CryptoProvider = CryptoProvider {
        signer_factory: |_, _| panic!("the default provider of the process was used to sign"),
        verifier_factory: |_, _| panic!("the default provider of the process was used to verify"),
        key_utils: KeyUtils::new_unimplemented(),
    };

    #[test]
    fn the_default_provider_of_the_process_is_not_used() {
        PANICS.install_default().expect("no other test of this program uses it");
        for algorithm in Algorithm::ALL {
            let (private, public): (&[u8], &[u8]) = match algorithm {
                Algorithm::ES256 => (
                    include_bytes!("../../../tests/fixtures/p256_sec1.pem"),
                    include_bytes!("../../../tests/fixtures/p256_public.pem"),
                ),
                Algorithm::ES384 => (
                    include_bytes!("../../../tests/fixtures/p384.pem"),
                    include_bytes!("../../../tests/fixtures/p384_public.pem"),
                ),
                Algorithm::EdDSA => (
                    include_bytes!("../../../tests/fixtures/ed25519.pem"),
                    include_bytes!("../../../tests/fixtures/ed25519_public.pem"),
                ),
                _ => (
                    include_bytes!("../../../tests/fixtures/rsa2048.pem"),
                    include_bytes!("../../../tests/fixtures/rsa2048_public.pem"),
                ),
            };
            let signing = if algorithm.is_symmetric() {
                TokenKey::from_secret(algorithm, &[7; 64])
            } else {
                TokenKey::from_private_pem(algorithm, private)
            };
            let signing = signing.expect("a key");
            let mut verifying = vec![signing.clone()];
            let jwks = KeySet::new(signing.clone(), Vec::new()).jwks();
            for jwk in jwks["keys"].as_array().expect("keys") {
                verifying.push(TokenKey::from_jwk(&jwk.to_string()).expect("a key"));
                verifying.push(TokenKey::from_public_pem(algorithm, public).expect("a key"));
            }
            assert_eq!(verifying.len(), if algorithm.is_symmetric() { 1 } else { 3 });
            let signature = signing.sign(b"message").expect("a signature");
            let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
            assert!(verifying.iter().all(|key| key.verify(b"message", &signature)), "{algorithm}");
        }
    }
}
