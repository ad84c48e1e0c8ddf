//! What a response says of the cookies that carry tokens without being asked to: a token that is about to expire gets
//! a successor, and who signed out with one loses it.
//!
//! Flask-JWT-Extended leaves the first to an example, which signs people in again who have just signed out. Here the
//! handler has the last word: a response that sets or removes the cookie itself is left alone.

use std::rc::Rc;
use std::time::Duration;

use actix_web::http::header::HeaderMap;

use crate::bridge::auth::RequestState;
use crate::bridge::credential::{TokenCookies, set_cookie};
use crate::bridge::error::AuthError;
use crate::bridge::model::{CredentialLocation, UnixTime, seconds};
use crate::bridge::resolve::{Engine, Principal};
use crate::bridge::token::{TokenType, VerifiedToken};

/// Puts the cookies on the response to a request that brought a token, or says whose token is to be
/// [renewed](renew).
pub(crate) fn finish(state: &RequestState, within: Option<Duration>, headers: &mut HeaderMap) -> Option<Rc<Principal>> {
    let cookies = state.engine.reader.token_cookies()?;
    if state.removes_token_cookies() {
        for token_type in [TokenType::Access, TokenType::Refresh] {
            if !is_set(headers, cookies, token_type) {
                cookies.unset_type(headers, token_type);
            }
        }
        return None;
    }
    let within = within.filter(|_| !is_set(headers, cookies, TokenType::Access))?;
    state.accepted().filter(|principal| ends_soon(principal, state.engine.clock.now(), within))
}

fn is_set(headers: &HeaderMap, cookies: &TokenCookies, token_type: TokenType) -> bool {
    set_cookie::is_set(headers, cookies.cookie_name(token_type))
}

fn ends_soon(principal: &Principal, now: UnixTime, within: Duration) -> bool {
    let token = principal.token.as_ref().filter(|token| token.token_type == TokenType::Access);
    let exp = token.and_then(|token| token.exp).filter(|_| principal.location == CredentialLocation::Cookie);
    exp.is_some_and(|exp| exp.saturating_sub(now) < seconds(within))
}

/// Puts the successor of a token on the response.
pub(crate) async fn renew(engine: &Engine, principal: &Principal, headers: &mut HeaderMap) {
    let Some((cookies, token)) = engine.reader.token_cookies().zip(principal.token.as_ref()) else { return };
    let renewed = match successor(engine, principal, token).await {
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

async fn successor(engine: &Engine, principal: &Principal, token: &VerifiedToken) -> Result<Option<String>, AuthError> {
    let now = engine.clock.now();
    // Its id would be on no list. That of this one may be by now, or may not have been looked for in this route.
    if let Some(check) = engine.checks.check(token, true, now) {
        check.await?;
    }
    match (principal.login_expires_at, &engine.external) {
        (Some(login_expires_at), _) => Ok(engine.tokens.issuer.renew(token, login_expires_at, now)?),
        (None, Some(external)) => external.renew(token, now),
        (None, None) => Ok(None),
    }
}
