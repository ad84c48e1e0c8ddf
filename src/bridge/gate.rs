//! The session gate. A request that presents a token is handled by the application's service directly. Every other request
//! is handled by the same service inside actix-session. So a request with a token cannot load, write or set a session.
//! Neither can a request from another site whose cookies the browser has withheld: a new session would replace the one
//! that the browser has.

use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_identity::IdentityMiddleware;
use actix_identity::config::LogoutBehavior;
use actix_session::SessionMiddleware;
use actix_session::config::{CookieContentSecurity, SessionLifecycle};
use actix_session::storage::{LoadError, SaveError, UpdateError};
use actix_web::Error;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::cookie::SameSite;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::error::InternalError;

use crate::bridge::error::AuthError;
use crate::bridge::model::{Clock, StoreError, seconds};
use crate::bridge::resolve::Engine;
use crate::bridge::response::{RefusalRenderer, ResponseSettings};
use crate::bridge::session::{ActixStore, BrowserSettings};

/// The application's service with actix-identity around it. Both branches of the gate have it. It keeps its state in the
/// session; without actix-session that is an empty one, which is dropped with the request.
type Identified<S> = <IdentityMiddleware as Transform<S, ServiceRequest>>::Transform;
type Sessioned<S> =
    <SessionMiddleware<ActixStore> as Transform<RefusalRenderer<Identified<S>>, ServiceRequest>>::Transform;

/// The two branches to one service.
pub(crate) struct Gate<S>
where
    S: Service<ServiceRequest, Error = Error> + 'static,
    IdentityMiddleware: Transform<S, ServiceRequest>,
    SessionMiddleware<ActixStore>: Transform<RefusalRenderer<Identified<S>>, ServiceRequest>,
{
    responses: Arc<ResponseSettings>,
    without_session: Rc<Identified<S>>,
    with_session: Sessioned<S>,
}

impl<S, B> Gate<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    /// Wraps a service.
    pub(crate) fn new(engine: &Engine, responses: &Arc<ResponseSettings>, service: S) -> Result<Self, ()> {
        // The default, `PurgeSession`, makes a new login in the same request impossible.
        let identity = IdentityMiddleware::builder().logout_behavior(LogoutBehavior::DeleteIdentityKeys).build();
        let without_session = Rc::new(identity.new_transform(service).into_inner()?);
        let with_session = session_middleware(&engine.browser, &engine.clock)
            .new_transform(RefusalRenderer::new(responses, &without_session))
            .into_inner()?;
        Ok(Self { responses: Arc::clone(responses), without_session, with_session })
    }

    /// Whether the service is ready for a request.
    pub(crate) fn poll_ready(&self, ctx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.without_session.poll_ready(ctx)
    }

    /// Handles a request, with or without a session.
    pub(crate) async fn call(
        &self,
        req: ServiceRequest,
        with_session: bool,
    ) -> Result<ServiceResponse<EitherBody<B>>, Error> {
        if with_session {
            self.with_session.call(req).await.map_err(store_error_to_503)
        } else {
            let kept = self.responses.keep(&req);
            self.responses.render_result(self.without_session.call(req).await, kept)
        }
    }
}

fn session_middleware(browser: &BrowserSettings, clock: &Clock) -> SessionMiddleware<ActixStore> {
    let (store, idle_ttl) = (Arc::clone(&browser.sessions), seconds(browser.idle_ttl));
    let sessions = ActixStore { store, touches: browser.session_touches.clone(), clock: clock.clone(), idle_ttl };
    SessionMiddleware::builder(sessions, browser.signing_key.clone())
        .cookie_name(browser.cookies.session.clone())
        .cookie_secure(browser.cookies.secure)
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        // The cookie holds only a random key, so it is not encrypted. The signature keeps invented keys from the store.
        .cookie_content_security(CookieContentSecurity::Signed)
        .session_lifecycle(SessionLifecycle::BrowserSession(Default::default()))
        .build()
}

/// Turns the errors of a failed session store into a 503. actix-session answers a 500.
fn store_error_to_503(error: Error) -> Error {
    let is_store_error = error.as_error::<InternalError<LoadError>>().is_some()
        || error.as_error::<InternalError<SaveError>>().is_some()
        || error.as_error::<InternalError<UpdateError>>().is_some()
        || error.as_error::<InternalError<anyhow::Error>>().is_some();
    if is_store_error { AuthError::from(StoreError::new(error.to_string())).into() } else { error }
}
