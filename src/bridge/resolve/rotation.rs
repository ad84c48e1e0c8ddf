//! The rotation of refresh tokens: one refresh token for the next, each good for one use.
//!
//! A login has one row and one counter. Using the token of generation *n* moves the counter to *n + 1* in one
//! conditional statement, so of any number of racers one wins. The others, and a client whose response was lost, get
//! the same successor for a short while, because it is derived from the row. A token that comes back after that was
//! copied: the login ends, both faces of it.

use super::engine::Engine;
use crate::bridge::error::AuthError;
use crate::bridge::model::{EndReason, Login, UnixTime, seconds};
use crate::bridge::token::{TokenFault, VerifiedToken};

/// Whether the token is the one before the current one, rotated no longer ago than the grace.
pub(crate) fn was_just_rotated(engine: &Engine, token: &VerifiedToken, login: &Login, now: UnixTime) -> bool {
    let grace = seconds(engine.tokens.refresh_grace);
    login.refresh_generation == token.generation + 1 && now - login.refresh_rotated_at < grace
}

/// Refuses a refresh token that has a successor, where it authenticates a request instead of being rotated.
pub(crate) async fn check_unused(
    engine: &Engine,
    token: &VerifiedToken,
    login: &Login,
    now: UnixTime,
) -> Result<(), AuthError> {
    if login.refresh_generation == token.generation || was_just_rotated(engine, token, login, now) {
        return Ok(());
    }
    Err(reused(engine, token, login, now).await?)
}

/// The refusal of a refresh token that is not the current one of its login. One that was used before ends the login.
pub(crate) async fn reused(
    engine: &Engine,
    token: &VerifiedToken,
    login: &Login,
    now: UnixTime,
) -> Result<AuthError, AuthError> {
    if login.refresh_generation <= token.generation {
        // A generation that was never issued: the store is older than the token.
        return Ok(AuthError::TokenInvalid(TokenFault::UnknownGeneration));
    }
    engine.logins.end(&login.id, EndReason::RefreshReused, now).await?;
    tracing::warn!(login.id = %login.id, outcome = "reused", "a refresh token was used after its successor; login ended");
    Ok(AuthError::TokenReused)
}
