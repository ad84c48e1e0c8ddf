//! The stylesheet and the mark: compiled in, and named by their content, so that browsers may keep them for ever.

use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Asks a browser to drop what it kept of this site (<https://www.w3.org/TR/clear-site-data/>).
pub(crate) const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
/// The pages that it kept. Not `"cookies"`: that would clear those of every application on this domain and its
/// subdomains, and ours are removed by name already.
pub(crate) const FORGET_PAGES: HeaderValue = HeaderValue::from_static(r#""cache""#);

const STYLESHEET: &str = include_str!("assets/tollbridge.css");
const MARK: &str = include_str!("assets/mark.svg");

static STYLESHEET_VERSION: LazyLock<String> = LazyLock::new(|| {
    let hash = digest(&SHA256, STYLESHEET.as_bytes());
    let mut version = URL_SAFE_NO_PAD.encode(hash);
    version.truncate(12);
    version
});

/// The stylesheet's address, with the version that pages were made for.
pub(crate) fn stylesheet_href() -> String {
    format!("/assets/tollbridge.css?{}", *STYLESHEET_VERSION)
}

/// `GET /assets/tollbridge.css`. A request for another version gets today's, but not to keep: it comes from a page that
/// is older or newer than this process.
pub(crate) async fn stylesheet(request: HttpRequest) -> HttpResponse {
    let current = request.query_string() == *STYLESHEET_VERSION;
    let caching = if current { "public, max-age=31536000, immutable" } else { "no-cache" };
    HttpResponse::Ok().insert_header((CACHE_CONTROL, caching)).content_type("text/css; charset=utf-8").body(STYLESHEET)
}

/// `GET /assets/signed_out.css`: styles nothing. The page that a browser sees after signing out loads it, and by then the
/// page before is in the browser's back/forward cache, which this empties. The response to `POST /logout` comes too early
/// for that, and Chromium does not always notice that the cookie has gone.
pub(crate) async fn signed_out(request: HttpRequest) -> HttpResponse {
    let mut response = HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).content_type("text/css").finish();
    // Other sites' pages cannot have our visitors' caches emptied. Browsers that know the one header send the other.
    if request.headers().get("sec-fetch-site").is_some_and(|site| site == "same-origin") {
        response.headers_mut().insert(CLEAR_SITE_DATA, FORGET_PAGES);
    }
    response
}

/// `GET /assets/mark.svg`.
pub(crate) async fn mark() -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "public, max-age=86400")).content_type("image/svg+xml").body(MARK)
}
