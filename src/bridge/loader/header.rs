//! A token in a header: `Authorization: Bearer …` (RFC 6750 section 2.1, RFC 9110 section 11.6.2), or as configured.

use actix_web::http::header::HeaderMap;

use crate::bridge::credential::{Absence, Found, Malformed};
use crate::bridge::locations::{Grammar, HeaderPlace};

/// The token of the headers. A scheme other than the configured one is somebody else's credential and counts as absent.
pub(super) fn find(headers: &HeaderMap, place: &HeaderPlace, grammar: Grammar) -> Found {
    match grammar {
        Grammar::Strict => strict(headers, place),
        Grammar::Flask => in_list(headers, place),
    }
}

fn strict(headers: &HeaderMap, place: &HeaderPlace) -> Found {
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
        _ => Some(rest),
    }
}

/// `b64token` of RFC 6750 section 2.1.
fn is_b64token(token: &str) -> bool {
    let body = token.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

/// The token of a list of credentials that are separated by commas, as Flask-JWT-Extended reads it.
fn in_list(headers: &HeaderMap, place: &HeaderPlace) -> Found {
    let mut fields = headers.get_all(&place.name).flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let mut words = |field: &[u8]| -> Vec<String> {
        let words = field.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        words.map(|word| String::from_utf8_lossy(word).into_owned()).collect()
    };
    if place.scheme.is_empty() {
        // Commas separate nothing here, but those at the ends do not count.
        let all: Vec<&[u8]> = headers.get_all(&place.name).map(|value| value.as_bytes()).collect();
        let all = all.join(&b","[..]);
        let trimmed = String::from_utf8_lossy(&all);
        let trimmed = trimmed.trim().trim_matches(',');
        return match &words(trimmed.as_bytes())[..] {
            [] => Found::Nothing(Absence::Missing),
            [token] => Found::Token(token.clone()),
            _ => Found::Malformed(Malformed::Header),
        };
    }
    let listed: Vec<Vec<String>> = fields.by_ref().map(&mut words).filter(|words| !words.is_empty()).collect();
    if listed.is_empty() {
        return Found::Nothing(Absence::Missing);
    }
    let mut ours = listed.into_iter().filter(|words| words[0] == place.scheme);
    match (ours.next(), ours.next()) {
        (Some(words), None) => match &words[..] {
            [_, token] => Found::Token(token.clone()),
            _ => Found::Malformed(Malformed::Header),
        },
        // None of ours, or several: neither says which is meant.
        _ => Found::Nothing(Absence::OtherScheme),
    }
}
