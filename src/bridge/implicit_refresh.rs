//! What a response says of the cookies that carry tokens without being asked to: a token that is about to expire gets
//! a successor, and who signed out with one loses it.
//!
//! Flask-JWT-Extended leaves the first to an example, which signs people in again who have just signed out. Here the
//! handler has the last word: a response that sets or removes the cookie itself is left alone.

use std::time::Duration;

use actix_web::http::header::{HeaderMap, SET_COOKIE};

use super::core::{Core, seconds};
use super::credential::Location;
use super::error::AuthError;
use super::principal::Principal;
use super::request::RequestAuth;
use super::token::TokenType;
use super::token_cookies::{self, TokenCookies};

/// Puts the cookies on the response to a request that brought a token.
pub(crate) fn finish(core: &Core, auth: &RequestAuth, headers: &mut HeaderMap) {
    let Some(cookies) = &core.loader.search.cookies else { return };
    if auth.token_cookies_end() {
        for token_type in [TokenType::Access, TokenType::Refresh] {
            if !is_set(headers, cookies, token_type) {
                cookies.unset_type(headers, token_type);
            }
        }
    } else if let Some(within) = core.implicit_refresh
        && !is_set(headers, cookies, TokenType::Access)
        && let Some(principal) = auth.accepted()
        && let Err(error) = renew(core, cookies, &principal, within, headers)
    {
        tracing::error!(%error, "an access token could not be renewed");
    }
}

fn is_set(headers: &HeaderMap, cookies: &TokenCookies, token_type: TokenType) -> bool {
    headers.get_all(SET_COOKIE).any(|set| token_cookies::names(set, cookies.cookie_name(token_type)))
}

fn renew(
    core: &Core,
    cookies: &TokenCookies,
    principal: &Principal,
    within: Duration,
    headers: &mut HeaderMap,
) -> Result<(), AuthError> {
    let Some(token) = principal.token.as_ref().filter(|token| token.token_type == TokenType::Access) else {
        return Ok(());
    };
    let now = core.clock.now();
    let ends_soon = token.exp.is_some_and(|exp| exp.saturating_sub(now) < seconds(within));
    if principal.location != Location::Cookie || !ends_soon {
        return Ok(());
    }
    let successor = match (principal.login_expires_at, &core.foreign) {
        (Some(login_expires_at), _) => core.issuer.renew(token, login_expires_at, now)?,
        (None, Some(foreign)) => foreign.renew(token, now)?,
        (None, None) => None,
    };
    let Some(successor) = successor else { return Ok(()) };
    cookies.set(headers, TokenType::Access, &successor)?;
    tracing::debug!(login.id = principal.login_id.as_ref().map(|id| id.as_str()), "access token renewed");
    Ok(())
}
