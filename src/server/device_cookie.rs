//! The cookie of a browser that has signed in before. It is no credential: strangers who guess at the account cannot make
//! this browser wait.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpRequest, HttpResponse};

use super::state::AppState;
use crate::bridge::credential::raw_cookies;

/// Where it is of use, so that other requests are not longer by it.
const PATH: &str = "/login";

/// As long as browsers keep a cookie (RFC 6265bis section 5.5).
const LIFETIME: Duration = Duration::days(400);

/// The token of the request's cookie, if it is of this account.
pub(super) fn device_of(state: &AppState, req: &HttpRequest, account: &str) -> Option<String> {
    let throttle = state.throttle.as_ref()?;
    let mut values = raw_cookies::values_of(req.headers(), name(state));
    values.find_map(|value| throttle.device_of(account, value).map(str::to_owned))
}

/// Gives the browser that has signed in to this account the cookie, or the one that it has for longer.
pub(super) fn remember_device(state: &AppState, req: &HttpRequest, account: &str, response: &mut HttpResponse) {
    let Some(throttle) = &state.throttle else { return };
    let token = device_of(state, req, account).unwrap_or_else(|| throttle.device_token(account));
    let cookie = Cookie::build(name(state), token).path(PATH).http_only(true).same_site(SameSite::Strict);
    let cookie = cookie.secure(is_https(state)).max_age(LIFETIME).finish();
    if response.add_cookie(&cookie).is_err() {
        tracing::error!("a device cookie could not be set");
    }
}

/// Only TLS can set a cookie with this prefix (RFC 6265bis section 4.1.3.1). That of `__Host-` would have it sent everywhere.
fn name(state: &AppState) -> &'static str {
    if is_https(state) { "__Secure-tollbridge_device" } else { "tollbridge_device" }
}

fn is_https(state: &AppState) -> bool {
    state.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
}
