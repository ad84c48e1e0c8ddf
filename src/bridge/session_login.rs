//! The session as a face of a login: what it keeps of it.

use actix_identity::{Identity, IdentityExt as _};
use actix_session::Session;
use actix_web::{HttpMessage as _, HttpRequest};

use super::error::AuthError;
use super::login::{Login, LoginId};
use super::sessions::LOGIN_KEY;

/// The key of the session value that says that the session is not fresh, however young its login: it was opened without
/// proof, by a remember cookie for example.
const STALE_KEY: &str = "tollbridge.stale";

/// The key of the session value that says that an inactive user was signed in on purpose.
const FORCED_KEY: &str = "tollbridge.forced";

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
}

impl SessionLogin {
    pub(crate) fn of(req: &HttpRequest, session: &Session) -> Option<Self> {
        let identity = req.get_identity().ok()?.id().ok()?;
        let login_id = LoginId::from(session.get::<String>(LOGIN_KEY).ok()??);
        // What cannot be read is taken for the worse.
        let face =
            Face { stale: session.contains_key(STALE_KEY), forced: session.get(FORCED_KEY).ok()?.unwrap_or(false) };
        Some(Self { identity, login_id, face })
    }
}

/// Makes the session a face of this login, under a new key (so that a key planted before is worth nothing).
pub(crate) fn open(req: &HttpRequest, session: &Session, login: &Login, face: Face) -> Result<(), AuthError> {
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
    Identity::login(&req.extensions(), login.identity.clone()).map_err(|_| unwritable())?;
    Ok(())
}

/// Makes the session as fresh as its login, under a new key.
pub(crate) fn confirm(session: &Session) {
    session.remove(STALE_KEY);
    session.renew();
}

fn unwritable() -> AuthError {
    AuthError::Misconfigured("the session could not be written")
}
