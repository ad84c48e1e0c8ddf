//! New keys.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::{SystemRandom, fill};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
};
use secrecy::SecretSlice;

use crate::Algorithm;
use crate::server::secrets::TokenSecret;

/// A new key for this algorithm: a secret of the length of its hash, or a key pair, of RSA one with 3072 bits (OWASP ASVS 5.0
/// appendix C). `None`: the system has no randomness.
pub(crate) fn generate(algorithm: Algorithm) -> Option<TokenSecret> {
    if algorithm.is_symmetric() {
        let mut secret = vec![0; algorithm.shortest_secret()];
        fill(&mut secret).ok()?;
        return Some(TokenSecret::Secret(algorithm, SecretSlice::from(secret)));
    }
    let random = SystemRandom::new();
    let der = match algorithm {
        Algorithm::EdDSA => Ed25519KeyPair::generate_pkcs8(&random).ok()?.as_ref().to_vec(),
        Algorithm::ES256 => {
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).ok()?.as_ref().to_vec()
        }
        Algorithm::ES384 => {
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &random).ok()?.as_ref().to_vec()
        }
        _ => RsaKeyPair::generate(KeySize::Rsa3072).ok()?.as_der().ok()?.as_ref().to_vec(),
    };
    let pem = pem::encode(&pem::Pem::new("PRIVATE KEY", der));
    Some(TokenSecret::PrivateKey(algorithm, SecretSlice::from(pem.into_bytes())))
}
