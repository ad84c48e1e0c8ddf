//! The renewal of the credentials of a login, so that copies of them are void from then on.

use actix_session::SessionExt as _;

use super::auth_handle::Auth;
use crate::bridge::error::AuthError;
use crate::bridge::model::{Login, LoginId, RememberRecord, UnixTime, seconds};
use crate::bridge::session::face;
use crate::bridge::token::{Extras, Freshness, PairOptions, Signer, TokenPair};

/// New credentials for the login of a request. They are valid once the store has written them.
pub(crate) struct Renewal<'a> {
    auth: &'a Auth,
    login: LoginId,
    fresh_until: UnixTime,
    face: Face,
}

/// The face of the login that the request has, and that gets new credentials. The other face has none after that.
enum Face {
    Browser { remember: Option<(RememberRecord, String)> },
    Token { signer: Signer },
}

impl Auth {
    /// Makes new credentials for the login of this request.
    ///
    /// # Errors
    ///
    /// The refusal of the request, [`ReauthRequired`](AuthError::ReauthRequired) when its login is not fresh, and those
    /// of issuing tokens.
    pub(crate) async fn prepare_renewal(&self) -> Result<Renewal<'_>, AuthError> {
        let engine = self.engine();
        let principal = self.state.principal(&self.req).await?;
        let login = principal.full_login()?.clone();
        if !principal.fresh {
            return Err(engine.reauth_required());
        }
        let token = principal.token.as_deref();
        // A token is fresh for as long as the authentication that it names, and not a later one of its login.
        let window_end = token.map_or(principal.auth_time, |token| token.auth_time) + seconds(engine.fresh_window);
        let fresh_until = match token.map(|token| token.freshness) {
            Some(Freshness::Until(last)) => window_end.min(last.saturating_add(1)),
            Some(Freshness::Bool(_)) | None => window_end,
        };
        let face = if self.state.presented.has_token() {
            Face::Token { signer: engine.tokens.issuer.signer(&principal.identity, Extras::default())? }
        } else {
            let now = engine.clock.now();
            let record = engine.logins.find(&login).await?.and_then(|login| login.remember);
            let record = record.filter(|record| now < record.expires_at);
            Face::Browser { remember: record.map(|record| engine.browser.remember_key.issue(now, record.expires_at)) }
        };
        Ok(Renewal { auth: self, login, fresh_until, face })
    }
}

impl Renewal<'_> {
    /// The login.
    pub(crate) fn login(&self) -> &LoginId {
        &self.login
    }

    /// The time until which the login of the request is fresh.
    pub(crate) fn fresh_until(&self) -> UnixTime {
        self.fresh_until
    }

    /// The record of the new remember cookie, if the login goes on with one.
    pub(crate) fn remember(&self) -> Option<&RememberRecord> {
        match &self.face {
            Face::Browser { remember } => remember.as_ref().map(|(record, _)| record),
            Face::Token { .. } => None,
        }
    }

    /// Hands the new credentials out, after the store has written `login`: cookies with the response, or the tokens that
    /// are returned.
    pub(crate) fn complete(self, login: &Login) -> Result<Option<TokenPair>, AuthError> {
        let (engine, now) = (self.auth.engine(), self.auth.engine().clock.now());
        match self.face {
            Face::Token { signer } => {
                Ok(Some(engine.tokens.issuer.pair(&signer, login, true, now, &PairOptions::default())?))
            }
            Face::Browser { remember } => {
                let session = self.auth.req.get_session();
                face::bind_again(&session, login)?;
                session.renew();
                if let Some((record, value)) = remember {
                    let cookie = engine.browser.cookies.remember(value, now, record.expires_at);
                    self.auth.state.set_cookie(cookie);
                }
                Ok(None)
            }
        }
    }
}
