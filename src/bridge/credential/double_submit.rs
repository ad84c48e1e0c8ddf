//! The rule against forged requests: a request that a browser authenticates by itself must come from our own pages.
//!
//! 1. `GET`, `HEAD` and `OPTIONS` change nothing, so they pass.
//! 2. `Sec-Fetch-Site`, which every current browser sends over TLS and to localhost, must be `same-origin`, or `none`
//!    (the user typed the address).
//! 3. Without it, `Origin` must be ours: the configured public URL, else the host that the request was sent to.
//! 4. Without either it was no browser, and nothing is ambient there.
//!
//! A token that a program put into a request is not ambient, so the rule does not apply to it; and because presence of
//! a token keeps the cookies out, a junk token cannot be used to switch the rule off for them. A token in a cookie is
//! ambient: the rule applies, and then the double submit (OWASP's signed double-submit cookie): the request repeats a
//! claim that is inside the signed token and that only our own pages can read.

use std::fmt;

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{HOST, HeaderMap, ORIGIN};

use aws_lc_rs::constant_time;

use crate::bridge::credential::presented::Presented;
use crate::bridge::credential::token_cookies::TokenCookies;
use crate::bridge::error::auth_error::AuthError;
use crate::bridge::token::TokenType;

/// How a request failed to show that it comes from our own pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CsrfFault {
    /// The browser says that it comes from elsewhere: `Sec-Fetch-Site`, `Origin`.
    CrossSite,
    /// It does not repeat the `csrf` claim of the token in its cookie.
    Missing,
    /// What it repeats is not the claim.
    Mismatch,
    /// The token in its cookie has no such claim.
    NoClaim,
}

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

/// Checks one request that is about to be authenticated by a cookie, or to receive one.
pub(crate) fn check(method: &Method, headers: &HeaderMap, own_origin: Option<&str>) -> Result<(), AuthError> {
    let allowed = is_safe(method)
        || match headers.get("sec-fetch-site") {
            Some(site) => matches!(site.as_bytes(), b"same-origin" | b"none"),
            None => match headers.get(ORIGIN) {
                Some(origin) => origin.to_str().is_ok_and(|origin| is_own(origin, headers, own_origin)),
                None => true,
            },
        };
    if allowed { Ok(()) } else { Err(AuthError::CsrfRejected(CsrfFault::CrossSite)) }
}

/// Whether a method changes nothing (RFC 9110 section 9.2.1).
pub(crate) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

fn is_own(origin: &str, headers: &HeaderMap, own_origin: Option<&str>) -> bool {
    match own_origin {
        Some(own) => origin.eq_ignore_ascii_case(own),
        // Without a configured origin the scheme is not known; the host with its port must be the same.
        None => match (origin.split_once("://"), headers.get(HOST).and_then(|host| host.to_str().ok())) {
            (Some(("http" | "https", authority)), Some(host)) => authority.eq_ignore_ascii_case(host),
            _ => false,
        },
    }
}
