//! The CSRF check by origin: a request that a cookie authenticates must come from a page of our own origin.
//!
//! 1. `GET`, `HEAD` and `OPTIONS` are safe methods and pass, unless the request asks for another protocol: a WebSocket
//!    is opened by a `GET`, and any page can open one to us.
//! 2. `Sec-Fetch-Site` must be `same-origin`, or `none` (the user typed the address). Every current browser sends this
//!    header over TLS and to localhost.
//! 3. Without `Sec-Fetch-Site`, `Origin` must be our own: the configured public URL, or else the `Host` of the request.
//! 4. A header that is sent twice is refused, because a proxy may have read the other one.
//! 5. A request with neither header passes. Its client is not a browser, so it sends no cookie automatically.
//!
//! The check does not apply to a token in a header, a query or a body, because browsers do not send such a token
//! automatically. An invalid token cannot bypass the check for session cookies, because session cookies are ignored
//! when a token is present. Browsers send a token in a cookie automatically, so this check and the double submit apply
//! to it.

use actix_web::http::Method;
use actix_web::http::header::{HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, UPGRADE};

use crate::bridge::error::{AuthError, CsrfFault};

// Static, because each use of a text would parse it.
static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
static SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
static SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// The length of an address in a message, in bytes.
const MAX_SHOWN: usize = 256;

/// Checks a request that a cookie will authenticate, or whose response will set a cookie.
pub(crate) fn check(method: &Method, headers: &HeaderMap, own_origin: Option<&str>) -> Result<(), AuthError> {
    if is_safe(method) && !headers.contains_key(UPGRADE) { Ok(()) } else { check_any_method(headers, own_origin) }
}

/// Checks a request whose response will open a session, also if its method is safe.
pub(crate) fn check_any_method(headers: &HeaderMap, own_origin: Option<&str>) -> Result<(), AuthError> {
    if is_of_other_site(headers, own_origin) {
        Err(AuthError::CsrfRejected(fault(headers, own_origin)))
    } else {
        Ok(())
    }
}

/// Whether the browser withholds our `SameSite=Lax` cookies from a request like this one. It does from requests of other
/// sites, except when the user follows a link to us.
pub(crate) fn withholds_cookies(method: &Method, headers: &HeaderMap, own_origin: Option<&str>) -> bool {
    let says = |name: &HeaderName, expected: &[u8]| headers.get(name).is_some_and(|value| value.as_bytes() == expected);
    let follows_link = is_safe(method) && says(&SEC_FETCH_MODE, b"navigate") && says(&SEC_FETCH_DEST, b"document");
    is_of_other_site(headers, own_origin) && !follows_link
}

/// Whether a page of another site sent the request, or it cannot be told which one.
fn is_of_other_site(headers: &HeaderMap, own_origin: Option<&str>) -> bool {
    match (sole(headers, &SEC_FETCH_SITE), sole(headers, &ORIGIN)) {
        (Sole::Repeated, _) | (_, Sole::Repeated) => true,
        (Sole::Value(site), _) => !matches!(site.as_bytes(), b"same-origin" | b"none"),
        (Sole::Missing, Sole::Value(origin)) => {
            !origin.to_str().is_ok_and(|origin| is_own(origin, headers, own_origin))
        }
        (Sole::Missing, Sole::Missing) => false,
    }
}

/// A header that may be sent once.
enum Sole<'h> {
    Missing,
    Value(&'h HeaderValue),
    Repeated,
}

fn sole<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Sole<'h> {
    let mut values = headers.get_all(name);
    match (values.next(), values.next()) {
        (None, _) => Sole::Missing,
        (Some(value), None) => Sole::Value(value),
        (Some(_), Some(_)) => Sole::Repeated,
    }
}

/// Names both addresses where the fault may be a missing setting: on a page of this site behind a proxy that changes
/// `Host`, where the browser sends no `Sec-Fetch-Site`.
fn fault(headers: &HeaderMap, own_origin: Option<&str>) -> CsrfFault {
    let (Sole::Missing, Sole::Value(origin)) = (sole(headers, &SEC_FETCH_SITE), sole(headers, &ORIGIN)) else {
        return CsrfFault::CrossSite;
    };
    let host = || headers.get(HOST)?.to_str().ok().filter(|host| !host.is_empty());
    let Some((origin, own)) = origin_of(origin).zip(own_origin.or_else(host)) else {
        return CsrfFault::CrossSite;
    };
    let own: String = own.chars().take(MAX_SHOWN).collect();
    tracing::warn!(origin, own, "a request from another origin was refused; if both are this site, set `public_url`");
    CsrfFault::OtherOrigin { origin, own }
}

/// The origin in its canonical form, if it is one of the web.
fn origin_of(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok().filter(|text| text.len() <= MAX_SHOWN)?;
    let origin = url::Url::parse(text).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
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
