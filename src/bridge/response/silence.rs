//! The outermost layer, on the way out: the last look at a response.

use std::sync::Arc;

use actix_web::Error;
use actix_web::cookie::Cookie;
use actix_web::http::header::{CACHE_CONTROL, HeaderMap, HeaderValue, SET_COOKIE, VARY};

use crate::bridge::auth::RequestState;
use crate::bridge::credential::set_cookie;
use crate::bridge::resolve::Engine;
use crate::bridge::session::BrowserCookies;

/// Seals the response of a request that presented a token: no cookie of ours, and nothing for a cache to keep.
pub(crate) fn seal(headers: &mut HeaderMap, ours: &BrowserCookies) {
    if headers.contains_key(SET_COOKIE) {
        strip(headers, ours);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    vary(headers);
}

/// An error that a middleware inside the bridge, or the session store, gave up with: its response is made later, by
/// others, and is then as private as every other. It brings our cookies too: the store may have rotated one already.
pub(crate) fn for_errors(mut error: Error, engine: Arc<Engine>, token: bool, state: &RequestState) -> Error {
    let cookies = state.take_cookies();
    error.add_response_mapper(move |mut response| {
        let headers = response.headers_mut();
        if token {
            seal(headers, &engine.browser.cookies);
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
fn strip(headers: &mut HeaderMap, ours: &BrowserCookies) {
    let cookies: Vec<HeaderValue> = headers.remove(SET_COOKIE).collect();
    for cookie in cookies {
        if [&*ours.session, ours.remember_name()].iter().any(|name| set_cookie::sets(&cookie, name)) {
            tracing::warn!("a cookie was kept from a token-authenticated response");
        } else {
            headers.append(SET_COOKIE, cookie);
        }
    }
}

/// Puts the cookies on a response that the bridge itself has to set, and keeps what depends on cookies from caches.
pub(crate) fn add_cookies(headers: &mut HeaderMap, state: &RequestState, brought_cookies: bool) {
    set_cookies(headers, &state.take_cookies());
    if brought_cookies || state.is_resolved() || headers.contains_key(SET_COOKIE) {
        vary(headers);
        if !headers.contains_key(CACHE_CONTROL) {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
    }
}

/// What the session layer has set counts.
fn set_cookies(headers: &mut HeaderMap, cookies: &[Cookie<'_>]) {
    cookies.iter().for_each(|cookie| set_cookie::add(headers, cookie));
}
