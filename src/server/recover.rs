//! Recovery from a panic in a handler: the request is answered with 500, and the connection stays open. The panic hook
//! of [`telemetry`](super::telemetry) logs the message, which the client does not see.

use std::any::Any;
use std::fmt;
use std::future::{Ready, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};

use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::{Error, HttpResponse, ResponseError};
use futures_util::FutureExt as _;
use futures_util::future::{CatchUnwind, Either, Map};

use crate::ProblemDetails;

/// The middleware that turns panics into responses.
///
/// Unwinding is safe: the request's own values are dropped, and shared ones are behind locks and transactions, which
/// roll back.
#[derive(Clone, Copy, Debug, Default)]
pub struct Recover;

impl<S, B> Transform<S, ServiceRequest> for Recover
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = RecoverService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(RecoverService { service }))
    }
}

/// The service of [`Recover`].
#[derive(Debug)]
pub struct RecoverService<S> {
    service: S,
}

type ServiceResult<B> = Result<ServiceResponse<B>, Error>;
type Caught<B> = Result<ServiceResult<B>, Box<dyn Any + Send>>;

impl<S, B> Service<ServiceRequest> for RecoverService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = Either<
        Map<CatchUnwind<AssertUnwindSafe<S::Future>>, fn(Caught<B>) -> ServiceResult<B>>,
        Ready<ServiceResult<B>>,
    >;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(context)
    }

    fn call(&self, req: ServiceRequest) -> Self::Future {
        match catch_unwind(AssertUnwindSafe(|| self.service.call(req))) {
            Ok(future) => Either::Left(AssertUnwindSafe(future).catch_unwind().map(recovered)),
            Err(panic) => Either::Right(ready(recovered(Err(panic)))),
        }
    }
}

fn recovered<B>(caught: Caught<B>) -> ServiceResult<B> {
    caught.unwrap_or_else(|_| {
        tracing::error!("a handler panicked; its request is answered with 500");
        Err(Panicked.into())
    })
}

#[derive(Debug)]
struct Panicked;

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a handler panicked")
    }
}

impl ResponseError for Panicked {
    fn status_code(&self) -> StatusCode {
        StatusCode::INTERNAL_SERVER_ERROR
    }

    fn error_response(&self) -> HttpResponse {
        let detail = "The server failed at this request. Try again later, or report its x-request-id.";
        let mut response = ProblemDetails::new(self.status_code(), "internal_error", detail).respond();
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
