//! A refused request, as the hooks of the embedder see it.

use std::cell::OnceCell;
use std::fmt;
use std::rc::Rc;

use actix_web::HttpRequest;
use serde_json::{Map, Value};

use crate::bridge::auth::RequestState;
use crate::bridge::credential::Search;
use crate::bridge::error::AuthError;

/// A refused request; the argument of [`BridgeBuilder::on_refusal`](crate::BridgeBuilder::on_refusal).
pub struct Refusal<'a> {
    req: &'a HttpRequest,
    error: &'a AuthError,
    /// `None` for a request that was refused because of its cookies, before it had a state.
    state: Option<Rc<RequestState>>,
    has_view: bool,
    token: OnceCell<Option<RefusedToken>>,
}

/// A token whose signature is valid, but which was refused for another reason.
struct RefusedToken {
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl<'a> Refusal<'a> {
    pub(super) fn new(req: &'a HttpRequest, error: &'a AuthError, has_view: bool) -> Self {
        Self { req, error, state: RequestState::of(req).ok(), has_view, token: OnceCell::new() }
    }

    /// The request.
    ///
    /// Where a middleware inside the bridge has returned the refusal as `Err`, actix-web has dropped the request already.
    /// This is a copy then: it has the method, the target, the headers, the peer's address and the session, but no route
    /// and no application data. A middleware that returns `Ok(req.error_response(error))` keeps the request.
    pub fn request(&self) -> &HttpRequest {
        self.req
    }

    /// The reason.
    pub fn error(&self) -> &AuthError {
        self.error
    }

    /// Whether the request presented a token, valid or not.
    pub fn presents_token(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.presented.has_token())
    }

    /// Whether the handler or its guard accepts tokens only.
    pub fn demands_token(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.demands_token())
    }

    /// The claims of the presented token: the argument of `expired_token_loader` and the other loaders of
    /// Flask-JWT-Extended.
    ///
    /// The token may be expired, revoked or not fresh, but its signature has been verified. `None` if there is no token,
    /// or if its signature is not valid.
    pub fn claims(&self) -> Option<&Map<String, Value>> {
        self.token().map(|token| &token.claims)
    }

    /// The header of the presented token. `None` when [`claims`](Self::claims) is `None`.
    pub fn token_header(&self) -> Option<&Map<String, Value>> {
        self.token().map(|token| &token.header)
    }

    /// The identity of the user whose credential is refused. It has been verified: it comes from an accepted session or
    /// token, or from the token that has [`claims`](Self::claims). `None` if there is neither.
    pub fn identity(&self) -> Option<String> {
        let accepted = self.state.as_ref().and_then(|state| state.accepted());
        match accepted {
            Some(principal) => Some(principal.identity.clone()),
            None => Some(self.state.as_ref()?.verified_token()?.sub.clone()),
        }
    }

    /// The presented token, if its signature has been verified. Hooks never see unverified claims.
    fn token(&self) -> Option<&RefusedToken> {
        let read = || {
            let token = self.state.as_ref()?.verified_token()?;
            let claims = serde_json::from_slice(&token.payload).ok()?;
            Some(RefusedToken { header: token.header_members()?, claims })
        };
        self.token.get_or_init(read).as_ref()
    }

    /// The locations where the request was searched for tokens.
    pub(crate) fn search(&self) -> Option<&Search> {
        self.state.as_ref().map(|state| &state.engine.reader.search)
    }

    /// The state of the request.
    pub(crate) fn state(&self) -> Option<&RequestState> {
        self.state.as_deref()
    }

    /// Whether a view is configured and this client is redirected to views.
    pub(crate) fn has_view(&self) -> bool {
        self.has_view
    }

    /// Whether a disabled user tried to sign in. A redirect would lead back to the login form without an explanation.
    pub(super) fn is_failed_sign_in(&self) -> bool {
        let session_ended = || self.state.as_ref().is_some_and(|state| state.is_absent_with(self.error));
        matches!(self.error, AuthError::UserDisabled) && !session_ended()
    }
}

impl fmt::Debug for Refusal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal").field("code", &self.error.code()).finish_non_exhaustive()
    }
}
