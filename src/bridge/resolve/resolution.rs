//! The answer to who a request is.

use std::any::Any;
use std::rc::Rc;

use actix_web::cookie::Cookie;

use super::principal::Principal;
use crate::bridge::error::AuthError;
use crate::bridge::token::VerifiedToken;

/// Who a request is, and what was found out on the way.
pub(crate) struct Resolution {
    pub(crate) verdict: Verdict,
    /// The token whose signature was verified, whatever became of it.
    pub(crate) token: Option<Rc<VerifiedToken>>,
    /// The user of a live session who is disabled. The verdict is `Absent` then.
    pub(crate) disabled_user: Option<Rc<dyn Any>>,
    /// Cookies to be set on the response.
    pub(crate) cookies: Vec<Cookie<'static>>,
}

impl From<Verdict> for Resolution {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, token: None, disabled_user: None, cookies: Vec::new() }
    }
}

/// Whether a credential was accepted. A rejected one is final: no other is tried in its place.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    /// The request is anonymous. The error is the answer of a handler that needs a user: usually that a login is required,
    /// or that the browser's session has run out, which leaves it without a credential.
    Absent(AuthError),
    Accepted(Rc<Principal>),
    Rejected(AuthError),
}
