//! Keys as text.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};

/// base64url with or without padding.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The reason that a text is not accepted as a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyWeakness {
    /// Not base64url.
    #[error("this is not base64url; make a key with `openssl rand -base64 32 | tr +/ -_`")]
    NotBase64Url,
    /// Too short.
    #[error(
        "the key is {has} bytes long and must have at least {needed}; make one with `openssl rand -base64 {needed} | tr -d '\\n' | tr +/ -_`"
    )]
    Short {
        /// Its length in bytes.
        has: usize,
        /// The least length in bytes.
        needed: usize,
    },
    /// Can be guessed.
    #[error("this key can be guessed; make a random one with `openssl rand -base64 32 | tr +/ -_`")]
    Guessable,
}

/// Decodes a key of at least `needed` bytes from base64url and refuses words, which can be guessed.
///
/// Words are valid base64url too, but usually in one case. A hexadecimal key is in one case as well and is accepted,
/// because it is base64url of a longer key. The decoded bytes may be text, as in a key shared with a Flask application.
///
/// # Errors
///
/// [`KeyWeakness`]: the text is invalid, short, or can be guessed.
pub(super) fn decode(text: &SecretString, needed: usize) -> Result<SecretSlice<u8>, KeyWeakness> {
    let text = text.expose_secret();
    let key = SecretSlice::from(BASE64URL.decode(text).or(Err(KeyWeakness::NotBase64Url))?);
    let bytes = key.expose_secret();
    if bytes.len() < needed {
        return Err(KeyWeakness::Short { has: bytes.len(), needed });
    }
    let mut seen = [false; 256];
    bytes.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    let distinct = seen.into_iter().filter(|seen| *seen).count();
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let both_cases = text.contains(|c: char| c.is_ascii_lowercase()) && text.contains(|c: char| c.is_ascii_uppercase());
    // Of 32 random bytes 30 differ, and of 64 hexadecimal digits 16.
    if distinct < 8 || !(both_cases || is_hex) { Err(KeyWeakness::Guessable) } else { Ok(key) }
}
