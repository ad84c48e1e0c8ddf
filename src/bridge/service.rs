//! The service that the bridge makes of an application: the life of a request from end to end.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::StatusCode;
use actix_web::{Error, HttpMessage as _};

use crate::bridge::auth::request_state::RequestAuth;
use crate::bridge::credential::{double_submit, find};
use crate::bridge::error::auth_error::AuthError;
use crate::bridge::error::problem::Problem;
use crate::bridge::gate::Gate;
use crate::bridge::handle::Bridge;
use crate::bridge::resolve::engine::Core;
use crate::bridge::response::{refusal, silence, token_cookie_renewal};
use crate::bridge::token::KnownTokens;

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
        let core = Arc::clone(&self.0);
        ready(Gate::new(&core, service).map(|gate| BridgeService {
            core,
            gate: Rc::new(gate),
            known_tokens: Rc::default(),
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
    core: Arc<Core>,
    gate: Rc<Gate<S>>,
    known_tokens: Rc<KnownTokens>,
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
        let (core, gate) = (Arc::clone(&self.core), Rc::clone(&self.gate));
        let known_tokens = Rc::clone(&self.known_tokens);
        Box::pin(async move {
            let mut presented = match find::find(&mut req, &core.loader).await {
                Ok(presented) => presented,
                Err(find::BodyTimeout) => return Ok(req.into_response(too_slow()).map_into_right_body()),
            };
            if let Some(loader) = &core.request_loader {
                presented.of_its_own = loader.credential(req.request());
            }
            let token = presented.is_token();
            let cleaned = core.cookies.clean(req.headers_mut());
            let brought_cookies = !token && core.cookies.any_in(req.headers());
            let refusal = if cleaned && !token && core.cookies.any_listed(req.request()) {
                // A middleware outside the bridge read the cookies before they were cleaned, and the session layer would
                // see what it saw.
                Some(AuthError::InvalidRequest("Send each cookie once, under its own name.".into()))
            } else if brought_cookies {
                double_submit::check(req.method(), req.headers(), core.own_origin.as_deref()).err()
            } else {
                None
            };
            if let Some(error) = refusal {
                tracing::warn!(code = error.code(), "a request was refused for how its cookies came");
                let mut refused = refusal::shape(&core, req.error_response(error));
                silence::vary(refused.headers_mut());
                return Ok(refused.map_into_boxed_body().map_into_right_body());
            }
            let auth = RequestAuth::new(Arc::clone(&core), known_tokens, presented);
            req.extensions_mut().insert(Rc::clone(&auth));
            let res = match gate.call(req, !token).await {
                Ok(res) => res,
                Err(error) => return Err(silence::for_errors(error, core, token, &auth)),
            };
            // What a handler makes of a body that broke off varies; that it did is the client's fault, and has a name.
            let refused = res.status().is_client_error() || res.status().is_server_error();
            let mut res = if refused && find::body_paused(res.request()) {
                refusal::replaced(res, too_slow()).map_into_right_body()
            } else {
                res
            };
            if token {
                silence::seal(res.headers_mut(), &core);
                if let Some(principal) = token_cookie_renewal::finish(&core, &auth, res.headers_mut()) {
                    // Boxed, so that requests whose token is not renewed carry no room for it.
                    Box::pin(token_cookie_renewal::renew(&core, &principal, res.headers_mut())).await;
                }
            } else {
                silence::add_cookies(res.headers_mut(), &auth, brought_cookies);
            }
            Ok(res)
        })
    }
}

fn too_slow() -> actix_web::HttpResponse {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "The request's body did not arrive in time.").respond()
}
