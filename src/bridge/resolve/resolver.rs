//! From a credential to a principal: the one place where it is decided who a request is. Reading, refreshing and
//! signing out all come here, so they cannot disagree.

use std::rc::Rc;

use actix_web::HttpRequest;

use super::by_session::OfCookies;
use super::engine::Engine;
use super::principal::Principal;
use super::requirement::{RequiredFace, Requirement};
use super::resolution::{Resolution, Verdict};
use super::{by_custom_credential, by_session, by_token};
use crate::bridge::credential::{Choice, Presented};
use crate::bridge::error::AuthError;
use crate::bridge::model::{AuthEvent, LoginId};
use crate::bridge::token::VerifiedTokenCache;

/// The refusal of a token where only a browser's session is accepted.
pub(crate) const NOT_A_BROWSER: AuthError =
    AuthError::CredentialConflict("This is for browsers that are signed in. Leave the token out.");

/// Decides who a request is, under a requirement.
pub(crate) async fn resolve(
    engine: &Engine,
    cache: &VerifiedTokenCache,
    presented: &Presented,
    requirement: &Requirement,
    req: &HttpRequest,
) -> Resolution {
    let choice = engine.reader.search.choose(presented, requirement.locations.as_deref(), requirement.wanted);
    let mut resolution = match choice {
        Choice::Refused(error) => Verdict::Rejected(error).into(),
        Choice::Token(_) if requirement.face == RequiredFace::Browser => Verdict::Rejected(NOT_A_BROWSER).into(),
        Choice::Token(token) => {
            let now = engine.clock.now();
            match by_token::verify(engine, cache, presented, req, &token, now) {
                Ok(verified) => {
                    let verdict = match by_token::resolve(engine, &verified, token.location, requirement, now).await {
                        Ok(principal) => accepted_from_request(engine, principal),
                        Err(error) => Verdict::Rejected(error),
                    };
                    Resolution { token: Some(verified.token), ..verdict.into() }
                }
                Err(error) => Verdict::Rejected(error).into(),
            }
        }
        Choice::Nothing => match &presented.custom {
            Some(credential) => Box::pin(by_custom(engine, credential, requirement)).await.into(),
            // A token that this route does not look for does not open it, and no session is there beside one.
            None if requirement.face == RequiredFace::Token || presented.has_token() => {
                Verdict::Absent(AuthError::LoginRequired).into()
            }
            // Boxed, so that the future of a token carries no room for this one.
            None => Box::pin(by_cookies(engine, req)).await,
        },
    };
    if let Verdict::Accepted(found) = &resolution.verdict
        && requirement.fresh_at_once
        && !found.fresh
    {
        resolution.verdict = Verdict::Rejected(engine.reauth_required());
    }
    log(engine, presented, requirement, &resolution);
    resolution
}

async fn by_custom(engine: &Engine, credential: &str, requirement: &Requirement) -> Verdict {
    match requirement.face {
        RequiredFace::Browser => Verdict::Rejected(NOT_A_BROWSER),
        RequiredFace::Token => Verdict::Absent(AuthError::LoginRequired),
        RequiredFace::Any => match by_custom_credential::resolve(engine, credential).await {
            Ok(principal) => accepted_from_request(engine, principal),
            Err(error) => Verdict::Rejected(error),
        },
    }
}

async fn by_cookies(engine: &Engine, req: &HttpRequest) -> Resolution {
    let mut cookies = Vec::new();
    match by_session::resolve(engine, req, &mut cookies).await {
        Ok(OfCookies { verdict, disabled_user }) => Resolution { disabled_user, cookies, ..verdict.into() },
        Err(error) => Resolution { cookies, ..Verdict::Rejected(error).into() },
    }
}

/// Accepts a credential that the request itself brought.
fn accepted_from_request(engine: &Engine, principal: Principal) -> Verdict {
    engine.events.emit(|| AuthEvent::UserLoadedFromRequest {
        user: principal.identity.clone(),
        login: principal.login_id.clone(),
    });
    Verdict::Accepted(Rc::new(principal))
}

/// The explanation that every refusal leaves: which credential decided, and how.
fn log(engine: &Engine, presented: &Presented, requirement: &Requirement, resolution: &Resolution) {
    match &resolution.verdict {
        Verdict::Accepted(principal) => tracing::debug!(
            login.id = principal.login_id.as_ref().map(LoginId::as_str),
            credential.via = principal.via.as_str(),
            credential.location = principal.location.as_str(),
            "credential accepted"
        ),
        Verdict::Rejected(error) => {
            let login = resolution.token.as_ref().and_then(|token| token.sid.clone());
            tracing::info!(code = error.code(), login.id = login, reason = %error, "credential rejected");
        }
        Verdict::Absent(error) => {
            let absences = || {
                let search = &engine.reader.search;
                search.absences(presented, requirement.locations.as_deref(), requirement.wanted)
            };
            tracing::debug!(code = error.code(), token = absences(), "no credential");
        }
    }
}
