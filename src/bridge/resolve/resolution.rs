//! The result of the resolver.

use std::any::Any;
use std::rc::Rc;

use actix_web::cookie::Cookie;

use super::principal::Principal;
use crate::bridge::error::AuthError;
use crate::bridge::token::VerifiedToken;

/// The verdict on the credential of a request, and what the resolver found besides.
pub(crate) struct Resolution {
    pub(crate) verdict: Verdict,
    /// The token, if its signature is valid. It may still have been rejected.
    pub(crate) token: Option<Rc<VerifiedToken>>,
    /// The disabled user of a session that was opened by force. The verdict is `Absent` then.
    pub(crate) disabled_user: Option<Rc<dyn Any>>,
    /// Cookies for the response.
    pub(crate) cookies: Vec<Cookie<'static>>,
}

impl From<Verdict> for Resolution {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, token: None, disabled_user: None, cookies: Vec::new() }
    }
}

/// Whether the credential was accepted. After a rejected credential no other one is tried.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    /// The request is anonymous. The error is for a handler that needs a user: usually that a login is required, or
    /// that the login of the browser's session has ended.
    Absent(AuthError),
    /// The request is authenticated.
    Accepted(Rc<Principal>),
    /// The request is refused by every handler that asks for its principal.
    Rejected(AuthError),
}
