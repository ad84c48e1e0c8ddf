//! The login that a browser had before it gets another one.

use actix_web::HttpRequest;

use crate::bridge::error::AuthError;
use crate::bridge::model::{Act, EndReason, LoginId, UnixTime};
use crate::bridge::resolve::{Engine, by_session, genuine_logins};

/// Ends the logins that the browser had before, except `kept`: that of its session, and those of its remember cookies.
pub(super) async fn end(
    engine: &Engine,
    req: &HttpRequest,
    kept: Option<&LoginId>,
    act: &Act,
    now: UnixTime,
) -> Result<(), AuthError> {
    let mut previous = genuine_logins(engine, req.headers(), now).await?;
    if let Some(found) = by_session::session_login(engine, req).await?
        && !previous.contains(&found.login_id)
    {
        previous.push(found.login_id);
    }
    for login in previous.iter().filter(|login| Some(*login) != kept) {
        if engine.logins.end(login, EndReason::Replaced, act, now).await? {
            tracing::info!(login.id = %login, "login replaced by another one in the same browser");
        }
    }
    Ok(())
}
