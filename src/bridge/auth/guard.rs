//! Guards: the required credential of a route, a resource, a scope or an app.

use std::borrow::Cow;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::Error;
use actix_web::body::EitherBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::Method;

use super::request_state::RequestState;
use crate::bridge::credential::WantedType;
use crate::bridge::error::AuthError;
use crate::bridge::model::CredentialLocation;
use crate::bridge::resolve::{ConflictPolicy, RequiredFace, RequiredFreshness, Requirement, UserCheck, Verdict};

/// A guard: Flask-Login's `login_required` and Flask-JWT-Extended's `jwt_required`, for a route, a resource, a scope or
/// a whole app, inside the [`Bridge`](crate::Bridge).
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
/// The guard resolves the credential. It refuses the request, or calls the handler, whose extractors get the same
/// result. With several guards around one handler, the principal is that of the innermost guard. If guards search
/// different locations and find different logins, the request is refused.
///
/// `OPTIONS` requests pass, as in both libraries, because browsers send preflight requests without credentials. Mount a
/// protected handler for its methods (`web::post().to(…)`): a handler for all methods (`web::to(…)`, `Resource::to`)
/// also runs for `OPTIONS`, without a check. If such a handler has an extractor, the extractor refuses as the guard
/// would.
///
/// The checks of a token are in this order: location, signature and time, type, freshness, blocklist, login, user,
/// abilities, and the rules of [`when`](Self::when).
#[derive(Clone, Debug)]
#[must_use = "a guard does nothing until a route, resource, scope or app is wrapped in it"]
pub struct Require {
    requirement: Requirement,
    optional: bool,
}

impl Require {
    /// Requires a login, by session or by token (`login_required`).
    pub fn login() -> Self {
        Self { requirement: Requirement::DEFAULT, optional: false }
    }

    /// Requires an access token (`jwt_required()`) or an API token. A browser's session is not accepted: a request without a token is
    /// anonymous.
    pub fn token() -> Self {
        Self { requirement: Requirement { face: RequiredFace::Token, ..Requirement::DEFAULT }, optional: false }
    }

    /// Requires a browser's session. A request with a token is refused with a 400 `credential_conflict`.
    pub fn browser() -> Self {
        Self { requirement: Requirement { face: RequiredFace::Browser, ..Requirement::DEFAULT }, optional: false }
    }

    /// Requires a fresh login, within the [`fresh_window`](crate::BridgeBuilder::fresh_window) (`fresh_login_required`,
    /// `jwt_required(fresh=True)`). A login that is not fresh is refused with a 401 `reauth_required` and the challenge of
    /// RFC 9470.
    pub fn fresh(mut self) -> Self {
        self.requirement.freshness.in_window = true;
        self
    }

    /// Requires that the user authenticated within this time: [`fresh`](Self::fresh) with a window of the route's own,
    /// shorter or longer than the [`fresh_window`](crate::BridgeBuilder::fresh_window). The `max_age` of the challenge is
    /// this window. With several guards around one handler, or several calls, the strictest decides.
    ///
    /// A session and a token of one login can differ: a token is fresh for as long as the authentication that it was
    /// issued for. A remember cookie, a refresh and a custom credential prove no authentication.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actix_web::{HttpResponse, web};
    /// use tollbridge::Require;
    ///
    /// # async fn pay() -> HttpResponse { HttpResponse::Ok().finish() }
    /// let recently = Require::login().fresh_within(Duration::from_secs(5 * 60));
    /// let route = web::resource("/payments").route(web::post().to(pay).wrap(recently));
    /// # let _ = route;
    /// ```
    pub fn fresh_within(mut self, window: Duration) -> Self {
        let freshness = RequiredFreshness { within: Some(window), ..RequiredFreshness::NONE };
        self.requirement.freshness = self.requirement.freshness.and(freshness);
        self
    }

    /// Requires a user for whom this holds, such as a role. Others are refused with a 403 `forbidden`. Several rules must
    /// all hold. `U` is the [`UserStore::User`](crate::UserStore::User) of the bridge.
    ///
    /// The rule is checked last, for a user who is signed in: an anonymous request is a 401 as without the rule, and passes
    /// an [`optional`](Self::optional) guard.
    ///
    /// ```
    /// # use actix_web::{HttpResponse, web};
    /// # use tollbridge::Require;
    /// # struct User { is_admin: bool, plan: &'static str }
    /// # async fn handler() -> HttpResponse { HttpResponse::Ok().finish() }
    /// let admin = web::scope("/admin").wrap(Require::login().when(|user: &User| user.is_admin));
    /// let export = web::get().to(handler).wrap(Require::token().when(|user: &User| user.plan == "team").fresh());
    /// # let _ = admin.route("/export", export);
    /// ```
    pub fn when<U: 'static>(mut self, allows: impl Fn(&U) -> bool + Send + Sync + 'static) -> Self {
        self.requirement.rules.get_or_insert_default().push(UserCheck::new(allows));
        self
    }

    /// Requires a credential that [can](crate::Principal::can) do this. Call it several times to require several abilities. A
    /// session, and a token that is not narrowed, can do all that the user may. Any other credential that lacks an ability
    /// is refused with a 403 `insufficient_scope`, whose challenge names the ability (RFC 6750 section 3.1).
    ///
    /// ```
    /// use actix_web::{HttpResponse, web};
    /// use tollbridge::Require;
    ///
    /// # async fn handler() -> HttpResponse { HttpResponse::Ok().finish() }
    /// let notes = web::resource("/notes")
    ///     .route(web::get().to(handler).wrap(Require::login().ability("notes:read")))
    ///     .route(web::post().to(handler).wrap(Require::login().ability("notes:write")));
    /// # let _ = notes;
    /// ```
    pub fn ability(mut self, ability: impl Into<Cow<'static, str>>) -> Self {
        self.requirement.abilities.get_or_insert_default().push(ability.into());
        self
    }

    /// Accepts anonymous requests too (`jwt_required(optional=True)`). A credential that is presented must still be
    /// valid.
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Requires a refresh token instead of an access token (`jwt_required(refresh=True)`). A token that has been used
    /// is refused, and its login ends. The guard does not use the token: [`Auth::refresh`](crate::Auth::refresh) does.
    pub fn refresh_token(mut self) -> Self {
        self.requirement.wanted = WantedType::Refresh;
        self
    }

    /// Accepts access tokens and refresh tokens (`jwt_required(verify_type=False)`).
    pub fn any_token_type(mut self) -> Self {
        self.requirement.wanted = WantedType::Either;
        self
    }

    /// Accepts a JSON body or a form that cannot be searched for a token, for example because it is larger than
    /// [`json_body_limit`](crate::BridgeBuilder::json_body_limit). A token in such a body is overlooked, and the cookies
    /// decide. Without this such a request is refused, unless it has a token in a header.
    ///
    /// Use it for a route that streams large JSON from browsers.
    pub fn unsearched_body(mut self) -> Self {
        self.requirement.unsearched_body = true;
        self
    }

    /// Searches for a token in these locations only (`jwt_required(locations=…)`). The
    /// [`TokenLocations`](crate::TokenLocations) of the bridge must contain them.
    pub fn locations(mut self, locations: &[CredentialLocation]) -> Self {
        self.requirement.locations = Some(locations.to_vec());
        self
    }

    /// What a request with a token and with a session or remember cookie is answered with here, instead of the
    /// [`conflict_policy`](crate::BridgeBuilder::conflict_policy) of the bridge. A guard inside this one without a policy of
    /// its own keeps this one.
    pub fn conflict(mut self, policy: ConflictPolicy) -> Self {
        self.requirement.conflict = Some(policy);
        self
    }

    /// Accepts revoked tokens: the blocklist is not asked (`jwt_required(skip_revocation_check=True)`).
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

/// The service with a [`Require`] guard around it.
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
                // An extractor of the handler refuses under the same requirement.
                if let Ok(state) = RequestState::of(req.request()) {
                    state.require(&requirement);
                }
            } else if let Err(error) = check(&req, &requirement, optional).await {
                // A response and not an error: after an error, actix-session would not save the changes of the session.
                return Ok(req.error_response(error).map_into_right_body());
            }
            Ok(service.call(req).await?.map_into_left_body())
        })
    }
}

async fn check(req: &ServiceRequest, requirement: &Rc<Requirement>, optional: bool) -> Result<(), AuthError> {
    let state = RequestState::of(req.request())?;
    match state.verdict_under(req.request(), requirement).await {
        Verdict::Absent(_) if optional => Ok(()),
        Verdict::Absent(error) => Err(state.explain(error, req.request())),
        Verdict::Rejected(error) => Err(error),
        Verdict::Accepted(principal) => requirement.check(&state.engine, &principal),
    }
}
