//! Values that nobody can guess.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// `N` bytes from the operating system's generator.
///
/// # Panics
///
/// When that generator fails: nothing that needs a secret can go on then, and a guessable one would be worse.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(clippy::expect_used, reason = "without randomness no secret can be made")]
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system's random generator failed");
    bytes
}

/// `N` random bytes as base64url without padding.
pub(crate) fn base64url<const N: usize>() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<N>())
}

/// A random UUID (RFC 9562 section 5.4): 122 bits that nobody can guess, in the form that other software expects.
pub(crate) fn uuid() -> String {
    let mut number = u128::from_be_bytes(bytes());
    number = (number & !(0xf << 76)) | (4 << 76);
    number = (number & !(0b11 << 62)) | (0b10 << 62);
    let hex = format!("{number:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
