//! From a credential to a principal: the one place where it is decided who a request is. Reading, refreshing and
//! signing out all come here, so they cannot disagree.

use std::rc::Rc;

use actix_identity::{Identity, IdentityExt as _};
use actix_session::{Session, SessionExt as _};
use actix_web::{HttpMessage as _, HttpRequest};

use super::clock::UnixTime;
use super::cookies;
use super::core::Core;
use super::credential::{Location, Presented, PresentedToken};
use super::error::AuthError;
use super::events::AuthEvent;
use super::login::{EndReason, Login, LoginId};
use super::principal::{Principal, Verdict, Via};
use super::remember::{Match, PresentedCookie};
use super::request::RequestAuth;
use super::sessions::{LOGIN_KEY, REMEMBERED_KEY};
use super::token::Genuine;
use super::users::KnownUser;

/// `last_seen_at` is written when it is this old, in seconds.
const SEEN_AFTER: UnixTime = 60;

/// Racers with the previous remember cookie get the current one within this many seconds.
const REMEMBER_GRACE: i64 = 30;

/// Decides who a request is.
pub(crate) async fn resolve(auth: &RequestAuth, req: &HttpRequest) -> Verdict {
    let events = &auth.core.events;
    events.emit(|| AuthEvent::UserAccessed);
    let verdict = match &auth.presented {
        Presented::Unusable(error) => Verdict::Rejected(error.clone()),
        Presented::Token(token) => match by_token(auth, token).await {
            Ok(principal) => {
                events.emit(|| AuthEvent::UserLoadedFromRequest {
                    user: principal.identity.clone(),
                    login: Some(principal.login_id.clone()),
                });
                Verdict::Accepted(Rc::new(principal))
            }
            Err(error) => Verdict::Rejected(error),
        },
        // Boxed, so that the way of a token does not carry the room for this one.
        Presented::Nothing => match Box::pin(by_cookies(auth, req)).await {
            Ok(verdict) => verdict,
            Err(error) => Verdict::Rejected(error),
        },
    };
    log(&verdict);
    verdict
}

/// The explanation that every refusal leaves: which credential decided, and how.
fn log(verdict: &Verdict) {
    match verdict {
        Verdict::Accepted(principal) => tracing::debug!(
            login.id = %principal.login_id,
            credential.via = principal.via.as_str(),
            credential.location = principal.location.as_str(),
            "credential accepted"
        ),
        Verdict::Rejected(AuthError::TokenInvalid(fault)) => {
            tracing::info!(code = "token_invalid", %fault, "credential rejected");
        }
        Verdict::Rejected(error) => tracing::info!(code = error.code(), "credential rejected"),
        Verdict::Absent(error) => tracing::debug!(code = error.code(), "no credential"),
    }
}

async fn by_token(auth: &RequestAuth, token: &PresentedToken) -> Result<Principal, AuthError> {
    let core = &*auth.core;
    let now = core.clock.now();
    let verified = core.verifier.verify_access(&token.text, &auth.known_tokens, now)?;
    let login_id = LoginId::from(verified.sid.clone());
    let (user, login) = live(core, &verified.sub, &login_id, now).await?;
    let fresh = verified.fresh && core.is_fresh(verified.auth_time, now);
    let credential = Credential { via: Via::Token, location: token.location, fresh, expires_at: verified.exp };
    Ok(principal(user, login, credential, Some(verified)))
}

async fn by_cookies(auth: &RequestAuth, req: &HttpRequest) -> Result<Verdict, AuthError> {
    let session = req.get_session();
    if let Some(found) = SessionLogin::of(req, &session) {
        return match by_session(&auth.core, &found).await {
            Ok(principal) => Ok(Verdict::Accepted(Rc::new(principal))),
            Err(error) if error.status().is_server_error() => Err(error),
            // The browser sent what it had; that its login is over leaves it with nothing.
            Err(error) => {
                // Its other values were the user's, and are not for whoever signs in next. Clearing is enough, and
                // purging would be too much: nothing can be put into a purged session in the same request.
                session.clear();
                Ok(Verdict::Absent(error))
            }
        };
    }
    by_remember_cookie(auth, req, &session).await
}

/// The login that a session is a face of.
pub(crate) struct SessionLogin {
    pub(crate) identity: String,
    pub(crate) login_id: LoginId,
    remembered: bool,
}

impl SessionLogin {
    pub(crate) fn of(req: &HttpRequest, session: &Session) -> Option<Self> {
        let identity = req.get_identity().ok()?.id().ok()?;
        let login_id = LoginId::from(session.get::<String>(LOGIN_KEY).ok()??);
        let remembered = session.get(REMEMBERED_KEY).ok()?.unwrap_or(false);
        Some(Self { identity, login_id, remembered })
    }
}

async fn by_session(core: &Core, found: &SessionLogin) -> Result<Principal, AuthError> {
    let now = core.clock.now();
    let (user, login) = live(core, &found.identity, &found.login_id, now).await?;
    let fresh = !found.remembered && core.is_fresh(login.auth_time, now);
    let credential = Credential { via: Via::Session, location: Location::Cookie, fresh, expires_at: login.expires_at };
    Ok(principal(user, login, credential, None))
}

/// Opens a session with a remember cookie, and rotates the cookie.
async fn by_remember_cookie(auth: &RequestAuth, req: &HttpRequest, session: &Session) -> Result<Verdict, AuthError> {
    let core = &*auth.core;
    let nobody = Ok(Verdict::Absent(AuthError::LoginRequired));
    let Some(value) = cookies::value_of(req.headers(), &core.cookies.remember) else { return nobody };
    let now = core.clock.now();
    let restored = match PresentedCookie::parse(value) {
        Some(cookie) => restore(core, &cookie, now).await?,
        None => None,
    };
    let Some((user, login)) = restored else {
        auth.set_cookie(core.cookies.removal(&core.cookies.remember));
        return nobody;
    };
    if let Some(remember) = &login.remember {
        auth.set_cookie(core.cookies.remember(core.remember.value(remember), now, remember.expires_at));
    }
    open_session(req, session, &login, true)?;
    tracing::info!(login.id = %login.id, "session restored by remember cookie");
    core.events.emit(|| AuthEvent::UserLoadedFromCookie { user: login.identity.clone(), login: login.id.clone() });
    let credential =
        Credential { via: Via::Remember, location: Location::Cookie, fresh: false, expires_at: login.expires_at };
    Ok(Verdict::Accepted(Rc::new(principal(user, login, credential, None))))
}

/// The login that a remember cookie stands for, with the cookie's record as it is after this use.
async fn restore(
    core: &Core,
    cookie: &PresentedCookie<'_>,
    now: UnixTime,
) -> Result<Option<(KnownUser, Login)>, AuthError> {
    let Some(found) = core.logins.find_remembered(cookie.selector).await? else { return Ok(None) };
    let Some(record) = &found.remember else { return Ok(None) };
    if now >= record.expires_at {
        return Ok(None);
    }
    let (identity, login_id) = (found.identity.clone(), found.id.clone());
    match core.remember.compare(cookie, record, now, REMEMBER_GRACE) {
        Match::Forged => return Ok(None),
        Match::Reused => {
            core.logins.end(&login_id, EndReason::RememberReused, now).await?;
            tracing::warn!(login.id = %login_id, "a remember cookie was used after its successor; login ended");
            return Ok(None);
        }
        // Whoever loses the race finds the successor in place, and it is the one that they would have put there.
        Match::Current => {
            let next = core.remember.successor(record, now);
            core.logins.rotate_remember(&login_id, &next).await?;
        }
        Match::JustRotated => {}
    }
    match live(core, &identity, &login_id, now).await {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.status().is_server_error() => Err(error),
        Err(_) => Ok(None),
    }
}

/// The user and the login, if the login still lives and the user may still use it.
pub(crate) async fn live(
    core: &Core,
    identity: &str,
    login_id: &LoginId,
    now: UnixTime,
) -> Result<(KnownUser, Login), AuthError> {
    let (user, login) = core.users.find_with_login(identity, login_id, &*core.logins).await?;
    let login = login.filter(|login| login.identity == identity && login.is_live(now)).ok_or(AuthError::LoginEnded)?;
    let user = user.ok_or(AuthError::UserNotFound)?;
    if !user.active {
        return Err(AuthError::UserDisabled);
    }
    if user.credential_epoch != login.credential_epoch {
        return Err(AuthError::LoginEnded);
    }
    if now - login.last_seen_at >= SEEN_AFTER {
        see(core, &login.id, now);
    }
    Ok((user, login))
}

/// Notes that the login was used, without keeping the request waiting for it.
fn see(core: &Core, login_id: &LoginId, now: UnixTime) {
    let (logins, login_id) = (core.logins.clone(), login_id.clone());
    actix_web::rt::spawn(async move {
        if let Err(error) = logins.touch(&login_id, now).await {
            tracing::warn!(%error, "could not note when a login was last seen");
        }
    });
}

/// Makes the session a face of this login, under a new key (so that a key planted before is worth nothing).
pub(crate) fn open_session(
    req: &HttpRequest,
    session: &Session,
    login: &Login,
    remembered: bool,
) -> Result<(), AuthError> {
    let failed = || AuthError::Misconfigured("the session could not be written");
    // What one user left in the session is not for the next.
    if req.get_identity().ok().and_then(|identity| identity.id().ok()).is_some_and(|old| old != login.identity) {
        session.clear();
    }
    session.insert(LOGIN_KEY, login.id.as_str()).map_err(|_| failed())?;
    if remembered {
        session.insert(REMEMBERED_KEY, true).map_err(|_| failed())?;
    } else {
        session.remove(REMEMBERED_KEY);
    }
    Identity::login(&req.extensions(), login.identity.clone()).map_err(|_| failed())?;
    Ok(())
}

struct Credential {
    via: Via,
    location: Location,
    fresh: bool,
    expires_at: UnixTime,
}

fn principal(user: KnownUser, login: Login, credential: Credential, token: Option<Rc<Genuine>>) -> Principal {
    Principal {
        identity: login.identity,
        login_id: login.id,
        via: credential.via,
        location: credential.location,
        fresh: credential.fresh,
        auth_time: login.auth_time,
        amr: login.amr,
        login_started_at: login.created_at,
        expires_at: credential.expires_at,
        user: user.user,
        token,
    }
}
