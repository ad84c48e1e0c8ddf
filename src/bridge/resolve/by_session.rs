//! Resolves the cookies of a browser to a principal: by the session cookie, else by the remember cookie.

use std::any::Any;
use std::rc::Rc;

use actix_session::{Session, SessionExt as _};
use actix_web::HttpRequest;
use actix_web::cookie::Cookie;

use super::by_remember_cookie;
use super::engine::Engine;
use super::freshness::Proof;
use super::live_login::{UnusableLogin, find_live};
use super::principal::Principal;
use super::resolution::Verdict;
use crate::bridge::credential::raw_cookies;
use crate::bridge::error::AuthError;
use crate::bridge::model::{AuthEvent, CredentialLocation, EndReason, Via};
use crate::bridge::session::{SessionLogin, SessionProtection};

/// The result for the cookies of a browser.
pub(super) struct CookieResolution {
    pub(super) verdict: Verdict,
    /// The disabled user of a session that was opened by force.
    pub(super) disabled_user: Option<Rc<dyn Any>>,
}

impl From<Verdict> for CookieResolution {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, disabled_user: None }
    }
}

/// Finds the principal of the cookies. Cookies for the response are added to `set`, also where this fails.
pub(super) async fn resolve(
    engine: &Engine,
    req: &HttpRequest,
    set: &mut Vec<Cookie<'static>>,
) -> Result<CookieResolution, AuthError> {
    let session = req.get_session();
    let Some(mut found) = SessionLogin::of(req, &session) else {
        // Boxed, because few requests need it and its future would enlarge that of every session.
        return Ok(Box::pin(by_remember_cookie::resolve(engine, req, &session, set)).await?.into());
    };
    if !enforce_protection(engine, req, &session, &mut found, set).await? {
        return Ok(Verdict::Absent(AuthError::LoginEnded).into());
    }
    match resolve_session(engine, req, &session, &found, set).await {
        Ok(principal) => Ok(Verdict::Accepted(Rc::new(principal)).into()),
        Err(unusable) if unusable.reason.status().is_server_error() => Err(unusable.reason),
        Err(UnusableLogin { reason: reason @ AuthError::UserDisabled, disabled_user }) if found.metadata.forced => {
            Ok(CookieResolution { verdict: Verdict::Absent(reason), disabled_user })
        }
        // A browser sends its cookie by itself. With an ended login the request is anonymous, and not rejected.
        Err(unusable) => {
            // The other values of the session belong to its user, and the next user must not see them. The session is
            // cleared and not purged: a purged session cannot take new values in the same request.
            session.clear();
            Ok(Verdict::Absent(unusable.reason).into())
        }
    }
}

async fn resolve_session(
    engine: &Engine,
    req: &HttpRequest,
    session: &Session,
    found: &SessionLogin,
    set: &mut Vec<Cookie<'static>>,
) -> Result<Principal, UnusableLogin> {
    let now = engine.clock.now();
    let (user, login) = find_live(engine, &found.identity, &found.login_id, now).await?;
    if found.is_void(session, login.credential_epoch) {
        return Err(AuthError::LoginEnded.into());
    }
    if let Some(remember) = login.remember.as_ref().filter(|remember| !remember.confirmed)
        && found.metadata.remember_generation == Some(remember.generation)
    {
        engine.confirmations.confirm_remember(&engine.logins, &login.id, remember.generation, now);
    }
    if engine.browser.cookies.remember_cookie.renews && login.remember.is_some() {
        // Boxed for the same reason as above.
        Box::pin(by_remember_cookie::renew(engine, req, &login, found.metadata, now, set)).await?;
    }
    let fresh = !found.metadata.stale && engine.is_fresh(login.auth_time, now);
    let proof = Proof::new((!found.metadata.stale).then_some(login.auth_time), now);
    Ok(Principal::of_login(login, user.user, Via::Session, CredentialLocation::Cookie, fresh, proof))
}

/// The login of the session of a request, live or not, unless the session is [void](SessionLogin::is_void) for it.
pub(crate) async fn session_login(engine: &Engine, req: &HttpRequest) -> Result<Option<SessionLogin>, AuthError> {
    let session = req.get_session();
    let Some(found) = SessionLogin::of(req, &session) else { return Ok(None) };
    if found.metadata.bound {
        let login = engine.logins.find(&found.login_id).await?;
        if login.is_none_or(|login| found.is_void(&session, login.credential_epoch)) {
            return Ok(None);
        }
    }
    Ok(Some(found))
}

/// Applies the session protection to the session of a request. `false` when its login has been ended. Cookies for the
/// response are added to `set`.
pub(crate) async fn enforce_protection(
    engine: &Engine,
    req: &HttpRequest,
    session: &Session,
    found: &mut SessionLogin,
    set: &mut Vec<Cookie<'static>>,
) -> Result<bool, AuthError> {
    let protection = engine.browser.protection;
    if !protection.detects_other_client(&engine.browser.proxies, req, session) {
        return Ok(true);
    }
    tracing::warn!(login.id = %found.login_id, mode = ?protection, "a session came from another client");
    engine.events.emit(|| AuthEvent::SessionProtected { user: found.identity.clone(), login: found.login_id.clone() });
    if protection == SessionProtection::Basic {
        found.make_stale(session)?;
        return Ok(true);
    }
    // Boxed, because few requests need it and its future would enlarge that of every session.
    Box::pin(async {
        let act = engine.act(req).by_user(&found.identity).by_login(&found.login_id, Some(Via::Session));
        engine.logins.end(&found.login_id, EndReason::SessionProtected, &act, engine.clock.now()).await
    })
    .await?;
    // The values belong to the user of the ended login, and a client that knows the old key must not see new values.
    session.clear();
    session.renew();
    let cookies = &engine.browser.cookies;
    if raw_cookies::value_of(req.headers(), cookies.remember_name()).is_some() {
        set.extend(cookies.remember_removals());
    }
    Ok(false)
}
