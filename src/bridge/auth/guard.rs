//! Guards: what a handler, a resource, a scope or an app demands of the credential, said where it is mounted.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::body::EitherBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::Method;

use super::request_state::RequestState;
use crate::bridge::credential::WantedType;
use crate::bridge::error::AuthError;
use crate::bridge::model::CredentialLocation;
use crate::bridge::resolve::{Principal, RequiredFace, Requirement, Verdict};

/// A guard that reads as a sentence: Flask-Login's `login_required` and Flask-JWT-Extended's `jwt_required`, for a
/// route, a resource, a scope or a whole app, inside the [`Bridge`](crate::Bridge).
///
/// ```
/// use actix_web::{HttpResponse, web};
/// use tollbridge::{CredentialLocation, Require};
///
/// # async fn handler() -> HttpResponse { HttpResponse::Ok().finish() }
/// let api = web::scope("/api")
///     .route("/news", web::get().to(handler).wrap(Require::login().optional()))
///     .route("/refresh", web::post().to(handler).wrap(Require::token().refresh_token()))
///     .route("/download", web::get().to(handler).wrap(Require::token().locations(&[CredentialLocation::Query])))
///     .service(web::scope("/settings").wrap(Require::login().fresh()));
/// # let _ = api;
/// ```
///
/// It resolves the credential and refuses, or lets the handler run, whose extractors then see the same answer. Of
/// several guards around one handler the innermost has the last word on who the request is; when they look in different
/// places and find different logins there, the request is refused.
///
/// `OPTIONS` passes, as it does in both libraries: browsers send it without credentials, before the request that counts.
/// So mount what a guard protects by its methods (`web::post().to(…)`): a handler for every method (`web::to(…)`,
/// `Resource::to`) runs for `OPTIONS` too, whoever sent it. If it asks who that is, it is refused as the guard would.
///
/// A token is judged in this order: found, verified and in its time, of the right type, fresh, not blocked, its login
/// alive and its user there.
#[derive(Clone, Debug)]
#[must_use = "a guard does nothing until something is wrapped in it"]
pub struct Require {
    requirement: Requirement,
    optional: bool,
}

impl Require {
    /// Anybody who is signed in, by session or by token (`login_required`).
    pub fn login() -> Self {
        Self { requirement: Requirement::DEFAULT, optional: false }
    }

    /// Who brings an access token (`jwt_required()`). A browser's session does not count: without a token it is nobody.
    pub fn token() -> Self {
        Self { requirement: Requirement { face: RequiredFace::Token, ..Requirement::DEFAULT }, optional: false }
    }

    /// Who is signed in with a browser's session. A request with a token is refused with a 400 `credential_conflict`.
    pub fn browser() -> Self {
        Self { requirement: Requirement { face: RequiredFace::Browser, ..Requirement::DEFAULT }, optional: false }
    }

    /// Only who proved lately who they are (`fresh_login_required`, `jwt_required(fresh=True)`). Everybody else gets 401
    /// `reauth_required` with the challenge of RFC 9470.
    pub fn fresh(mut self) -> Self {
        self.requirement.fresh = true;
        self
    }

    /// Also who presents no credential at all (`jwt_required(optional=True)`). One that is presented must be good.
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// A refresh token in the place of an access token (`jwt_required(refresh=True)`). One that has been used is
    /// refused, and ends its login; guarding does not use it: [`Auth::refresh`](crate::Auth::refresh) does.
    pub fn refresh_token(mut self) -> Self {
        self.requirement.wanted = WantedType::Refresh;
        self
    }

    /// A token of either type (`jwt_required(verify_type=False)`).
    pub fn any_token_type(mut self) -> Self {
        self.requirement.wanted = WantedType::Either;
        self
    }

    /// A token in one of these places, whatever the app looks at elsewhere (`jwt_required(locations=…)`). They must be
    /// among those that the [`TokenLocations`](crate::TokenLocations) name.
    pub fn locations(mut self, locations: &[CredentialLocation]) -> Self {
        self.requirement.locations = Some(locations.to_vec());
        self
    }

    /// Also a token that the blocklist names (`jwt_required(skip_revocation_check=True)`).
    pub fn skip_blocklist(mut self) -> Self {
        self.requirement.skip_blocklist = true;
        self
    }
}

impl<S, B> Transform<S, ServiceRequest> for Require
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type InitError = ();
    type Transform = RequireService<S>;
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(RequireService {
            service: Rc::new(service),
            requirement: Rc::new(self.requirement.clone()),
            optional: self.optional,
        }))
    }
}

/// The service that [`Require`] makes of another.
#[derive(Debug)]
pub struct RequireService<S> {
    service: Rc<S>,
    requirement: Rc<Requirement>,
    optional: bool,
}

impl<S, B> Service<ServiceRequest> for RequireService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(context)
    }

    fn call(&self, req: ServiceRequest) -> Self::Future {
        let service = Rc::clone(&self.service);
        let requirement = Rc::clone(&self.requirement);
        let optional = self.optional;
        Box::pin(async move {
            if req.method() == Method::OPTIONS {
                // Whoever asks inside who the request is asks under the same conditions.
                if let Ok(auth) = RequestState::of(req.request()) {
                    auth.demand(&requirement);
                }
            } else if let Err(error) = check(&req, &requirement, optional).await {
                // A response and not an error: what was found out about the session on the way must be kept.
                return Ok(req.error_response(error).map_into_right_body());
            }
            Ok(service.call(req).await?.map_into_left_body())
        })
    }
}

async fn check(req: &ServiceRequest, requirement: &Rc<Requirement>, optional: bool) -> Result<(), AuthError> {
    let auth = RequestState::of(req.request())?;
    match auth.verdict_under(req.request(), requirement).await {
        Verdict::Absent(_) if optional => Ok(()),
        Verdict::Absent(error) | Verdict::Rejected(error) => Err(error),
        Verdict::Accepted(principal) => check_fresh(&auth, &principal, requirement),
    }
}

/// A session's freshness, and that of a token which was resolved before freshness was asked for.
fn check_fresh(auth: &RequestState, principal: &Principal, requirement: &Requirement) -> Result<(), AuthError> {
    if requirement.fresh && !principal.fresh { Err(auth.engine.reauth_required()) } else { Ok(()) }
}
