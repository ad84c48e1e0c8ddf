//! A token in a header: `Authorization: Bearer …` (RFC 6750 section 2.1, RFC 9110 section 11.6.2), or the configured
//! header and scheme.

use actix_web::http::header::HeaderMap;

use crate::bridge::credential::grammar::HeaderPlace;
use crate::bridge::credential::presented::{Absence, Found, Malformed};

/// The token in the headers. A value with a scheme other than the configured one counts as absent, because it is a
/// credential for other software.
pub(super) fn find(headers: &HeaderMap, place: &HeaderPlace) -> Found {
    let scheme = place.scheme.as_bytes();
    let mut values = headers.get_all(&place.name);
    let Some(first) = values.next() else { return Found::Nothing(Absence::Missing) };
    if values.next().is_some() {
        let ours = headers.get_all(&place.name).any(|value| after_scheme(value.as_bytes(), scheme).is_some());
        return if ours { Found::Malformed(Malformed::Headers) } else { Found::Nothing(Absence::OtherScheme) };
    }
    match after_scheme(first.as_bytes(), scheme) {
        None => Found::Nothing(Absence::OtherScheme),
        Some(token) => match std::str::from_utf8(token) {
            Ok(token) if is_b64token(token) => Found::Token(token.to_owned()),
            _ => Found::Malformed(Malformed::Header),
        },
    }
}

/// The text after the scheme and one space, or `None` for another scheme. Schemes are case-insensitive. A scheme ends
/// at the first byte that is not a `token` character (RFC 9110 section 5.6.2). If that byte is not a space, the text is
/// returned with that byte, and is then refused as malformed.
fn after_scheme<'v>(value: &'v [u8], scheme: &[u8]) -> Option<&'v [u8]> {
    if scheme.is_empty() {
        // No scheme is configured, so the value is the token. A value with a space has a scheme, and is not for us.
        return (!value.contains(&b' ')).then_some(value);
    }
    let (named, rest) = value.split_at_checked(scheme.len())?;
    if !named.eq_ignore_ascii_case(scheme) {
        return None;
    }
    match rest {
        [b' ', token @ ..] => Some(token),
        [byte, ..] if byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte) => None,
        _ => Some(b""),
    }
}

/// Whether the text is a `b64token` of RFC 6750 section 2.1.
fn is_b64token(token: &str) -> bool {
    let body = token.trim_end_matches('=');
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() | matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/');
    // Without an early exit the compiler examines many bytes at a time. Nearly every token is valid.
    !body.is_empty() && body.bytes().fold(true, |all, byte| all & is_allowed(byte))
}
