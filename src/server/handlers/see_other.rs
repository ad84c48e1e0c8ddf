//! Redirects of browsers.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What no URI reference may hold as it is (RFC 3986 section 2), and all that is not ASCII: clients do not agree on what
/// UTF-8 in a header means.
const NOT_IN_URI: AsciiSet =
    CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// Sends a browser on with a GET, whatever it came with: 303, never 307, which would carry a password along
/// (RFC 9700 section 4.12).
pub(super) fn see_other(location: &str) -> HttpResponse {
    let location = utf8_percent_encode(location, &NOT_IN_URI).to_string();
    HttpResponse::SeeOther().insert_header((LOCATION, location)).finish()
}
