//! The field of a form that repeats the `csrf` claim of a token in a cookie.

use actix_web::HttpMessage as _;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::CONTENT_ENCODING;

use super::body;
use crate::bridge::credential::{ByType, FormCsrf, Found};
use crate::bridge::token::TokenType;
use crate::bridge::token_cookies::TokenCookies;

/// Whether the body has to be searched: a token came in a cookie that the headers do not vouch for.
pub(super) fn must_be_searched(req: &ServiceRequest, names: &TokenCookies, cookies: &ByType) -> bool {
    let unvouched = |token_type| {
        matches!(cookies.of(token_type), Found::Token(_)) && names.csrf_header(req.headers(), token_type).is_none()
    };
    names.checks_forms()
        && names.needs_double_submit(req.method())
        && (unvouched(TokenType::Access) || unvouched(TokenType::Refresh))
        && body::is_there(req)
        && !req.headers().contains_key(CONTENT_ENCODING)
        && req.content_type().trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The fields in a complete body. One that is there twice says nothing.
pub(super) fn csrf_fields(body: &[u8], names: &TokenCookies) -> FormCsrf {
    let field = |token_type| {
        let pairs = url::form_urlencoded::parse(body);
        let mut values = pairs.filter(|(name, _)| *name == names.csrf_field(token_type)).map(|(_, value)| value);
        let (first, second) = (values.next(), values.next());
        first.filter(|value| second.is_none() && !value.is_empty()).map(|value| value.into_owned())
    };
    FormCsrf { access: field(TokenType::Access), refresh: field(TokenType::Refresh) }
}
