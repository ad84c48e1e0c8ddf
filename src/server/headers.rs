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
/// The names of these headers.
const NAMES: [HeaderName; 4] = [CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS, REFERRER_POLICY, CONTENT_SECURITY_POLICY];

/// The policy of a response that is no page.
const NOTHING: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const ISOLATED: HeaderValue = HeaderValue::from_static("same-origin");
const ONE_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");
const ONE_YEAR_EVERYWHERE: HeaderValue = HeaderValue::from_static("max-age=31536000; includeSubDomains");

/// Where browsers must use only TLS, for a year (RFC 6797).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hsts {
    /// At the host of the server and at all below it.
    #[default]
    IncludeSubdomains,
    /// At the host of the server.
    HostOnly,
    /// Nowhere: a proxy sets the header, or there is no TLS.
    Off,
}

impl Hsts {
    const fn header(self) -> Option<HeaderValue> {
        match self {
            Self::IncludeSubdomains => Some(ONE_YEAR_EVERYWHERE),
            Self::HostOnly => Some(ONE_YEAR),
            Self::Off => None,
        }
    }
}

/// The middleware that sets the security headers.
#[derive(Clone, Copy, Debug)]
pub struct SecurityHeaders {
    hsts: Hsts,
}

impl SecurityHeaders {
    /// The headers, with that of RFC 6797.
    pub fn new(hsts: Hsts) -> Self {
        Self { hsts }
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
        ready(Ok(SecurityHeadersService { service, hsts: self.hsts }))
    }
}

/// The service of [`SecurityHeaders`].
#[derive(Debug)]
pub struct SecurityHeadersService<S> {
    service: S,
    hsts: Hsts,
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
        self.service.call(req).map(match self.hsts {
            Hsts::IncludeSubdomains => |result| secured(result, Hsts::IncludeSubdomains),
            Hsts::HostOnly => |result| secured(result, Hsts::HostOnly),
            Hsts::Off => |result| secured(result, Hsts::Off),
        })
    }
}

fn secured<B>(mut result: ServiceResult<B>, hsts: Hsts) -> ServiceResult<B> {
    match &mut result {
        Ok(response) => set(response.headers_mut(), hsts),
        Err(error) => error.add_response_mapper(move |mut response| {
            set(response.headers_mut(), hsts);
            response
        }),
    }
    result
}

fn set(headers: &mut HeaderMap, hsts: Hsts) {
    // A response has few headers: to compare their names costs less than to look up each of ours.
    let mut is_set = [false; 4];
    let (mut has_isolation, mut has_hsts) = (false, false);
    for name in headers.keys() {
        for (is_set, ours) in is_set.iter_mut().zip(NAMES) {
            *is_set |= name == ours;
        }
        has_isolation |= name == CROSS_ORIGIN_OPENER_POLICY;
        has_hsts |= name == STRICT_TRANSPORT_SECURITY;
    }
    for ((name, value), is_set) in ALWAYS.into_iter().zip(is_set) {
        if !is_set {
            headers.insert(name, value);
        }
    }
    let html = headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    if html && !has_isolation {
        headers.insert(CROSS_ORIGIN_OPENER_POLICY, ISOLATED);
    }
    if let Some(value) = hsts.header().filter(|_| !has_hsts) {
        headers.insert(STRICT_TRANSPORT_SECURITY, value);
    }
}
