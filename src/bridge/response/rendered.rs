//! The service that renders the refusals of the inner service. It runs inside the session layer, because a redirect may
//! write a message into the session.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use actix_web::Error;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};

use super::answers::ResponseSettings;
use super::kept_request::KeptRequest;

/// A service that renders the refusals of the inner service.
pub(crate) struct RefusalRenderer<S> {
    settings: Arc<ResponseSettings>,
    service: Rc<S>,
}

impl<S> RefusalRenderer<S> {
    pub(crate) fn new(settings: &Arc<ResponseSettings>, service: &Rc<S>) -> Self {
        Self { settings: Arc::clone(settings), service: Rc::clone(service) }
    }
}

impl<S, B> Service<ServiceRequest> for RefusalRenderer<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: Unpin,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = RefusalRendererFuture<S::Future>;

    fn poll_ready(&self, ctx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(ctx)
    }

    fn call(&self, req: ServiceRequest) -> Self::Future {
        let kept = self.settings.keep(&req);
        RefusalRendererFuture { settings: Arc::clone(&self.settings), kept, response: self.service.call(req) }
    }
}

/// The future of [`RefusalRenderer`]. It is a named type, so requests with a session need no allocation for it.
pub(crate) struct RefusalRendererFuture<F> {
    settings: Arc<ResponseSettings>,
    kept: Option<Box<KeptRequest>>,
    response: F,
}

impl<F, B> Future for RefusalRendererFuture<F>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>> + Unpin,
    B: MessageBody + 'static,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    fn poll(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = ready!(Pin::new(&mut self.response).poll(ctx));
        let kept = self.kept.take();
        Poll::Ready(self.settings.render_result(result, kept))
    }
}
