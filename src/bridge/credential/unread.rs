//! Tokens in places that are not read. They do not authenticate, but they are not "nothing" either.

use std::borrow::Cow;

use actix_web::http::header::{COOKIE, HeaderMap};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::bridge::token::ApiTokenText;

/// How many texts with the form of a token are examined in one place. Where there are more, one of them counts as a token
/// of ours, because the rest is not looked at.
const MAX_EXAMINED: usize = 64;

/// The length of the shortest token, in bytes: that of the signature and a short header.
const MIN_LENGTH: usize = 64;

/// The texts with the form of a compact token (three parts of base64url with dots between them, the first of which begins
/// with that of `{"`) or of an API token.
fn token_texts(text: &[u8]) -> impl Iterator<Item = &str> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    text.split(move |byte| !is_part(*byte) && *byte != b'.')
        .filter(|word| word.len() >= MIN_LENGTH && (word.starts_with(b"eyJ") || word.starts_with(b"tbt_")))
        .filter_map(|word| std::str::from_utf8(word).ok())
        .filter(|word| has_two_dots(word) || ApiTokenText::parse(word).is_ok())
}

fn has_two_dots(word: &str) -> bool {
    word.bytes().filter(|byte| *byte == b'.').count() == 2
}

/// Whether one of the texts is a token of ours.
pub(crate) fn any_is_ours<'t>(mut texts: impl Iterator<Item = &'t str>, is_ours: impl Fn(&str) -> bool) -> bool {
    texts.by_ref().take(MAX_EXAMINED).any(is_ours) || texts.next().is_some()
}

/// The tokens in a JSON body: as many as are examined, and one more.
pub(super) fn in_json(body: &[u8]) -> Vec<String> {
    token_texts(&unescaped(body)).take(MAX_EXAMINED + 1).map(str::to_owned).collect()
}

/// The tokens in the names and values of a form or a query, as above.
pub(super) fn in_form(body: &[u8]) -> Vec<String> {
    let texts = url::form_urlencoded::parse(body).flat_map(|(name, value)| [name, value]);
    texts.flat_map(|text: Cow<'_, str>| in_json(text.as_bytes())).take(MAX_EXAMINED + 1).collect()
}

/// The name of the header with a token of ours, besides cookies.
pub(crate) fn in_headers(headers: &HeaderMap, is_ours: &dyn Fn(&str) -> bool) -> Option<String> {
    let mut others = headers.iter().filter(|(name, _)| *name != COOKIE);
    let found = others.find(|(_, value)| any_is_ours(token_texts(&without_basic(value.as_bytes())), is_ours));
    found.map(|(name, _)| name.as_str().to_owned())
}

/// Whether a token of ours is in the query.
pub(crate) fn is_in_query(query: &str, is_ours: &dyn Fn(&str) -> bool) -> bool {
    any_is_ours(in_form(query.as_bytes()).iter().map(String::as_str), is_ours)
}

/// JSON without the escapes of ASCII characters, for a search of its words. It is no longer JSON.
fn unescaped(json: &[u8]) -> Cow<'_, [u8]> {
    if !json.contains(&b'\\') {
        return Cow::Borrowed(json);
    }
    let mut plain = Vec::with_capacity(json.len());
    let mut rest = json;
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte != b'\\' {
            plain.push(*byte);
            continue;
        }
        match (escaped_ascii(after), after) {
            (Some(character), [_, _, _, _, _, after @ ..]) => {
                plain.push(character);
                rest = after;
            }
            (_, [_, after @ ..]) => {
                plain.push(b'\\');
                rest = after;
            }
            (_, []) => {}
        }
    }
    Cow::Owned(plain)
}

/// The ASCII character of an escape such as `u0065`.
fn escaped_ascii(escape: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(escape.strip_prefix(b"u00")?.get(..2)?).ok()?;
    u8::from_str_radix(digits, 16).ok().filter(u8::is_ascii)
}

/// The name and the password of the scheme `Basic`, which some clients use for a token. Any other value as it is.
fn without_basic(value: &[u8]) -> Cow<'_, [u8]> {
    let credentials = value.split_at_checked(6).filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"Basic "));
    let decoded = credentials.and_then(|(_, encoded)| STANDARD.decode(encoded.trim_ascii()).ok());
    decoded.map_or(Cow::Borrowed(value), Cow::Owned)
}
