//! The text of an API token: `tbt_<id>_<secret><checksum>`.
//!
//! The id is public, the secret has 238 random bits, and the checksum is a CRC-32 of everything before it. All three are
//! in base 62. So a scanner of public code finds a token by its prefix and knows without a server that it is one, and a
//! token that was mistyped or cut is refused before any look-up.

use super::fault::TokenFault;
use crate::bridge::model::{ApiTokenId, random, sha256};

/// The beginning of every API token. No other token begins like this.
const PREFIX: &str = "tbt_";

const ID: usize = 16;
const SECRET: usize = 40;
const CHECKSUM: usize = 6;

/// Where the id ends.
const ID_END: usize = PREFIX.len() + ID;
/// Where the secret begins and ends.
const SECRET_START: usize = ID_END + 1;
const SECRET_END: usize = SECRET_START + SECRET;
const LENGTH: usize = SECRET_END + CHECKSUM;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// An API token as a request presents it. It is well-formed, and not verified.
pub(crate) struct ApiTokenText<'t> {
    id: &'t str,
    secret: &'t str,
}

impl<'t> ApiTokenText<'t> {
    /// Whether a text is meant to be an API token.
    pub(crate) fn is_meant_by(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// Splits a text.
    pub(crate) fn parse(text: &'t str) -> Result<Self, TokenFault> {
        let parts = || {
            let (message, checksum) = text.split_at_checked(SECRET_END).filter(|_| text.len() == LENGTH)?;
            let id = message.strip_prefix(PREFIX)?.get(..ID)?;
            let secret = message.get(ID_END..)?.strip_prefix('_')?;
            let is_digit = |byte: u8| byte.is_ascii_alphanumeric();
            (id.bytes().all(is_digit) && secret.bytes().all(is_digit)).then_some((message, id, secret, checksum))
        };
        let (message, id, secret, checksum) = parts().ok_or(TokenFault::ApiTokenForm)?;
        if checksum_of(message) != checksum.as_bytes() {
            return Err(TokenFault::Checksum);
        }
        Ok(Self { id, secret })
    }

    /// The public id.
    pub(crate) fn id(&self) -> ApiTokenId {
        ApiTokenId::from(self.id.to_owned())
    }

    /// SHA-256 of the secret.
    pub(crate) fn secret_hash(&self) -> [u8; 32] {
        sha256(self.secret.as_bytes())
    }
}

/// A new API token: its text, its id and the hash of its secret.
pub(crate) fn generate() -> (String, ApiTokenId, [u8; 32]) {
    let (id, secret) = (random_digits::<ID>(), random_digits::<SECRET>());
    let mut text = format!("{PREFIX}{id}_{secret}");
    let checksum = checksum_of(&text);
    text.extend(checksum.iter().map(|digit| char::from(*digit)));
    (text, ApiTokenId::from(id), sha256(secret.as_bytes()))
}

/// `N` random digits of base 62.
fn random_digits<const N: usize>() -> String {
    /// The greatest multiple of 62 that a byte can hold. A greater byte would make some digits likelier than others.
    const FAIR: u8 = 62 * 4;
    let mut digits = String::with_capacity(N);
    while digits.len() < N {
        let fair = random::bytes::<N>().into_iter().filter(|byte| *byte < FAIR).take(N - digits.len());
        digits.extend(fair.map(|byte| char::from(DIGITS[usize::from(byte % 62)])));
    }
    digits
}

/// The CRC-32 of a text as six digits of base 62.
fn checksum_of(text: &str) -> [u8; CHECKSUM] {
    let crc = !text.bytes().fold(!0, |crc: u32, byte| (crc >> 8) ^ CRC_TABLE[usize::from(crc as u8 ^ byte)]);
    let mut digits = [b'0'; CHECKSUM];
    let mut rest = crc;
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}

/// The table of the CRC-32 of IEEE 802.3, which is also that of gzip and of GitHub's tokens.
const CRC_TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Made with Python: `zlib.crc32`, and `divmod` by 62.
    const KNOWN: &str = "tbt_0123456789ABCDEF_abcdefghijklmnopqrstuvwxyz0123456789ABCD0QuAel";

    #[test]
    fn a_known_token_is_read() {
        let token = ApiTokenText::parse(KNOWN).ok().unwrap();
        assert_eq!(token.id().as_str(), "0123456789ABCDEF");
        assert_eq!(token.secret_hash(), sha256(b"abcdefghijklmnopqrstuvwxyz0123456789ABCD"));
    }

    #[test]
    fn a_new_token_is_one_and_no_two_are_the_same() {
        let mut seen = HashSet::new();
        for _ in 0..200 {
            let (text, id, hash) = generate();
            let token = ApiTokenText::parse(&text).ok().unwrap();
            assert_eq!((token.id(), token.secret_hash()), (id.clone(), hash));
            assert!(seen.insert(id.to_string()) && seen.insert(text));
        }
    }

    #[test]
    fn every_single_mistake_is_noticed() {
        for place in 0..KNOWN.len() {
            for other in [b'0', b'z', b'_', b'-', b' '] {
                let mut bytes = KNOWN.as_bytes().to_vec();
                if std::mem::replace(&mut bytes[place], other) != other {
                    let text = String::from_utf8(bytes).unwrap();
                    assert!(ApiTokenText::parse(&text).is_err(), "{text}");
                }
            }
            assert!(ApiTokenText::parse(&KNOWN[..place]).is_err(), "cut at {place}");
        }
        for text in [format!("{KNOWN}0"), format!(" {KNOWN}"), KNOWN.replace("tbt_", "tbt-"), "tbt_ä".repeat(12)] {
            assert!(ApiTokenText::parse(&text).is_err(), "{text}");
        }
    }
}
