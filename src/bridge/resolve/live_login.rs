//! Whether a login is live and its user may use it.

use std::any::Any;
use std::rc::Rc;

use super::engine::Engine;
use crate::bridge::error::AuthError;
use crate::bridge::model::{KnownUser, Login, LoginId, StoreError, UnixTime};

/// `last_seen_at` is written when it is this old, in seconds.
const SEEN_AFTER: UnixTime = 60;

/// Why a login cannot be used.
pub(crate) struct Ended {
    pub(crate) why: AuthError,
    /// The user of a login that is live, if the user is disabled.
    pub(crate) disabled_user: Option<Rc<dyn Any>>,
}

impl From<AuthError> for Ended {
    fn from(why: AuthError) -> Self {
        Self { why, disabled_user: None }
    }
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        AuthError::from(error).into()
    }
}

impl From<Ended> for AuthError {
    fn from(ended: Ended) -> Self {
        ended.why
    }
}

/// The user and the login, if the login is live and the user may use it.
pub(crate) async fn live(
    engine: &Engine,
    identity: &str,
    login_id: &LoginId,
    now: UnixTime,
) -> Result<(KnownUser, Login), Ended> {
    let (user, login) = engine.users.find_with_login(identity, login_id, &*engine.logins).await?;
    let login = login.filter(|login| login.identity == identity && login.is_live(now)).ok_or(AuthError::LoginEnded)?;
    let user = user.ok_or(AuthError::UserNotFound)?;
    if !user.active {
        return Err(Ended { why: AuthError::UserDisabled, disabled_user: Some(user.user) });
    }
    if user.credential_epoch != login.credential_epoch {
        return Err(AuthError::LoginEnded.into());
    }
    if now - login.last_seen_at >= SEEN_AFTER {
        note_use(engine, &login.id, now);
    }
    Ok((user, login))
}

/// Notes that the login was used, without keeping the request waiting for it.
fn note_use(engine: &Engine, login_id: &LoginId, now: UnixTime) {
    let (logins, login_id) = (engine.logins.clone(), login_id.clone());
    actix_web::rt::spawn(async move {
        if let Err(error) = logins.touch(&login_id, now).await {
            tracing::warn!(%error, "could not note when a login was last seen");
        }
    });
}
