//! The CSRF check by origin: a request that a cookie authenticates must come from a page of our own origin.
//!
//! 1. `GET`, `HEAD` and `OPTIONS` are safe methods and pass.
//! 2. `Sec-Fetch-Site` must be `same-origin`, or `none` (the user typed the address). Every current browser sends this
//!    header over TLS and to localhost.
//! 3. Without `Sec-Fetch-Site`, `Origin` must be our own: the configured public URL, or else the `Host` of the request.
//! 4. A repeated header is refused.
//! 5. A request with neither header passes. Its client is not a browser, so it sends no cookie automatically.
//!
//! The check does not apply to a token in a header, a query or a body, because browsers do not send such a token
//! automatically. An invalid token cannot bypass the check for session cookies, because session cookies are ignored
//! when a token is present. Browsers send a token in a cookie automatically, so this check and the double submit apply
//! to it.

use actix_web::http::Method;
use actix_web::http::header::{HOST, HeaderMap, HeaderValue, ORIGIN};

use crate::bridge::error::{AuthError, CsrfFault};

const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Checks a request that a cookie will authenticate, or whose response will set a cookie.
pub(crate) fn check(method: &Method, headers: &HeaderMap, own_origin: Option<&str>) -> Result<(), AuthError> {
    let allowed = is_safe(method)
        || match (sole(headers, SEC_FETCH_SITE), sole(headers, ORIGIN.as_str())) {
            (Err(Repeated), _) | (_, Err(Repeated)) => false,
            (Ok(Some(site)), _) => matches!(site.as_bytes(), b"same-origin" | b"none"),
            (Ok(None), Ok(Some(origin))) => origin.to_str().is_ok_and(|origin| is_own(origin, headers, own_origin)),
            (Ok(None), Ok(None)) => true,
        };
    if allowed { Ok(()) } else { Err(AuthError::CsrfRejected(CsrfFault::CrossSite)) }
}

/// A header that occurs several times. No browser sends that, so it is not known which one counts.
struct Repeated;

fn sole<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h HeaderValue>, Repeated> {
    let mut values = headers.get_all(name);
    let first = values.next();
    if values.next().is_none() { Ok(first) } else { Err(Repeated) }
}

/// Whether a method is safe (RFC 9110 section 9.2.1).
pub(crate) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

fn is_own(origin: &str, headers: &HeaderMap, own_origin: Option<&str>) -> bool {
    match own_origin {
        Some(own) => origin.eq_ignore_ascii_case(own),
        // Without a public URL the scheme is unknown, so only host and port are compared.
        None => match (origin.split_once("://"), headers.get(HOST).and_then(|host| host.to_str().ok())) {
            (Some(("http" | "https", authority)), Some(host)) => authority.eq_ignore_ascii_case(host),
            _ => false,
        },
    }
}
