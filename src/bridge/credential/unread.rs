//! Tokens in places that are not read. They do not authenticate, but they are not "nothing" either.

use std::borrow::Cow;

use actix_web::http::header::{COOKIE, HeaderMap};

/// How many tokens are examined in one place.
const MAX_EXAMINED: usize = 8;

/// The texts with the form of a compact token: three parts of base64url with dots between them, the first of which begins
/// with that of `{"`.
pub(crate) fn compact_texts(text: &[u8]) -> impl Iterator<Item = &str> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    text.split(move |byte| !is_part(*byte) && *byte != b'.')
        .filter(|word| word.starts_with(b"eyJ") && word.iter().filter(|byte| **byte == b'.').count() == 2)
        .filter_map(|word| std::str::from_utf8(word).ok())
        .take(MAX_EXAMINED)
}

/// The compact tokens in a JSON body.
pub(super) fn in_json(body: &[u8]) -> Vec<String> {
    compact_texts(body).map(str::to_owned).collect()
}

/// The compact tokens in the values of a form or a query.
pub(super) fn in_form(body: &[u8]) -> Vec<String> {
    let values = url::form_urlencoded::parse(body).map(|(_, value)| value);
    let texts = values.flat_map(|value: Cow<'_, str>| in_json(value.as_bytes()));
    texts.take(MAX_EXAMINED).collect()
}

/// The name of the header with a token of ours, besides cookies.
pub(crate) fn in_headers(headers: &HeaderMap, is_ours: &dyn Fn(&str) -> bool) -> Option<String> {
    let mut others = headers.iter().filter(|(name, _)| *name != COOKIE);
    let found = others.find(|(_, value)| compact_texts(value.as_bytes()).any(is_ours));
    found.map(|(name, _)| name.as_str().to_owned())
}

/// Whether a token of ours is in the query.
pub(crate) fn is_in_query(query: &str, is_ours: &dyn Fn(&str) -> bool) -> bool {
    in_form(query.as_bytes()).iter().any(|text| is_ours(text))
}
