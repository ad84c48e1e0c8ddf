//! The service that renders the refusals of another: for requests that may have a session, inside of it.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use actix_web::Error;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};

use super::answers::Answers;

/// A service whose refusals are rendered.
pub(crate) struct Rendered<S> {
    answers: Arc<Answers>,
    service: Rc<S>,
}

impl<S> Rendered<S> {
    pub(crate) fn new(answers: &Arc<Answers>, service: &Rc<S>) -> Self {
        Self { answers: Arc::clone(answers), service: Rc::clone(service) }
    }
}

impl<S, B> Service<ServiceRequest> for Rendered<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: Unpin,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = RenderedFuture<S::Future>;

    fn poll_ready(&self, ctx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(ctx)
    }

    fn call(&self, req: ServiceRequest) -> Self::Future {
        RenderedFuture { answers: Arc::clone(&self.answers), response: self.service.call(req) }
    }
}

/// The future of [`Rendered`], with a name of its own: every request with a session would pay for a box around it.
pub(crate) struct RenderedFuture<F> {
    answers: Arc<Answers>,
    response: F,
}

impl<F, B> Future for RenderedFuture<F>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>> + Unpin,
    B: MessageBody + 'static,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    fn poll(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(Pin::new(&mut self.response).poll(ctx))?;
        Poll::Ready(Ok(self.answers.render(response)))
    }
}
