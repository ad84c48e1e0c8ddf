//! The middleware service: the life of a request from beginning to end.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::cookie::Cookie;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::StatusCode;
use actix_web::{Error, HttpMessage as _, HttpResponse};

use crate::bridge::auth::RequestState;
use crate::bridge::credential::{ArrivingBody, BodyTimeout, TokenCookies, set_cookie};
use crate::bridge::error::{AuthError, ProblemDetails};
use crate::bridge::gate::Gate;
use crate::bridge::handle::Bridge;
use crate::bridge::resolve::{Engine, choose_session, choose_token_cookies};
use crate::bridge::response::{ResponseSettings, answers, silence, token_cookie_renewal, unread_body};
use crate::bridge::session::{SeveralSessions, SignedSession, restore_session};
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
            // The result is not kept in a variable, which would be a part of the future.
            let mut presented = match engine.reader.read(&mut req).await {
                Ok(presented) => presented,
                Err(BodyTimeout) => {
                    let body = ArrivingBody::of(req.request());
                    let refused = req.into_response(timeout_response()).map_into_right_body();
                    return Ok(unread_body::close(refused, body));
                }
            };
            let body = ArrivingBody::of(req.request());
            // Boxed, because few requests need it and its future would enlarge that of every request.
            if !presented.repeated_cookies.is_empty()
                && let Err(error) = Box::pin(choose_token_cookies(&engine, &mut presented)).await
            {
                let removals = engine.reader.token_cookies().map(TokenCookies::removals).unwrap_or_default();
                let refused = refuse(&responses, req, error, &removals).map_into_right_body();
                return Ok(unread_body::close(refused, body));
            }
            let token = presented.has_token();
            let rewritten = engine.browser.rewrite_cookies(req.headers_mut());
            let brought_cookies =
                !token && (!rewritten.sessions.is_empty() || engine.browser.cookies.any_in_headers(req.headers()));
            if brought_cookies && let Err(error) = engine.reader.check_origin(req.request()) {
                return Ok(unread_body::close(refuse(&responses, req, error, &[]).map_into_right_body(), body));
            }
            if token && !rewritten.sessions.is_empty() {
                let several = rewritten.sessions.iter().map(|session| session.hash).collect();
                req.extensions_mut().insert(SeveralSessions(several));
            }
            // Boxed, because few requests need it and its future would enlarge that of every request.
            if rewritten.changed
                && !token
                && let Err(error) = Box::pin(settle_session(&engine, &mut req, rewritten.sessions)).await
            {
                let removals = [engine.browser.cookies.session_removal()];
                let refused = refuse(&responses, req, error, &removals).map_into_right_body();
                return Ok(unread_body::close(refused, body));
            }
            let cookies_withheld = !token && !brought_cookies && engine.reader.withholds_cookies(req.request());
            let state = RequestState::new(Arc::clone(&engine), token_cache, presented, cookies_withheld);
            req.extensions_mut().insert(Rc::clone(&state));
            let res = match gate.call(req, !token && !cookies_withheld).await {
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

/// Leaves the session cookie that counts in the headers, and no other.
async fn settle_session(
    engine: &Engine,
    req: &mut ServiceRequest,
    several: Vec<SignedSession>,
) -> Result<(), AuthError> {
    if !several.is_empty()
        && let Some(chosen) = choose_session(engine, several).await?
    {
        restore_session(req.headers_mut(), &chosen);
    }
    if engine.browser.is_parsed_as_rewritten(req.request()) {
        return Ok(());
    }
    tracing::warn!("a middleware outside the bridge has read ambiguous cookies; wrap the bridge around it");
    Err(AuthError::InvalidRequest("Send each cookie once, under its own name.".into()))
}

/// Refuses a request because of its cookies, and removes them if they are at fault.
fn refuse(
    responses: &ResponseSettings,
    req: ServiceRequest,
    error: AuthError,
    removals: &[Cookie<'_>],
) -> ServiceResponse {
    tracing::warn!(code = error.code(), "a request was refused because of its cookies");
    let is_fault_of_cookies = !error.status().is_server_error();
    let mut refused = responses.render_refusal(req.error_response(error));
    silence::add_vary(refused.headers_mut());
    if is_fault_of_cookies {
        set_cookie::add_all(refused.headers_mut(), removals);
    }
    refused.map_into_boxed_body()
}

fn timeout_response() -> HttpResponse {
    ProblemDetails::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "The request's body did not arrive in time.")
        .respond()
}
