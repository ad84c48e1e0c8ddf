//! The outermost layer, on the way out: the last look at a response.

use std::sync::Arc;

use actix_web::Error;
use actix_web::cookie::Cookie;
use actix_web::http::header::{CACHE_CONTROL, HeaderMap, HeaderValue, SET_COOKIE, VARY};

use crate::bridge::auth::request_state::RequestAuth;
use crate::bridge::resolve::engine::Core;

/// Seals the response of a request that presented a token: no cookie of ours, and nothing for a cache to keep.
pub(crate) fn seal(headers: &mut HeaderMap, core: &Core) {
    if headers.contains_key(SET_COOKIE) {
        strip(headers, core);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    vary(headers);
}

/// An error that a middleware inside the bridge, or the session store, gave up with: its response is made later, by
/// others, and is then as private as every other. It brings our cookies too: the store may have rotated one already.
pub(crate) fn for_errors(mut error: Error, core: Arc<Core>, token: bool, auth: &RequestAuth) -> Error {
    let cookies = auth.take_cookies();
    error.add_response_mapper(move |mut response| {
        let headers = response.headers_mut();
        if token {
            seal(headers, &core);
        } else {
            set_cookies(headers, &cookies);
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            vary(headers);
        }
        response
    });
    error
}

/// Says that the response depends on who asked.
pub(crate) fn vary(headers: &mut HeaderMap) {
    headers.append(VARY, HeaderValue::from_static("Authorization, Cookie"));
}

/// The gate leaves nothing to strip. Should something else have set one of our cookies, it does not get out.
fn strip(headers: &mut HeaderMap, core: &Core) {
    let ours = |cookie: &HeaderValue| {
        [&*core.cookies.session, core.cookies.remember_name()]
            .iter()
            .any(|name| cookie.as_bytes().strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b"=")))
    };
    let cookies: Vec<HeaderValue> = headers.remove(SET_COOKIE).collect();
    for cookie in cookies {
        if ours(&cookie) {
            tracing::warn!("a cookie was kept from a token-authenticated response");
        } else {
            headers.append(SET_COOKIE, cookie);
        }
    }
}

/// Whether a `Set-Cookie` sets the cookie of this name.
fn is_named(set: &HeaderValue, name: &str) -> bool {
    set.as_bytes().strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b"="))
}

/// Puts the cookies on a response that the bridge itself has to set, and keeps what depends on cookies from caches.
pub(crate) fn add_cookies(headers: &mut HeaderMap, auth: &RequestAuth, brought_cookies: bool) {
    set_cookies(headers, &auth.take_cookies());
    if brought_cookies || auth.was_asked() || headers.contains_key(SET_COOKIE) {
        vary(headers);
        if !headers.contains_key(CACHE_CONTROL) {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
    }
}

fn set_cookies(headers: &mut HeaderMap, cookies: &[Cookie<'_>]) {
    for cookie in cookies {
        // One cookie of a name in one response (RFC 6265bis section 4.1.1); what the session layer set counts.
        let value = HeaderValue::try_from(cookie.encoded().to_string());
        if let Ok(value) = value
            && !headers.get_all(SET_COOKIE).any(|set| is_named(set, cookie.name()))
        {
            headers.append(SET_COOKIE, value);
        }
    }
}
