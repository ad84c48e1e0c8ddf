//! The rotation of refresh tokens: each can be used once, and gets a successor.
//!
//! A login has one row, with one counter. The use of the token of generation *n* sets the counter to *n + 1* in one
//! conditional statement, so of several requests with the same token one succeeds. The others get the same successor,
//! because it is derived from the row; so does a client that lost the response.
//!
//! Both tokens of a pair carry the generation. The first use of either shows that the client has received the pair. The
//! previous refresh token is good until then, or for the grace period if that is longer. A token that is used after
//! that has been copied: its login ends, with the session and all tokens. `docs/rotation.md` follows an attacker and a
//! client through this.
//!
//! A change of password begins a new series of generations. A token of an earlier series is refused and ends nothing:
//! whoever has a copy could otherwise end the login that the change has kept.

use actix_web::HttpRequest;

use super::engine::Engine;
use crate::bridge::error::AuthError;
use crate::bridge::model::{EndReason, Login, UnixTime, Via, seconds};
use crate::bridge::token::{TokenFault, VerifiedToken};

/// Whether the token is the predecessor of the current one and still good: the current one has not been seen in use, or
/// the grace period is not over. Without a grace period no predecessor is good.
pub(crate) fn is_good_predecessor(engine: &Engine, token: &VerifiedToken, login: &Login, now: UnixTime) -> bool {
    let grace = seconds(engine.tokens.refresh_grace);
    // The age is negative after the clock was set back.
    let in_grace = (0..grace).contains(&now.saturating_sub(login.refresh_rotated_at));
    grace > 0 && token.generation == Some(login.refresh_generation - 1) && (in_grace || !login.refresh_confirmed)
}

/// Refuses a refresh token that has a successor. This is for a request that the token authenticates without a rotation.
pub(crate) async fn check_unused(
    engine: &Engine,
    req: &HttpRequest,
    token: &VerifiedToken,
    login: &Login,
    now: UnixTime,
) -> Result<(), AuthError> {
    if token.generation == Some(login.refresh_generation) || is_good_predecessor(engine, token, login, now) {
        return Ok(());
    }
    Err(reject_reused(engine, req, token, login, now).await?)
}

/// Returns the error for a refresh token that is not the current one of its login. If it has been used before, ends the
/// login.
pub(crate) async fn reject_reused(
    engine: &Engine,
    req: &HttpRequest,
    token: &VerifiedToken,
    login: &Login,
    now: UnixTime,
) -> Result<AuthError, AuthError> {
    if token.generation.is_none_or(|generation| login.refresh_generation <= generation) {
        // This generation was never issued. The state of the store is older than the token.
        return Ok(AuthError::TokenInvalid(TokenFault::UnknownGeneration));
    }
    if token.generation.is_some_and(|generation| login.is_of_earlier_series(generation)) {
        return Ok(AuthError::TokenRevoked);
    }
    let act = engine.act(req).by_user(&login.identity).by_login(&login.id, Some(Via::Token));
    engine.logins.end(&login.id, EndReason::RefreshReused, &act, now).await?;
    tracing::warn!(login.id = %login.id, outcome = "reused", "a refresh token was used after its successor; login ended");
    Ok(AuthError::TokenReused)
}
