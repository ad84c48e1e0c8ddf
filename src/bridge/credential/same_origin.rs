//! The rule against CSRF: a request that a browser authenticates by itself must come from our own pages.
//!
//! 1. `GET`, `HEAD` and `OPTIONS` change nothing, so they pass.
//! 2. `Sec-Fetch-Site`, which every current browser sends over TLS and to localhost, must be `same-origin`, or `none`
//!    (the user typed the address).
//! 3. Without it, `Origin` must be ours: the configured public URL, else the host that the request was sent to.
//! 4. Without either the client is no browser, and no credential is ambient there.
//!
//! A token that a program put into a request is not ambient, so the rule does not apply to it. Because presence of a token
//! keeps the cookies out, a junk token cannot switch the rule off for them. A token in a cookie is ambient: the rule
//! applies, and then the double submit.

use actix_web::http::Method;
use actix_web::http::header::{HOST, HeaderMap, ORIGIN};

use crate::bridge::error::{AuthError, CsrfFault};

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
