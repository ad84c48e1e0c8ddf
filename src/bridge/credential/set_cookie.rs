//! The `Set-Cookie` headers of a response.

use actix_web::cookie::Cookie;
use actix_web::http::header::{HeaderMap, HeaderValue, SET_COOKIE};

/// Whether a `Set-Cookie` header sets the cookie with this name.
pub(crate) fn sets(header: &HeaderValue, name: &str) -> bool {
    header.as_bytes().strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b"="))
}

/// Whether the response sets the cookie with this name.
pub(crate) fn is_set(headers: &HeaderMap, name: &str) -> bool {
    headers.get_all(SET_COOKIE).any(|header| sets(header, name))
}

/// Sets a cookie and replaces a cookie with the same name. A response must set each name only once (RFC 6265bis section
/// 4.1.1).
pub(crate) fn replace(headers: &mut HeaderMap, cookie: &Cookie<'_>) {
    let Ok(value) = HeaderValue::try_from(cookie.encoded().to_string()) else { return };
    let others: Vec<_> = headers.remove(SET_COOKIE).filter(|header| !sets(header, cookie.name())).collect();
    for header in others.into_iter().chain([value]) {
        headers.append(SET_COOKIE, header);
    }
}

/// Sets cookies, except those with a name that the response already sets. Two of them may have the same name: a removal
/// is repeated for each domain and path.
pub(crate) fn add_all(headers: &mut HeaderMap, cookies: &[Cookie<'_>]) {
    let new: Vec<_> = cookies.iter().filter(|cookie| !is_set(headers, cookie.name())).collect();
    for cookie in new {
        if let Ok(value) = HeaderValue::try_from(cookie.encoded().to_string()) {
            headers.append(SET_COOKIE, value);
        }
    }
}
