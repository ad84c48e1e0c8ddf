//! Chooses between several session cookies of a request that all have our signature.

use super::engine::Engine;
use crate::bridge::error::AuthError;
use crate::bridge::session::SignedSession;

/// The session cookie that counts: the one whose login is live, or else the first one that has no login. An error if
/// two of them belong to different live logins.
pub(crate) async fn choose_session(
    engine: &Engine,
    candidates: Vec<SignedSession>,
) -> Result<Option<SignedSession>, AuthError> {
    let now = engine.clock.now();
    let (mut signed_in, mut anonymous) = (None, None);
    for candidate in candidates {
        let Some(record) = engine.browser.sessions.load_session(&candidate.hash, now).await? else { continue };
        let Some(login) = record.login else {
            anonymous = anonymous.or(Some(candidate));
            continue;
        };
        if !engine.logins.find(&login).await?.is_some_and(|login| login.is_live(now)) {
            continue;
        }
        match &signed_in {
            None => signed_in = Some((login, candidate)),
            Some((first, _)) if *first == login => {}
            Some(_) => return Err(two_logins()),
        }
    }
    Ok(signed_in.map(|(_, candidate)| candidate).or(anonymous))
}

/// The refusal of cookies that belong to different logins. The response removes them.
pub(super) fn two_logins() -> AuthError {
    AuthError::InvalidRequest("The cookies belong to two logins. They have been removed: sign in again.".into())
}
