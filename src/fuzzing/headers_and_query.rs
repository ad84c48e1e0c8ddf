//! A token in a header or in the query, as our own grammar reads it.

use std::sync::LazyLock;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::web::Query;

use crate::bridge::credential::{Found, Search};
use crate::{CredentialLocation, TokenLocations};

static SEARCH: LazyLock<Search> = LazyLock::new(|| {
    let locations = TokenLocations::new(&[CredentialLocation::Header, CredentialLocation::Query]);
    locations.search(false).expect("names that are right")
});

/// The headers of one name, a line each, that a server would take.
pub(super) fn headers(name: HeaderName, input: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in input.split(|byte| *byte == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(line.trim_ascii()) {
            headers.append(name.clone(), value);
        }
    }
    headers
}

/// `Authorization`, a line for each header: a token is all that follows the scheme of the only one.
pub fn authorization(input: &[u8]) {
    let place = SEARCH.header.as_ref().expect("a header");
    let headers = headers(place.name.clone(), input);
    let lines: Vec<&[u8]> = headers.get_all(&place.name).map(HeaderValue::as_bytes).collect();
    let is_ours = |line: &&[u8]| line.get(..7).is_some_and(|begin| begin.eq_ignore_ascii_case(b"bearer "));
    match SEARCH.grammar.header(&headers, place) {
        Found::Token(token) => {
            let [line] = lines[..] else { panic!("a token in one of several headers") };
            assert!(is_ours(&line) && line[7..] == *token.as_bytes(), "the token is not what was sent");
            let begins = token.starts_with(|c: char| c != '=');
            assert!(begins && token.chars().all(|c| c.is_ascii_alphanumeric() || "-._~+/=".contains(c)));
        }
        Found::Malformed(_) => {}
        Found::Nothing(_) => assert!(!lines.iter().any(is_ours), "a header of ours counts as somebody else's"),
    }
}

/// The query: what it presents is what a handler would read.
pub fn query(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let place = SEARCH.query.as_ref().expect("a parameter");
    let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::from_query(text) else { return };
    let values: Vec<_> = pairs.iter().filter(|(name, _)| *name == place.name).map(|(_, value)| value).collect();
    match SEARCH.grammar.query(text, place) {
        Found::Token(token) => assert_eq!(values, [&token]),
        Found::Malformed(_) => assert!(values.len() > 1),
        Found::Nothing(_) => assert!(values.is_empty()),
    }
}
