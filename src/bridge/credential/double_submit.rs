//! The double submit: a request with a token in a cookie repeats a claim that is inside the signed token, and that only our
//! own pages can read (OWASP's signed double-submit cookie).

use std::fmt;

use actix_web::HttpRequest;
use aws_lc_rs::constant_time;

use super::presented::Presented;
use super::token_cookies::TokenCookies;
use crate::bridge::error::{AuthError, CsrfFault};
use crate::bridge::token::TokenType;

/// What a request says for the double submit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Csrf<'r> {
    /// Nothing, and needs to say nothing.
    NotNeeded,
    /// This must be the claim.
    Submitted(&'r [u8]),
}

impl Csrf<'_> {
    /// Whether a token with this `csrf` claim may be used.
    pub(crate) fn check(self, claim: Option<&str>) -> Result<(), AuthError> {
        let fault = match (self, claim) {
            (Self::NotNeeded, _) => return Ok(()),
            (Self::Submitted(_), None | Some("")) => CsrfFault::NoClaim,
            (Self::Submitted(value), Some(claim)) => {
                match constant_time::verify_slices_are_equal(value, claim.as_bytes()) {
                    Ok(()) => return Ok(()),
                    Err(_) => CsrfFault::Mismatch,
                }
            }
        };
        Err(AuthError::CsrfRejected(fault))
    }
}

impl fmt::Debug for Csrf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotNeeded => "NotNeeded",
            Self::Submitted(_) => "Submitted(…)",
        })
    }
}

/// What a request with a token in a cookie says for the double submit: in the header, or else in a form.
pub(crate) fn of_cookie<'r>(
    cookies: &TokenCookies,
    presented_as: TokenType,
    presented: &'r Presented,
    req: &'r HttpRequest,
) -> Result<Csrf<'r>, AuthError> {
    if !cookies.needs_double_submit(req.method()) {
        return Ok(Csrf::NotNeeded);
    }
    let in_form = || {
        let form = presented.form.as_ref()?;
        let field = match presented_as {
            TokenType::Access => &form.access,
            TokenType::Refresh => &form.refresh,
        };
        field.as_ref().map(String::as_bytes)
    };
    let submitted = cookies.csrf_header(req.headers(), presented_as).or_else(in_form);
    submitted.map(Csrf::Submitted).ok_or(AuthError::CsrfRejected(CsrfFault::Missing))
}
