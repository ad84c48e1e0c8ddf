//! Finds a login that is live, with its user.

use std::any::Any;
use std::rc::Rc;
use std::sync::Arc;

use super::engine::Engine;
use crate::bridge::error::AuthError;
use crate::bridge::model::{KnownUser, Login, LoginId, StoreError, UnixTime};

/// `last_seen_at` is written when it is at least this old, in seconds.
pub(super) const SEEN_AFTER: UnixTime = 60;

/// Why a login cannot be used.
pub(crate) struct UnusableLogin {
    pub(crate) reason: AuthError,
    /// The user of a live login, if the user is disabled.
    pub(crate) disabled_user: Option<Rc<dyn Any>>,
}

impl From<AuthError> for UnusableLogin {
    fn from(reason: AuthError) -> Self {
        Self { reason, disabled_user: None }
    }
}

impl From<StoreError> for UnusableLogin {
    fn from(error: StoreError) -> Self {
        AuthError::from(error).into()
    }
}

impl From<UnusableLogin> for AuthError {
    fn from(unusable: UnusableLogin) -> Self {
        unusable.reason
    }
}

/// Finds the user and the login. The login must be live and of this user, and the user must be active.
pub(crate) async fn find_live(
    engine: &Engine,
    identity: &str,
    login_id: &LoginId,
    now: UnixTime,
) -> Result<(KnownUser, Login), UnusableLogin> {
    let found = engine.users.find_with_login(identity, login_id, &*engine.logins).await?;
    let (user, login) = check_live(identity, found, now)?;
    if now - login.last_seen_at >= SEEN_AFTER {
        let logins = Arc::clone(&engine.logins);
        engine.last_seen.record(&login.id, |id| async move { logins.touch(&id, now).await });
    }
    Ok((user, login))
}

/// Checks what the stores have found: the login must be live and of this user, and the user must be active.
#[inline]
pub(super) fn check_live(
    identity: &str,
    (user, login): (Option<KnownUser>, Option<Login>),
    now: UnixTime,
) -> Result<(KnownUser, Login), UnusableLogin> {
    let login = login.filter(|login| login.identity == identity && login.is_live(now)).ok_or(AuthError::LoginEnded)?;
    let user = user.ok_or(AuthError::UserNotFound)?;
    if !user.active {
        return Err(UnusableLogin { reason: AuthError::UserDisabled, disabled_user: Some(user.user) });
    }
    if user.credential_epoch != login.credential_epoch {
        return Err(AuthError::LoginEnded.into());
    }
    Ok((user, login))
}
