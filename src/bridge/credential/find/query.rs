//! A token in the query (RFC 6750 section 2.3).

use std::borrow::Cow;

use crate::bridge::credential::grammar::QueryPlace;
use crate::bridge::credential::presented::{Absence, Found, Malformed};

/// The token in the query.
pub(super) fn find(query: &str, place: &QueryPlace) -> Found {
    let mut values = parameter_values(query, place);
    match (values.next(), values.next()) {
        (None, _) => Found::Nothing(Absence::Missing),
        (Some(_), Some(_)) => Found::Malformed(Malformed::Parameters),
        (Some(value), None) => token_after_prefix(&value, place),
    }
}

/// The values of the configured parameter.
pub(crate) fn parameter_values<'q>(query: &'q str, place: &'q QueryPlace) -> impl Iterator<Item = Cow<'q, str>> {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.filter(|(name, _)| *name == place.name).map(|(_, value)| value)
}

/// The token in a parameter value, after the configured prefix.
pub(crate) fn token_after_prefix(value: &str, place: &QueryPlace) -> Found {
    match value.strip_prefix(&place.prefix) {
        Some(token) => Found::Token(token.to_owned()),
        None => Found::Malformed(Malformed::Prefix),
    }
}
