//! The last step on the way out: cookies and cache headers of the response.

use std::sync::Arc;

use actix_web::Error;
use actix_web::cookie::Cookie;
use actix_web::http::header::{CACHE_CONTROL, HeaderMap, HeaderValue, SET_COOKIE, VARY};

use crate::bridge::auth::RequestState;
use crate::bridge::credential::set_cookie;
use crate::bridge::resolve::Engine;
use crate::bridge::session::BrowserCookies;

/// Finishes the response to a request that presented a token: no session or remember cookie, and no caching.
pub(crate) fn finish_token_response(headers: &mut HeaderMap, browser_cookies: &BrowserCookies) {
    if headers.contains_key(SET_COOKIE) {
        remove_browser_cookies(headers, browser_cookies);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    add_vary(headers);
}

/// Finishes the response of an error that a middleware inside the bridge or the session store returned as `Err`.
///
/// actix-web makes that response later, so a mapper adds the headers. It also sets the bridge's cookies, because the
/// store may already have rotated one.
pub(crate) fn finish_error_response(mut error: Error, engine: Arc<Engine>, token: bool, state: &RequestState) -> Error {
    let cookies = state.take_cookies();
    error.add_response_mapper(move |mut response| {
        let headers = response.headers_mut();
        if token {
            finish_token_response(headers, &engine.browser.cookies);
        } else {
            set_cookies(headers, &cookies);
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            add_vary(headers);
        }
        response
    });
    error
}

/// Adds the `Vary` header: the response depends on the credentials of the request.
pub(crate) fn add_vary(headers: &mut HeaderMap) {
    headers.append(VARY, HeaderValue::from_static("Authorization, Cookie"));
}

/// Removes the session cookie and the remember cookie. The gate keeps the bridge from setting them; this covers cookies
/// that other code has set under the same names.
fn remove_browser_cookies(headers: &mut HeaderMap, browser_cookies: &BrowserCookies) {
    let cookies: Vec<HeaderValue> = headers.remove(SET_COOKIE).collect();
    for cookie in cookies {
        if [&*browser_cookies.session, browser_cookies.remember_name()]
            .iter()
            .any(|name| set_cookie::sets(&cookie, name))
        {
            tracing::warn!("a session or remember cookie was removed from the response to a token");
        } else {
            headers.append(SET_COOKIE, cookie);
        }
    }
}

/// Finishes the response to a request without a token: sets the cookies of the bridge, and keeps caches from storing a
/// response that depends on cookies.
pub(crate) fn finish_browser_response(headers: &mut HeaderMap, state: &RequestState, brought_cookies: bool) {
    set_cookies(headers, &state.take_cookies());
    if brought_cookies || state.is_resolved() || headers.contains_key(SET_COOKIE) {
        add_vary(headers);
        if !headers.contains_key(CACHE_CONTROL) {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
    }
}

/// Sets the cookies. A cookie of the same name that the session layer has set is kept.
fn set_cookies(headers: &mut HeaderMap, cookies: &[Cookie<'_>]) {
    set_cookie::add_all(headers, cookies);
}
