//! The session as a face of a login: what it keeps of it.

use actix_identity::{Identity, IdentityExt as _};
use actix_session::Session;
use actix_web::{HttpMessage as _, HttpRequest};
use serde::{Deserialize, Serialize};

use crate::bridge::error::auth_error::AuthError;
use crate::bridge::model::clock::UnixTime;
use crate::bridge::model::login::{Login, LoginId};
use crate::bridge::resolve::engine::Core;
use crate::bridge::session::actix_store::LOGIN_KEY;

/// The key of the session value that says what is special about this face: most sessions have none, and one look tells.
const FACE_KEY: &str = "tollbridge.face";

/// The login that a session is a face of.
pub(crate) struct SessionLogin {
    pub(crate) identity: String,
    pub(crate) login_id: LoginId,
    pub(crate) face: Face,
}

/// What is said of one face of a login and not of the login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Face {
    /// Nobody has proved anything here.
    pub(crate) stale: bool,
    /// It was opened although the user is inactive.
    pub(crate) forced: bool,
    /// For how long its browser is remembered, if not as all are.
    pub(crate) remembered_for: Option<UnixTime>,
}

impl SessionLogin {
    pub(crate) fn of(req: &HttpRequest, session: &Session) -> Option<Self> {
        let identity = req.get_identity().ok()?.id().ok()?;
        let login_id = LoginId::from(session.get::<String>(LOGIN_KEY).ok()??);
        // What cannot be read is taken for the worse.
        let face = session.get(FACE_KEY).unwrap_or(Some(Face { stale: true, ..Face::default() })).unwrap_or_default();
        Some(Self { identity, login_id, face })
    }

    /// From here on the session is not fresh.
    pub(crate) fn make_stale(&mut self, session: &Session) -> Result<(), AuthError> {
        if self.face.stale {
            return Ok(());
        }
        self.face.stale = true;
        self.face.write(session)
    }
}

impl Face {
    fn write(self, session: &Session) -> Result<(), AuthError> {
        if self == Self::default() {
            session.remove(FACE_KEY);
            return Ok(());
        }
        session.insert(FACE_KEY, self).map_err(|_| unwritable())
    }
}

/// Makes the session a face of this login, under a new key (so that a key planted before is worth nothing).
pub(crate) fn open(
    core: &Core,
    req: &HttpRequest,
    session: &Session,
    login: &Login,
    face: Face,
) -> Result<(), AuthError> {
    // What one user left in the session is not for the next.
    if req.get_identity().ok().and_then(|identity| identity.id().ok()).is_some_and(|old| old != login.identity) {
        session.clear();
    }
    session.insert(LOGIN_KEY, login.id.as_str()).map_err(|_| unwritable())?;
    let remembered_for = face.remembered_for.filter(|_| core.cookies.remember_cookie.renews);
    Face { remembered_for, ..face }.write(session)?;
    core.protection.mark(req, session)?;
    Identity::login(&req.extensions(), login.identity.clone()).map_err(|_| unwritable())?;
    Ok(())
}

/// Makes the session as fresh as its login, for the client that has proved itself, under a new key.
pub(crate) fn confirm(core: &Core, req: &HttpRequest, session: &Session) -> Result<(), AuthError> {
    let face = session.get::<Face>(FACE_KEY).ok().flatten().unwrap_or_default();
    Face { stale: false, ..face }.write(session)?;
    core.protection.mark(req, session)?;
    session.renew();
    Ok(())
}

fn unwritable() -> AuthError {
    AuthError::Misconfigured("the session could not be written")
}
