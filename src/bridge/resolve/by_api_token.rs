//! Resolves an API token to a principal. The checks are in this order: form and checksum, the secret, revocation and
//! expiry, the user.

use std::rc::Rc;
use std::sync::Arc;

use aws_lc_rs::constant_time;

use super::engine::{ApiTokens, Engine};
use super::freshness::Proof;
use super::live_login::SEEN_AFTER;
use super::principal::Principal;
use super::requirement::Requirement;
use crate::bridge::credential::{Chosen, WantedType};
use crate::bridge::error::AuthError;
use crate::bridge::model::{ApiToken, CredentialLocation, KnownUser, UnixTime};
use crate::bridge::token::{ApiTokenText, TokenFault, TokenType};

/// Finds the principal of an API token.
pub(super) async fn resolve(
    engine: &Engine,
    tokens: &ApiTokens,
    presented: &Chosen<'_>,
    requirement: &Requirement,
    now: UnixTime,
) -> Result<Principal, AuthError> {
    let (user, token) = find_live(engine, tokens, presented, now).await?;
    if requirement.wanted == WantedType::Refresh {
        return Err(AuthError::TokenWrongType { wanted: TokenType::Refresh });
    }
    let proof = Proof::new(None, now);
    requirement.freshness.check(engine, false, proof)?;
    if token.last_used_at.is_none_or(|last_used_at| now - last_used_at >= SEEN_AFTER) {
        let store = Arc::clone(&tokens.store);
        tokens.uses.record(&token.id, |id| async move { store.touch_api_token(&id, now).await });
    }
    Ok(Principal::of_api_token(Rc::new(token), user.user, presented.location, proof))
}

/// Finds an API token whose secret was presented, live or not, with its user.
pub(crate) async fn find_genuine(
    engine: &Engine,
    tokens: &ApiTokens,
    presented: &Chosen<'_>,
) -> Result<(Option<KnownUser>, ApiToken), AuthError> {
    if presented.location == CredentialLocation::Cookie {
        return Err(AuthError::TokenInvalid(TokenFault::ApiTokenInCookie));
    }
    let text = ApiTokenText::parse(presented.text).map_err(AuthError::TokenInvalid)?;
    let presented_hash = text.secret_hash();
    let (user, token) = engine.users.find_with_api_token(&text.id(), &*tokens.store).await?;
    let is_genuine =
        |token: &ApiToken| constant_time::verify_slices_are_equal(&presented_hash, &token.secret_hash).is_ok();
    let token = token.filter(is_genuine).ok_or(AuthError::TokenInvalid(TokenFault::UnknownApiToken))?;
    Ok((user, token))
}

/// Finds an API token that is live, with its active user.
async fn find_live(
    engine: &Engine,
    tokens: &ApiTokens,
    presented: &Chosen<'_>,
    now: UnixTime,
) -> Result<(KnownUser, ApiToken), AuthError> {
    // The secret is checked first, so that nobody else learns what became of a token.
    let (user, token) = find_genuine(engine, tokens, presented).await?;
    let user = check_live(user, &token, now)?;
    Ok((user, token))
}

/// Checks that an API token and its user are live.
pub(super) fn check_live(user: Option<KnownUser>, token: &ApiToken, now: UnixTime) -> Result<KnownUser, AuthError> {
    if token.revoked_at.is_some() {
        return Err(AuthError::TokenRevoked);
    }
    if !token.is_live(now) {
        return Err(AuthError::TokenExpired);
    }
    let user = user.ok_or(AuthError::UserNotFound)?;
    if !user.active {
        return Err(AuthError::UserDisabled);
    }
    if user.credential_epoch != token.credential_epoch {
        return Err(AuthError::TokenRevoked);
    }
    Ok(user)
}
