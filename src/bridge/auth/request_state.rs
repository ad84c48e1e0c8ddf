//! What the bridge keeps with a request while it is handled.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use actix_web::cookie::Cookie;
use actix_web::{HttpMessage as _, HttpRequest};
use tokio::sync::OnceCell;

use crate::bridge::credential::presented::{Choice, Found, Location, Presented, TWO_TOKENS};
use crate::bridge::error::auth_error::AuthError;
use crate::bridge::resolve::engine::Core;
use crate::bridge::resolve::principal::{Principal, Verdict};
use crate::bridge::resolve::requirement::{Face, Requirement, Wanted};
use crate::bridge::resolve::resolver;
use crate::bridge::token::{KnownTokens, TokenType, VerifiedToken};

/// The bridge's state of one request, in its extensions as `Rc<RequestAuth>`.
pub(crate) struct RequestAuth {
    pub(crate) core: Arc<Core>,
    pub(crate) presented: Presented,
    pub(crate) known_tokens: Rc<KnownTokens>,
    /// What a guard demands; `None`: what the extractors ask for by themselves.
    requirement: RefCell<Option<Rc<Requirement>>>,
    /// Resolved when the first extractor asks, once. Signing in puts a new cell here, and so does a guard that demands
    /// something else.
    verdict: RefCell<Rc<OnceCell<Verdict>>>,
    /// Whom a guard found, before another one looked elsewhere.
    let_in: RefCell<Option<Rc<Principal>>>,
    /// The last token whose signature was right, whatever became of it.
    opened: RefCell<Option<Rc<VerifiedToken>>>,
    /// Whether anybody has asked, under any demands.
    accessed: Cell<bool>,
    /// A user who is signed in and may not be here.
    inactive: RefCell<Option<Rc<dyn Any>>>,
    /// Whether the browser is to lose the cookies that carry its tokens.
    token_cookies_end: Cell<bool>,
    /// Whether an extractor has asked for a token.
    token_demanded: Cell<bool>,
    /// Cookies to set on the response, which handlers do not see.
    cookies: RefCell<Vec<Cookie<'static>>>,
}

impl RequestAuth {
    pub(crate) fn new(core: Arc<Core>, known_tokens: Rc<KnownTokens>, presented: Presented) -> Rc<Self> {
        Rc::new(Self {
            core,
            presented,
            known_tokens,
            requirement: RefCell::default(),
            verdict: RefCell::default(),
            let_in: RefCell::default(),
            opened: RefCell::default(),
            accessed: Cell::default(),
            inactive: RefCell::default(),
            token_cookies_end: Cell::default(),
            token_demanded: Cell::default(),
            cookies: RefCell::default(),
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
        let cell = Rc::clone(&self.verdict.borrow());
        cell.get_or_init(|| resolver::resolve(self, req)).await.clone()
    }

    /// Who the request is for a handler that demands this. From here on the others are told the same.
    ///
    /// Guards around each other may look in different places. All must find one login: else what one guard demands would
    /// be met by somebody else than whom the handler acts for.
    pub(crate) async fn verdict_under(&self, req: &HttpRequest, requirement: &Rc<Requirement>) -> Verdict {
        let answered = self.verdict.borrow().get().is_some_and(|verdict| {
            let other = self.requirement();
            requirement.is_answered_by(other.as_deref().unwrap_or(&Requirement::DEFAULT), verdict)
        });
        if answered {
            return self.verdict(req).await;
        }
        let before = self.accepted().or_else(|| self.let_in.take());
        *self.requirement.borrow_mut() = Some(Rc::clone(requirement));
        *self.verdict.borrow_mut() = Rc::default();
        let verdict = self.verdict(req).await;
        match (before, &verdict) {
            (Some(before), Verdict::Accepted(now)) if !now.is_of_same_login(&before) => {
                tracing::warn!("two guards of one route found different logins");
                let refused = Verdict::Rejected(AuthError::InvalidRequest(TWO_TOKENS.into()));
                self.set_verdict(refused.clone());
                refused
            }
            (before, _) => {
                // A guard that is content with nobody does not make the next one forget.
                *self.let_in.borrow_mut() = before;
                verdict
            }
        }
    }

    /// Demands this of whoever is found when somebody asks: what a guard does that refuses nobody itself.
    pub(crate) fn demand(&self, requirement: &Requirement) {
        let fresh = requirement.fresh || self.requirement().is_some_and(|around| around.fresh);
        let requirement = Requirement { fresh, fresh_at_once: fresh, ..requirement.clone() };
        *self.requirement.borrow_mut() = Some(Rc::new(requirement));
        *self.verdict.borrow_mut() = Rc::default();
    }

    /// What the credential has to meet.
    pub(crate) fn requirement(&self) -> Option<Rc<Requirement>> {
        self.requirement.borrow().clone()
    }

    /// The token that decides for somebody who wants one of this type.
    pub(crate) fn choose(&self, requirement: &Requirement, wanted: Wanted) -> Choice<'_> {
        let search = &self.core.loader.search;
        let Some(locations) = &requirement.locations else {
            return search.choose(&self.presented, &search.order, wanted);
        };
        if locations.iter().any(|location| !search.is_declared(*location)) {
            return Choice::Refused(AuthError::Misconfigured(
                "a guard looks for tokens where the bridge does not: declare the place with `TokenLocations::also`",
            ));
        }
        search.choose(&self.presented, locations, wanted)
    }

    /// The token that decides for a handler that works with one of this type itself.
    pub(crate) fn chosen(&self, wanted: Wanted) -> Choice<'_> {
        self.choose(self.requirement().as_deref().unwrap_or(&Requirement::DEFAULT), wanted)
    }

    /// The places that are searched for a token of this type, in order, and what each holds.
    pub(crate) fn searched(&self, requirement: &Requirement) -> Vec<(Location, &Found)> {
        let order = requirement.locations.as_ref().unwrap_or(&self.core.loader.search.order);
        let token_type = if requirement.wanted == Wanted::Refresh { TokenType::Refresh } else { TokenType::Access };
        order.iter().map(|location| (*location, self.presented.at(*location, token_type))).collect()
    }

    /// Why each place that is searched holds no token, for the log.
    pub(crate) fn absences(&self, requirement: &Requirement) -> String {
        let why = |(location, found): &(Location, &Found)| match found {
            Found::Nothing(why) => format!("{} {}", location.as_str(), why.as_str()),
            _ => location.as_str().to_owned(),
        };
        self.searched(requirement).iter().map(why).collect::<Vec<_>>().join(", ")
    }

    /// Remembers a token whose signature is right.
    pub(crate) fn set_opened(&self, token: &Rc<VerifiedToken>) {
        *self.opened.borrow_mut() = Some(Rc::clone(token));
    }

    /// The last token whose signature was right, also one that has expired or was refused for something else.
    pub(crate) fn opened(&self) -> Option<Rc<VerifiedToken>> {
        self.opened.borrow().clone()
    }

    /// The principal, or the error for a handler that needs one.
    pub(crate) async fn principal(&self, req: &HttpRequest) -> Result<Rc<Principal>, AuthError> {
        match self.verdict(req).await {
            Verdict::Accepted(principal) => Ok(principal),
            Verdict::Absent(error) | Verdict::Rejected(error) => Err(error),
        }
    }

    /// The principal, if somebody has asked who the request is and it is somebody.
    pub(crate) fn accepted(&self) -> Option<Rc<Principal>> {
        match self.verdict.borrow().get() {
            Some(Verdict::Accepted(principal)) => Some(Rc::clone(principal)),
            _ => None,
        }
    }

    /// Whether this is the first time that somebody asks who the request is.
    pub(crate) fn is_first_access(&self) -> bool {
        !self.accessed.replace(true)
    }

    /// From here on the browser's tokens are worth nothing.
    pub(crate) fn end_token_cookies(&self) {
        self.token_cookies_end.set(true);
    }

    /// The handler works with tokens alone.
    pub(crate) fn demand_token(&self) {
        self.token_demanded.set(true);
    }

    /// Whether the handler, or a guard before it, works with tokens alone: no login page would help.
    pub(crate) fn demands_token(&self) -> bool {
        self.token_demanded.get() || self.requirement().is_some_and(|requirement| requirement.face == Face::Token)
    }

    pub(crate) fn token_cookies_end(&self) -> bool {
        self.token_cookies_end.get()
    }

    /// Whether anybody has asked who the request is.
    pub(crate) fn was_asked(&self) -> bool {
        self.verdict.borrow().initialized()
    }

    /// Whether the browser's session is over for this reason, as far as anybody has asked.
    pub(crate) fn is_absent_for(&self, error: &AuthError) -> bool {
        matches!(self.verdict.borrow().get(), Some(Verdict::Absent(absent)) if absent.code() == error.code())
    }

    /// The user who is signed in and may not be here, once somebody has asked who the request is.
    pub(crate) fn inactive_user(&self) -> Option<Rc<dyn Any>> {
        self.inactive.borrow().clone()
    }

    /// Keeps the user of a login that is let in nowhere.
    pub(crate) fn set_inactive_user(&self, user: Rc<dyn Any>) {
        *self.inactive.borrow_mut() = Some(user);
    }

    /// From here on the request is this.
    pub(crate) fn set_verdict(&self, verdict: Verdict) {
        self.inactive.take();
        self.accessed.set(true);
        *self.verdict.borrow_mut() = Rc::new(OnceCell::new_with(Some(verdict)));
    }

    /// Sets a cookie on the response. Never called when a token was presented.
    pub(crate) fn set_cookie(&self, cookie: Cookie<'static>) {
        let mut cookies = self.cookies.borrow_mut();
        cookies.retain(|set| set.name() != cookie.name());
        cookies.push(cookie);
    }

    /// Whether the response takes this cookie from the browser.
    pub(crate) fn removes_cookie(&self, name: &str) -> bool {
        self.cookies.borrow().iter().any(|cookie| cookie.name() == name && cookie.value().is_empty())
    }

    pub(crate) fn take_cookies(&self) -> Vec<Cookie<'static>> {
        self.cookies.take()
    }
}
