//! Refreshing: the exchange of a refresh token for a new token pair.

use actix_web::HttpRequest;

use super::auth_handle::Auth;
use crate::bridge::credential::{Choice, TWO_TOKENS, WantedType};
use crate::bridge::error::{AuthError, NO_LOGIN};
use crate::bridge::model::{Login, UnixTime, Via};
use crate::bridge::resolve::{Engine, by_token, find_live, rotation};
use crate::bridge::token::{Extras, PairOptions, TokenPair, TokenType, Verification, VerifiedToken};

impl Auth {
    /// Exchanges the refresh token of the request for a new token pair. The new access token is not fresh. A narrowed
    /// token gives narrowed ones.
    ///
    /// # Errors
    ///
    /// [`LoginRequired`](AuthError::LoginRequired) without a token, [`TokenReused`](AuthError::TokenReused) for a token
    /// that has been used before, and the other refusals of a token.
    pub async fn refresh(&self) -> Result<TokenPair, AuthError> {
        let engine = self.engine();
        let presented = match self.state.choose(&self.req, WantedType::Refresh).await? {
            Choice::Nothing => return Err(self.state.explain(AuthError::LoginRequired, &self.req)),
            Choice::Two(_) => return Err(AuthError::InvalidRequest(TWO_TOKENS.into())),
            Choice::Refused(error) => return Err(error),
            Choice::Token(token) => token,
        };
        if engine.api_tokens_for(presented.text).is_some() {
            return Err(AuthError::TokenWrongType { wanted: TokenType::Refresh });
        }
        let now = engine.clock.now();
        let Verification { token, expired } = self.verify(&presented, now).await?;
        if expired {
            return Err(AuthError::TokenExpired);
        }
        WantedType::Refresh.check(token.token_type)?;
        let skip_blocklist = self.state.guard_requirement().is_some_and(|guard| guard.skip_blocklist);
        if let Some(check) = engine.checks.check(&token, !skip_blocklist, now) {
            check.await?;
        }
        let issuer = &engine.tokens.issuer;
        let signer = issuer.signer(&token.sub, Extras::default())?;
        let login = rotate(engine, &self.req, &token, now).await?;
        // The rotation can have waited for the store.
        let options = PairOptions { scope: token.scope.as_ref(), ..PairOptions::default() };
        Ok(issuer.pair(&signer, &login, false, engine.clock.now(), &options)?)
    }
}

/// Rotates the refresh token: advances the counter of its login. Returns the login after that.
async fn rotate(engine: &Engine, req: &HttpRequest, token: &VerifiedToken, now: UnixTime) -> Result<Login, AuthError> {
    let (login_id, generation) = token.login_id().zip(token.generation).ok_or(NO_LOGIN)?;
    // The login must be live and its user active before the token is used.
    let (_, login) = find_live(engine, &token.sub, &login_id, now).await?;
    by_token::require_key(engine, token)?;
    let act = engine.act(req).by_user(&token.sub).by_login(&login_id, Some(Via::Token));
    if let Some(rotated_at) = engine.logins.rotate_refresh(&login_id, generation, &act, &engine.clock).await? {
        tracing::info!(login.id = %login_id, outcome = "rotated", "refresh");
        return Ok(Login {
            refresh_generation: generation + 1,
            refresh_rotated_at: rotated_at,
            refresh_confirmed: false,
            ..login
        });
    }
    // Another request has rotated the token, just now or long ago. The current row tells which.
    let now = engine.clock.now();
    let (_, login) = find_live(engine, &token.sub, &login_id, now).await?;
    if rotation::is_good_predecessor(engine, token, &login, now) {
        tracing::info!(login.id = %login_id, outcome = "replayed", "refresh");
        return Ok(login);
    }
    Err(rotation::reject_reused(engine, req, token, &login, now).await?)
}
