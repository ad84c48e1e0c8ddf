//! Chooses between several session cookies of a request that all have our signature.

use super::engine::Engine;
use crate::bridge::error::AuthError;
use crate::bridge::session::SignedSession;

/// The session cookie that counts: the one whose login is live, or else the first one that has no login.
///
/// If two of them belong to different live logins, their sessions end and the request is refused. The response removes the
/// cookie where the bridge sets it. But the other one may have another domain or path, which the request does not name: it
/// would be sent again after every sign-in, and lock the user out.
pub(crate) async fn choose_session(
    engine: &Engine,
    candidates: Vec<SignedSession>,
) -> Result<Option<SignedSession>, AuthError> {
    let now = engine.clock.now();
    let (mut signed_in, mut anonymous) = (Vec::new(), None);
    for candidate in candidates {
        let Some(record) = engine.browser.sessions.load_session(&candidate.hash, now).await? else { continue };
        let Some(login) = record.login else {
            anonymous = anonymous.or(Some(candidate));
            continue;
        };
        if engine.logins.find(&login).await?.is_some_and(|login| login.is_live(now)) {
            signed_in.push((login, candidate));
        }
    }
    if signed_in.windows(2).any(|pair| pair[0].0 != pair[1].0) {
        for (_, session) in &signed_in {
            engine.browser.sessions.delete_session(&session.hash).await?;
        }
        return Err(two_logins());
    }
    Ok(signed_in.into_iter().next().map(|(_, candidate)| candidate).or(anonymous))
}

/// The refusal of cookies that belong to different logins. The response removes them.
pub(super) fn two_logins() -> AuthError {
    AuthError::InvalidRequest("The cookies belong to two logins. They have been removed: sign in again.".into())
}
