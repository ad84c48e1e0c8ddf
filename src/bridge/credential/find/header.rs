//! A token in a header: `Authorization: Bearer …` (RFC 6750 section 2.1, RFC 9110 section 11.6.2), or as configured.

use actix_web::http::header::HeaderMap;

use crate::bridge::credential::grammar::HeaderPlace;
use crate::bridge::credential::presented::{Absence, Found, Malformed};

/// The token of the headers. A scheme other than the configured one is somebody else's credential and counts as absent.
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

/// What follows the scheme and its one space, or `None` for another scheme. Schemes are case-insensitive, and end where
/// a token of RFC 9110 section 5.6.2 ends: whatever but a space comes then, it was meant as a token of ours and is none.
fn after_scheme<'v>(value: &'v [u8], scheme: &[u8]) -> Option<&'v [u8]> {
    if scheme.is_empty() {
        // Without a scheme the token is all there is; what has a second word has a scheme, and that is not ours.
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

/// `b64token` of RFC 6750 section 2.1.
fn is_b64token(token: &str) -> bool {
    let body = token.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}
