//! The middleware service: the life of a request from beginning to end.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::StatusCode;
use actix_web::{Error, HttpMessage as _, HttpResponse};

use crate::bridge::auth::RequestState;
use crate::bridge::credential::{ArrivingBody, BodyTimeout};
use crate::bridge::error::{AuthError, ProblemDetails};
use crate::bridge::gate::Gate;
use crate::bridge::handle::Bridge;
use crate::bridge::resolve::Engine;
use crate::bridge::response::{ResponseSettings, answers, silence, token_cookie_renewal, unread_body};
use crate::bridge::token::VerifiedTokenCache;

impl<S, B> Transform<S, ServiceRequest> for Bridge
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type InitError = ();
    type Transform = BridgeService<S, B>;
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Gate::new(&self.engine, &self.responses, service).map(|gate| BridgeService {
            engine: Arc::clone(&self.engine),
            responses: Arc::clone(&self.responses),
            gate: Rc::new(gate),
            token_cache: Rc::default(),
        }))
    }
}

/// The service that [`Bridge`] makes of the application's service.
pub struct BridgeService<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    engine: Arc<Engine>,
    responses: Arc<ResponseSettings>,
    gate: Rc<Gate<S>>,
    token_cache: Rc<VerifiedTokenCache>,
}

impl<S, B> Service<ServiceRequest> for BridgeService<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    fn poll_ready(&self, ctx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.gate.poll_ready(ctx)
    }

    fn call(&self, mut req: ServiceRequest) -> Self::Future {
        let (engine, responses) = (Arc::clone(&self.engine), Arc::clone(&self.responses));
        let (gate, token_cache) = (Rc::clone(&self.gate), Rc::clone(&self.token_cache));
        Box::pin(async move {
            let read = engine.reader.read(&mut req).await;
            let body = ArrivingBody::of(req.request());
            let presented = match read {
                Ok(presented) => presented,
                Err(BodyTimeout) => {
                    let refused = req.into_response(timeout_response()).map_into_right_body();
                    return Ok(unread_body::close(refused, body));
                }
            };
            let token = presented.has_token();
            let cookies = &engine.browser.cookies;
            let cleaned = cookies.remove_ambiguous(req.headers_mut());
            let brought_cookies = !token && cookies.any_in_headers(req.headers());
            let refusal = if cleaned && !token && cookies.any_in_parsed_list(req.request()) {
                // A middleware outside the bridge has read the cookies before they were cleaned. actix-web caches them,
                // so the session layer would get the ambiguous ones.
                Some(AuthError::InvalidRequest("Send each cookie once, under its own name.".into()))
            } else if brought_cookies {
                engine.reader.check_origin(req.request()).err()
            } else {
                None
            };
            if let Some(error) = refusal {
                tracing::warn!(code = error.code(), "a request was refused because of its cookies");
                let mut refused = responses.render_refusal(req.error_response(error));
                silence::add_vary(refused.headers_mut());
                return Ok(unread_body::close(refused.map_into_boxed_body().map_into_right_body(), body));
            }
            let state = RequestState::new(Arc::clone(&engine), token_cache, presented);
            req.extensions_mut().insert(Rc::clone(&state));
            let res = match gate.call(req, !token).await {
                Ok(res) => res,
                Err(error) => {
                    let mut error = silence::finish_error_response(error, engine, token, &state);
                    if let Some(unread) = body.filter(ArrivingBody::is_unread) {
                        error.add_response_mapper(move |res| unread_body::close_after_error(res, unread.clone()));
                    }
                    return Err(error);
                }
            };
            // A body that timed out is always a 408, whatever error the handler returned for it.
            let refused = res.status().is_client_error() || res.status().is_server_error();
            let mut res = if refused && body.as_ref().is_some_and(ArrivingBody::has_timed_out) {
                answers::replace_response(res, timeout_response()).map_into_right_body()
            } else {
                res
            };
            if token {
                silence::finish_token_response(res.headers_mut(), &engine.browser.cookies);
                let headers = res.headers_mut();
                if let Some(principal) = token_cookie_renewal::finish(&state, responses.implicit_refresh, headers) {
                    // Boxed, because few requests need it and its future would enlarge that of every request.
                    Box::pin(token_cookie_renewal::renew(&engine, &principal, headers)).await;
                }
            } else {
                silence::finish_browser_response(res.headers_mut(), &state, brought_cookies);
            }
            Ok(unread_body::close(res, body))
        })
    }
}

fn timeout_response() -> HttpResponse {
    ProblemDetails::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "The request's body did not arrive in time.")
        .respond()
}
