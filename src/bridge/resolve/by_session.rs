//! From the cookies of a browser to a principal: by its session, else by its remember cookie.

use std::any::Any;
use std::rc::Rc;

use actix_session::{Session, SessionExt as _};
use actix_web::HttpRequest;
use actix_web::cookie::Cookie;

use super::by_remember_cookie;
use super::engine::Engine;
use super::live_login::{Ended, live};
use super::principal::{Principal, Via};
use super::resolution::Verdict;
use crate::bridge::credential::raw_cookies;
use crate::bridge::error::AuthError;
use crate::bridge::model::{AuthEvent, CredentialLocation, EndReason};
use crate::bridge::session::{SessionLogin, SessionProtection};

/// What the cookies of a browser led to.
pub(super) struct OfCookies {
    pub(super) verdict: Verdict,
    /// The user of a live session who is disabled.
    pub(super) disabled_user: Option<Rc<dyn Any>>,
}

impl From<Verdict> for OfCookies {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, disabled_user: None }
    }
}

/// Who the cookies say that the request is. Cookies to be set on the response are added to `set`, also where it fails.
pub(super) async fn resolve(
    engine: &Engine,
    req: &HttpRequest,
    set: &mut Vec<Cookie<'static>>,
) -> Result<OfCookies, AuthError> {
    let session = req.get_session();
    let Some(mut found) = SessionLogin::of(req, &session) else {
        return Ok(by_remember_cookie::resolve(engine, req, &session, set).await?.into());
    };
    if !protect(engine, req, &session, &mut found, set).await? {
        return Ok(Verdict::Absent(AuthError::LoginEnded).into());
    }
    match by_session(engine, req, &found, set).await {
        Ok(principal) => Ok(Verdict::Accepted(Rc::new(principal)).into()),
        Err(ended) if ended.why.status().is_server_error() => Err(ended.why),
        Err(Ended { why: why @ AuthError::UserDisabled, disabled_user }) if found.metadata.forced => {
            Ok(OfCookies { verdict: Verdict::Absent(why), disabled_user })
        }
        // The browser sent what it had; that its login is over leaves it with nothing.
        Err(ended) => {
            // Its other values were the user's, and are not for whoever signs in next. Clearing is enough, and
            // purging would be too much: nothing can be put into a purged session in the same request.
            session.clear();
            Ok(Verdict::Absent(ended.why).into())
        }
    }
}

async fn by_session(
    engine: &Engine,
    req: &HttpRequest,
    found: &SessionLogin,
    set: &mut Vec<Cookie<'static>>,
) -> Result<Principal, Ended> {
    let now = engine.clock.now();
    let (user, login) = live(engine, &found.identity, &found.login_id, now).await?;
    by_remember_cookie::renew(engine, req, &login, found.metadata, now, set).await?;
    let fresh = !found.metadata.stale && engine.is_fresh(login.auth_time, now);
    Ok(Principal::of_login(login, user.user, Via::Session, CredentialLocation::Cookie, fresh))
}

/// Protects the session of a request. `false` when its login has been ended.
pub(crate) async fn protect(
    engine: &Engine,
    req: &HttpRequest,
    session: &Session,
    found: &mut SessionLogin,
    set: &mut Vec<Cookie<'static>>,
) -> Result<bool, AuthError> {
    let protection = engine.browser.protection;
    if !protection.detects_other_client(req, session) {
        return Ok(true);
    }
    tracing::warn!(login.id = %found.login_id, mode = ?protection, "a session came from another client");
    engine.events.emit(|| AuthEvent::SessionProtected { user: found.identity.clone(), login: found.login_id.clone() });
    if protection == SessionProtection::Basic {
        found.make_stale(session)?;
        return Ok(true);
    }
    engine.logins.end(&found.login_id, EndReason::SessionProtected, engine.clock.now()).await?;
    // What is put into the session from now on is for nobody who was in it before.
    session.clear();
    session.renew();
    let cookies = &engine.browser.cookies;
    if raw_cookies::value_of(req.headers(), cookies.remember_name()).is_some() {
        set.push(cookies.remember_removal());
    }
    Ok(false)
}
