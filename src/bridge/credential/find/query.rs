//! A token in the query (RFC 6750 section 2.3).

use crate::bridge::credential::locations::{Grammar, QueryPlace};
use crate::bridge::credential::presented::{Absence, Found, Malformed};

/// The token of the query.
pub(super) fn find(query: &str, place: &QueryPlace, grammar: Grammar) -> Found {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let mut values = pairs.filter(|(name, _)| *name == place.name).map(|(_, value)| value);
    let Some(value) = values.next() else { return Found::Nothing(Absence::Missing) };
    match grammar {
        Grammar::Strict if values.next().is_some() => return Found::Malformed(Malformed::Parameters),
        // Python calls an empty text false.
        Grammar::Flask if value.is_empty() => return Found::Nothing(Absence::Missing),
        _ => {}
    }
    match value.strip_prefix(&place.prefix) {
        Some(token) => Found::Token(token.to_owned()),
        None => Found::Malformed(Malformed::Prefix),
    }
}
