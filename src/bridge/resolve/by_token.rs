//! Resolves a token to a principal. The checks are in this order: signature and time, type, freshness if it is
//! required, blocklist and claims, the login, the user.

use std::any::Any;
use std::rc::Rc;

use actix_web::HttpRequest;

use super::engine::Engine;
use super::freshness::Proof;
use super::live_login::find_live;
use super::principal::Principal;
use super::requirement::Requirement;
use super::rotation;
use crate::bridge::credential::{Chosen, Csrf, Presented, double_submit};
use crate::bridge::error::AuthError;
use crate::bridge::model::{CredentialLocation, KnownUser, Login, LoginId, NotLookedUp, UnixTime, Via};
use crate::bridge::token::{TokenFault, TokenType, Verification, VerifiedToken, VerifiedTokenCache};

/// Verifies a token that a request presents: its signature, its time and, for a token in a cookie, the CSRF checks. A
/// token that has expired is no error here.
pub(crate) fn verify(
    engine: &Engine,
    cache: &VerifiedTokenCache,
    presented: &Presented,
    req: &HttpRequest,
    token: &Chosen<'_>,
    now: UnixTime,
) -> Result<Verification, AuthError> {
    let csrf = match engine.reader.token_cookies() {
        Some(cookies) if token.location == CredentialLocation::Cookie => {
            engine.reader.check_origin(req)?;
            double_submit::submitted_csrf(cookies, token.presented_as, presented, req)?
        }
        _ => Csrf::NotNeeded,
    };
    let verifier = &engine.tokens.verifier;
    match &engine.external {
        Some(external) if !verifier.has_own_type(token.text) => external.verify(token.text, now, csrf),
        _ => {
            let verified = verifier.verify(token.text, cache, now)?;
            csrf.check(verified.token.csrf.as_deref())?;
            Ok(verified)
        }
    }
}

/// Asks for new keys, for a token whose key is unknown: another node may have made it.
pub(crate) async fn learn_and_verify(
    engine: &Engine,
    cache: &VerifiedTokenCache,
    presented: &Presented,
    req: &HttpRequest,
    token: &Chosen<'_>,
    now: UnixTime,
) -> Result<Verification, AuthError> {
    if engine.tokens.verifier.keys().learn().await? {
        return verify(engine, cache, presented, req, token, now);
    }
    Err(AuthError::TokenInvalid(TokenFault::UnknownKey))
}

/// Refuses a token whose key is gone since it was verified.
pub(crate) fn require_key(engine: &Engine, token: &VerifiedToken) -> Result<(), AuthError> {
    if engine.tokens.verifier.has_key_of(token) { Ok(()) } else { Err(AuthError::TokenInvalid(TokenFault::UnknownKey)) }
}

/// Finds the principal of a verified token.
pub(super) async fn resolve(
    engine: &Engine,
    req: &HttpRequest,
    verified: &Verification,
    location: CredentialLocation,
    requirement: &Requirement,
    now: UnixTime,
) -> Result<Principal, AuthError> {
    let token = &verified.token;
    if verified.expired {
        return Err(AuthError::TokenExpired);
    }
    requirement.wanted.check(token.token_type)?;
    let authenticated_at = authentication_of(token, now);
    // A token of a login is fresh within the freshness window only, whatever its claim says.
    let fresh = authenticated_at.is_some_and(|at| token.sid.is_none() || engine.is_fresh(at, now));
    let proof = Proof::new(authenticated_at, now);
    requirement.freshness.check(engine, fresh, proof)?;
    if let Some(check) = engine.checks.check(token, !requirement.skip_blocklist, now) {
        check.await?;
    }
    let Some(login_id) = token.login_id() else {
        let user = Box::pin(find_user_without_login(engine, token)).await?;
        return Ok(Principal::of_token(token, user, location, fresh, proof));
    };
    let (user, login) = match token.token_type {
        TokenType::Access => {
            let (user, login) = find_live(engine, &token.sub, &login_id, now).await?;
            // A change of password was made against copies of this token too.
            if token.generation.is_some_and(|generation| login.is_of_earlier_series(generation)) {
                return Err(AuthError::TokenRevoked);
            }
            (user, login)
        }
        // Boxed to keep the future of an access token small.
        TokenType::Refresh => Box::pin(find_live_and_unused(engine, req, token, &login_id, now)).await?,
    };
    require_key(engine, token)?;
    engine.revoked.check(token)?;
    if !login.refresh_confirmed && token.generation == Some(login.refresh_generation) {
        engine.confirmations.confirm_refresh(&engine.logins, &login, now);
    }
    let of_login = Principal::of_login(login, user.user, Via::Token, location, fresh, proof);
    Ok(Principal { expires_at: token.exp, token: Some(Rc::clone(token)), ..of_login })
}

/// Finds the user and the login of a refresh token, and checks that the token has not been used.
async fn find_live_and_unused(
    engine: &Engine,
    req: &HttpRequest,
    token: &VerifiedToken,
    login_id: &LoginId,
    now: UnixTime,
) -> Result<(KnownUser, Login), AuthError> {
    let (user, login) = find_live(engine, &token.sub, login_id, now).await?;
    rotation::check_unused(engine, req, token, &login, now).await?;
    Ok((user, login))
}

/// When the user of a token authenticated, if the token was issued for that: not by a refresh. The login of the token can
/// have been re-authenticated later, which makes no token fresh that was issued before.
fn authentication_of(token: &VerifiedToken, now: UnixTime) -> Option<UnixTime> {
    (token.token_type == TokenType::Access && token.freshness.is_fresh_at(now)).then_some(token.auth_time)
}

/// Finds the user of a token that belongs to no login, if such users are looked up.
async fn find_user_without_login(engine: &Engine, token: &VerifiedToken) -> Result<Rc<dyn Any>, AuthError> {
    if !engine.external.as_ref().is_some_and(|external| external.finds_users()) {
        return Ok(Rc::new(NotLookedUp));
    }
    let user = engine.users.find(&token.sub).await?.ok_or(AuthError::UserNotFound)?;
    if user.active { Ok(user.user) } else { Err(AuthError::UserDisabled) }
}
