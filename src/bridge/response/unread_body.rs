//! The response to a request whose body has not been read to its end. It closes the connection.
//!
//! actix-http would drain a body of unknown length that nobody holds, to use the connection again, and wait for it
//! without a time limit. So the response holds the body until it has been sent.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, EitherBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::web::Bytes;

use crate::bridge::credential::ArrivingBody;

/// Closes the connection after the response, if the request's body is unread.
pub(crate) fn close<B>(
    mut res: ServiceResponse<EitherBody<B>>,
    body: Option<ArrivingBody>,
) -> ServiceResponse<EitherBody<B>>
where
    B: MessageBody + 'static,
{
    let Some(unread) = body.filter(ArrivingBody::is_unread) else { return res };
    // For a response that has no body.
    res.response_mut().extensions_mut().insert(unread.clone());
    res.map_body(|_, response| EitherBody::right(BoxBody::new(HoldingBody { response: Box::pin(response), unread })))
}

/// Does the same for the response of an error.
pub(crate) fn close_after_error(mut res: HttpResponse, unread: ArrivingBody) -> HttpResponse {
    res.extensions_mut().insert(unread.clone());
    res.map_body(|_, response| BoxBody::new(HoldingBody { response: Box::pin(response), unread }))
}

/// The body of a response, with the unread body of its request.
struct HoldingBody<B> {
    response: Pin<Box<B>>,
    #[expect(dead_code, reason = "it is held, not used")]
    unread: ArrivingBody,
}

impl<B: MessageBody> MessageBody for HoldingBody<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.response.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.response.as_mut().poll_next(ctx)
    }
}
