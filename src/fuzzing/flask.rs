//! The targets of `flask::fuzzing`, which sees what is private there.

use actix_web::http::header::AUTHORIZATION;

use super::first_line;
use super::headers_and_query::headers;
use crate::flask::fuzzing;

/// JSON as Python reads it.
pub fn python_json(input: &[u8]) {
    fuzzing::python_json(input);
}

/// `Authorization`, a line for each header; and the same input as a query and as a JSON body.
pub fn flask_places(input: &[u8]) {
    fuzzing::places(&headers(AUTHORIZATION, input), input);
}

/// A token as text.
pub fn flask_token(input: &[u8]) {
    fuzzing::token(input);
}

/// The header of a token in the first line, and then its payload.
pub fn flask_claims(input: &[u8]) {
    let (header, payload) = first_line(input);
    fuzzing::claims(header, payload);
}
