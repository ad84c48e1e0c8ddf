//! The form field that repeats the `csrf` claim of a token in a cookie.
//!
//! A URL-encoded form is read completely or not at all. A multipart form may hold large files, so it is searched up to
//! the size limit. The field must come before the files.

mod multipart;

use std::borrow::Cow;

use actix_web::HttpMessage as _;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::CONTENT_ENCODING;
use percent_encoding::percent_decode;

use super::body;
use super::body::Seen;
use crate::bridge::credential::presented::{ByType, FormCsrf, Found};
use crate::bridge::credential::token_cookies::TokenCookies;
use crate::bridge::token::TokenType;

/// The encoding of a form.
pub(super) enum Form {
    UrlEncoded,
    Multipart { boundary: String },
}

/// The encoding of the form, if the form must be searched: a token is in a cookie, and no header repeats its claim.
pub(super) fn form_to_search(req: &ServiceRequest, names: &TokenCookies, cookies: &ByType) -> Option<Form> {
    let lacks_header = |token_type| {
        matches!(cookies.of(token_type), Found::Token(_)) && names.csrf_header(req.headers(), token_type).is_none()
    };
    let needed = names.checks_forms()
        && names.needs_double_submit(req.method())
        && (lacks_header(TokenType::Access) || lacks_header(TokenType::Refresh));
    if !needed || !body::has_body(req) || req.headers().contains_key(CONTENT_ENCODING) {
        return None;
    }
    match req.content_type().trim().to_ascii_lowercase().as_str() {
        "application/x-www-form-urlencoded" => Some(Form::UrlEncoded),
        "multipart/form-data" => {
            let mime = req.mime_type().ok()??;
            Some(Form::Multipart { boundary: mime.get_param("boundary")?.as_str().to_owned() })
        }
        _ => None,
    }
}

/// Whether a URL-encoded form is UTF-8, as sent and decoded. UTF-16 has zero bytes, which a form has encoded only.
pub(super) fn is_utf8(body: &[u8]) -> bool {
    let mut parts = body.split(|byte| matches!(byte, b'&' | b'='));
    !body.contains(&0) && parts.all(|part| percent_decode(part).decode_utf8().is_ok())
}

/// The CSRF fields of the form. A repeated field counts as missing.
pub(super) fn csrf_fields(form: &Form, seen: Seen<'_>, names: &TokenCookies) -> FormCsrf {
    let field = |token_type| {
        let name = names.csrf_field(token_type);
        match (form, seen) {
            (Form::UrlEncoded, Seen::Whole(body)) => {
                let pairs = url::form_urlencoded::parse(body);
                sole_value(pairs.filter(|(named, _)| named == name).map(|(_, value)| value))
            }
            (Form::UrlEncoded, Seen::Beginning(_) | Seen::Broken(_)) => None,
            (Form::Multipart { boundary }, Seen::Whole(body) | Seen::Beginning(body) | Seen::Broken(body)) => {
                sole_value(multipart::values(body, boundary, name).map(Cow::Borrowed))
            }
        }
    };
    FormCsrf { access: field(TokenType::Access), refresh: field(TokenType::Refresh) }
}

fn sole_value<'v>(mut values: impl Iterator<Item = Cow<'v, str>>) -> Option<String> {
    let (first, second) = (values.next(), values.next());
    first.filter(|value| second.is_none() && !value.is_empty()).map(Cow::into_owned)
}
