//! Chooses between several remember cookies of a request. Another host, or an earlier domain or path, may have set some
//! of them.

use actix_web::http::header::HeaderMap;

use super::engine::Engine;
use super::live_login::find_live;
use crate::bridge::credential::raw_cookies;
use crate::bridge::error::AuthError;
use crate::bridge::model::{Login, LoginId, UnixTime};
use crate::bridge::session::{Match, PresentedCookie};

/// How long after a rotation the previous remember cookie still gets the current one, in seconds. Requests that a
/// browser sends at the same time need this.
pub(super) const REMEMBER_GRACE: i64 = 30;

/// The remember cookie that counts.
pub(super) enum RememberChoice<'h> {
    /// The request has none.
    None,
    /// This value. It is the genuine one, or there is no genuine one.
    One(&'h str),
    /// Two cookies are genuine and belong to different logins.
    TwoLogins,
}

/// Chooses the remember cookie that counts. A single cookie is not checked here.
pub(super) async fn choose<'h>(
    engine: &Engine,
    headers: &'h HeaderMap,
    now: UnixTime,
) -> Result<RememberChoice<'h>, AuthError> {
    let mut values = raw_cookies::values_of(headers, engine.browser.cookies.remember_name());
    let Some(first) = values.next() else { return Ok(RememberChoice::None) };
    if values.next().is_none() {
        return Ok(RememberChoice::One(first));
    }
    let Checked { mut genuine, reused } = check_all(engine, headers, now).await?;
    if genuine.iter().any(|cookie| cookie.login.id != genuine[0].login.id) {
        genuine = with_usable_logins(engine, genuine, now).await?;
    }
    let Some(chosen) = genuine.first() else {
        // A reused cookie is a sign of theft, so it decides before one that is only invalid.
        return Ok(RememberChoice::One(reused.unwrap_or(first)));
    };
    let all_same = genuine.iter().all(|cookie| cookie.login.id == chosen.login.id);
    Ok(if all_same { RememberChoice::One(chosen.value) } else { RememberChoice::TwoLogins })
}

/// Drops the cookies whose user is disabled, deleted or has changed the password.
async fn with_usable_logins<'h>(
    engine: &Engine,
    genuine: Vec<GenuineCookie<'h>>,
    now: UnixTime,
) -> Result<Vec<GenuineCookie<'h>>, AuthError> {
    let mut usable = Vec::new();
    for cookie in genuine {
        match find_live(engine, &cookie.login.identity, &cookie.login.id, now).await {
            Ok(_) => usable.push(cookie),
            Err(unusable) if unusable.reason.status().is_server_error() => return Err(unusable.reason),
            Err(_) => {}
        }
    }
    Ok(usable)
}

/// The live logins of the genuine remember cookies of a request.
pub(crate) async fn genuine_logins(
    engine: &Engine,
    headers: &HeaderMap,
    now: UnixTime,
) -> Result<Vec<LoginId>, AuthError> {
    let genuine = check_all(engine, headers, now).await?.genuine;
    let mut logins: Vec<LoginId> = genuine.into_iter().map(|cookie| cookie.login.id).collect();
    logins.dedup();
    Ok(logins)
}

/// The users of these logins.
pub(super) async fn genuine_identities(
    engine: &Engine,
    headers: &HeaderMap,
    now: UnixTime,
) -> Result<Vec<String>, AuthError> {
    let genuine = check_all(engine, headers, now).await?.genuine;
    Ok(genuine.into_iter().map(|cookie| cookie.login.identity).collect())
}

#[derive(Default)]
struct Checked<'h> {
    genuine: Vec<GenuineCookie<'h>>,
    reused: Option<&'h str>,
}

/// A remember cookie that is valid, and whose login is live.
struct GenuineCookie<'h> {
    value: &'h str,
    login: Login,
}

async fn check_all<'h>(engine: &Engine, headers: &'h HeaderMap, now: UnixTime) -> Result<Checked<'h>, AuthError> {
    let browser = &engine.browser;
    let mut checked = Checked::default();
    for value in raw_cookies::values_of(headers, browser.cookies.remember_name()) {
        let Some(cookie) = PresentedCookie::parse(value) else { continue };
        let Some(login) = engine.logins.find_remembered(cookie.selector).await? else { continue };
        let Some(record) = login.remember.as_ref().filter(|record| now < record.expires_at) else { continue };
        match browser.remember_key.compare(&cookie, record, now, REMEMBER_GRACE) {
            Match::Forged => {}
            Match::Reused => checked.reused = checked.reused.or(Some(value)),
            Match::Current | Match::Previous if login.is_live(now) => {
                checked.genuine.push(GenuineCookie { value, login });
            }
            Match::Current | Match::Previous => {}
        }
    }
    Ok(checked)
}
