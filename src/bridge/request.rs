//! What the bridge keeps with a request while it is handled.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::cookie::Cookie;
use actix_web::{HttpMessage as _, HttpRequest};
use tokio::sync::OnceCell;

use super::core::Core;
use super::credential::Presented;
use super::error::AuthError;
use super::principal::{Principal, Verdict};
use super::resolve;
use super::token::KnownTokens;

/// The bridge's state of one request, in its extensions as `Rc<RequestAuth>`.
pub(crate) struct RequestAuth {
    pub(crate) core: Arc<Core>,
    pub(crate) presented: Presented,
    pub(crate) known_tokens: Rc<KnownTokens>,
    /// Resolved when the first extractor asks, once. Signing in puts a new cell here.
    verdict: RefCell<Rc<OnceCell<Verdict>>>,
    /// Cookies to set on the response, which handlers do not see.
    cookies: RefCell<Vec<Cookie<'static>>>,
}

impl RequestAuth {
    pub(crate) fn new(core: Arc<Core>, known_tokens: Rc<KnownTokens>, presented: Presented) -> Rc<Self> {
        Rc::new(Self { core, presented, known_tokens, verdict: RefCell::default(), cookies: RefCell::default() })
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
        cell.get_or_init(|| resolve::resolve(self, req)).await.clone()
    }

    /// The principal, or the error for a handler that needs one.
    pub(crate) async fn principal(&self, req: &HttpRequest) -> Result<Rc<Principal>, AuthError> {
        match self.verdict(req).await {
            Verdict::Accepted(principal) => Ok(principal),
            Verdict::Absent(error) | Verdict::Rejected(error) => Err(error),
        }
    }

    /// Whether anybody has asked who the request is.
    pub(crate) fn was_asked(&self) -> bool {
        self.verdict.borrow().initialized()
    }

    /// Who the request was found to be, if anybody has asked.
    pub(crate) fn accepted(&self) -> Option<Rc<Principal>> {
        match self.verdict.borrow().get() {
            Some(Verdict::Accepted(principal)) => Some(Rc::clone(principal)),
            _ => None,
        }
    }

    /// From here on the request is this.
    pub(crate) fn set_verdict(&self, verdict: Verdict) {
        *self.verdict.borrow_mut() = Rc::new(OnceCell::new_with(Some(verdict)));
    }

    /// Sets a cookie on the response. Never called when a token was presented.
    pub(crate) fn set_cookie(&self, cookie: Cookie<'static>) {
        let mut cookies = self.cookies.borrow_mut();
        cookies.retain(|set| set.name() != cookie.name());
        cookies.push(cookie);
    }

    pub(crate) fn take_cookies(&self) -> Vec<Cookie<'static>> {
        self.cookies.take()
    }
}
