//! The service that the bridge makes of an application: the life of a request from end to end.

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
use crate::bridge::credential::{BodyTimeout, body_paused};
use crate::bridge::error::{AuthError, ProblemDetails};
use crate::bridge::gate::Gate;
use crate::bridge::handle::Bridge;
use crate::bridge::resolve::Engine;
use crate::bridge::response::{Answers, answers, silence, token_cookie_renewal};
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
        ready(Gate::new(&self.engine, &self.answers, service).map(|gate| BridgeService {
            engine: Arc::clone(&self.engine),
            answers: Arc::clone(&self.answers),
            gate: Rc::new(gate),
            token_cache: Rc::default(),
        }))
    }
}

/// The service that [`Bridge`] makes of another.
pub struct BridgeService<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    engine: Arc<Engine>,
    answers: Arc<Answers>,
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
        let (engine, answers) = (Arc::clone(&self.engine), Arc::clone(&self.answers));
        let (gate, token_cache) = (Rc::clone(&self.gate), Rc::clone(&self.token_cache));
        Box::pin(async move {
            let presented = match engine.reader.read(&mut req).await {
                Ok(presented) => presented,
                Err(BodyTimeout) => return Ok(req.into_response(too_slow()).map_into_right_body()),
            };
            let token = presented.has_token();
            let cookies = &engine.browser.cookies;
            let cleaned = cookies.remove_ambiguous(req.headers_mut());
            let brought_cookies = !token && cookies.any_in_headers(req.headers());
            let refusal = if cleaned && !token && cookies.any_in_parsed_list(req.request()) {
                // A middleware outside the bridge read the cookies before they were cleaned, and the session layer would
                // see what it saw.
                Some(AuthError::InvalidRequest("Send each cookie once, under its own name.".into()))
            } else if brought_cookies {
                engine.reader.check_origin(req.request()).err()
            } else {
                None
            };
            if let Some(error) = refusal {
                tracing::warn!(code = error.code(), "a request was refused for how its cookies came");
                let mut refused = answers.render(req.error_response(error));
                silence::vary(refused.headers_mut());
                return Ok(refused.map_into_boxed_body().map_into_right_body());
            }
            let state = RequestState::new(Arc::clone(&engine), token_cache, presented);
            req.extensions_mut().insert(Rc::clone(&state));
            let res = match gate.call(req, !token).await {
                Ok(res) => res,
                Err(error) => return Err(silence::for_errors(error, engine, token, &state)),
            };
            // What a handler makes of a body that broke off varies; that it did is the client's fault, and has a name.
            let refused = res.status().is_client_error() || res.status().is_server_error();
            let mut res = if refused && body_paused(res.request()) {
                answers::replaced(res, too_slow()).map_into_right_body()
            } else {
                res
            };
            if token {
                silence::seal(res.headers_mut(), &engine.browser.cookies);
                let headers = res.headers_mut();
                if let Some(principal) = token_cookie_renewal::finish(&state, answers.implicit_refresh, headers) {
                    // Boxed, so that requests whose token is not renewed carry no room for it.
                    Box::pin(token_cookie_renewal::renew(&engine, &principal, headers)).await;
                }
            } else {
                silence::add_cookies(res.headers_mut(), &state, brought_cookies);
            }
            Ok(res)
        })
    }
}

fn too_slow() -> HttpResponse {
    ProblemDetails::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "The request's body did not arrive in time.")
        .respond()
}
