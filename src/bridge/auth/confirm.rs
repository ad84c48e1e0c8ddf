//! Freshness: whether the user authenticated recently, and re-authentication.

use std::rc::Rc;

use actix_session::SessionExt as _;

use super::auth_handle::Auth;
use super::sign_in::NewLogin;
use crate::bridge::credential::{Choice, WantedType, raw_cookies};
use crate::bridge::error::AuthError;
use crate::bridge::model::{Act, AuthEvent, Login, LoginId, Via};
use crate::bridge::resolve::{Verdict, find_live, genuine_logins};
use crate::bridge::session::{SessionLogin, face};

impl Auth {
    /// Makes the login fresh after the user has re-authenticated, by a password that you have checked (Flask-Login's
    /// `confirm_login`). The session becomes fresh too, also one that a remember cookie opened. Tokens that were issued
    /// before do not change; [issue](NewLogin::issue_tokens) a fresh one.
    ///
    /// **Check the password of the user who is signed in**, which is [`CurrentUser`](crate::CurrentUser), and not of a
    /// user that a form names. Otherwise anybody with access to an open session can make it fresh with the password of
    /// another account.
    ///
    /// # Errors
    ///
    /// [`LoginRequired`](AuthError::LoginRequired) for an anonymous request (Flask-Login confirms that one too), and
    /// the other refusals of a credential.
    pub async fn confirm_login(&self) -> Result<NewLogin<'_>, AuthError> {
        let engine = self.engine();
        let confirm = async |identity: String, login_id: LoginId, act: Act| {
            let now = engine.clock.now();
            let (_, login) = find_live(engine, &identity, &login_id, now).await?;
            if !engine.logins.confirm(&login_id, &act, now).await? {
                return Err(AuthError::LoginEnded);
            }
            Ok(Login { auth_time: now, last_seen_at: now, ..login })
        };
        self.confirm_by(confirm).await
    }

    /// The same with another write to the store, which gets the act of the request. `confirm` checks that the login of this user is live, records the
    /// authentication, and returns the login after that.
    pub(crate) async fn confirm_by(
        &self,
        confirm: impl AsyncFnOnce(String, LoginId, Act) -> Result<Login, AuthError>,
    ) -> Result<NewLogin<'_>, AuthError> {
        let engine = self.engine();
        if let Choice::Refused(error) = self.state.choose(&self.req, WantedType::Access).await? {
            return Err(error);
        }
        let (identity, login_id, via) = match self.protected_session().await? {
            Some(found) => (found.identity, found.login_id, Via::Session),
            None if !self.state.presented.has_token() && self.remember_cookie().is_none() => {
                return Err(AuthError::LoginRequired);
            }
            None => {
                let principal = self.state.principal(&self.req).await?;
                (principal.identity.clone(), principal.login()?.clone(), principal.via)
            }
        };
        let act = engine.act(&self.req).by_user(&identity).by_login(&login_id, Some(via));
        let login = confirm(identity, login_id, act).await?;
        let now = login.auth_time;
        if !self.state.presented.has_token() {
            face::confirm(&engine.browser, &self.req, &self.req.get_session())?;
        }
        // A request that is resolved later finds the new freshness in the store and the session.
        if let Some(principal) = self.state.accepted() {
            self.state.set_resolution(Verdict::Accepted(Rc::new(principal.reauthenticated(now))));
        }
        tracing::info!(login.id = %login.id, user.id = %login.identity, "login confirmed");
        engine.events.emit(|| AuthEvent::LoginConfirmed { user: login.identity.clone(), login: login.id.clone() });
        // A narrowed token cannot get one that is not narrowed.
        let scope = self.state.accepted().and_then(|principal| principal.abilities().cloned());
        Ok(NewLogin::new(self, login, true, now).narrowed_to(scope))
    }

    /// Whether this request's login is fresh: the user authenticated within the freshness window, and not by a remember
    /// cookie or a refresh token (Flask-Login's `login_fresh`). For a session it does not load the user, unlike
    /// [`Principal::fresh`](crate::Principal::fresh). `false` for an anonymous request.
    ///
    /// # Errors
    ///
    /// When the presented token is refused, or a store is unavailable.
    pub async fn login_fresh(&self) -> Result<bool, AuthError> {
        if let Some(principal) = self.state.accepted() {
            return Ok(principal.fresh);
        }
        if self.state.presented.has_token() {
            if let Choice::Nothing = self.state.choose(&self.req, WantedType::Access).await? {
                return Ok(false);
            }
            return Ok(self.state.principal(&self.req).await?.fresh);
        }
        let Some(found) = self.session_login().filter(|found| !found.metadata.stale) else { return Ok(false) };
        let (engine, now) = (self.engine(), self.engine().clock.now());
        if engine.browser.protection.detects_other_client(&engine.browser.proxies, &self.req, &self.req.get_session()) {
            return Ok(false);
        }
        let login = engine.logins.find(&found.login_id).await?;
        Ok(login.is_some_and(|login| {
            login.identity == found.identity
                && login.is_live(now)
                && !found.is_void(&self.req.get_session(), login.credential_epoch)
                && engine.is_fresh(login.auth_time, now)
        }))
    }

    /// Whether this browser is remembered: the request has a remember cookie that could open a session (Flask-Login's
    /// `login_remembered`). This does not use the cookie. `false` for a request that presents a token.
    ///
    /// # Errors
    ///
    /// When the store is unavailable.
    pub async fn login_remembered(&self) -> Result<bool, AuthError> {
        let (engine, now) = (self.engine(), self.engine().clock.now());
        let name = engine.browser.cookies.remember_name();
        if self.state.presented.has_token() || self.state.removes_cookie(name) {
            return Ok(false);
        }
        Ok(!genuine_logins(engine, self.req.headers(), now).await?.is_empty())
    }

    /// The value of the request's remember cookie.
    fn remember_cookie(&self) -> Option<&str> {
        raw_cookies::value_of(self.req.headers(), self.engine().browser.cookies.remember_name())
    }

    /// The login of this request's session, live or not.
    fn session_login(&self) -> Option<SessionLogin> {
        if self.state.presented.has_token() { None } else { SessionLogin::of(&self.req, &self.req.get_session()) }
    }
}
