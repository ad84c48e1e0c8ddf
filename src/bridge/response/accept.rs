//! What a client would rather be answered with.

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT;

/// Whether the client would rather show a page than read JSON: its `Accept` names `text/html`, as browsers' do.
pub fn prefers_html(req: &HttpRequest) -> bool {
    req.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| {
        accept.split(',').any(|range| range.split(';').next().is_some_and(|range| range.trim() == "text/html"))
    })
}
