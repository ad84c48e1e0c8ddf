//! The tokens of the Flask application as external tokens of the bridge.

use std::rc::Rc;

use super::manager::JwtManager;
use super::pyjwt::CheckedToken;
use super::python_json::{Json, Object};
use super::tokens::to_serde_map;
use crate::bridge::credential::Csrf;
use crate::bridge::error::AuthError;
use crate::bridge::model::{Abilities, UnixTime};
use crate::bridge::resolve::ExternalTokens;
use crate::bridge::token::{Freshness, TokenType, Verification, VerifiedToken};

impl ExternalTokens for JwtManager {
    fn verify(&self, text: &str, now: UnixTime, csrf: Csrf<'_>) -> Result<Verification, AuthError> {
        let submitted = match csrf {
            Csrf::NotNeeded => None,
            Csrf::Submitted(value) => Some(value),
        };
        let CheckedToken { header, claims, expired } = self.0.check(text, submitted, now, true)?;
        to_serde_map(&header)?;
        to_serde_map(&claims)?;
        let time = |name| claims.get(name).and_then(Json::to_int).map(to_time);
        let issued_at = time("iat").unwrap_or_default();
        let token = VerifiedToken {
            keys_version: None,
            token_type: token_type(&claims),
            freshness: freshness(&claims),
            sub: claims.get(&self.0.config.identity_claim).map(Json::to_identity).unwrap_or_default(),
            sid: None,
            exp: time("exp"),
            auth_time: issued_at,
            generation: None,
            scope: scope(&claims),
            csrf: claims.get("csrf").and_then(Json::as_text).map(str::to_owned),
            issued_at,
            not_before: time("nbf").unwrap_or(issued_at),
            key_from_finder: false,
            header: header.to_string().into_bytes(),
            payload: claims.to_string().into_bytes(),
        };
        Ok(Verification { token: Rc::new(token), expired })
    }

    fn renew(&self, token: &VerifiedToken, now: UnixTime) -> Result<Option<String>, AuthError> {
        const NOT_COPIED: [&str; 9] = ["fresh", "iat", "jti", "type", "nbf", "csrf", "aud", "iss", "exp"];
        let identity_claim = &self.0.config.identity_claim;
        let claims = token.claims_with_freshness(false).map(|claims| claims.all).unwrap_or_default();
        let Some(identity) = claims.get(identity_claim).filter(|_| self.0.can_sign()) else { return Ok(None) };
        let mut renewed = self.create_access_token(identity.clone()).issued_at(now);
        for (name, value) in &claims {
            if !NOT_COPIED.contains(&name.as_str()) && name != identity_claim {
                renewed = renewed.claim(name, value.clone());
            }
        }
        renewed.issue().map(Some)
    }

    fn finds_users(&self) -> bool {
        self.0.finds_users
    }
}

/// The type of a token. Every `type` claim other than `refresh` means an access token.
fn token_type(claims: &Object) -> TokenType {
    match claims.get("type").and_then(Json::as_text) {
        Some("refresh") => TokenType::Refresh,
        _ => TokenType::Access,
    }
}

/// The `scope` claim. One that is no text allows nothing, because nobody knows what it was meant to allow.
fn scope(claims: &Object) -> Option<Abilities> {
    let claim = claims.get("scope")?;
    Some(Abilities::from_text(claim.as_text().unwrap_or_default()))
}

/// The `fresh` claim. A value that is neither a boolean nor a time means not fresh; Flask-JWT-Extended answers 500 where
/// such a token must be fresh.
fn freshness(claims: &Object) -> Freshness {
    match claims.get("fresh") {
        Some(Json::Bool(fresh)) => Freshness::Bool(*fresh),
        Some(Json::Int(time)) => Freshness::Until(to_time(*time)),
        Some(Json::Float(time)) => Freshness::Until(time.floor() as UnixTime),
        _ => Freshness::Bool(false),
    }
}

fn to_time(seconds: i128) -> UnixTime {
    UnixTime::try_from(seconds).unwrap_or(if seconds < 0 { UnixTime::MIN } else { UnixTime::MAX })
}
