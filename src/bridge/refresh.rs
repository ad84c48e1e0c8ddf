//! Refreshing: one refresh token for the next, each good for one use.
//!
//! A login has one row and one counter. Using the token of generation *n* moves the counter to *n + 1* in one
//! conditional statement, so of any number of racers one wins. The others, and a client whose response was lost, get
//! the same successor for a short while, because it is derived from the row. A token that comes back after that was
//! copied: the login ends, both faces of it.

use super::auth::Auth;
use super::clock::UnixTime;
use super::core::{Core, seconds};
use super::credential::Presented;
use super::error::AuthError;
use super::login::{EndReason, Login, LoginId};
use super::resolve;
use super::token::{Genuine, TokenFault, TokenPair};

impl Auth {
    /// Exchanges the refresh token that the request brings for a new pair. The access token of the pair is not fresh.
    ///
    /// # Errors
    ///
    /// [`LoginRequired`](AuthError::LoginRequired) without a token, [`TokenReused`](AuthError::TokenReused) for one
    /// whose successor is in use already, and the other refusals of a token.
    pub async fn refresh(&self) -> Result<TokenPair, AuthError> {
        let core = self.core();
        let text = match &self.state.presented {
            Presented::Nothing => return Err(AuthError::LoginRequired),
            Presented::Unusable(error) => return Err(error.clone()),
            Presented::Token(token) => &token.text,
        };
        let now = core.clock.now();
        let token = core.verifier.verify_refresh(text, now)?;
        let login = rotate(core, &token, now).await?;
        core.issuer.pair(&login, false, now)
    }
}

/// The login with its counter moved on.
async fn rotate(core: &Core, token: &Genuine, now: UnixTime) -> Result<Login, AuthError> {
    let login_id = LoginId::from(token.sid.clone());
    // Who may not use the login may not rotate its token either.
    let (_, login) = resolve::live(core, &token.sub, &login_id, now).await?;
    if core.logins.rotate_refresh(&login_id, token.generation, now).await? {
        tracing::info!(login.id = %login_id, outcome = "rotated", "refresh");
        return Ok(Login { refresh_generation: token.generation + 1, refresh_rotated_at: now, ..login });
    }
    // Lost a race, or too late: the row as it is now tells.
    let (_, login) = resolve::live(core, &token.sub, &login_id, now).await?;
    let grace = seconds(core.lifetimes.refresh_grace);
    let just_rotated = login.refresh_generation == token.generation + 1 && now - login.refresh_rotated_at < grace;
    if just_rotated {
        tracing::info!(login.id = %login_id, outcome = "replayed", "refresh");
        return Ok(login);
    }
    if login.refresh_generation <= token.generation {
        // A generation that was never issued: the store is older than the token.
        return Err(AuthError::TokenInvalid(TokenFault::UnknownGeneration));
    }
    core.logins.end(&login_id, EndReason::RefreshReused, now).await?;
    tracing::warn!(login.id = %login_id, outcome = "reused", "a refresh token was used after its successor; login ended");
    Err(AuthError::TokenReused)
}
