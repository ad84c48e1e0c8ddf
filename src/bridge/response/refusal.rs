//! A request that is refused, as hooks see it.

use std::cell::OnceCell;
use std::fmt;
use std::rc::Rc;

use actix_web::HttpRequest;
use serde_json::{Map, Value};

use crate::bridge::auth::RequestState;
use crate::bridge::credential::Search;
use crate::bridge::error::AuthError;

/// A request that is refused, as [`BridgeBuilder::on_refusal`](crate::BridgeBuilder::on_refusal) sees it.
pub struct Refusal<'a> {
    req: &'a HttpRequest,
    error: &'a AuthError,
    /// `None` for a request that was refused for its cookies, before it had a state.
    state: Option<Rc<RequestState>>,
    has_view: bool,
    token: OnceCell<Option<RefusedToken>>,
}

/// A token that was issued here, but is not enough.
struct RefusedToken {
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl<'a> Refusal<'a> {
    pub(super) fn new(req: &'a HttpRequest, error: &'a AuthError, has_view: bool) -> Self {
        Self { req, error, state: RequestState::of(req).ok(), has_view, token: OnceCell::new() }
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
        self.state.as_ref().is_some_and(|state| state.presented.has_token())
    }

    /// Whether the handler, or a guard before it, works with tokens alone.
    pub fn demands_token(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.demands_token())
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
        let accepted = self.state.as_ref().and_then(|state| state.accepted());
        match accepted {
            Some(principal) => Some(principal.identity.clone()),
            None => Some(self.state.as_ref()?.verified_token()?.sub.clone()),
        }
    }

    /// What is told of a token is never what it only says: its signature has been verified.
    fn token(&self) -> Option<&RefusedToken> {
        let open = || {
            let token = self.state.as_ref()?.verified_token()?;
            let claims = serde_json::from_slice(&token.payload).ok()?;
            Some(RefusedToken { header: token.header_members()?, claims })
        };
        self.token.get_or_init(open).as_ref()
    }

    /// Where the request was searched for tokens.
    pub(crate) fn search(&self) -> Option<&Search> {
        self.state.as_ref().map(|state| &state.engine.reader.search)
    }

    /// What the request presented.
    pub(crate) fn state(&self) -> Option<&RequestState> {
        self.state.as_deref()
    }

    /// Whether a client like this one is sent to a view when it is refused.
    pub(crate) fn has_view(&self) -> bool {
        self.has_view
    }

    /// Whether this refuses a sign-in: to be sent to the page that the user comes from tells them nothing.
    pub(super) fn is_of_a_sign_in(&self) -> bool {
        let session_ended = || self.state.as_ref().is_some_and(|state| state.is_absent_with(self.error));
        matches!(self.error, AuthError::UserDisabled) && !session_ended()
    }
}

impl fmt::Debug for Refusal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal").field("code", &self.error.code()).finish_non_exhaustive()
    }
}
