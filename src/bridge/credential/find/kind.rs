//! The kind of a body by its headers: JSON, a form, or another type that is not searched.
//!
//! The notion of JSON is at least as wide as that of actix-web's `Json`: every type whose subtype or suffix is `json`,
//! with any charset.

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::CONTENT_TYPE;

use super::body;
use crate::bridge::credential::grammar::BodyKind;

/// The kind of body of a request, if it has one and its method may have one.
pub(super) fn of(req: &ServiceRequest) -> Option<BodyKind> {
    let bodiless =
        matches!(*req.method(), Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::CONNECT);
    if bodiless || !body::has_body(req) {
        return None;
    }
    let mut types = req.headers().get_all(CONTENT_TYPE).map(|value| of_type(value.as_bytes()));
    let first = types.next()?;
    let mut others = types.peekable();
    if others.peek().is_none() {
        return first;
    }
    (first.is_some() || others.any(|kind| kind.is_some())).then_some(BodyKind::Ambiguous)
}

fn of_type(content_type: &[u8]) -> Option<BodyKind> {
    let essence = content_type.split(|byte| *byte == b';').next()?.trim_ascii();
    let at = essence.iter().position(|byte| *byte == b'/')?;
    let (main, subtype) = (&essence[..at], &essence[at + 1..]);
    let suffix = subtype.rsplit(|byte| *byte == b'+').next()?;
    if suffix.eq_ignore_ascii_case(b"json") {
        return Some(BodyKind::Json);
    }
    let is_form = main.eq_ignore_ascii_case(b"application") && subtype.eq_ignore_ascii_case(b"x-www-form-urlencoded");
    is_form.then_some(BodyKind::UrlEncodedForm)
}
