//! The double submit: a request with a token in a cookie must repeat the `csrf` claim of that token. Only pages of our
//! own origin can read the claim (OWASP's signed double-submit cookie).

use std::fmt;

use actix_web::HttpRequest;
use aws_lc_rs::constant_time;

use super::presented::Presented;
use super::token_cookies::TokenCookies;
use crate::bridge::error::{AuthError, CsrfFault};
use crate::bridge::token::TokenType;

/// The double submit of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Csrf<'r> {
    /// The request needs no double submit.
    NotNeeded,
    /// The submitted value. It must equal the claim.
    Submitted(&'r [u8]),
}

impl Csrf<'_> {
    /// Checks the submitted value against the `csrf` claim of the token.
    pub(crate) fn check(self, claim: Option<&str>) -> Result<(), AuthError> {
        let fault = match (self, claim) {
            (Self::NotNeeded, _) => return Ok(()),
            (Self::Submitted(_), None | Some("")) => CsrfFault::NoClaim,
            (Self::Submitted(value), Some(claim)) => {
                match constant_time::verify_slices_are_equal(value, claim.as_bytes()) {
                    Ok(()) => return Ok(()),
                    Err(_unequal) => CsrfFault::Mismatch,
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

/// The double submit of a request with a token in a cookie: the value of the header, or else of the form field.
pub(crate) fn submitted_csrf<'r>(
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
