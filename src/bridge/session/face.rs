//! The values of a session that refer to its login.

use actix_identity::{Identity, IdentityExt as _};
use actix_session::Session;
use actix_web::{HttpMessage as _, HttpRequest};
use serde::{Deserialize, Serialize};

use super::actix_store::LOGIN_KEY;
use super::browser_settings::BrowserSettings;
use crate::bridge::error::AuthError;
use crate::bridge::model::{Login, LoginId, UnixTime};

/// The key of the session value that holds the metadata. Most sessions have none.
const METADATA_KEY: &str = "tollbridge.face";

/// The key of the session value that holds the credential epoch of a [bound](SessionMetadata::bound) session.
const EPOCH_KEY: &str = "tollbridge.epoch";

/// The login of a session.
pub(crate) struct SessionLogin {
    pub(crate) identity: String,
    pub(crate) login_id: LoginId,
    pub(crate) metadata: SessionMetadata,
}

/// The properties of one session. They do not apply to the other sessions and the tokens of the same login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SessionMetadata {
    /// Whether the session is not fresh, because the user has not authenticated in it.
    pub(crate) stale: bool,
    /// Whether the session was opened although the user is disabled.
    pub(crate) forced: bool,
    /// Whether a change of password that keeps the login makes the session void. It deletes the sessions of the login, but
    /// a session that was opened by a credential of before could be written after that.
    #[serde(default)]
    pub(crate) bound: bool,
    /// The generation of the remember cookie that came with this session, if a remember cookie opened it. The use of the
    /// session shows that the browser has received that cookie.
    pub(crate) remember_generation: Option<i64>,
    /// The lifetime of the remember cookie, in seconds, if it differs from the configured one.
    pub(crate) remembered_for: Option<UnixTime>,
}

impl SessionLogin {
    /// Reads the login from the session, if the session has one.
    pub(crate) fn of(req: &HttpRequest, session: &Session) -> Option<Self> {
        let identity = req.get_identity().ok()?.id().ok()?;
        let login_id = LoginId::from(session.get::<String>(LOGIN_KEY).ok()??);
        // Unreadable metadata counts as stale, the safe value.
        let metadata = session
            .get(METADATA_KEY)
            .unwrap_or(Some(SessionMetadata { stale: true, ..SessionMetadata::default() }))
            .unwrap_or_default();
        Some(Self { identity, login_id, metadata })
    }

    /// Whether the session is void for its login, which has this credential epoch.
    pub(crate) fn is_void(&self, session: &Session, credential_epoch: i64) -> bool {
        self.metadata.bound && !matches!(session.get::<i64>(EPOCH_KEY), Ok(Some(epoch)) if epoch == credential_epoch)
    }

    /// Marks the session as not fresh.
    pub(crate) fn make_stale(&mut self, session: &Session) -> Result<(), AuthError> {
        if self.metadata.stale {
            return Ok(());
        }
        self.metadata.stale = true;
        self.metadata.write(session)
    }
}

impl SessionMetadata {
    fn write(self, session: &Session) -> Result<(), AuthError> {
        if self == Self::default() {
            session.remove(METADATA_KEY);
            return Ok(());
        }
        session.insert(METADATA_KEY, self).map_err(|_insert_error| session_write_error())
    }
}

/// Opens the session for this login, under a new session key. The new key prevents session fixation.
pub(crate) fn open(
    browser: &BrowserSettings,
    req: &HttpRequest,
    session: &Session,
    login: &Login,
    metadata: SessionMetadata,
) -> Result<(), AuthError> {
    // The values of another user must not pass to this user.
    if req.get_identity().ok().and_then(|identity| identity.id().ok()).is_some_and(|old| old != login.identity) {
        session.clear();
    }
    session.insert(LOGIN_KEY, login.id.as_str()).map_err(|_insert_error| session_write_error())?;
    let remembered_for = metadata.remembered_for.filter(|_| browser.cookies.remember_cookie.renews);
    SessionMetadata { remembered_for, ..metadata }.write(session)?;
    if metadata.bound {
        session.insert(EPOCH_KEY, login.credential_epoch).map_err(|_insert_error| session_write_error())?;
    }
    browser.protection.record_client(&browser.proxies, req, session)?;
    Identity::login(&req.extensions(), login.identity.clone()).map_err(|_login_error| session_write_error())?;
    Ok(())
}

/// Makes the session as fresh as its login, after the user has re-authenticated. The session gets a new session key and
/// belongs to the current client.
pub(crate) fn confirm(browser: &BrowserSettings, req: &HttpRequest, session: &Session) -> Result<(), AuthError> {
    let metadata = session.get::<SessionMetadata>(METADATA_KEY).ok().flatten().unwrap_or_default();
    SessionMetadata { stale: false, ..metadata }.write(session)?;
    browser.protection.record_client(&browser.proxies, req, session)?;
    session.renew();
    Ok(())
}

/// Lets a session go on after a change of the password that was made in it.
#[cfg(feature = "server")]
pub(crate) fn bind_again(session: &Session, login: &Login) -> Result<(), AuthError> {
    match session.get::<SessionMetadata>(METADATA_KEY) {
        Ok(Some(SessionMetadata { bound: true, .. })) => {
            session.insert(EPOCH_KEY, login.credential_epoch).map_err(|_insert_error| session_write_error())
        }
        _ => Ok(()),
    }
}

fn session_write_error() -> AuthError {
    AuthError::Misconfigured("the session could not be written")
}
