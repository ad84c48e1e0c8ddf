//! The strict verifier: what it lets pass is a token that was issued here, as it was issued, for this use, now.

use std::rc::Rc;
use std::time::Duration;

use super::TokenType;
use super::claims::{Claims, RawClaims};
use super::compact;
use super::fault::TokenFault;
use super::key_set::KeySet;
use super::known::KnownTokens;
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

/// A token that was issued here: signature, type, issuer and audience are right, whatever the time. Whether its login
/// lives is not known yet.
#[derive(Debug)]
pub(crate) struct Genuine {
    pub(crate) token_type: TokenType,
    pub(crate) fresh: bool,
    pub(crate) sub: String,
    pub(crate) sid: String,
    pub(crate) exp: UnixTime,
    pub(crate) auth_time: UnixTime,
    /// The generation of a refresh token; 0 for access tokens.
    pub(crate) generation: i64,
    /// Not before this: the later of `iat` and `nbf`.
    not_before: UnixTime,
    issued_at: UnixTime,
    payload: Vec<u8>,
}

impl Verifier {
    pub(crate) fn new(keys: KeySet, issuer: String, audience: String, leeway: Duration) -> Self {
        Self { keys, issuer, audience, leeway: UnixTime::try_from(leeway.as_secs()).unwrap_or(UnixTime::MAX) }
    }

    pub(crate) fn keys(&self) -> &KeySet {
        &self.keys
    }

    /// Verifies an access token, with what this worker has verified before.
    pub(crate) fn verify_access(
        &self,
        text: &str,
        known: &KnownTokens,
        now: UnixTime,
    ) -> Result<Rc<Genuine>, AuthError> {
        let token = known.get_or_open(text, || self.open(text))?;
        self.check(&token, TokenType::Access, now)?;
        Ok(token)
    }

    /// Verifies a refresh token.
    pub(crate) fn verify_refresh(&self, text: &str, now: UnixTime) -> Result<Genuine, AuthError> {
        let token = self.open(text)?;
        self.check(&token, TokenType::Refresh, now)?;
        Ok(token)
    }

    /// Verifies a token of either type, expired or not, and tells whether it is: enough to end its login, and for
    /// nothing else.
    pub(crate) fn verify_any(&self, text: &str, now: UnixTime) -> Result<(Genuine, bool), AuthError> {
        let token = self.open(text)?;
        self.check_begun(&token, now)?;
        let expired = self.has_expired(&token, now);
        Ok((token, expired))
    }

    fn check(&self, token: &Genuine, wanted: TokenType, now: UnixTime) -> Result<(), AuthError> {
        self.check_begun(token, now)?;
        if token.token_type != wanted {
            return Err(AuthError::TokenWrongType { wanted });
        }
        if self.has_expired(token, now) {
            return Err(AuthError::TokenExpired);
        }
        Ok(())
    }

    fn check_begun(&self, token: &Genuine, now: UnixTime) -> Result<(), AuthError> {
        let latest = now.saturating_add(self.leeway);
        match token.not_before {
            begin if begin <= latest => Ok(()),
            _ if token.issued_at > latest => Err(AuthError::TokenInvalid(TokenFault::NotYetValid("iat"))),
            _ => Err(AuthError::TokenInvalid(TokenFault::NotYetValid("nbf"))),
        }
    }

    fn has_expired(&self, token: &Genuine, now: UnixTime) -> bool {
        token.exp.saturating_add(self.leeway) <= now
    }

    /// Whether these are claims of ours, whatever the time.
    fn check_claims(&self, claims: &RawClaims<'_>, token_type: TokenType) -> Result<(), TokenFault> {
        let unlike_ours = |claim: &'static str| Err(TokenFault::ClaimValue(claim.into()));
        if claims.token_type != token_type.claim() {
            return unlike_ours("type");
        }
        if claims.iss != self.issuer {
            return Err(TokenFault::Issuer);
        }
        if !claims.aud.contains(&self.audience) {
            return Err(TokenFault::Audience);
        }
        if claims.sub.is_empty() {
            return unlike_ours("sub");
        }
        if claims.jti.is_empty() {
            return unlike_ours("jti");
        }
        if claims.generation.is_some() != (token_type == TokenType::Refresh) {
            return unlike_ours("gen");
        }
        Ok(())
    }

    /// What does not depend on the time.
    fn open(&self, text: &str) -> Result<Genuine, AuthError> {
        let opened = compact::open(text, &self.keys).map_err(AuthError::TokenInvalid)?;
        let claims = RawClaims::parse(&opened.payload).map_err(AuthError::TokenInvalid)?;
        self.check_claims(&claims, opened.token_type).map_err(AuthError::TokenInvalid)?;
        Ok(Genuine {
            token_type: opened.token_type,
            fresh: claims.fresh,
            sub: claims.sub.into_owned(),
            sid: claims.sid.into_owned(),
            exp: claims.exp,
            auth_time: claims.auth_time,
            generation: claims.generation.unwrap_or(0),
            issued_at: claims.iat,
            not_before: claims.nbf.unwrap_or(claims.iat).max(claims.iat),
            payload: opened.payload,
        })
    }
}

impl Genuine {
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
