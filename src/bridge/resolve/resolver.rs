//! The resolver: it chooses the credential that decides, checks it, and returns its principal.

use std::rc::Rc;

use actix_web::HttpRequest;

use super::by_session::CookieResolution;
use super::engine::Engine;
use super::explain::explain;
use super::principal::Principal;
use super::requirement::{RequiredFace, Requirement};
use super::resolution::{Resolution, Verdict};
use super::{by_api_token, by_custom_credential, by_session, by_token, conflict, two_tokens, unread};
use crate::bridge::credential::{Choice, Presented, TWO_TOKENS};
use crate::bridge::error::AuthError;
use crate::bridge::model::{AuthEvent, LoginId};
use crate::bridge::token::{TokenFault, VerifiedTokenCache};

/// The refusal of a token where only a browser session is accepted.
pub(crate) const BROWSER_SESSION_ONLY: AuthError =
    AuthError::CredentialConflict("This is for browsers that are signed in. Leave the token out.");

/// Resolves the credential of a request under a requirement.
pub(crate) async fn resolve(
    engine: &Engine,
    cache: &VerifiedTokenCache,
    presented: &Presented,
    requirement: &Requirement,
    req: &HttpRequest,
) -> Resolution {
    // Before the choice, which would enlarge the future if it had to be kept.
    if let Some(check) = conflict::check(engine, cache, presented, requirement, req)
        && let Err(error) = check.await
    {
        return rejected(engine, cache, presented, requirement, req, error);
    }
    let choice = two_tokens::choose(engine, cache, presented, requirement, req);
    let mut resolution = match choice {
        Choice::Two(_) => Verdict::Rejected(AuthError::InvalidRequest(TWO_TOKENS.into())).into(),
        Choice::Refused(error) => Verdict::Rejected(error).into(),
        Choice::Token(_) if requirement.face == RequiredFace::Browser => Verdict::Rejected(BROWSER_SESSION_ONLY).into(),
        Choice::Token(token) => {
            let now = engine.clock.now();
            if let Some(tokens) = engine.api_tokens_for(token.text) {
                // Boxed to keep the future of an access token small.
                match Box::pin(by_api_token::resolve(engine, tokens, &token, requirement, now)).await {
                    Ok(principal) => accept(engine, principal),
                    Err(error) => Verdict::Rejected(error),
                }
                .into()
            } else {
                let verified = match by_token::verify(engine, cache, presented, req, &token, now) {
                    Err(AuthError::TokenInvalid(TokenFault::UnknownKey)) => {
                        // Boxed to keep the future of a known token small.
                        Box::pin(by_token::learn_and_verify(engine, cache, presented, req, &token, now)).await
                    }
                    verified => verified,
                };
                match verified {
                    Ok(verified) => {
                        let verdict =
                            match by_token::resolve(engine, req, &verified, token.location, requirement, now).await {
                                Ok(principal) => accept(engine, principal),
                                Err(error) => Verdict::Rejected(error),
                            };
                        Resolution { token: Some(verified.token), ..verdict.into() }
                    }
                    Err(error) => Verdict::Rejected(error).into(),
                }
            }
        }
        Choice::Nothing => match &presented.custom {
            Some(credential) => Box::pin(resolve_custom(engine, credential, requirement)).await.into(),
            // A token in another location than those of this route is not accepted, and beside a token no session
            // exists.
            None if requirement.face == RequiredFace::Token || presented.has_token() => {
                Verdict::Absent(AuthError::LoginRequired).into()
            }
            None => match unread::in_body(engine, presented, req.method()) {
                Some(detail) => Verdict::Rejected(AuthError::TokenNotRead(detail.into())).into(),
                // Boxed to keep the future of a token small.
                None => Box::pin(resolve_cookies(engine, req)).await,
            },
        },
    };
    if requirement.enforced
        && let Verdict::Accepted(principal) = &resolution.verdict
        && let Err(error) = requirement.check(engine, principal)
    {
        resolution.verdict = Verdict::Rejected(error);
    }
    log_resolution(engine, cache, presented, requirement, req, &resolution);
    resolution
}

/// Rejects a request before a token is chosen.
fn rejected(
    engine: &Engine,
    cache: &VerifiedTokenCache,
    presented: &Presented,
    requirement: &Requirement,
    req: &HttpRequest,
    error: AuthError,
) -> Resolution {
    let resolution = Verdict::Rejected(error).into();
    log_resolution(engine, cache, presented, requirement, req, &resolution);
    resolution
}

async fn resolve_custom(engine: &Engine, credential: &str, requirement: &Requirement) -> Verdict {
    match requirement.face {
        RequiredFace::Browser => Verdict::Rejected(BROWSER_SESSION_ONLY),
        RequiredFace::Token => Verdict::Absent(AuthError::LoginRequired),
        RequiredFace::Any => match by_custom_credential::resolve(engine, credential).await {
            Ok(principal) => accept(engine, principal),
            Err(error) => Verdict::Rejected(error),
        },
    }
}

async fn resolve_cookies(engine: &Engine, req: &HttpRequest) -> Resolution {
    let mut cookies = Vec::new();
    match by_session::resolve(engine, req, &mut cookies).await {
        Ok(CookieResolution { verdict, disabled_user }) => Resolution { disabled_user, cookies, ..verdict.into() },
        Err(error) => Resolution { cookies, ..Verdict::Rejected(error).into() },
    }
}

/// Accepts the principal of a token or a custom credential, and emits the event.
fn accept(engine: &Engine, principal: Principal) -> Verdict {
    engine.events.emit(|| AuthEvent::UserLoadedFromRequest {
        user: principal.identity.clone(),
        login: principal.login_id.clone(),
    });
    Verdict::Accepted(Rc::new(principal))
}

/// Logs which credential decided, and the result. This explains every refusal.
fn log_resolution(
    engine: &Engine,
    cache: &VerifiedTokenCache,
    presented: &Presented,
    requirement: &Requirement,
    req: &HttpRequest,
    resolution: &Resolution,
) {
    // Called for an event that somebody reads.
    let explanation = || {
        let (verdict, token) = (&resolution.verdict, resolution.token.as_deref());
        explain(engine, cache, presented, requirement, req, verdict, token)
    };
    match &resolution.verdict {
        Verdict::Accepted(principal) => tracing::debug!(
            login.id = principal.login_id.as_ref().map(LoginId::as_str),
            api_token.id = principal.api_token().map(|token| token.id.as_str()),
            credential.via = principal.via.as_str(),
            credential.location = principal.location.as_str(),
            explanation = %explanation(),
            "credential accepted"
        ),
        Verdict::Rejected(error) => {
            let login = resolution.token.as_ref().and_then(|token| token.sid.clone());
            tracing::info!(code = error.code(), login.id = login, reason = %error, "credential rejected");
            tracing::debug!(explanation = %explanation(), "why the credential was rejected");
        }
        Verdict::Absent(error) => {
            tracing::debug!(code = error.code(), explanation = %explanation(), "no credential");
        }
    }
}
