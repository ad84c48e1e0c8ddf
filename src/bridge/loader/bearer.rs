//! The `Authorization` header (RFC 6750 section 2.1, RFC 9110 section 11.6.2).

use actix_web::http::header::{AUTHORIZATION, HeaderMap};

use crate::bridge::credential::{Location, Presented, PresentedToken};
use crate::bridge::error::AuthError;
use crate::bridge::token::TokenFault;

const SCHEME: &[u8] = b"bearer";

/// The bearer token of the headers. A scheme other than `Bearer` is somebody else's credential and counts as absent.
pub(super) fn from_headers(headers: &HeaderMap) -> Presented {
    let mut values = headers.get_all(AUTHORIZATION);
    let Some(first) = values.next() else { return Presented::Nothing };
    if values.next().is_some() {
        let bearer = headers.get_all(AUTHORIZATION).any(|value| after_scheme(value.as_bytes()).is_some());
        return if bearer {
            Presented::Unusable(AuthError::InvalidRequest("Send one Authorization header only.".into()))
        } else {
            Presented::Nothing
        };
    }
    match after_scheme(first.as_bytes()) {
        None => Presented::Nothing,
        Some(token) => match std::str::from_utf8(token) {
            Ok(token) if is_b64token(token) => {
                Presented::Token(PresentedToken { text: token.to_owned(), location: Location::Header })
            }
            _ => Presented::Unusable(AuthError::TokenInvalid(TokenFault::NotAToken(Location::Header))),
        },
    }
}

/// What follows `Bearer` and its one space, or `None` for another scheme. Schemes are case-insensitive, and end where a
/// token of RFC 9110 section 5.6.2 ends: whatever but a space comes then, it was meant as a bearer token and is none.
fn after_scheme(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked(SCHEME.len())?;
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return None;
    }
    match rest {
        [b' ', token @ ..] => Some(token),
        [byte, ..] if byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte) => None,
        _ => Some(rest),
    }
}

/// `b64token` of RFC 6750 section 2.1.
fn is_b64token(token: &str) -> bool {
    let body = token.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}
