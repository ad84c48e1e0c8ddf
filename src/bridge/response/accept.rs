//! The content type that a client prefers.

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT;

/// Whether the client prefers a page to JSON: its `Accept` header names `text/html`. Browsers send it, API clients
/// do not.
pub fn prefers_html(req: &HttpRequest) -> bool {
    req.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| {
        accept.split(',').any(|range| range.split(';').next().is_some_and(|range| range.trim() == "text/html"))
    })
}
