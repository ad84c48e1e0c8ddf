//! The automatic changes to token cookies: an access token that expires soon is renewed, and a logout removes the cookies.
//!
//! In Flask-JWT-Extended the renewal is an example in the documentation. That example signs a user in again who has just
//! signed out. Here a response that sets or removes the cookie itself is left unchanged.

use std::rc::Rc;
use std::time::Duration;

use actix_web::http::header::HeaderMap;

use crate::bridge::auth::RequestState;
use crate::bridge::credential::{TokenCookies, set_cookie};
use crate::bridge::error::AuthError;
use crate::bridge::model::{CredentialLocation, UnixTime, seconds};
use crate::bridge::resolve::{Engine, Principal};
use crate::bridge::token::{TokenType, VerifiedToken};

/// Removes the token cookies after a logout. Otherwise returns the principal whose access token expires within the time,
/// to be passed to [`renew`].
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

/// Sets a cookie with the successor of the access token.
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
    // The blocklist cannot contain the id of the successor. It may contain the id of this token, which may have been
    // revoked since, or used on a route that skips the blocklist.
    if let Some(check) = engine.checks.check(token, true, engine.clock.now()) {
        check.await?;
    }
    let now = engine.clock.now();
    match (principal.login_expires_at, &engine.external) {
        (Some(login_expires_at), _) => Ok(engine.tokens.issuer.renew(token, login_expires_at, now)?),
        (None, Some(external)) => external.renew(token, now),
        (None, None) => Ok(None),
    }
}
