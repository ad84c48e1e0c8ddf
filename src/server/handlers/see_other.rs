//! Redirects of browsers.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// The characters that a URI reference must not contain (RFC 3986 section 2). All non-ASCII is encoded too, because
/// clients interpret UTF-8 in a header differently.
const NOT_IN_URI: AsciiSet =
    CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// Redirects a browser with 303, after which it sends a GET. Never with 307, which would send a password again
/// (RFC 9700 section 4.12).
pub(super) fn see_other(location: &str) -> HttpResponse {
    let location = utf8_percent_encode(location, &NOT_IN_URI).to_string();
    HttpResponse::SeeOther().insert_header((LOCATION, location)).finish()
}
