//! Refusals on their way out. Every [`AuthError`] passes here, whichever handler, guard or extractor raised it, and is
//! given the form that the embedder wants: the answer of a hook, a redirect to the login page, a page, or the problem
//! document that it is already.
//!
//! For requests that may have a session this happens inside of it.

use std::cell::OnceCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, CACHE_CONTROL, HeaderValue, SET_COOKIE};
use actix_web::{Error, HttpRequest, HttpResponse};
use serde_json::{Map, Value};

use crate::bridge::auth::request_state::RequestAuth;
use crate::bridge::credential::find;
use crate::bridge::error::auth_error::AuthError;
use crate::bridge::model::events::AuthEvent;
use crate::bridge::resolve::engine::Core;

/// Answers a refusal, or leaves it to the bridge.
pub(crate) type OnRefusal = dyn Fn(&Refusal<'_>) -> Option<HttpResponse> + Send + Sync;

/// A request that is refused, as [`BridgeBuilder::on_refusal`](crate::BridgeBuilder::on_refusal) sees it.
pub struct Refusal<'a> {
    core: &'a Core,
    req: &'a HttpRequest,
    error: &'a AuthError,
    /// `None` for a request that was refused at the door, for how its cookies came.
    auth: Option<Rc<RequestAuth>>,
    token: OnceCell<Option<RefusedToken>>,
}

/// A token that was issued here, but is not enough.
struct RefusedToken {
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl<'a> Refusal<'a> {
    fn new(core: &'a Core, req: &'a HttpRequest, error: &'a AuthError) -> Self {
        Self { core, req, error, auth: RequestAuth::of(req).ok(), token: OnceCell::new() }
    }

    /// The request.
    pub fn request(&self) -> &HttpRequest {
        self.req
    }

    /// Why it is refused.
    pub fn error(&self) -> &AuthError {
        self.error
    }

    /// Whether the request presented a token, valid or not.
    pub fn presents_token(&self) -> bool {
        self.auth.as_ref().is_some_and(|auth| auth.presented.is_token())
    }

    /// Whether the handler, or a guard before it, works with tokens alone.
    pub fn demands_token(&self) -> bool {
        self.auth.as_ref().is_some_and(|auth| auth.demands_token())
    }

    /// The claims of the token that was presented: what Flask-JWT-Extended gives to `expired_token_loader` and the
    /// others. The token may have expired, been revoked, or be stale; but it was issued here as it is. `None` if there
    /// is no token, or one whose signature does not hold, of which nothing can be said.
    pub fn claims(&self) -> Option<&Map<String, Value>> {
        self.token().map(|token| &token.claims)
    }

    /// The header of that token.
    pub fn token_header(&self) -> Option<&Map<String, Value>> {
        self.token().map(|token| &token.header)
    }

    /// Whose credential is refused, as far as that is certain: of a session or a valid token that is not enough, or of
    /// a token that has [`claims`](Self::claims).
    pub fn identity(&self) -> Option<String> {
        let accepted = self.auth.as_ref().and_then(|auth| auth.accepted());
        match accepted {
            Some(principal) => Some(principal.identity.clone()),
            None => Some(self.auth.as_ref()?.opened()?.sub.clone()),
        }
    }

    /// What is told of a token is never what it only says: its signature has been verified.
    fn token(&self) -> Option<&RefusedToken> {
        let open = || {
            let opened = self.auth.as_ref()?.opened()?;
            let header = serde_json::from_slice(&opened.header).ok()?;
            Some(RefusedToken { header, claims: opened.token_claims()?.all })
        };
        self.token.get_or_init(open).as_ref()
    }

    /// What is answered in the place of the problem document.
    fn answer(&self) -> Option<HttpResponse> {
        let core = self.core;
        self.tell();
        if let Some(answer) = core.on_refusal.iter().rev().find_map(|hook| hook(self)) {
            return Some(answer);
        }
        // Who presented a token is not sent to sign in: a rejected token is a 401. Nor is who should have presented one.
        if core.views.are_for(self.req)
            && !self.presents_token()
            && !self.demands_token()
            && !self.is_of_a_sign_in()
            && let Some(redirect) = core.views.redirect(self.req, self.error, core.own_origin.as_deref())
        {
            return Some(redirect);
        }
        core.error_page.as_ref().filter(|_| prefers_html(self.req)).map(|page| page(self.req, self.error))
    }

    /// Whether somebody tries to sign in who may not: to be sent to the page that they come from tells them nothing.
    fn is_of_a_sign_in(&self) -> bool {
        let session_ended = || self.auth.as_ref().is_some_and(|auth| auth.is_absent_for(self.error));
        matches!(self.error, AuthError::UserDisabled) && !session_ended()
    }

    /// Tells who listens. A wrong password lacks no credential, and has no event of its own.
    fn tell(&self) {
        match self.error {
            AuthError::ReauthRequired { .. } => {
                self.core.events.emit(|| AuthEvent::NeedsRefresh { user: self.identity() });
            }
            AuthError::InvalidCredentials => {}
            error if error.status() == StatusCode::UNAUTHORIZED => {
                self.core.events.emit(|| AuthEvent::Unauthorized { code: error.code() });
            }
            _ => {}
        }
    }
}

impl fmt::Debug for Refusal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal").field("code", &self.error.code()).finish_non_exhaustive()
    }
}

/// Gives a refusal its form; every other response passes.
pub(crate) fn shape<B: MessageBody>(core: &Core, res: ServiceResponse<B>) -> ServiceResponse<EitherBody<B>> {
    let shapes = !core.on_refusal.is_empty() || core.views.any() || core.error_page.is_some() || core.events.is_heard();
    let error = res.response().error().filter(|_| shapes).and_then(|error| error.as_error::<AuthError>());
    // What a handler makes of a body that broke off is not what is answered.
    let answer = error
        .filter(|_| !find::body_paused(res.request()))
        .and_then(|error| Refusal::new(core, res.request(), error).answer());
    match answer {
        None => res.map_into_left_body(),
        Some(answer) => replaced(res, answer).map_into_right_body(),
    }
}

/// Another response in the place of this one, for the same request. What the session layer has set stays set.
pub(crate) fn replaced<B>(res: ServiceResponse<B>, mut by: HttpResponse) -> ServiceResponse<BoxBody> {
    for cookie in res.headers().get_all(SET_COOKIE) {
        by.headers_mut().append(SET_COOKIE, cookie.clone());
    }
    by.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    res.into_response(by)
}

/// Whether the client would rather show a page than read JSON: its `Accept` names `text/html`, as browsers' do.
pub fn prefers_html(req: &HttpRequest) -> bool {
    req.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| {
        accept.split(',').any(|range| range.split(';').next().is_some_and(|range| range.trim() == "text/html"))
    })
}

/// A service whose refusals are given their form.
pub(crate) struct Shaped<S> {
    core: Arc<Core>,
    service: Rc<S>,
}

impl<S> Shaped<S> {
    pub(crate) fn new(core: &Arc<Core>, service: &Rc<S>) -> Self {
        Self { core: Arc::clone(core), service: Rc::clone(service) }
    }
}

impl<S, B> Service<ServiceRequest> for Shaped<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: Unpin,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = ShapedFuture<S::Future>;

    fn poll_ready(&self, ctx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(ctx)
    }

    fn call(&self, req: ServiceRequest) -> Self::Future {
        ShapedFuture { core: Arc::clone(&self.core), response: self.service.call(req) }
    }
}

/// The future of [`Shaped`], with a name of its own: every request with a session would pay for a box around it.
pub(crate) struct ShapedFuture<F> {
    core: Arc<Core>,
    response: F,
}

impl<F, B> Future for ShapedFuture<F>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>> + Unpin,
    B: MessageBody + 'static,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    fn poll(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(Pin::new(&mut self.response).poll(ctx))?;
        Poll::Ready(Ok(shape(&self.core, response)))
    }
}
