//! The code of a refusal on the response that renders it, for access logs: a page or a redirect has no body that says it.

use actix_web::HttpResponse;

use crate::bridge::error::AuthError;

/// An extension of a response: the code of the refusal that it renders.
#[derive(Clone, Copy)]
struct RefusalCode(&'static str);

/// The code of the refusal that a response renders ([`AuthError::code`]): as problem document, as page, as redirect, or as
/// a hook has answered it. `None` for every other response.
///
/// For the access log of an application, in a middleware around the bridge:
///
/// ```
/// use actix_web::{Error, body::MessageBody, dev::{ServiceRequest, ServiceResponse}, middleware::Next};
/// use tollbridge::refusal_code;
///
/// async fn log_refusals(req: ServiceRequest, next: Next<impl MessageBody>) -> Result<ServiceResponse<impl MessageBody>, Error> {
///     let res = next.call(req).await?;
///     if let Some(code) = refusal_code(res.response()) {
///         tracing::info!(code, address = ?res.request().peer_addr(), "refused");
///     }
///     Ok(res)
/// }
/// ```
pub fn refusal_code<B>(response: &HttpResponse<B>) -> Option<&'static str> {
    let noted = response.extensions().get::<RefusalCode>().map(|code| code.0);
    noted.or_else(|| response.error()?.as_error::<AuthError>().map(AuthError::code))
}

/// Notes on a response that a handler has made of an error which code it renders, for [`refusal_code`].
pub fn note_refusal<B>(response: &mut HttpResponse<B>, error: &AuthError) {
    response.extensions_mut().insert(RefusalCode(error.code()));
}
