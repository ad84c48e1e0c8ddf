//! What becomes of a token that somebody else has received: whether it is good now, for RFC 7662.

use serde::Serialize;
use serde_json::{Map, Value};

use super::by_token;
use super::engine::{ApiTokens, Engine};
use super::live_login::check_live;
use super::{by_api_token, rotation};
use crate::bridge::credential::Chosen;
use crate::bridge::error::AuthError;
use crate::bridge::model::{CredentialLocation, UnixTime};
use crate::bridge::token::{TokenError, TokenFault, TokenType, Verification};

/// What a token says that is good now (RFC 7662 section 2.2). Its serialization is the body of the response.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Introspection {
    active: bool,
    /// The claims, with `token_use`: `access`, `refresh` or `api`.
    #[serde(flatten)]
    pub claims: Map<String, Value>,
}

impl Introspection {
    /// Whether the token is for one of these audiences. An API token has none, and is for this service.
    pub fn is_for(&self, audiences: &[String]) -> bool {
        let is_one = |value: &Value| value.as_str().is_some_and(|value| audiences.iter().any(|one| one == value));
        match self.claims.get("aud") {
            Some(Value::Array(values)) => values.iter().any(is_one),
            Some(value) => is_one(value),
            None => false,
        }
    }
}

/// What a token says, if it is good now. Nothing is recorded: whoever asks does not use it.
pub(crate) async fn introspect(engine: &Engine, text: &str, now: UnixTime) -> Result<Option<Introspection>, AuthError> {
    if let Some(tokens) = engine.api_tokens_for(text) {
        return unless_refused(of_api_token(engine, tokens, text, now).await);
    }
    unless_refused(of_token(engine, text, now).await)
}

/// A refusal says that the token is not good, and no more.
fn unless_refused(result: Result<Map<String, Value>, AuthError>) -> Result<Option<Introspection>, AuthError> {
    match result {
        Ok(claims) => Ok(Some(Introspection { active: true, claims })),
        Err(error) if error.status().is_server_error() => Err(error),
        Err(_) => Ok(None),
    }
}

/// Verifies a token of the bridge outside a request, also with a key that another node has made.
pub(crate) async fn verify(engine: &Engine, text: &str, now: UnixTime) -> Result<Verification, AuthError> {
    let verifier = &engine.tokens.verifier;
    let verified = match verifier.verify_for_any_audience(text, now) {
        Err(TokenError::Invalid(TokenFault::UnknownKey)) if verifier.keys().learn().await? => {
            verifier.verify_for_any_audience(text, now)
        }
        verified => verified,
    };
    Ok(verified?)
}

async fn of_token(engine: &Engine, text: &str, now: UnixTime) -> Result<Map<String, Value>, AuthError> {
    let Verification { token, expired } = verify(engine, text, now).await?;
    if expired {
        return Err(AuthError::TokenExpired);
    }
    if let Some(check) = engine.checks.check(&token, true, now) {
        check.await?;
    }
    let login_id = token.login_id().ok_or(AuthError::LoginEnded)?;
    let found = engine.users.find_with_login(&token.sub, &login_id, &*engine.logins).await?;
    let (_, login) = check_live(&token.sub, found, now)?;
    by_token::require_key(engine, &token)?;
    engine.revoked.check(&token)?;
    let is_old = match token.token_type {
        TokenType::Access => token.generation.is_some_and(|generation| login.is_of_earlier_series(generation)),
        TokenType::Refresh => {
            token.generation != Some(login.refresh_generation)
                && !rotation::is_good_predecessor(engine, &token, &login, now)
        }
    };
    if is_old {
        return Err(AuthError::TokenRevoked);
    }
    let unreadable = AuthError::Misconfigured("the claims of a token could not be read again");
    let mut claims = token.claims(now).ok_or(unreadable)?.all;
    claims.remove("csrf");
    claims.remove("type");
    claims.insert("token_use".to_owned(), token.token_type.claim().into());
    if token.token_type == TokenType::Access {
        claims.insert("token_type".to_owned(), "Bearer".into());
    }
    Ok(claims)
}

async fn of_api_token(
    engine: &Engine,
    tokens: &ApiTokens,
    text: &str,
    now: UnixTime,
) -> Result<Map<String, Value>, AuthError> {
    let presented = Chosen { text, location: CredentialLocation::Header, presented_as: TokenType::Access };
    let (user, token) = by_api_token::find_genuine(engine, tokens, &presented).await?;
    by_api_token::check_live(user, &token, now)?;
    let mut claims = Map::new();
    for (name, value) in [
        ("token_use", Value::from("api")),
        ("token_type", "Bearer".into()),
        ("sub", token.identity.as_str().into()),
        ("jti", token.id.as_str().into()),
        ("iat", token.created_at.into()),
        ("scope", token.abilities.to_string().into()),
    ] {
        claims.insert(name.to_owned(), value);
    }
    if let Some(expires_at) = token.expires_at {
        claims.insert("exp".to_owned(), expires_at.into());
    }
    Ok(claims)
}
