//! The security headers of every response. A header that a handler set itself stays as it is.

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
    // What does not say that it may be kept may not: most answers here are about one person.
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    // Nothing is to be guessed to be a script.
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    // Other sites don't learn our paths.
    (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    // What is not a page loads nothing and stands in no frame; pages bring a policy of their own.
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
];
const ISOLATED: HeaderValue = HeaderValue::from_static("same-origin");
const ONE_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// The middleware that sets the security headers.
#[derive(Clone, Copy, Debug)]
pub struct SecurityHeaders {
    https: bool,
}

impl SecurityHeaders {
    /// With `https`, browsers are told to use nothing but TLS for a year (RFC 6797).
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

type Answer<B> = Result<ServiceResponse<B>, Error>;

impl<S, B> Service<ServiceRequest> for SecurityHeadersService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = Map<S::Future, fn(Answer<B>) -> Answer<B>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(context)
    }

    fn call(&self, req: ServiceRequest) -> Self::Future {
        self.service.call(req).map(if self.https { secured::<B, true> } else { secured::<B, false> })
    }
}

fn secured<B, const HTTPS: bool>(mut answer: Answer<B>) -> Answer<B> {
    match &mut answer {
        Ok(response) => set::<HTTPS>(response.headers_mut()),
        Err(error) => error.add_response_mapper(|mut response| {
            set::<HTTPS>(response.headers_mut());
            response
        }),
    }
    answer
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
