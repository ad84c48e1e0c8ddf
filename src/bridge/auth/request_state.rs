//! The bridge's state of one request.
//!
//! | `guard_requirement` | `resolution` | the request |
//! |---|---|---|
//! | `None` | empty | is not resolved yet; an extractor will resolve it under [`Requirement::DEFAULT`] |
//! | `Some` | empty | is not resolved yet; it will be resolved under the requirement of the innermost guard |
//! | any | filled | is resolved; all extractors get this resolution |
//! | any | filled by [`RequestState::set_resolution`] | has been signed in, signed out or confirmed by its handler |
//!
//! A resolution is replaced as a whole and never changed. `outer_principal` is set only after an inner guard has
//! replaced a resolution that was accepted.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use actix_web::cookie::Cookie;
use actix_web::{HttpMessage as _, HttpRequest};
use tokio::sync::OnceCell;

use crate::bridge::credential::{Choice, Presented, TWO_TOKENS, WantedType};
use crate::bridge::error::AuthError;
use crate::bridge::model::AuthEvent;
use crate::bridge::resolve::{
    Engine, Principal, RequiredFace, Requirement, Resolution, Verdict, resolver, two_tokens, unread,
};
use crate::bridge::token::{VerifiedToken, VerifiedTokenCache};

/// The bridge's state of one request, in its extensions as `Rc<RequestState>`.
pub(crate) struct RequestState {
    pub(crate) engine: Arc<Engine>,
    pub(crate) token_cache: Rc<VerifiedTokenCache>,
    pub(crate) presented: Presented,
    /// Whether the request comes from another site, and the browser has sent none of our cookies for that reason.
    pub(crate) cookies_withheld: bool,
    /// The requirement of the innermost guard; `None`: the default.
    guard_requirement: RefCell<Option<Rc<Requirement>>>,
    /// Filled by the first guard or extractor. A sign-in, and a guard with another requirement, put a new cell here.
    resolution: RefCell<Rc<OnceCell<Resolution>>>,
    /// The principal of an outer guard, after an inner guard has replaced its resolution.
    outer_principal: RefCell<Option<Rc<Principal>>>,
    /// The last token whose signature is valid. It may still have been rejected.
    verified_token: RefCell<Option<Rc<VerifiedToken>>>,
    /// Whether the request has been resolved or signed in before, under any requirement.
    accessed: Cell<bool>,
    /// Whether an extractor of the handler accepts tokens only.
    token_demanded: Cell<bool>,
    /// Whether the response removes the token cookies from the browser.
    token_cookies_removed: Cell<bool>,
    /// Cookies for the response. Handlers do not see them.
    response_cookies: RefCell<Vec<Cookie<'static>>>,
}

impl RequestState {
    pub(crate) fn new(
        engine: Arc<Engine>,
        token_cache: Rc<VerifiedTokenCache>,
        presented: Presented,
        cookies_withheld: bool,
    ) -> Rc<Self> {
        Rc::new(Self {
            engine,
            token_cache,
            presented,
            cookies_withheld,
            guard_requirement: RefCell::default(),
            resolution: RefCell::default(),
            outer_principal: RefCell::default(),
            verified_token: RefCell::default(),
            accessed: Cell::default(),
            token_demanded: Cell::default(),
            token_cookies_removed: Cell::default(),
            response_cookies: RefCell::default(),
        })
    }

    /// The state of this request. An error outside the bridge.
    pub(crate) fn of(req: &HttpRequest) -> Result<Rc<Self>, AuthError> {
        req.extensions().get::<Rc<Self>>().cloned().ok_or(AuthError::Misconfigured(
            "an extractor of Tollbridge was used outside the bridge: wrap the app with `App::wrap(bridge)`",
        ))
    }

    /// The verdict on the request. The first call resolves it.
    pub(crate) async fn verdict(&self, req: &HttpRequest) -> Verdict {
        let cell = Rc::clone(&self.resolution.borrow());
        cell.get_or_init(|| self.resolve(req)).await.verdict.clone()
    }

    async fn resolve(&self, req: &HttpRequest) -> Resolution {
        self.record_access();
        let of_guard = self.guard_requirement();
        let requirement = of_guard.as_deref().unwrap_or(&Requirement::DEFAULT);
        let mut resolution =
            resolver::resolve(&self.engine, &self.token_cache, &self.presented, requirement, req).await;
        if let Some(token) = resolution.token.take() {
            self.record_verified(token);
        }
        resolution.cookies.drain(..).for_each(|cookie| self.set_cookie(cookie));
        resolution
    }

    /// Emits [`AuthEvent::UserAccessed`], once for each request.
    pub(crate) fn record_access(&self) {
        if !self.accessed.replace(true) {
            self.engine.events.emit(|| AuthEvent::UserAccessed);
        }
    }

    /// The verdict under the requirement of a guard. The guards and extractors inside get it too.
    ///
    /// Guards around each other may search different locations. All must find the same login: otherwise the login that
    /// meets the requirement of one guard would not be the login that the handler uses.
    pub(crate) async fn verdict_under(&self, req: &HttpRequest, requirement: &Rc<Requirement>) -> Verdict {
        let answered = self.resolution.borrow().get().is_some_and(|resolution| {
            let other = self.guard_requirement();
            requirement.is_answered_by(other.as_deref().unwrap_or(&Requirement::DEFAULT), &resolution.verdict)
        });
        if answered {
            return self.verdict(req).await;
        }
        let before = self.accepted().or_else(|| self.outer_principal.take());
        *self.guard_requirement.borrow_mut() = Some(Rc::clone(requirement));
        *self.resolution.borrow_mut() = Rc::default();
        let verdict = self.verdict(req).await;
        match (before, &verdict) {
            (Some(before), Verdict::Accepted(now)) if !now.is_of_same_login(&before) => {
                tracing::warn!("two guards of one route found different logins");
                let refused = Verdict::Rejected(AuthError::InvalidRequest(TWO_TOKENS.into()));
                self.set_resolution(refused.clone());
                refused
            }
            (before, _) => {
                // Kept also after an anonymous verdict: the next inner guard is compared with it.
                *self.outer_principal.borrow_mut() = before;
                verdict
            }
        }
    }

    /// Sets the requirement under which an extractor will resolve the request. A guard calls this instead of
    /// [`verdict_under`](Self::verdict_under) where it does not refuse the request itself.
    pub(crate) fn require(&self, requirement: &Requirement) {
        let outer = self.guard_requirement();
        let fresh = requirement.fresh || outer.as_ref().is_some_and(|outer| outer.fresh);
        let mut requirement = Requirement { fresh, reject_stale: fresh, reject_unable: true, ..requirement.clone() };
        if let Some(of_outer) = outer.and_then(|outer| outer.abilities.clone()) {
            requirement.abilities.get_or_insert_default().extend(of_outer);
        }
        *self.guard_requirement.borrow_mut() = Some(Rc::new(requirement));
        *self.resolution.borrow_mut() = Rc::default();
    }

    /// The requirement of the innermost guard.
    pub(crate) fn guard_requirement(&self) -> Option<Rc<Requirement>> {
        self.guard_requirement.borrow().clone()
    }

    /// The token that decides for an operation on a token of this type, such as a refresh.
    pub(crate) fn choose(&self, req: &HttpRequest, wanted: WantedType) -> Choice<'_> {
        let of_guard = self.guard_requirement();
        let requirement = Requirement { wanted, ..of_guard.as_deref().unwrap_or(&Requirement::DEFAULT).clone() };
        two_tokens::choose(&self.engine, &self.token_cache, &self.presented, &requirement, req)
    }

    /// Refuses a token in another location than those of this route. A custom credential belongs to no login, so that
    /// nothing of it can end; and in the grammar of Flask-JWT-Extended such a token counts as none.
    pub(crate) fn refuse_overlooked(&self) -> Result<(), AuthError> {
        if self.presented.custom.is_some() || !self.engine.reader.search.grammar.is_strict() {
            return Ok(());
        }
        Err(AuthError::InvalidRequest("There is a token in a place that is not read here. Send it in another.".into()))
    }

    /// The refusal of a handler that needs a login. It names a token that was sent and not read.
    pub(crate) fn explain(&self, error: AuthError, req: &HttpRequest) -> AuthError {
        unread::explain(error, &self.engine, &self.presented, req)
    }

    /// The principal, or the refusal of a handler that needs one.
    pub(crate) async fn principal(&self, req: &HttpRequest) -> Result<Rc<Principal>, AuthError> {
        match self.verdict(req).await {
            Verdict::Accepted(principal) => Ok(principal),
            Verdict::Absent(error) => Err(self.explain(error, req)),
            Verdict::Rejected(error) => Err(error),
        }
    }

    /// The principal, if the request is resolved and was accepted.
    pub(crate) fn accepted(&self) -> Option<Rc<Principal>> {
        match self.resolution.borrow().get().map(|resolution| &resolution.verdict) {
            Some(Verdict::Accepted(principal)) => Some(Rc::clone(principal)),
            _ => None,
        }
    }

    /// Whether the request is resolved under the current requirement.
    pub(crate) fn is_resolved(&self) -> bool {
        self.resolution.borrow().initialized()
    }

    /// Whether the request is resolved as anonymous with this error.
    pub(crate) fn is_absent_with(&self, error: &AuthError) -> bool {
        let resolution = self.resolution.borrow();
        let verdict = resolution.get().map(|resolution| &resolution.verdict);
        matches!(verdict, Some(Verdict::Absent(absent)) if absent.code() == error.code())
    }

    /// The disabled user of a session that was opened by force, if the request is resolved.
    pub(crate) fn disabled_user(&self) -> Option<Rc<dyn Any>> {
        self.resolution.borrow().get()?.disabled_user.clone()
    }

    /// Replaces the resolution after the handler has changed the login of the request.
    pub(crate) fn set_resolution(&self, resolution: impl Into<Resolution>) {
        self.accessed.set(true);
        *self.resolution.borrow_mut() = Rc::new(OnceCell::new_with(Some(resolution.into())));
    }

    /// Records a token whose signature is valid.
    pub(crate) fn record_verified(&self, token: Rc<VerifiedToken>) {
        *self.verified_token.borrow_mut() = Some(token);
    }

    /// The last token whose signature is valid, also one that has expired or was refused for another reason.
    pub(crate) fn verified_token(&self) -> Option<Rc<VerifiedToken>> {
        self.verified_token.borrow().clone()
    }

    /// Records that an extractor of the handler accepts tokens only.
    pub(crate) fn demand_token(&self) {
        self.token_demanded.set(true);
    }

    /// Whether the handler or its guard accepts tokens only. A redirect to a login page would not help then.
    pub(crate) fn demands_token(&self) -> bool {
        self.token_demanded.get()
            || self.guard_requirement().is_some_and(|requirement| requirement.face == RequiredFace::Token)
    }

    /// Removes the token cookies from the browser, with the response.
    pub(crate) fn remove_token_cookies(&self) {
        self.token_cookies_removed.set(true);
    }

    /// Whether the response removes the token cookies from the browser.
    pub(crate) fn removes_token_cookies(&self) -> bool {
        self.token_cookies_removed.get()
    }

    /// Sets a cookie on the response. Never called when a token was presented.
    pub(crate) fn set_cookie(&self, cookie: Cookie<'static>) {
        let mut cookies = self.response_cookies.borrow_mut();
        let same = |set: &Cookie<'_>| {
            (set.name(), set.domain(), set.path()) == (cookie.name(), cookie.domain(), cookie.path())
        };
        cookies.retain(|set| !same(set));
        cookies.push(cookie);
    }

    /// Whether the response removes this cookie from the browser.
    pub(crate) fn removes_cookie(&self, name: &str) -> bool {
        let cookies = self.response_cookies.borrow();
        let mut named = cookies.iter().filter(|cookie| cookie.name() == name).peekable();
        named.peek().is_some() && named.all(|cookie| cookie.value().is_empty())
    }

    /// Takes the cookies for the response, so that they are set once.
    pub(crate) fn take_cookies(&self) -> Vec<Cookie<'static>> {
        self.response_cookies.take()
    }
}
