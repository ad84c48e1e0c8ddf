//! The stylesheets and the logo, compiled in. The URL of the main stylesheet has its version, so that browsers may cache
//! it for a year.

use std::sync::LazyLock;

use crate::bridge::model::sha256;
use actix_web::http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Clears a browser's data of this site (<https://www.w3.org/TR/clear-site-data/>).
pub(crate) const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
/// Clears cached pages. Not `"cookies"`: that would clear those of every application on this domain and its subdomains,
/// and our own are removed by name already.
pub(crate) const CLEAR_CACHE: HeaderValue = HeaderValue::from_static(r#""cache""#);

const STYLESHEET: &str = include_str!("assets/tollbridge.css");
const MARK: &str = include_str!("assets/mark.svg");

static STYLESHEET_VERSION: LazyLock<String> = LazyLock::new(|| {
    let hash = sha256(STYLESHEET.as_bytes());
    let mut version = URL_SAFE_NO_PAD.encode(hash);
    version.truncate(12);
    version
});

/// The URL of the stylesheet, with the current version.
pub(crate) fn stylesheet_href() -> String {
    format!("/assets/tollbridge.css?{}", *STYLESHEET_VERSION)
}

/// `GET /assets/tollbridge.css`. A request for another version gets the current one without caching: it comes from a
/// page of an older or newer process.
pub(crate) async fn stylesheet(request: HttpRequest) -> HttpResponse {
    let current = request.query_string() == *STYLESHEET_VERSION;
    let caching = if current { "public, max-age=31536000, immutable" } else { "no-cache" };
    HttpResponse::Ok().insert_header((CACHE_CONTROL, caching)).content_type("text/css; charset=utf-8").body(STYLESHEET)
}

/// `GET /assets/signed_out.css`: an empty stylesheet that clears the browser's back/forward cache. The page after
/// signing out loads it, when the page before is in that cache. The response to `POST /logout` comes too early for
/// that, and Chromium does not always notice that the cookie is removed.
pub(crate) async fn signed_out(request: HttpRequest) -> HttpResponse {
    let mut response =
        HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).content_type("text/css; charset=utf-8").finish();
    // Pages of other sites must not clear the caches of our users. Browsers that support Clear-Site-Data also send
    // Sec-Fetch-Site.
    if request.headers().get("sec-fetch-site").is_some_and(|site| site == "same-origin") {
        response.headers_mut().insert(CLEAR_SITE_DATA, CLEAR_CACHE);
    }
    response
}

/// `GET /assets/mark.svg`.
pub(crate) async fn mark() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=86400"))
        .content_type("image/svg+xml; charset=utf-8")
        .body(MARK)
}
