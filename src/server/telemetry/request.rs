//! The id, the span, the event and the count of each request.

use std::borrow::Cow;
use std::cell::Cell;
use std::future::{Ready, ready};
use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{Error, HttpMessage as _};
use futures_util::future::LocalBoxFuture;
use tracing::Instrument as _;

use super::unavailable::Unavailable;
use crate::server::metrics::Metrics;
use crate::{AuthError, RequestId, TrustedProxies, refusal_code};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The route of a request whose path is none of ours.
const UNMATCHED: &str = "unmatched";
/// The route of a request that has failed in a middleware or a panic.
const FAILED: &str = "unknown";

/// The method of a request that RFC 9110 and RFC 5789 do not define.
const OTHER_METHOD: &str = "other";

/// The outermost middleware, which identifies, logs and counts requests.
#[derive(Clone, Debug)]
pub struct Telemetry {
    metrics: Arc<Metrics>,
    unavailable: Unavailable,
    proxies: TrustedProxies,
}

impl Telemetry {
    /// Counts responses in `metrics`. The ids of requests are taken from these proxies, and so are the addresses of clients.
    pub fn new(metrics: Arc<Metrics>, proxies: TrustedProxies) -> Self {
        Self { metrics, unavailable: Unavailable::default(), proxies }
    }
}

impl<S, B> Transform<S, ServiceRequest> for Telemetry
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
    B: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = TelemetryService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let mut prefix = [0; 4];
        // The prefix distinguishes ids of threads and processes. It is not secret, so without randomness zeros suffice.
        let _ = aws_lc_rs::rand::fill(&mut prefix);
        let metrics = Arc::clone(&self.metrics);
        let (unavailable, proxies) = (self.unavailable.clone(), self.proxies.clone());
        let prefix = u32::from_ne_bytes(prefix);
        ready(Ok(TelemetryService { service, metrics, unavailable, proxies, prefix, next: Cell::new(0) }))
    }
}

/// The service of [`Telemetry`], one for each worker.
#[derive(Debug)]
pub struct TelemetryService<S> {
    service: S,
    metrics: Arc<Metrics>,
    unavailable: Unavailable,
    proxies: TrustedProxies,
    prefix: u32,
    next: Cell<u32>,
}

impl<S> TelemetryService<S> {
    /// The id that a trusted proxy gave, if it is safe to log, otherwise a new one: a client must not choose what its
    /// requests are found by.
    fn id(&self, req: &ServiceRequest, is_proxied: bool) -> HeaderValue {
        let given = req.headers().get(X_REQUEST_ID).filter(|id| {
            let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            is_proxied && (1..=64).contains(&id.len()) && id.as_bytes().iter().all(is_plain)
        });
        if let Some(id) = given {
            return id.clone();
        }
        let number = self.next.get();
        self.next.set(number.wrapping_add(1));
        let mut id = [0; 16];
        for (place, digit) in id.iter_mut().enumerate() {
            let half = if place < 8 { self.prefix } else { number };
            *digit = b"0123456789abcdef"[(half >> (28 - 4 * (place % 8)) & 0xf) as usize];
        }
        HeaderValue::from_bytes(&id).unwrap_or(const { HeaderValue::from_static("0") })
    }
}

impl<S, B> Service<ServiceRequest> for TelemetryService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
    B: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Error>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(context)
    }

    fn call(&self, req: ServiceRequest) -> Self::Future {
        let metrics = Arc::clone(&self.metrics);
        let client = self.proxies.client(req.request());
        let exchange = Exchange {
            id: self.id(&req, client.is_proxied),
            address: client.address,
            method: req.method().clone(),
            unavailable: self.unavailable.clone(),
            started: Instant::now(),
        };
        // At the highest level, so that every event of the request has its id at every level of the log. With the id
        // alone, because every request pays for the span. The other fields are in the event at its end.
        let span = tracing::error_span!("request", request_id = exchange.id());
        req.extensions_mut().insert(RequestId(exchange.id.clone()));
        let response = span.in_scope(|| self.service.call(req));
        Box::pin(
            async move {
                let mut result = response.await;
                match &mut result {
                    Ok(response) => {
                        metrics.count_response(response.status());
                        let matched = || response.request().match_pattern();
                        let code = || refusal_code(response.response());
                        exchange.log(response.status(), code, || matched().map_or(UNMATCHED.into(), Cow::Owned));
                        response.headers_mut().insert(X_REQUEST_ID, exchange.id);
                    }
                    Err(error) => {
                        let status = error.as_response_error().status_code();
                        let code = error.as_error::<AuthError>().map(AuthError::code);
                        metrics.count_response(status);
                        // The request is gone with its route.
                        exchange.log(status, || code, || FAILED.into());
                        let id = exchange.id;
                        error.add_response_mapper(move |mut response| {
                            response.headers_mut().insert(X_REQUEST_ID, id.clone());
                            response
                        });
                    }
                }
                result
            }
            .instrument(span),
        )
    }
}

/// The name of a method in the log. A client can send any word as a method, such as a token.
fn method_name(method: &Method) -> &str {
    match *method {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::OPTIONS
        | Method::CONNECT
        | Method::TRACE => method.as_str(),
        _ => OTHER_METHOD,
    }
}

/// The logged fields of a request. Not the `HttpRequest`, because routing needs its only handle.
struct Exchange {
    id: HeaderValue,
    address: Option<IpAddr>,
    method: Method,
    unavailable: Unavailable,
    started: Instant,
}

impl Exchange {
    fn id(&self) -> &str {
        self.id.to_str().unwrap_or_default()
    }

    fn log(&self, status: StatusCode, code: impl Fn() -> Option<&'static str>, route: impl Fn() -> Cow<'static, str>) {
        macro_rules! event {
            ($level:ident $(, $field:ident = $value:expr)*) => {
                tracing::$level!(
                    request_id = self.id(),
                    http.method = method_name(&self.method),
                    http.route = &*route(),
                    http.status = status.as_u16(),
                    $($field = $value,)*
                    duration_us = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX),
                    "request"
                )
            };
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            self.unavailable.count();
            event!(debug);
        } else if status.is_server_error() {
            event!(error);
        } else if status.is_client_error() {
            event!(info, code = code(), address = self.address.map(display));
        } else {
            event!(debug);
        }
    }
}
