//! The session gate: a request that presents a token is handled by the bare service, every other by the same service
//! inside actix-session. So a token-authenticated request cannot load, save or set a session: nobody is there to do it.

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
use crate::bridge::response::{Answers, Rendered};
use crate::bridge::session::{ActixStore, BrowserSettings};

/// The app's service with actix-identity around it. Identity is on both sides of the gate: it keeps its state in the
/// session, and on the bare side that is an empty one, which dies with the request.
type Identified<S> = <IdentityMiddleware as Transform<S, ServiceRequest>>::Transform;
type Sessioned<S> = <SessionMiddleware<ActixStore> as Transform<Rendered<Identified<S>>, ServiceRequest>>::Transform;

/// Both ways to one service.
pub(crate) struct Gate<S>
where
    S: Service<ServiceRequest, Error = Error> + 'static,
    IdentityMiddleware: Transform<S, ServiceRequest>,
    SessionMiddleware<ActixStore>: Transform<Rendered<Identified<S>>, ServiceRequest>,
{
    answers: Arc<Answers>,
    bare: Rc<Identified<S>>,
    sessioned: Sessioned<S>,
}

impl<S, B> Gate<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    /// Puts the gate before a service.
    pub(crate) fn new(engine: &Engine, answers: &Arc<Answers>, service: S) -> Result<Self, ()> {
        // `PurgeSession`, the default, would forbid signing in again in the same request.
        let identity = IdentityMiddleware::builder().logout_behavior(LogoutBehavior::DeleteIdentityKeys).build();
        let bare = Rc::new(identity.new_transform(service).into_inner()?);
        let sessioned = session_middleware(&engine.browser, &engine.clock)
            .new_transform(Rendered::new(answers, &bare))
            .into_inner()?;
        Ok(Self { answers: Arc::clone(answers), bare, sessioned })
    }

    /// Whether the service can take a request.
    pub(crate) fn poll_ready(&self, ctx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.bare.poll_ready(ctx)
    }

    /// Handles a request, with a session or without.
    pub(crate) async fn call(
        &self,
        req: ServiceRequest,
        with_session: bool,
    ) -> Result<ServiceResponse<EitherBody<B>>, Error> {
        if with_session {
            self.sessioned.call(req).await.map_err(name_store_errors)
        } else {
            Ok(self.answers.render(self.bare.call(req).await?))
        }
    }
}

fn session_middleware(browser: &BrowserSettings, clock: &Clock) -> SessionMiddleware<ActixStore> {
    let (store, idle_ttl) = (Arc::clone(&browser.sessions), seconds(browser.idle_ttl));
    let sessions = ActixStore { store, clock: clock.clone(), idle_ttl };
    SessionMiddleware::builder(sessions, browser.signing_key.clone())
        .cookie_name(browser.cookies.session.clone())
        .cookie_secure(browser.cookies.secure)
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        // The cookie holds a random key and nothing to hide; a signature keeps made-up keys from the store.
        .cookie_content_security(CookieContentSecurity::Signed)
        .session_lifecycle(SessionLifecycle::BrowserSession(Default::default()))
        .build()
}

/// actix-session answers an opaque 500 when the store fails. That is not a fault of the request: it is a 503.
fn name_store_errors(error: Error) -> Error {
    let of_the_store = error.as_error::<InternalError<LoadError>>().is_some()
        || error.as_error::<InternalError<SaveError>>().is_some()
        || error.as_error::<InternalError<UpdateError>>().is_some()
        || error.as_error::<InternalError<anyhow::Error>>().is_some();
    if of_the_store { AuthError::from(StoreError::new(error.to_string())).into() } else { error }
}
