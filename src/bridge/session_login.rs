//! The session as a face of a login: what it keeps of it.

use actix_identity::{Identity, IdentityExt as _};
use actix_session::Session;
use actix_web::{HttpMessage as _, HttpRequest};

use super::clock::UnixTime;
use super::core::Core;
use super::error::AuthError;
use super::login::{Login, LoginId};
use super::sessions::LOGIN_KEY;

/// The key of the session value that says that the session is not fresh, however young its login: it was opened without
/// proof, by a remember cookie for example.
const STALE_KEY: &str = "tollbridge.stale";

/// The key of the session value that says that an inactive user was signed in on purpose.
const FORCED_KEY: &str = "tollbridge.forced";

/// The key of the session value that says for how many seconds this browser is to be remembered, if its login said so.
const REMEMBERED_FOR_KEY: &str = "tollbridge.remembered_for";

/// The login that a session is a face of.
pub(crate) struct SessionLogin {
    pub(crate) identity: String,
    pub(crate) login_id: LoginId,
    pub(crate) face: Face,
}

/// What is said of one face of a login and not of the login.
#[derive(Clone, Copy, Debug, Default)]
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
        let face = Face {
            stale: session.contains_key(STALE_KEY),
            forced: session.get(FORCED_KEY).ok()?.unwrap_or(false),
            remembered_for: session.get(REMEMBERED_FOR_KEY).ok()?,
        };
        Some(Self { identity, login_id, face })
    }

    /// From here on the session is not fresh.
    pub(crate) fn make_stale(&mut self, session: &Session) -> Result<(), AuthError> {
        if !self.face.stale {
            session.insert(STALE_KEY, true).map_err(|_| unwritable())?;
            self.face.stale = true;
        }
        Ok(())
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
    for (key, is_so) in [(STALE_KEY, face.stale), (FORCED_KEY, face.forced)] {
        if is_so {
            session.insert(key, true).map_err(|_| unwritable())?;
        } else {
            session.remove(key);
        }
    }
    match face.remembered_for.filter(|_| core.cookies.remember_cookie.renews) {
        Some(seconds) => session.insert(REMEMBERED_FOR_KEY, seconds).map_err(|_| unwritable())?,
        None => drop(session.remove(REMEMBERED_FOR_KEY)),
    }
    core.protection.mark(req, session)?;
    Identity::login(&req.extensions(), login.identity.clone()).map_err(|_| unwritable())?;
    Ok(())
}

/// Makes the session as fresh as its login, for the client that has proved itself, under a new key.
pub(crate) fn confirm(core: &Core, req: &HttpRequest, session: &Session) -> Result<(), AuthError> {
    session.remove(STALE_KEY);
    core.protection.mark(req, session)?;
    session.renew();
    Ok(())
}

fn unwritable() -> AuthError {
    AuthError::Misconfigured("the session could not be written")
}
