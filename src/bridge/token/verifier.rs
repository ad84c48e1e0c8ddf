//! The strict verifier: what it lets pass is a token that was issued here, as it was issued, for this use, now.

use std::time::Duration;

use super::TokenType;
use super::claims::{Claims, RawClaims};
use super::compact;
use super::keys::KeySet;
use crate::bridge::clock::UnixTime;
use crate::bridge::error::AuthError;

/// Checks tokens.
#[derive(Debug)]
pub(crate) struct Verifier {
    keys: KeySet,
    issuer: String,
    audience: String,
    leeway: UnixTime,
}

/// A token that passed: signature, type, issuer, audience and times are right. Whether its login lives is not known yet.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) token_type: TokenType,
    pub(crate) fresh: bool,
    pub(crate) sub: String,
    pub(crate) sid: String,
    pub(crate) exp: UnixTime,
    pub(crate) auth_time: UnixTime,
    /// Whether `exp` has passed.
    pub(crate) expired: bool,
    /// The generation of a refresh token; 0 for access tokens.
    pub(crate) generation: i64,
    payload: Vec<u8>,
}

impl Verifier {
    pub(crate) fn new(keys: KeySet, issuer: String, audience: String, leeway: Duration) -> Self {
        Self { keys, issuer, audience, leeway: UnixTime::try_from(leeway.as_secs()).unwrap_or(UnixTime::MAX) }
    }

    pub(crate) fn keys(&self) -> &KeySet {
        &self.keys
    }

    /// Verifies a token of this type that has not expired.
    pub(crate) fn verify(&self, text: &str, wanted: TokenType, now: UnixTime) -> Result<Verified, AuthError> {
        let verified = self.verify_any(text, now)?;
        if verified.token_type != wanted {
            return Err(AuthError::TokenWrongType);
        }
        if verified.expired {
            return Err(AuthError::TokenExpired);
        }
        Ok(verified)
    }

    /// Verifies a token of either type, expired or not: enough to end its login, and for nothing else.
    pub(crate) fn verify_any(&self, text: &str, now: UnixTime) -> Result<Verified, AuthError> {
        let opened = compact::open(text, &self.keys).ok_or(AuthError::TokenInvalid)?;
        let claims: RawClaims<'_> = serde_json::from_slice(&opened.payload).map_err(|_| AuthError::TokenInvalid)?;
        let genuine = claims.token_type == opened.token_type.claim()
            && claims.iss == self.issuer
            && claims.aud.contains(&self.audience)
            && !claims.sub.is_empty()
            && !claims.jti.is_empty()
            && claims.iat <= now.saturating_add(self.leeway)
            && claims.nbf.is_none_or(|nbf| nbf <= now.saturating_add(self.leeway))
            && claims.generation.is_some() == (opened.token_type == TokenType::Refresh);
        if !genuine {
            return Err(AuthError::TokenInvalid);
        }
        Ok(Verified {
            token_type: opened.token_type,
            fresh: claims.fresh,
            sub: claims.sub.into_owned(),
            sid: claims.sid.into_owned(),
            exp: claims.exp,
            auth_time: claims.auth_time,
            expired: claims.exp.saturating_add(self.leeway) <= now,
            generation: claims.generation.unwrap_or(0),
            payload: opened.payload,
        })
    }
}

impl Verified {
    /// All claims, for a handler that asks for them.
    pub(crate) fn claims(&self) -> Option<Claims> {
        let raw: RawClaims<'_> = serde_json::from_slice(&self.payload).ok()?;
        Some(Claims {
            fresh: raw.fresh,
            iat: raw.iat,
            jti: raw.jti.into_owned(),
            sub: raw.sub.into_owned(),
            exp: raw.exp,
            sid: raw.sid.into_owned(),
            auth_time: raw.auth_time,
            all: serde_json::from_slice(&self.payload).ok()?,
        })
    }
}
