//! The logins of the user of a request: listing them, and ending one.

use super::auth_handle::Auth;
use super::sign_out::LogoutScope;
use crate::bridge::error::AuthError;
use crate::bridge::model::{Act, AuthEvent, EndReason, LoginId, LoginInfo, UnixTime};
use crate::bridge::resolve::Engine;

impl Auth {
    /// The live logins of the user of this request, those that began last first: where the user is signed in.
    ///
    /// # Errors
    ///
    /// [`CredentialConflict`](AuthError::CredentialConflict) for an API token and for another credential without a login,
    /// [`InsufficientScope`](AuthError::InsufficientScope) for a narrowed token, and the refusal of the request.
    pub async fn logins(&self) -> Result<Vec<LoginInfo>, AuthError> {
        let principal = self.state.principal(&self.req).await?;
        let current = principal.full_login()?;
        let engine = self.engine();
        let facts = engine.users.facts(&*principal.user);
        let epoch = facts.map(|facts| facts.credential_epoch);
        list(engine, &principal.identity, epoch, Some(current)).await
    }

    /// Ends a login of the user of this request, with its sessions, its remember cookie and its tokens, from the next request
    /// on. `false` when the user has no live login with this id.
    ///
    /// The login of this request ends as [`logout_user`](Self::logout_user) ends it. To end another one, this one must be
    /// fresh, so that whoever finds an open session cannot sign its user out elsewhere (OWASP ASVS 5.0, 7.5.2).
    ///
    /// # Errors
    ///
    /// [`ReauthRequired`](AuthError::ReauthRequired) for another login when this one is not fresh, and those of
    /// [`logins`](Self::logins).
    pub async fn end_login(&self, id: &LoginId) -> Result<bool, AuthError> {
        let principal = self.state.principal(&self.req).await?;
        if principal.login_id.as_ref() == Some(id) {
            return self.logout_user(LogoutScope::This).await.map(|()| true);
        }
        principal.full_login()?;
        let engine = self.engine();
        if !principal.fresh {
            return Err(engine.reauth_required());
        }
        let now = engine.clock.now();
        match engine.logins.find(id).await? {
            // The login of another user is as unknown as one that never was.
            Some(login) if login.identity == principal.identity && login.is_live(now) => {
                let act = engine.act_of(&self.req, &principal);
                end(engine, &login.identity, id, EndReason::Logout, &act, now).await
            }
            _ => Ok(false),
        }
    }
}

/// The live logins of a user. Those of an earlier credential epoch are over, whatever the store says.
pub(crate) async fn list(
    engine: &Engine,
    identity: &str,
    epoch: Option<i64>,
    current: Option<&LoginId>,
) -> Result<Vec<LoginInfo>, AuthError> {
    let now = engine.clock.now();
    let mut logins = engine.logins.logins_of(identity, now).await?;
    logins.retain(|login| Some(login.credential_epoch) == epoch);
    let ids: Vec<_> = logins.iter().map(|login| login.id.clone()).collect();
    let with_session = engine.browser.sessions.logins_with_session(&ids, now).await?;
    let info = logins.into_iter().map(|login| {
        let (is_current, has_session) = (current == Some(&login.id), with_session.contains(&login.id));
        LoginInfo::new(login, is_current, has_session, now)
    });
    Ok(info.collect())
}

/// Ends one login of a user. `false` when it has ended before.
pub(crate) async fn end(
    engine: &Engine,
    identity: &str,
    id: &LoginId,
    reason: EndReason,
    act: &Act,
    now: UnixTime,
) -> Result<bool, AuthError> {
    let ended = engine.logins.end(id, reason, act, now).await?;
    if ended {
        tracing::info!(login.id = %id, user.id = %identity, reason = reason.as_str(), "login ended");
        engine.events.emit(|| AuthEvent::LoginEnded { user: identity.to_owned(), login: id.clone() });
    }
    Ok(ended)
}
