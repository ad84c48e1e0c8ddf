//! The kind of a body by its headers: JSON, a form, or another type that is not searched.
//!
//! The notion of JSON is wider than that of actix-web's `Json`, which takes a type whose subtype or suffix is `json`, with
//! any charset, and a text that is no type at all if the application does not require one. Here one word decides.

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::CONTENT_TYPE;

use crate::bridge::credential::grammar::BodyKind;

/// Whether a method has no body by its definition (RFC 9110 section 9.3). A handler reads one all the same, so it is
/// searched; but no token in it counts.
pub(super) fn is_unexpected(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::CONNECT)
}

/// The kind of the body of a request.
pub(super) fn of(req: &ServiceRequest) -> Option<BodyKind> {
    let mut types = req.headers().get_all(CONTENT_TYPE).map(|value| of_type(value.as_bytes()));
    let first = types.next()?;
    let mut others = types.peekable();
    if others.peek().is_none() {
        return first;
    }
    (first.is_some() || others.any(|kind| kind.is_some())).then_some(BodyKind::Ambiguous)
}

fn of_type(content_type: &[u8]) -> Option<BodyKind> {
    // Most JSON has this type.
    if content_type.eq_ignore_ascii_case(b"application/json") {
        return Some(BodyKind::Json);
    }
    let essence = content_type.split(|byte| *byte == b';').next()?;
    let mut words = essence.split(|byte| !byte.is_ascii_alphanumeric() && !b"-._".contains(byte));
    words.find_map(|word| {
        if word.eq_ignore_ascii_case(b"json") {
            Some(BodyKind::Json)
        } else {
            word.eq_ignore_ascii_case(b"x-www-form-urlencoded").then_some(BodyKind::UrlEncodedForm)
        }
    })
}
