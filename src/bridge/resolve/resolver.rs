//! From a credential to a principal: the one place where it is decided who a request is. Reading, refreshing and
//! signing out all come here, so they cannot disagree.

use std::rc::Rc;

use actix_session::{Session, SessionExt as _};
use actix_web::HttpRequest;

use crate::bridge::auth::request_state::RequestAuth;
use crate::bridge::credential::custom_credential;
use crate::bridge::credential::presented::{Choice, Location};
use crate::bridge::error::auth_error::AuthError;
use crate::bridge::model::clock::UnixTime;
use crate::bridge::model::erased_users::KnownUser;
use crate::bridge::model::events::AuthEvent;
use crate::bridge::model::login::{EndReason, Login, LoginId};
use crate::bridge::resolve::by_token;
use crate::bridge::resolve::engine::{Core, seconds};
use crate::bridge::resolve::principal::{Principal, Verdict, Via};
use crate::bridge::resolve::requirement::{Face, Requirement};
use crate::bridge::session::cookies;
use crate::bridge::session::face::{self, SessionLogin};
use crate::bridge::session::protection;
use crate::bridge::session::remember_cookie;
use crate::bridge::session::remember_token::{Match, PresentedCookie};

/// What a token is told where only a browser's session counts.
pub(crate) const NOT_A_BROWSER: AuthError =
    AuthError::CredentialConflict("This is for browsers that are signed in. Leave the token out.");

/// `last_seen_at` is written when it is this old, in seconds.
const SEEN_AFTER: UnixTime = 60;

/// Racers with the previous remember cookie get the current one within this many seconds.
pub(crate) const REMEMBER_GRACE: i64 = 30;

/// Decides who a request is.
pub(crate) async fn resolve(auth: &RequestAuth, req: &HttpRequest) -> Verdict {
    let guard = auth.requirement();
    let requirement = guard.as_deref().unwrap_or(&Requirement::DEFAULT);
    let events = &auth.core.events;
    if auth.is_first_access() {
        events.emit(|| AuthEvent::UserAccessed);
    }
    let verdict = match auth.choose(requirement, requirement.wanted) {
        Choice::Refused(error) => Verdict::Rejected(error),
        Choice::Token(_) if requirement.face == Face::Browser => Verdict::Rejected(NOT_A_BROWSER),
        Choice::Token(token) => match by_token::resolve(auth, req, &token, requirement).await {
            Ok(principal) => {
                events.emit(|| AuthEvent::UserLoadedFromRequest {
                    user: principal.identity.clone(),
                    login: principal.login_id.clone(),
                });
                Verdict::Accepted(Rc::new(principal))
            }
            Err(error) => Verdict::Rejected(error),
        },
        Choice::Nothing if auth.presented.of_its_own.is_some() => by_own_credential(auth, requirement).await,
        // A token that this route does not look for is no key to it, and no session is there beside one.
        Choice::Nothing if requirement.face == Face::Token || auth.presented.is_token() => {
            Verdict::Absent(AuthError::LoginRequired)
        }
        // Boxed, so that the way of a token does not carry the room for this one.
        Choice::Nothing => match Box::pin(by_cookies(auth, req)).await {
            Ok(verdict) => verdict,
            Err(error) => Verdict::Rejected(error),
        },
    };
    let verdict = match verdict {
        Verdict::Accepted(found) if requirement.fresh_at_once && !found.fresh => {
            Verdict::Rejected(auth.core.reauth_required())
        }
        verdict => verdict,
    };
    log(auth, requirement, &verdict);
    verdict
}

/// Who a credential of the application's own says that the request is.
async fn by_own_credential(auth: &RequestAuth, requirement: &Requirement) -> Verdict {
    match (requirement.face, &auth.presented.of_its_own) {
        (Face::Browser, _) => Verdict::Rejected(NOT_A_BROWSER),
        (Face::Any, Some(credential)) => match Box::pin(custom_credential::resolve(&auth.core, credential)).await {
            Ok(principal) => {
                auth.core
                    .events
                    .emit(|| AuthEvent::UserLoadedFromRequest { user: principal.identity.clone(), login: None });
                Verdict::Accepted(principal)
            }
            Err(error) => Verdict::Rejected(error),
        },
        _ => Verdict::Absent(AuthError::LoginRequired),
    }
}

/// The explanation that every refusal leaves: which credential decided, and how.
fn log(auth: &RequestAuth, requirement: &Requirement, verdict: &Verdict) {
    match verdict {
        Verdict::Accepted(principal) => tracing::debug!(
            login.id = principal.login_id.as_ref().map(LoginId::as_str),
            credential.via = principal.via.as_str(),
            credential.location = principal.location.as_str(),
            "credential accepted"
        ),
        Verdict::Rejected(error) => {
            let login = auth.opened().as_ref().and_then(|token| token.sid.clone());
            tracing::info!(code = error.code(), login.id = login, reason = %error, "credential rejected");
        }
        Verdict::Absent(error) => {
            tracing::debug!(code = error.code(), token = auth.absences(requirement), "no credential");
        }
    }
}

async fn by_cookies(auth: &RequestAuth, req: &HttpRequest) -> Result<Verdict, AuthError> {
    let session = req.get_session();
    if let Some(mut found) = SessionLogin::of(req, &session) {
        if !protection::enforce(auth, req, &session, &mut found).await? {
            return Ok(Verdict::Absent(AuthError::LoginEnded));
        }
        return match by_session(auth, req, &found).await {
            Ok(principal) => Ok(Verdict::Accepted(Rc::new(principal))),
            Err(error) if error.status().is_server_error() => Err(error),
            Err(error @ AuthError::UserDisabled) if found.face.forced => {
                let (user, _) =
                    auth.core.users.find_with_login(&found.identity, &found.login_id, &*auth.core.logins).await?;
                user.into_iter().for_each(|user| auth.set_inactive_user(user.user));
                Ok(Verdict::Absent(error))
            }
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

async fn by_session(auth: &RequestAuth, req: &HttpRequest, found: &SessionLogin) -> Result<Principal, AuthError> {
    let core = &*auth.core;
    let now = core.clock.now();
    let (user, login) = live(core, &found.identity, &found.login_id, now).await?;
    remember_cookie::renew(auth, req, &login, found.face, now).await?;
    let fresh = !found.face.stale && core.is_fresh(login.auth_time, now);
    Ok(principal(user, login, Via::Session, fresh))
}

/// Opens a session with a remember cookie, and rotates the cookie.
async fn by_remember_cookie(auth: &RequestAuth, req: &HttpRequest, session: &Session) -> Result<Verdict, AuthError> {
    let core = &*auth.core;
    let nobody = Ok(Verdict::Absent(AuthError::LoginRequired));
    let Some(value) = cookies::value_of(req.headers(), core.cookies.remember_name()) else { return nobody };
    let now = core.clock.now();
    let restored = match PresentedCookie::parse(value) {
        Some(cookie) => restore(core, &cookie, now).await?,
        None => None,
    };
    let Some((user, login)) = restored else {
        auth.set_cookie(core.cookies.remember_removal());
        return nobody;
    };
    let mut face = face::Face { stale: true, ..Default::default() };
    if let Some(remember) = &login.remember {
        auth.set_cookie(core.cookies.remember(core.remember.value(remember), now, remember.expires_at));
        face.remembered_for = Some(remember_cookie::remembered_for(remember, seconds(core.lifetimes.remember)));
    }
    face::open(core, req, session, &login, face)?;
    tracing::info!(login.id = %login.id, "session restored by remember cookie");
    core.events.emit(|| AuthEvent::UserLoadedFromCookie { user: login.identity.clone(), login: login.id.clone() });
    Ok(Verdict::Accepted(Rc::new(principal(user, login, Via::Remember, false))))
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
    let remembered_for = remember_cookie::remembered_for(record, seconds(core.lifetimes.remember));
    match core.remember.compare(cookie, record, now, REMEMBER_GRACE) {
        Match::Forged => return Ok(None),
        Match::Reused => {
            core.logins.end(&login_id, EndReason::RememberReused, now).await?;
            tracing::warn!(login.id = %login_id, "a remember cookie was used after its successor; login ended");
            return Ok(None);
        }
        // Whoever loses the race finds the successor in place, and it is the one that they would have put there.
        Match::Current => {
            let mut next = core.remember.successor(record, now);
            if core.cookies.remember_cookie.renews {
                let renewed = remember_cookie::renewed_expiry(&found, remembered_for, now);
                next.expires_at = next.expires_at.max(renewed);
            }
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

/// Who a browser is.
fn principal(user: KnownUser, login: Login, via: Via, fresh: bool) -> Principal {
    Principal {
        identity: login.identity,
        login_id: Some(login.id),
        via,
        location: Location::Cookie,
        fresh,
        auth_time: login.auth_time,
        amr: login.amr,
        login_started_at: login.created_at,
        expires_at: Some(login.expires_at),
        login_expires_at: Some(login.expires_at),
        user: user.user,
        token: None,
    }
}
