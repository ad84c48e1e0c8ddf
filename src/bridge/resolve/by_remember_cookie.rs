//! Opens a session for a remember cookie, and rotates and renews the cookie.

use std::rc::Rc;

use actix_session::Session;
use actix_web::HttpRequest;
use actix_web::cookie::Cookie;

use super::engine::Engine;
use super::freshness::Proof;
use super::live_login::find_live;
use super::principal::Principal;
use super::remember_choice::{self, REMEMBER_GRACE, RememberChoice};
use super::resolution::Verdict;
use super::session_choice::two_logins;
use crate::bridge::credential::raw_cookies;
use crate::bridge::error::AuthError;
use crate::bridge::model::{
    AuthEvent, CredentialLocation, EndReason, KnownUser, Login, RememberRecord, UnixTime, Via, seconds,
};
use crate::bridge::session::{Match, PresentedCookie, SessionMetadata, face};

/// The expiry of a cookie is renewed when it would move by at least this much, in seconds. So most requests cost no
/// write.
const RENEW_AFTER: UnixTime = 60;

/// Opens a session for the remember cookie of a request, and rotates the cookie. Cookies for the response are added to
/// `set`, also where this fails.
pub(super) async fn resolve(
    engine: &Engine,
    req: &HttpRequest,
    session: &Session,
    set: &mut Vec<Cookie<'static>>,
) -> Result<Verdict, AuthError> {
    let browser = &engine.browser;
    let absent = Ok(Verdict::Absent(AuthError::LoginRequired));
    let now = engine.clock.now();
    let value = match remember_choice::choose(engine, req.headers(), now).await? {
        RememberChoice::None => return absent,
        RememberChoice::One(value) => value,
        RememberChoice::TwoLogins => {
            set.extend(browser.cookies.remember_removals());
            return Ok(Verdict::Rejected(two_logins()));
        }
    };
    let restored = match PresentedCookie::parse(value) {
        Some(cookie) => restore_login(engine, req, &cookie, now).await?,
        None => None,
    };
    let Some((user, login)) = restored else {
        set.extend(browser.cookies.remember_removals());
        return absent;
    };
    let mut metadata = SessionMetadata { stale: true, bound: true, ..SessionMetadata::default() };
    if let Some(remember) = &login.remember {
        set.push(browser.cookies.remember(browser.remember_key.value(remember), now, remember.expires_at));
        metadata.remember_generation = Some(remember.generation);
        metadata.remembered_for = Some(remembered_for(remember, seconds(browser.remember_ttl)));
    }
    face::open(browser, req, session, &login, metadata)?;
    tracing::info!(login.id = %login.id, "session restored by remember cookie");
    engine.events.emit(|| AuthEvent::UserLoadedFromCookie { user: login.identity.clone(), login: login.id.clone() });
    let proof = Proof::new(None, now);
    let principal = Principal::of_login(login, user.user, Via::Remember, CredentialLocation::Cookie, false, proof);
    Ok(Verdict::Accepted(Rc::new(principal)))
}

/// Finds the user and the login of a remember cookie, and rotates the cookie's record. The login is as it is after
/// that.
async fn restore_login(
    engine: &Engine,
    req: &HttpRequest,
    cookie: &PresentedCookie<'_>,
    now: UnixTime,
) -> Result<Option<(KnownUser, Login)>, AuthError> {
    let browser = &engine.browser;
    let Some(found) = engine.logins.find_remembered(cookie.selector).await? else { return Ok(None) };
    let Some(record) = &found.remember else { return Ok(None) };
    if now >= record.expires_at {
        return Ok(None);
    }
    let (identity, login_id) = (found.identity.clone(), found.id.clone());
    let act = || engine.act(req).by_user(&identity).by_login(&login_id, Some(Via::Remember));
    match browser.remember_key.compare(cookie, record, now, REMEMBER_GRACE) {
        Match::Forged => return Ok(None),
        Match::Reused => {
            engine.logins.end(&login_id, EndReason::RememberReused, &act(), now).await?;
            tracing::warn!(login.id = %login_id, "a remember cookie was used after its successor; login ended");
            return Ok(None);
        }
        // Of several requests with this cookie one rotates it. The others compute the same successor.
        Match::Current => {
            let mut next = browser.remember_key.successor(record, now);
            if browser.cookies.remember_cookie.renews {
                let remembered_for = remembered_for(record, seconds(browser.remember_ttl));
                next.expires_at = next.expires_at.max(renewed_expiry(&found, remembered_for, now));
            }
            engine.logins.rotate_remember(&login_id, &next, &act(), &engine.clock).await?;
        }
        Match::Previous => {}
    }
    match find_live(engine, &identity, &login_id, now).await {
        // A change of password that keeps the login has replaced the cookie meanwhile.
        Ok((_, login)) if login.credential_epoch != found.credential_epoch => Ok(None),
        Ok(live) => Ok(Some(live)),
        Err(unusable) if unusable.reason.status().is_server_error() => Err(unusable.reason),
        Err(_) => Ok(None),
    }
}

/// Extends the remember cookie that came with a session, where the settings say that cookies are renewed.
pub(super) async fn renew(
    engine: &Engine,
    req: &HttpRequest,
    login: &Login,
    metadata: SessionMetadata,
    now: UnixTime,
    set: &mut Vec<Cookie<'static>>,
) -> Result<(), AuthError> {
    let browser = &engine.browser;
    let Some(record) = &login.remember else { return Ok(()) };
    let remembered_for = metadata.remembered_for.unwrap_or(seconds(browser.remember_ttl));
    let expires_at = renewed_expiry(login, remembered_for, now);
    let is_current = raw_cookies::values_of(req.headers(), browser.cookies.remember_name()).any(|value| {
        PresentedCookie::parse(value).is_some_and(|cookie| {
            cookie.selector == record.selector
                && browser.remember_key.compare(&cookie, record, now, 0) == Match::Current
        })
    });
    if !is_current || now >= record.expires_at || expires_at - record.expires_at < RENEW_AFTER {
        return Ok(());
    }
    if engine.logins.extend_remember(&login.id, record.generation, expires_at, now).await? {
        set.push(browser.cookies.remember(browser.remember_key.value(record), now, expires_at));
    }
    Ok(())
}

/// How long a browser is to be remembered, in seconds. It is computed from the cookie's record, because the session
/// that held the value has ended. It is at most `usual`.
fn remembered_for(record: &RememberRecord, usual: UnixTime) -> UnixTime {
    usual.min(record.expires_at - record.rotated_at)
}

/// The expiry of a cookie that is renewed now: after `remembered_for` seconds, but not after its login ends.
fn renewed_expiry(login: &Login, remembered_for: UnixTime, now: UnixTime) -> UnixTime {
    login.expires_at.min(now.saturating_add(remembered_for))
}
