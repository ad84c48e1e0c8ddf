//! Signing out. Every credential of a login can end it: the session, the remember cookie, and each token, even expired.

use actix_session::SessionExt as _;
use actix_web::HttpRequest;

use super::api_tokens::{self, revoke_all};
use super::auth_handle::Auth;
use crate::bridge::credential::{Choice, Chosen, Found, TWO_TOKENS, WantedType, raw_cookies};
use crate::bridge::error::{AuthError, NO_LOGIN};
use crate::bridge::model::{AuthEvent, CredentialLocation, EndReason, LoginId, UnixTime, Via};
use crate::bridge::resolve::{
    Engine, NEEDS_LOGIN, Verdict, by_api_token, by_session, find_live, genuine_logins, rotation, unread,
};
use crate::bridge::token::{TokenType, Verification, VerifiedToken};

/// Which of a user's logins end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogoutScope {
    /// The login of this request.
    #[default]
    This,
    /// All logins of the user except that of this request, which must be fresh.
    Others,
    /// All logins of the user, and all API tokens. The login of this request must be fresh.
    All,
}

impl Auth {
    /// Signs out (Flask-Login's `logout_user`): ends the login with its session, remember cookie and tokens,
    /// immediately. An API token is revoked. Without a credential, or if the login has ended before, this does nothing and succeeds.
    ///
    /// # Errors
    ///
    /// When a presented token is invalid, belongs to no login, or is a refresh token that was used before; when a token is
    /// in a place that is not read; when another site sent a request without a token; when the scope includes other
    /// logins, and this login has ended or is [not fresh](AuthError::ReauthRequired), or its token has expired or is
    /// revoked; when the store is unavailable.
    pub async fn logout_user(&self, scope: LogoutScope) -> Result<(), AuthError> {
        let engine = self.engine();
        let now = engine.clock.now();
        let presented = match self.state.choose(&self.req, WantedType::Access).await? {
            Choice::Nothing => self.state.choose(&self.req, WantedType::Refresh).await?,
            access => access,
        };
        let signed_out = match presented {
            Choice::Two(_) => return Err(AuthError::InvalidRequest(TWO_TOKENS.into())),
            Choice::Refused(error) => return Err(error),
            // Boxed, because few requests need it.
            Choice::Token(presented) if engine.api_tokens_for(presented.text).is_some() => {
                return Box::pin(self.sign_out_api_token(&presented, scope, now)).await;
            }
            Choice::Token(presented) => {
                let in_cookie = presented.location == CredentialLocation::Cookie;
                let verified = self.verify(&presented, now).await;
                if in_cookie && matches!(verified, Err(AuthError::TokenInvalid(_))) {
                    // An invalid token ends no login, but the browser loses its cookie all the same.
                    self.state.remove_token_cookies();
                }
                let Verification { token, expired } = verified?;
                let presented = PresentedLogin::of(&token.sub, token.login_id().ok_or(NO_LOGIN)?, Via::Token);
                // A token that has expired or is revoked may end its own login, but no other.
                if scope != LogoutScope::This {
                    if token.scope.as_ref().is_some_and(|scope| !scope.are_all()) {
                        return Err(AuthError::InsufficientScope { scope: "*".into() });
                    }
                    if expired {
                        return Err(AuthError::TokenExpired);
                    }
                    if let Some(check) = engine.checks.check(&token, true, now) {
                        check.await?;
                    }
                }
                if token.token_type == TokenType::Refresh {
                    let checked = check_not_superseded(engine, &self.req, &token, &presented, now).await;
                    if in_cookie && matches!(checked, Err(AuthError::TokenReused)) {
                        self.state.remove_token_cookies();
                    }
                    checked?;
                }
                let may_be_fresh = token.token_type == TokenType::Access;
                self.may_end(&presented, scope, may_be_fresh, now).await?;
                end_logins(engine, &self.req, &presented, scope, now).await?;
                if in_cookie && scope != LogoutScope::Others {
                    self.end_login_of_refresh_cookie(&presented, now).await?;
                    self.state.remove_token_cookies();
                }
                Some(presented)
            }
            Choice::Nothing => {
                // A success would say that nothing that was sent stays valid.
                if let Some(detail) = unread::anywhere(engine, &self.state.presented, &self.req) {
                    return Err(AuthError::InvalidRequest(detail.into()));
                }
                if self.state.presented.has_token() {
                    return self.state.refuse_overlooked();
                }
                // CSRF: another site must not sign its visitors out.
                engine.reader.check_origin(&self.req)?;
                let presented = self.find_login_of_cookies(scope).await?;
                if let Some(presented) = &presented {
                    self.may_end(presented, scope, true, now).await?;
                    end_logins(engine, &self.req, presented, scope, now).await?;
                }
                if scope != LogoutScope::Others {
                    self.end_remembered_logins(presented.as_ref(), now).await?;
                    self.remove_browser_cookies();
                }
                presented
            }
        };
        if scope != LogoutScope::Others {
            self.state.record_access();
            engine.events.emit(|| {
                let (user, login) = signed_out.map(|presented| (presented.identity, presented.login_id)).unzip();
                AuthEvent::UserLoggedOut { user, login }
            });
            self.state.set_resolution(Verdict::Absent(AuthError::LoginRequired));
        }
        Ok(())
    }

    /// Refuses to end other logins if this one has ended or is not fresh: whoever finds an open session must not sign its
    /// user out elsewhere (OWASP ASVS 5.0, 7.5.2).
    async fn may_end(
        &self,
        presented: &PresentedLogin,
        scope: LogoutScope,
        may_be_fresh: bool,
        now: UnixTime,
    ) -> Result<(), AuthError> {
        if scope == LogoutScope::This {
            return Ok(());
        }
        find_live(self.engine(), &presented.identity, &presented.login_id, now).await?;
        if may_be_fresh && self.login_fresh().await? { Ok(()) } else { Err(self.engine().reauth_required()) }
    }

    /// Signs out with an API token: revokes it. It has no login to end, and may end none.
    async fn sign_out_api_token(
        &self,
        presented: &Chosen<'_>,
        scope: LogoutScope,
        now: UnixTime,
    ) -> Result<(), AuthError> {
        let engine = self.engine();
        let (_, token) = by_api_token::find_genuine(engine, engine.required_api_tokens()?, presented).await?;
        if scope != LogoutScope::This {
            return Err(NEEDS_LOGIN);
        }
        let mut act = engine.act(&self.req).by_user(&token.identity);
        act.via = Some(Via::ApiToken);
        api_tokens::revoke(engine, &token.id, &token.identity, &act, now).await?;
        self.state.record_access();
        engine.events.emit(|| AuthEvent::UserLoggedOut { user: Some(token.identity), login: None });
        self.state.set_resolution(Verdict::Absent(AuthError::LoginRequired));
        Ok(())
    }

    /// Finds the login of the session, live or not, or else the live login of the remember cookie.
    async fn find_login_of_cookies(&self, scope: LogoutScope) -> Result<Option<PresentedLogin>, AuthError> {
        let session = match scope {
            LogoutScope::This => by_session::session_login(self.engine(), &self.req).await?,
            // A thief of the session must not end the user's other logins.
            LogoutScope::Others | LogoutScope::All => self.protected_session().await?,
        };
        if let Some(found) = session {
            return Ok(Some(PresentedLogin::of(&found.identity, found.login_id, Via::Session)));
        }
        // Without a session, a remember cookie is resolved.
        match self.state.verdict(&self.req).await {
            Verdict::Accepted(found) => {
                Ok(Some(PresentedLogin::of(&found.identity, found.login()?.clone(), found.via)))
            }
            Verdict::Absent(_) => Ok(None),
            Verdict::Rejected(error) => Err(error),
        }
    }

    /// Ends the logins of remember cookies that do not belong to the session. They would sign in again if somebody has
    /// copied them.
    async fn end_remembered_logins(&self, ended: Option<&PresentedLogin>, now: UnixTime) -> Result<(), AuthError> {
        let engine = self.engine();
        for login in genuine_logins(engine, self.req.headers(), now).await? {
            if ended.is_none_or(|ended| ended.login_id != login) {
                let act = engine.act(&self.req).by_login(&login, Some(Via::Remember));
                engine.logins.end(&login, EndReason::Logout, &act, now).await?;
            }
        }
        Ok(())
    }

    /// Ends the login of the refresh token in its cookie, where it is not that of the access token. The browser loses both
    /// cookies, and a copy would live on. The access token has passed the CSRF checks for both.
    async fn end_login_of_refresh_cookie(&self, ended: &PresentedLogin, now: UnixTime) -> Result<(), AuthError> {
        let engine = self.engine();
        let Found::Token(text) = self.state.presented.at(CredentialLocation::Cookie, TokenType::Refresh) else {
            return Ok(());
        };
        let Ok(Verification { token, .. }) = engine.tokens.verifier.verify(text, &self.state.token_cache, now) else {
            return Ok(());
        };
        let Some(login_id) = token.login_id().filter(|id| *id != ended.login_id) else { return Ok(()) };
        let other = PresentedLogin::of(&token.sub, login_id, Via::Token);
        if token.token_type == TokenType::Refresh {
            match check_not_superseded(engine, &self.req, &token, &other, now).await {
                Err(error) if error.status().is_server_error() => return Err(error),
                // Of no use, so that nothing of it lives on.
                Err(_) => return Ok(()),
                Ok(()) => {}
            }
        }
        end_logins(engine, &self.req, &other, LogoutScope::This, now).await
    }

    /// Removes the session and remember cookies from the browser.
    fn remove_browser_cookies(&self) {
        let names = &self.engine().browser.cookies;
        drop(self.state.take_cookies());
        let session = self.req.get_session();
        session.purge();
        for removal in names.remember_removals().chain([names.session_removal()]) {
            if raw_cookies::value_of(self.req.headers(), removal.name()).is_some() {
                self.state.set_cookie(removal);
            }
        }
    }
}

/// The login of the presented credential, live or not.
struct PresentedLogin {
    identity: String,
    login_id: LoginId,
    via: Via,
}

impl PresentedLogin {
    fn of(identity: &str, login_id: LoginId, via: Via) -> Self {
        Self { identity: identity.to_owned(), login_id, via }
    }
}

/// Refuses a refresh token that has a successor, as a refresh does: it may be a copy, which ends its own login and no
/// other. A login that is over is no error.
async fn check_not_superseded(
    engine: &Engine,
    req: &HttpRequest,
    token: &VerifiedToken,
    presented: &PresentedLogin,
    now: UnixTime,
) -> Result<(), AuthError> {
    let login = engine.logins.find(&presented.login_id).await?;
    match login.filter(|login| login.identity == presented.identity && login.is_live(now)) {
        Some(login) => rotation::check_unused(engine, req, token, &login, now).await,
        None => Ok(()),
    }
}

/// Ends the logins in the scope.
async fn end_logins(
    engine: &Engine,
    req: &HttpRequest,
    presented: &PresentedLogin,
    scope: LogoutScope,
    now: UnixTime,
) -> Result<(), AuthError> {
    let login = engine.logins.find(&presented.login_id).await?;
    let Some(login) = login.filter(|login| login.identity == presented.identity) else { return Ok(()) };
    let act = engine.act(req).by_user(&login.identity).by_login(&login.id, Some(presented.via));
    let mut ended = 0;
    if scope != LogoutScope::This {
        // `None`: another request has ended this login since it was found live.
        let others = engine.logins.end_all(&login.identity, Some(&login.id), EndReason::Logout, &act, now).await?;
        ended += others.ok_or(AuthError::LoginEnded)?;
    }
    if scope == LogoutScope::All {
        revoke_all(engine, &login.identity, &act, now).await?;
    }
    // Last, because only a live login may end the others.
    if scope != LogoutScope::Others {
        ended += u64::from(engine.logins.end(&login.id, EndReason::Logout, &act, now).await?);
    }
    if scope == LogoutScope::All {
        // This login was live until now, and may have made another one.
        revoke_all(engine, &login.identity, &act, now).await?;
    }
    tracing::info!(login.id = %login.id, user.id = %login.identity, ended, "logout");
    Ok(())
}
