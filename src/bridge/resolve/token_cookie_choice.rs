//! Chooses between several cookies of one name that hold different tokens. Another host may have set one of them, or this
//! application under other settings.

use std::mem;
use std::rc::Rc;

use super::engine::Engine;
use super::session_choice::two_logins;
use crate::bridge::credential::{Csrf, Presented};
use crate::bridge::error::AuthError;
use crate::bridge::model::UnixTime;
use crate::bridge::token::{TokenType, Verification, VerifiedToken};

/// Sets the cookies that count: of each name the newest token of a live login, or else the first token with our signature.
/// An error if two tokens of one name belong to different live logins.
pub(crate) async fn choose_token_cookies(engine: &Engine, presented: &mut Presented) -> Result<(), AuthError> {
    let now = engine.clock.now();
    for (token_type, texts) in mem::take(&mut presented.repeated_cookies) {
        if let Some(token) = choose(engine, token_type, texts, now).await? {
            presented.set_cookie(token_type, token);
        }
    }
    Ok(())
}

async fn choose(
    engine: &Engine,
    token_type: TokenType,
    texts: Vec<String>,
    now: UnixTime,
) -> Result<Option<String>, AuthError> {
    let mut chosen: Option<(Rc<VerifiedToken>, String)> = None;
    let mut over = None;
    for text in texts {
        let Some(Verification { token, expired }) = verify(engine, &text, now) else { continue };
        if token.token_type != token_type {
            continue;
        }
        if expired || !is_live(engine, &token, now).await? {
            over = over.or(Some(text));
            continue;
        }
        match &chosen {
            Some((other, _)) if (&other.sid, &other.sub) != (&token.sid, &token.sub) => return Err(two_logins()),
            Some((other, _)) if age(other) >= age(&token) => {}
            _ => chosen = Some((token, text)),
        }
    }
    Ok(chosen.map(|(_, text)| text).or(over))
}

/// The order of the tokens of one login.
fn age(token: &VerifiedToken) -> (Option<i64>, UnixTime) {
    (token.generation, token.issued_at)
}

/// Verifies a token without the CSRF checks, which are made when it authenticates the request.
fn verify(engine: &Engine, text: &str, now: UnixTime) -> Option<Verification> {
    let verifier = &engine.tokens.verifier;
    match &engine.external {
        Some(external) if !verifier.has_own_type(text) => external.verify(text, now, Csrf::NotNeeded).ok(),
        _ => verifier.verify_uncached(text, now).ok(),
    }
}

async fn is_live(engine: &Engine, token: &VerifiedToken, now: UnixTime) -> Result<bool, AuthError> {
    let Some(id) = token.login_id() else { return Ok(true) };
    Ok(engine.logins.find(&id).await?.is_some_and(|login| login.is_live(now)))
}
