//! The policy for requests with a token and with cookies of ours. Reading, refreshing and signing out call it.

use std::future::Future;
use std::pin::Pin;

use actix_web::{HttpMessage as _, HttpRequest};

use super::conflict_policy::ConflictPolicy;
use super::engine::{ApiTokens, Engine};
use super::remember_choice::genuine_identities;
use super::requirement::Requirement;
use super::{by_api_token, by_token, two_tokens};
use crate::bridge::credential::{Choice, Chosen, Presented};
use crate::bridge::error::AuthError;
use crate::bridge::model::UnixTime;
use crate::bridge::session::SeveralSessions;
use crate::bridge::token::VerifiedTokenCache;

const BOTH: AuthError = AuthError::CredentialConflict(
    "The request brings a token and a cookie of a signed-in browser. Send one of them: leave the cookies or the token out.",
);
const TWO_USERS: AuthError = AuthError::CredentialConflict(
    "The token and the cookie of the request belong to different users. Send one of them: leave the cookies or the token \
     out.",
);

/// A check that may have to read the stores.
type Check<'a> = Pin<Box<dyn Future<Output = Result<(), AuthError>> + 'a>>;

/// Checks a request under the policy of its route. `None`: there is nothing to check, which costs one comparison under the
/// default policy.
///
/// An invalid token is no conflict here, because it is refused as such.
#[inline]
pub(crate) fn check<'a>(
    engine: &'a Engine,
    cache: &'a VerifiedTokenCache,
    presented: &'a Presented,
    requirement: &Requirement,
    req: &'a HttpRequest,
) -> Option<Check<'a>> {
    match requirement.conflict.unwrap_or(engine.conflict) {
        ConflictPolicy::PreferToken => None,
        _ if !presented.has_token() || !brings_cookies(engine, req) => None,
        ConflictPolicy::RejectBoth => Some(Box::pin(std::future::ready(Err(BOTH)))),
        ConflictPolicy::RequireSameUser => {
            let token = match two_tokens::choose(engine, cache, presented, requirement, req) {
                Choice::Token(token) => Some(token),
                Choice::Nothing | Choice::Two(_) | Choice::Refused(_) => None,
            };
            Some(Box::pin(async move {
                let now = engine.clock.now();
                let identity = match token {
                    Some(token) => match engine.api_tokens_for(token.text) {
                        Some(tokens) => api_token_identity(engine, tokens, &token).await?,
                        None => {
                            let verified = by_token::verify(engine, cache, presented, req, &token, now);
                            verified.ok().map(|verified| verified.token.sub.clone())
                        }
                    },
                    None => custom_identity(engine, presented).await?,
                };
                match identity {
                    Some(identity) => check_same_user(engine, req, &identity, now).await,
                    None => Ok(()),
                }
            }))
        }
    }
}

/// Whether the request brings a session or remember cookie, valid or not.
fn brings_cookies(engine: &Engine, req: &HttpRequest) -> bool {
    engine.browser.cookies.any_in_headers(req.headers()) || req.extensions().contains::<SeveralSessions>()
}

/// The identity of an API token, if it is genuine.
async fn api_token_identity(
    engine: &Engine,
    tokens: &ApiTokens,
    presented: &Chosen<'_>,
) -> Result<Option<String>, AuthError> {
    match by_api_token::find_genuine(engine, tokens, presented).await {
        Ok((_, token)) => Ok(Some(token.identity)),
        Err(error @ AuthError::StoreUnavailable(_)) => Err(error),
        Err(_) => Ok(None),
    }
}

/// The identity of a custom credential, if it is valid.
async fn custom_identity(engine: &Engine, presented: &Presented) -> Result<Option<String>, AuthError> {
    match engine.reader.custom.as_ref().zip(presented.custom.as_deref()) {
        Some((loader, credential)) => Ok(loader.find(credential).await?.map(|found| found.identity)),
        None => Ok(None),
    }
}

/// Refuses cookies that belong to a live login of another user. The session is not the request's: it is only read here.
async fn check_same_user(engine: &Engine, req: &HttpRequest, identity: &str, now: UnixTime) -> Result<(), AuthError> {
    let browser = &engine.browser;
    let mut sessions = browser.session_hashes(req.headers());
    if let Some(SeveralSessions(several)) = req.extensions().get() {
        sessions.extend(several);
    }
    for hash in sessions {
        let Some(record) = browser.sessions.load_session(&hash, now).await? else { continue };
        let Some(login) = record.login else { continue };
        // Not `find_live`, which records the use of the login.
        let login = engine.logins.find(&login).await?.filter(|login| login.is_live(now));
        if login.is_some_and(|login| login.identity != identity) {
            return Err(TWO_USERS);
        }
    }
    let remembered = genuine_identities(engine, req.headers(), now).await?;
    if remembered.iter().any(|remembered| remembered != identity) { Err(TWO_USERS) } else { Ok(()) }
}
