//! What is said of a token key that works, and that one would not choose today.

use crate::{Algorithm, TokenKey};

/// The least bits of an RSA key that one would choose today (OWASP ASVS 5.0 appendix C, NIST SP 800-57 part 1).
const RSA_BITS: usize = 3072;

/// The advice about a key, one sentence each.
pub(super) fn advice(key: &TokenKey) -> Vec<String> {
    let mut advice = Vec::new();
    if let Some(bits) = key.rsa_bits().filter(|bits| *bits < RSA_BITS) {
        advice.push(format!(
            "the RSA token key has {bits} bits, as strong as 112 bits, which NIST SP 800-57 ends with 2030: \
             make the next one with {RSA_BITS}, or of EdDSA"
        ));
    }
    if matches!(key.algorithm(), Algorithm::RS256 | Algorithm::RS384 | Algorithm::RS512) {
        let better = key.algorithm_name().replacen("RS", "PS", 1);
        advice.push(format!(
            "{} signs with the padding of PKCS #1 v1.5, which RFC 8017 section 8 keeps for old applications only: use \
             {better}, ES256 or EdDSA if everybody who verifies tokens knows it",
            key.algorithm_name()
        ));
    }
    advice
}
