//! The check for weak RSA keys that certain smart cards generated and that can be factored (CVE-2017-15361, "ROCA").
//!
//! The modulus of such a key is a power of 65537 modulo every small prime. Modulo the primes below, few residues are a
//! power of 65537. A strong key has the fingerprint by chance about once in two hundred million keys.

/// The primes that distinguish weak keys, from the detector that the discoverers published.
const PRIMES: [u32; 17] = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];

/// Whether a big-endian modulus has the fingerprint of a weak key.
pub(super) fn has_fingerprint(modulus: &[u8]) -> bool {
    PRIMES.iter().all(|prime| {
        let residue = modulus.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % prime);
        std::iter::successors(Some(1), |power| Some(power * 65537 % prime))
            .take(*prime as usize)
            .any(|power| power == residue)
    })
}
