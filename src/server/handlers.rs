//! What each address does: extract, one call, respond. One file per noun; [`routes`](super::routes) has the table.

pub(crate) mod account;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod operations;
pub(crate) mod session;
pub(crate) mod token;

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;

/// Sends a browser on with a GET, whatever it came with: 303, never 307, which would carry a password along
/// (RFC 9700 section 4.12).
fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, location)).finish()
}
