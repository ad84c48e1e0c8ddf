//! The session as a face of a login: what it keeps of the login.

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

/// The login that a session is a face of.
pub(crate) struct SessionLogin {
    pub(crate) identity: String,
    pub(crate) login_id: LoginId,
    pub(crate) metadata: SessionMetadata,
}

/// What holds for one session of a login and not for the login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SessionMetadata {
    /// The user has not authenticated in this session: it is not fresh.
    pub(crate) stale: bool,
    /// It was opened although the user is disabled.
    pub(crate) forced: bool,
    /// The generation of the remember cookie that came with this session, if a remember cookie opened it. The use of the
    /// session shows that the browser has received that cookie.
    pub(crate) remember_generation: Option<i64>,
    /// How long the browser is remembered, in seconds, where that is not the usual time.
    pub(crate) remembered_for: Option<UnixTime>,
}

impl SessionLogin {
    pub(crate) fn of(req: &HttpRequest, session: &Session) -> Option<Self> {
        let identity = req.get_identity().ok()?.id().ok()?;
        let login_id = LoginId::from(session.get::<String>(LOGIN_KEY).ok()??);
        // What cannot be read is taken for the worse.
        let metadata = session
            .get(METADATA_KEY)
            .unwrap_or(Some(SessionMetadata { stale: true, ..SessionMetadata::default() }))
            .unwrap_or_default();
        Some(Self { identity, login_id, metadata })
    }

    /// From here on the session is not fresh.
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
        session.insert(METADATA_KEY, self).map_err(|_| unwritable())
    }
}

/// Makes the session a face of this login, under a new key (so that a key planted before is worth nothing).
pub(crate) fn open(
    browser: &BrowserSettings,
    req: &HttpRequest,
    session: &Session,
    login: &Login,
    metadata: SessionMetadata,
) -> Result<(), AuthError> {
    // What one user left in the session is not for the next.
    if req.get_identity().ok().and_then(|identity| identity.id().ok()).is_some_and(|old| old != login.identity) {
        session.clear();
    }
    session.insert(LOGIN_KEY, login.id.as_str()).map_err(|_| unwritable())?;
    let remembered_for = metadata.remembered_for.filter(|_| browser.cookies.remember_cookie.renews);
    SessionMetadata { remembered_for, ..metadata }.write(session)?;
    browser.protection.mark(req, session)?;
    Identity::login(&req.extensions(), login.identity.clone()).map_err(|_| unwritable())?;
    Ok(())
}

/// Makes the session as fresh as its login, for the client that has proved itself, under a new key.
pub(crate) fn confirm(browser: &BrowserSettings, req: &HttpRequest, session: &Session) -> Result<(), AuthError> {
    let metadata = session.get::<SessionMetadata>(METADATA_KEY).ok().flatten().unwrap_or_default();
    SessionMetadata { stale: false, ..metadata }.write(session)?;
    browser.protection.mark(req, session)?;
    session.renew();
    Ok(())
}

fn unwritable() -> AuthError {
    AuthError::Misconfigured("the session could not be written")
}
