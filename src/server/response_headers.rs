//! What every response carries, whatever made it: the headers that keep a browser from doing more with it than it
//! should (ASVS 5.0 3.4), and one count.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{Error, web};

use super::state::AppState;

/// The pages need their own stylesheet, their own mark and their own forms; all else is shut. It does for JSON too.
const CONTENT_SECURITY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// Completes the headers of a response and counts it. Wraps the application outside of the bridge, so that the bridge's
/// own refusals pass here too: `App::new().wrap(bridge).wrap(from_fn(response_headers::complete))`.
///
/// # Errors
///
/// Whatever the services inside answered with.
pub async fn complete(
    state: web::Data<AppState>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = next.call(request).await?;
    state.metrics.count_response(response.status());
    add_missing(response.headers_mut(), state.https);
    Ok(response)
}

fn add_missing(headers: &mut HeaderMap, https: bool) {
    // What does not say that it may be kept may not be kept: most answers here are about one person.
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if !headers.contains_key(VARY) {
        headers.insert(VARY, HeaderValue::from_static("Authorization, Cookie"));
    }
    headers.insert(CONTENT_SECURITY_POLICY, CONTENT_SECURITY);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"));
    if https {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains"));
    }
}
