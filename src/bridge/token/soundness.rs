//! The checks of a public key before it is accepted. jsonwebtoken checks a key only when it is used, and less strictly.

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::signature::{ED25519, ParsedPublicKey, RsaPublicKeyComponents};
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::{DecodingKey, DecodingKeyKind};

use super::algorithm::Algorithm;
use super::roca;

/// The accepted lengths of an RSA modulus in bits: at least 2048 (RFC 7518 section 3.3), and at most what aws-lc-rs can
/// verify with.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Whether this is an acceptable public key for the algorithm: an RSA key given by its modulus and exponent, or a point
/// on the curve.
///
/// RSA keys in DER are refused: to read them jsonwebtoken calls the default provider of the process.
pub(super) fn is_sound(algorithm: Algorithm, key: &DecodingKey) -> bool {
    if key.family() != algorithm.family() {
        return false;
    }
    match (key.kind(), algorithm.curve()) {
        (DecodingKeyKind::RsaModulusExponent { n, e }, _) => is_sound_rsa(n, e),
        (DecodingKeyKind::SecretOrDer(point), Some(curve)) => ParsedPublicKey::new(&**curve, point).is_ok(),
        (DecodingKeyKind::SecretOrDer(point), None) => {
            algorithm == Algorithm::EdDSA && ParsedPublicKey::new(&ED25519, point).is_ok()
        }
    }
}

/// The length of an RSA modulus in bits; `None` for any other key.
pub(super) fn rsa_bits(key: &DecodingKey) -> Option<usize> {
    match key.kind() {
        DecodingKeyKind::RsaModulusExponent { n, .. } => Some(bits(n)),
        DecodingKeyKind::SecretOrDer(_) => None,
    }
}

fn bits(number: &[u8]) -> usize {
    number.first().map_or(0, |first| 8 * number.len() - first.leading_zeros() as usize)
}

fn is_sound_rsa(n: &[u8], e: &[u8]) -> bool {
    RSA_BITS.contains(&bits(n)) && !roca::has_fingerprint(n) && is_canonical(n, e)
}

/// Whether modulus and exponent make a key and have no leading zeros.
fn is_canonical(n: &[u8], e: &[u8]) -> bool {
    let spki: Result<PublicKeyX509Der<'_>, _> = RsaPublicKeyComponents { n, e }.as_der();
    spki.ok()
        .and_then(|spki| (DEFAULT_PROVIDER.key_utils.rsa_pub_components_from_public_key)(spki.as_ref()).ok())
        .is_some_and(|(parsed_n, parsed_e)| parsed_n == n && parsed_e == e)
}
