//! The security headers of every response. A header that a handler has set is not replaced.

use std::future::{Ready, ready};
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, CROSS_ORIGIN_OPENER_POLICY, HeaderMap, HeaderName,
    HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use futures_util::FutureExt as _;
use futures_util::future::Map;

const ALWAYS: [(HeaderName, HeaderValue); 4] = [
    // No caching by default: most responses are about one user.
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    // Browsers must not guess that a response is a script.
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    // Other sites must not learn our paths.
    (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    // A response that is no page loads nothing and is not framed. Pages set their own policy.
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static(NOTHING)),
];
/// The policy of a response that is no page.
const NOTHING: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const ISOLATED: HeaderValue = HeaderValue::from_static("same-origin");
const ONE_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// The middleware that sets the security headers.
#[derive(Clone, Copy, Debug)]
pub struct SecurityHeaders {
    https: bool,
}

impl SecurityHeaders {
    /// With `https`, browsers must use only TLS for a year (RFC 6797).
    pub fn new(https: bool) -> Self {
        Self { https }
    }
}

impl<S, B> Transform<S, ServiceRequest> for SecurityHeaders
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = SecurityHeadersService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(SecurityHeadersService { service, https: self.https }))
    }
}

/// The service of [`SecurityHeaders`].
#[derive(Debug)]
pub struct SecurityHeadersService<S> {
    service: S,
    https: bool,
}

type ServiceResult<B> = Result<ServiceResponse<B>, Error>;

impl<S, B> Service<ServiceRequest> for SecurityHeadersService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = Map<S::Future, fn(ServiceResult<B>) -> ServiceResult<B>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(context)
    }

    fn call(&self, req: ServiceRequest) -> Self::Future {
        self.service.call(req).map(if self.https { secured::<B, true> } else { secured::<B, false> })
    }
}

fn secured<B, const HTTPS: bool>(mut result: ServiceResult<B>) -> ServiceResult<B> {
    match &mut result {
        Ok(response) => set::<HTTPS>(response.headers_mut()),
        Err(error) => error.add_response_mapper(|mut response| {
            set::<HTTPS>(response.headers_mut());
            response
        }),
    }
    result
}

fn set<const HTTPS: bool>(headers: &mut HeaderMap) {
    for (name, value) in ALWAYS {
        if !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    }
    let html = headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    if html && !headers.contains_key(CROSS_ORIGIN_OPENER_POLICY) {
        headers.insert(CROSS_ORIGIN_OPENER_POLICY, ISOLATED);
    }
    if HTTPS && !headers.contains_key(STRICT_TRANSPORT_SECURITY) {
        headers.insert(STRICT_TRANSPORT_SECURITY, ONE_YEAR);
    }
}
