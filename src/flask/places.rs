//! The grammar of Flask-JWT-Extended: how it finds a token in a header, a JSON body and the query. The token is verified
//! later.

use actix_web::HttpMessage as _;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::HeaderMap;

use super::python_json::{self, Json};
use crate::bridge::credential::{
    Absence, BodyKind, ByType, Found, HeaderPlace, JsonPlace, Malformed, QueryPlace, TokenGrammar, parameter_values,
    token_after_prefix,
};
use crate::bridge::error::BodyFault;

/// Reads the token locations as Flask-JWT-Extended does:
///
/// * A header may hold several credentials, separated by commas.
/// * The scheme is case-sensitive.
/// * A body is searched for any method, and for any `+json` type.
/// * A value that is false in Python counts as absent.
#[derive(Clone, Copy, Debug)]
pub(super) struct FlaskGrammar;

impl TokenGrammar for FlaskGrammar {
    fn header(&self, headers: &HeaderMap, place: &HeaderPlace) -> Found {
        find_in_header(headers, place)
    }

    fn body_kind(&self, req: &ServiceRequest) -> Option<BodyKind> {
        is_json(req.content_type()).then_some(BodyKind::Json)
    }

    fn json(&self, body: &[u8], place: Option<&JsonPlace>) -> Result<ByType, BodyFault> {
        Ok(place.map(|place| find_in_json(body, place)).unwrap_or_default())
    }

    fn is_strict(&self) -> bool {
        false
    }

    fn query(&self, query: &str, place: &QueryPlace) -> Found {
        match parameter_values(query, place).next() {
            None => Found::Nothing(Absence::Missing),
            Some(value) if value.is_empty() => Found::Nothing(Absence::Missing),
            Some(value) => token_after_prefix(&value, place),
        }
    }
}

/// The token in a header. Several credentials with the configured scheme count as no token, as in Flask-JWT-Extended, but
/// the request has no session then.
fn find_in_header(headers: &HeaderMap, place: &HeaderPlace) -> Found {
    let lines: Vec<&[u8]> = headers.get_all(&place.name).map(|value| value.as_bytes()).collect();
    let all: String = lines.join(&b","[..]).into_iter().map(char::from).collect();
    let all = all.trim().trim_matches(',');
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    if all.is_empty() {
        return Found::Nothing(Absence::Missing);
    }
    if place.scheme.is_empty() {
        return match &words(all)[..] {
            [token] => Found::Token(token.clone()),
            _ => Found::Malformed(Malformed::Header),
        };
    }
    let all: Vec<_> = all.split(',').map(words).collect();
    let mut with_scheme = all.iter().filter(|words| words.first() == Some(&place.scheme));
    match (with_scheme.next().map(Vec::as_slice), with_scheme.next()) {
        (Some([_, token]), None) => Found::Token(token.clone()),
        (Some(_), None) => Found::Malformed(Malformed::Header),
        _ if all.iter().any(|words| words.first().is_some_and(|word| word.eq_ignore_ascii_case(&place.scheme))) => {
            Found::Nothing(Absence::Ignored)
        }
        _ => Found::Nothing(Absence::OtherScheme),
    }
}

/// Whether a body of this type is JSON: Flask's `request.is_json`.
fn is_json(content_type: &str) -> bool {
    let content_type = content_type.trim().to_ascii_lowercase();
    let suffixed = content_type.strip_prefix("application/").is_some_and(|name| name.ends_with("+json"));
    suffixed || content_type == "application/json"
}

/// The tokens in a JSON body. A value that is false in Python counts as absent. A body that is not an object has no token;
/// Flask-JWT-Extended answers 500 for it.
fn find_in_json(body: &[u8], place: &JsonPlace) -> ByType {
    let body = python_json::read(body);
    let member = |name: &str| match &body {
        Ok(Json::Object(members)) => match members.get(name).filter(|value| value.is_truthy()) {
            None => Found::Nothing(Absence::Missing),
            Some(Json::Text(text)) => Found::Token(text.clone()),
            Some(_) => Found::Malformed(Malformed::NotText),
        },
        _ => Found::Nothing(Absence::Missing),
    };
    ByType { access: member(&place.access), refresh: member(&place.refresh) }
}
