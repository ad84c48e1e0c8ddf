//! RSA keys that certain smart cards made and that can be factored (CVE-2017-15361, "ROCA").
//!
//! Their modulus is a power of 65537 modulo every small prime. For these primes few residues are such a power, so a
//! sound key is taken for one of them about once in two hundred million.

/// The primes for which it is telling, as in the detector that the discoverers published.
const PRIMES: [u32; 17] = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];

/// Whether a modulus, big-endian, has the mark.
pub(super) fn is_marked(modulus: &[u8]) -> bool {
    PRIMES.iter().all(|prime| {
        let residue = modulus.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % prime);
        std::iter::successors(Some(1), |power| Some(power * 65537 % prime))
            .take(*prime as usize)
            .any(|power| power == residue)
    })
}
