//! What a response says of the cookies that carry tokens without being asked to: a token that is about to expire gets
//! a successor, and who signed out with one loses it.
//!
//! Flask-JWT-Extended leaves the first to an example, which signs people in again who have just signed out. Here the
//! handler has the last word: a response that sets or removes the cookie itself is left alone.

use std::rc::Rc;
use std::time::Duration;

use actix_web::http::header::{HeaderMap, SET_COOKIE};

use crate::bridge::auth::request_state::RequestAuth;
use crate::bridge::credential::presented::Location;
use crate::bridge::credential::token_cookies::{self, TokenCookies};
use crate::bridge::error::auth_error::AuthError;
use crate::bridge::model::clock::UnixTime;
use crate::bridge::resolve::engine::{Core, seconds};
use crate::bridge::resolve::principal::Principal;
use crate::bridge::token::{TokenType, VerifiedToken};

/// Puts the cookies on the response to a request that brought a token, or says whose token is to be
/// [renewed](renew).
pub(crate) fn finish(core: &Core, auth: &RequestAuth, headers: &mut HeaderMap) -> Option<Rc<Principal>> {
    let cookies = core.loader.search.cookies.as_ref()?;
    if auth.token_cookies_end() {
        for token_type in [TokenType::Access, TokenType::Refresh] {
            if !is_set(headers, cookies, token_type) {
                cookies.unset_type(headers, token_type);
            }
        }
        return None;
    }
    let within = core.implicit_refresh.filter(|_| !is_set(headers, cookies, TokenType::Access))?;
    auth.accepted().filter(|principal| ends_soon(principal, core.clock.now(), within))
}

fn is_set(headers: &HeaderMap, cookies: &TokenCookies, token_type: TokenType) -> bool {
    headers.get_all(SET_COOKIE).any(|set| token_cookies::names(set, cookies.cookie_name(token_type)))
}

fn ends_soon(principal: &Principal, now: UnixTime, within: Duration) -> bool {
    let token = principal.token.as_ref().filter(|token| token.token_type == TokenType::Access);
    let exp = token.and_then(|token| token.exp).filter(|_| principal.location == Location::Cookie);
    exp.is_some_and(|exp| exp.saturating_sub(now) < seconds(within))
}

/// Puts the successor of a token on the response.
pub(crate) async fn renew(core: &Core, principal: &Principal, headers: &mut HeaderMap) {
    let Some((cookies, token)) = core.loader.search.cookies.as_ref().zip(principal.token.as_ref()) else { return };
    let renewed = match successor(core, principal, token).await {
        Ok(Some(successor)) => cookies.set(headers, TokenType::Access, &successor),
        Ok(None) => return,
        Err(error) => Err(error),
    };
    let login = principal.login_id.as_ref().map(|id| id.as_str());
    match renewed {
        Ok(()) => tracing::debug!(login.id = login, "access token renewed"),
        Err(error @ (AuthError::TokenRevoked | AuthError::ClaimsRejected)) => {
            tracing::info!(login.id = login, reason = %error, "access token not renewed");
        }
        Err(error) => tracing::error!(login.id = login, %error, "an access token could not be renewed"),
    }
}

async fn successor(core: &Core, principal: &Principal, token: &VerifiedToken) -> Result<Option<String>, AuthError> {
    // Its id would be on no list. That of this one may be by now, or may not have been looked for in this route.
    if let Some(check) = core.hooks.check(token, true) {
        check.await?;
    }
    let now = core.clock.now();
    match (principal.login_expires_at, &core.foreign) {
        (Some(login_expires_at), _) => core.issuer.renew(token, login_expires_at, now),
        (None, Some(foreign)) => foreign.renew(token, now),
        (None, None) => Ok(None),
    }
}
