//! What the bridge keeps with a request while it is handled.
//!
//! The state of a request is one of these:
//!
//! | `demands` | `answer` | the request |
//! |---|---|---|
//! | `None` | empty | has been asked nothing yet, or was resolved by no guard |
//! | `Some` | empty | will be resolved under what a guard demands, when somebody asks |
//! | any | filled | is resolved: everybody who asks under the same demands is told the same |
//! | any | filled by [`RequestState::set_answer`] | has been signed in, signed out or confirmed by its handler |
//!
//! An answer is replaced as a whole, never changed. `outer_principal` is set only while a further guard has replaced the
//! answer of one that had accepted somebody.

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
use crate::bridge::resolve::{Engine, Principal, RequiredFace, Requirement, Resolution, Verdict, resolver};
use crate::bridge::token::{VerifiedToken, VerifiedTokenCache};

/// The bridge's state of one request, in its extensions as `Rc<RequestState>`.
pub(crate) struct RequestState {
    pub(crate) engine: Arc<Engine>,
    pub(crate) token_cache: Rc<VerifiedTokenCache>,
    pub(crate) presented: Presented,
    /// What a guard demands; `None`: what the extractors ask for by themselves.
    demands: RefCell<Option<Rc<Requirement>>>,
    /// Resolved when the first extractor asks, once. Signing in puts a new cell here, and so does a guard that demands
    /// something else.
    answer: RefCell<Rc<OnceCell<Resolution>>>,
    /// The principal of an outer guard, while an inner one looks elsewhere.
    outer_principal: RefCell<Option<Rc<Principal>>>,
    /// The last token whose signature was verified, whatever became of it and whoever asked.
    verified_token: RefCell<Option<Rc<VerifiedToken>>>,
    /// Whether anybody has asked who the request is, under any demands.
    accessed: Cell<bool>,
    /// Whether an extractor has asked for a token.
    token_demanded: Cell<bool>,
    /// Whether the browser is to lose the cookies that carry its tokens.
    token_cookies_end: Cell<bool>,
    /// Cookies to set on the response, which handlers do not see.
    jar: RefCell<Vec<Cookie<'static>>>,
}

impl RequestState {
    pub(crate) fn new(engine: Arc<Engine>, token_cache: Rc<VerifiedTokenCache>, presented: Presented) -> Rc<Self> {
        Rc::new(Self {
            engine,
            token_cache,
            presented,
            demands: RefCell::default(),
            answer: RefCell::default(),
            outer_principal: RefCell::default(),
            verified_token: RefCell::default(),
            accessed: Cell::default(),
            token_demanded: Cell::default(),
            token_cookies_end: Cell::default(),
            jar: RefCell::default(),
        })
    }

    /// The state of this request.
    pub(crate) fn of(req: &HttpRequest) -> Result<Rc<Self>, AuthError> {
        req.extensions().get::<Rc<Self>>().cloned().ok_or(AuthError::Misconfigured(
            "an extractor of Tollbridge was used outside the bridge: wrap the app with `App::wrap(bridge)`",
        ))
    }

    /// Who the request is.
    pub(crate) async fn verdict(&self, req: &HttpRequest) -> Verdict {
        let cell = Rc::clone(&self.answer.borrow());
        cell.get_or_init(|| self.resolve(req)).await.verdict.clone()
    }

    async fn resolve(&self, req: &HttpRequest) -> Resolution {
        self.note_access();
        let demands = self.demands();
        let requirement = demands.as_deref().unwrap_or(&Requirement::DEFAULT);
        let mut found = resolver::resolve(&self.engine, &self.token_cache, &self.presented, requirement, req).await;
        if let Some(token) = found.token.take() {
            self.note_verified(token);
        }
        found.cookies.drain(..).for_each(|cookie| self.set_cookie(cookie));
        found
    }

    /// Tells the listeners that somebody asks who the request is, the first time.
    pub(crate) fn note_access(&self) {
        if !self.accessed.replace(true) {
            self.engine.events.emit(|| AuthEvent::UserAccessed);
        }
    }

    /// Who the request is for a handler that demands this. From here on the others are told the same.
    ///
    /// Guards around each other may look in different places. All must find one login: else what one guard demands would
    /// be met by another login than the one for which the handler acts.
    pub(crate) async fn verdict_under(&self, req: &HttpRequest, requirement: &Rc<Requirement>) -> Verdict {
        let answered = self.answer.borrow().get().is_some_and(|answer| {
            let other = self.demands();
            requirement.is_answered_by(other.as_deref().unwrap_or(&Requirement::DEFAULT), &answer.verdict)
        });
        if answered {
            return self.verdict(req).await;
        }
        let before = self.accepted().or_else(|| self.outer_principal.take());
        *self.demands.borrow_mut() = Some(Rc::clone(requirement));
        *self.answer.borrow_mut() = Rc::default();
        let verdict = self.verdict(req).await;
        match (before, &verdict) {
            (Some(before), Verdict::Accepted(now)) if !now.is_of_same_login(&before) => {
                tracing::warn!("two guards of one route found different logins");
                let refused = Verdict::Rejected(AuthError::InvalidRequest(TWO_TOKENS.into()));
                self.set_answer(refused.clone());
                refused
            }
            (before, _) => {
                // A guard that accepts anonymous requests does not make the next one forget.
                *self.outer_principal.borrow_mut() = before;
                verdict
            }
        }
    }

    /// Demands this of the request when somebody asks: what a guard does that refuses nobody itself.
    pub(crate) fn demand(&self, requirement: &Requirement) {
        let fresh = requirement.fresh || self.demands().is_some_and(|around| around.fresh);
        let requirement = Requirement { fresh, fresh_at_once: fresh, ..requirement.clone() };
        *self.demands.borrow_mut() = Some(Rc::new(requirement));
        *self.answer.borrow_mut() = Rc::default();
    }

    /// What a guard demands of the credential.
    pub(crate) fn demands(&self) -> Option<Rc<Requirement>> {
        self.demands.borrow().clone()
    }

    /// The token that decides for a handler that works with one of this type itself.
    pub(crate) fn choose(&self, wanted: WantedType) -> Choice<'_> {
        let demands = self.demands();
        let locations = demands.as_deref().and_then(|demands| demands.locations.as_deref());
        self.engine.reader.search.choose(&self.presented, locations, wanted)
    }

    /// The principal, or the error for a handler that needs one.
    pub(crate) async fn principal(&self, req: &HttpRequest) -> Result<Rc<Principal>, AuthError> {
        match self.verdict(req).await {
            Verdict::Accepted(principal) => Ok(principal),
            Verdict::Absent(error) | Verdict::Rejected(error) => Err(error),
        }
    }

    /// The principal, if somebody has asked who the request is and it was accepted.
    pub(crate) fn accepted(&self) -> Option<Rc<Principal>> {
        match self.answer.borrow().get().map(|answer| &answer.verdict) {
            Some(Verdict::Accepted(principal)) => Some(Rc::clone(principal)),
            _ => None,
        }
    }

    /// Whether somebody has asked who the request is, under the demands that hold now.
    pub(crate) fn was_asked(&self) -> bool {
        self.answer.borrow().initialized()
    }

    /// Whether the browser's session is over for this reason, as far as anybody has asked.
    pub(crate) fn is_absent_for(&self, error: &AuthError) -> bool {
        let answer = self.answer.borrow();
        let verdict = answer.get().map(|answer| &answer.verdict);
        matches!(verdict, Some(Verdict::Absent(absent)) if absent.code() == error.code())
    }

    /// The user of a live session who is disabled, once somebody has asked who the request is.
    pub(crate) fn disabled_user(&self) -> Option<Rc<dyn Any>> {
        self.answer.borrow().get()?.disabled_user.clone()
    }

    /// From here on this is who the request is.
    pub(crate) fn set_answer(&self, answer: impl Into<Resolution>) {
        self.accessed.set(true);
        *self.answer.borrow_mut() = Rc::new(OnceCell::new_with(Some(answer.into())));
    }

    /// Remembers a token whose signature was verified.
    pub(crate) fn note_verified(&self, token: Rc<VerifiedToken>) {
        *self.verified_token.borrow_mut() = Some(token);
    }

    /// The last token whose signature was verified, also one that has expired or was refused for another reason.
    pub(crate) fn verified_token(&self) -> Option<Rc<VerifiedToken>> {
        self.verified_token.borrow().clone()
    }

    /// The handler works with tokens alone.
    pub(crate) fn demand_token(&self) {
        self.token_demanded.set(true);
    }

    /// Whether the handler, or a guard before it, works with tokens alone: no login page would help.
    pub(crate) fn demands_token(&self) -> bool {
        self.token_demanded.get() || self.demands().is_some_and(|demands| demands.face == RequiredFace::Token)
    }

    /// From here on the browser's tokens are worth nothing.
    pub(crate) fn end_token_cookies(&self) {
        self.token_cookies_end.set(true);
    }

    /// Whether the browser is to lose the cookies that carry its tokens.
    pub(crate) fn token_cookies_end(&self) -> bool {
        self.token_cookies_end.get()
    }

    /// Sets a cookie on the response. Never called when a token was presented.
    pub(crate) fn set_cookie(&self, cookie: Cookie<'static>) {
        let mut jar = self.jar.borrow_mut();
        jar.retain(|set| set.name() != cookie.name());
        jar.push(cookie);
    }

    /// Whether the response removes this cookie from the browser.
    pub(crate) fn removes_cookie(&self, name: &str) -> bool {
        self.jar.borrow().iter().any(|cookie| cookie.name() == name && cookie.value().is_empty())
    }

    /// The cookies for the response, which are set once.
    pub(crate) fn take_cookies(&self) -> Vec<Cookie<'static>> {
        self.jar.take()
    }
}
