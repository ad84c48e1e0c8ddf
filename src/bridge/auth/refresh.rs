//! Refreshing: one refresh token for the next, each good for one use.
//!
//! A login has one row and one counter. Using the token of generation *n* moves the counter to *n + 1* in one
//! conditional statement, so of any number of racers one wins. The others, and a client whose response was lost, get
//! the same successor for a short while, because it is derived from the row. A token that comes back after that was
//! copied: the login ends, both faces of it.

use crate::bridge::auth::auth_handle::Auth;
use crate::bridge::credential::presented::Choice;
use crate::bridge::error::auth_error::AuthError;
use crate::bridge::model::clock::UnixTime;
use crate::bridge::model::login::{EndReason, Login};
use crate::bridge::resolve::by_token;
use crate::bridge::resolve::engine::{Core, seconds};
use crate::bridge::resolve::requirement::Wanted;
use crate::bridge::resolve::resolver;
use crate::bridge::token::{Extras, TokenFault, TokenPair, Verified, VerifiedToken};

impl Auth {
    /// Exchanges the refresh token that the request brings for a new pair. The access token of the pair is not fresh.
    ///
    /// # Errors
    ///
    /// [`LoginRequired`](AuthError::LoginRequired) without a token, [`TokenReused`](AuthError::TokenReused) for one
    /// whose successor is in use already, and the other refusals of a token.
    pub async fn refresh(&self) -> Result<TokenPair, AuthError> {
        let core = self.core();
        let presented = match self.state.chosen(Wanted::Refresh) {
            Choice::Nothing => return Err(AuthError::LoginRequired),
            Choice::Refused(error) => return Err(error),
            Choice::Token(token) => token,
        };
        let now = core.clock.now();
        let Verified { token, expired } = by_token::verify(&self.state, &self.req, &presented, now)?;
        if expired {
            return Err(AuthError::TokenExpired);
        }
        Wanted::Refresh.check(token.token_type)?;
        let skip_blocklist = self.state.requirement().is_some_and(|guard| guard.skip_blocklist);
        if let Some(check) = core.hooks.check(&token, !skip_blocklist) {
            check.await?;
        }
        let signer = core.issuer.signer(&token.sub, Extras::default())?;
        let login = rotate(core, &token, now).await?;
        core.issuer.pair(&signer, &login, false, now, None)
    }
}

/// The login with its counter moved on.
async fn rotate(core: &Core, token: &VerifiedToken, now: UnixTime) -> Result<Login, AuthError> {
    let login_id = token.login()?;
    // Who may not use the login may not rotate its token either.
    let (_, login) = resolver::live(core, &token.sub, &login_id, now).await?;
    if core.logins.rotate_refresh(&login_id, token.generation, now).await? {
        tracing::info!(login.id = %login_id, outcome = "rotated", "refresh");
        return Ok(Login { refresh_generation: token.generation + 1, refresh_rotated_at: now, ..login });
    }
    // Lost a race, or too late: the row as it is now tells.
    let (_, login) = resolver::live(core, &token.sub, &login_id, now).await?;
    if was_just_rotated(core, token, &login, now) {
        tracing::info!(login.id = %login_id, outcome = "replayed", "refresh");
        return Ok(login);
    }
    Err(reused(core, token, &login, now).await?)
}

fn was_just_rotated(core: &Core, token: &VerifiedToken, login: &Login, now: UnixTime) -> bool {
    let grace = seconds(core.lifetimes.refresh_grace);
    login.refresh_generation == token.generation + 1 && now - login.refresh_rotated_at < grace
}

/// Refuses a refresh token that has a successor, where it authenticates a request instead of being rotated.
pub(crate) async fn check_unused(
    core: &Core,
    token: &VerifiedToken,
    login: &Login,
    now: UnixTime,
) -> Result<(), AuthError> {
    if login.refresh_generation == token.generation || was_just_rotated(core, token, login, now) {
        return Ok(());
    }
    Err(reused(core, token, login, now).await?)
}

/// What a refresh token gets that is not the login's.
async fn reused(core: &Core, token: &VerifiedToken, login: &Login, now: UnixTime) -> Result<AuthError, AuthError> {
    if login.refresh_generation <= token.generation {
        // A generation that was never issued: the store is older than the token.
        return Ok(AuthError::TokenInvalid(TokenFault::UnknownGeneration));
    }
    core.logins.end(&login.id, EndReason::RefreshReused, now).await?;
    tracing::warn!(login.id = %login.id, outcome = "reused", "a refresh token was used after its successor; login ended");
    Ok(AuthError::TokenReused)
}
