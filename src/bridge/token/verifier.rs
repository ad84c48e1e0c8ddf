//! The strict verifier: what it lets pass is a token that was issued here, as it was issued, for this use, now.

use std::rc::Rc;
use std::time::Duration;

use super::compact;
use super::fault::TokenFault;
use super::key_set::KeySet;
use super::raw_claims::RawClaims;
use super::token_error::TokenError;
use super::token_hooks::KeyFinder;
use super::token_type::TokenType;
use super::verified::{Freshness, Verification, VerifiedToken};
use super::verified_token_cache::VerifiedTokenCache;
use crate::bridge::model::{UnixTime, seconds};

/// Checks tokens.
pub(crate) struct Verifier {
    keys: KeySet,
    /// Finds the keys that are not among those.
    finder: Option<Box<KeyFinder>>,
    issuers: Vec<String>,
    audiences: Vec<String>,
    leeway: UnixTime,
}

impl Verifier {
    /// Tokens must be from one of these issuers and for one of these audiences.
    pub(crate) fn new(
        keys: KeySet,
        finder: Option<Box<KeyFinder>>,
        issuers: Vec<String>,
        audiences: Vec<String>,
        leeway: Duration,
    ) -> Self {
        Self { keys, finder, issuers, audiences, leeway: seconds(leeway) }
    }

    pub(crate) fn keys(&self) -> &KeySet {
        &self.keys
    }

    /// Whether a token says that it is one of ours, and must be judged as such.
    pub(crate) fn is_own(&self, text: &str) -> bool {
        compact::says_own_type(text, &self.keys)
    }

    /// Verifies a token of either type, with what this worker has verified before.
    pub(crate) fn verify(
        &self,
        text: &str,
        cache: &VerifiedTokenCache,
        now: UnixTime,
    ) -> Result<Verification, TokenError> {
        self.judge(cache.get_or_open(text, || self.open(text))?, now)
    }

    /// Verifies a token of either type outside a request.
    pub(crate) fn verify_anew(&self, text: &str, now: UnixTime) -> Result<Verification, TokenError> {
        self.judge(Rc::new(self.open(text)?), now)
    }

    fn judge(&self, token: Rc<VerifiedToken>, now: UnixTime) -> Result<Verification, TokenError> {
        self.check_begun(&token, now)?;
        let expired = token.exp.is_some_and(|exp| exp.saturating_add(self.leeway) <= now);
        Ok(Verification { token, expired })
    }

    fn check_begun(&self, token: &VerifiedToken, now: UnixTime) -> Result<(), TokenError> {
        let latest = now.saturating_add(self.leeway);
        match token.not_before {
            begin if begin <= latest => Ok(()),
            _ if token.issued_at > latest => Err(TokenError::Invalid(TokenFault::NotYetValid("iat"))),
            _ => Err(TokenError::Invalid(TokenFault::NotYetValid("nbf"))),
        }
    }

    /// Whether these are claims of ours, whatever the time.
    fn check_claims(&self, claims: &RawClaims<'_>, token_type: TokenType) -> Result<(), TokenFault> {
        let unlike_ours = |claim: &'static str| Err(TokenFault::ClaimValue(claim.into()));
        if claims.token_type != token_type.claim() {
            return unlike_ours("type");
        }
        if !self.issuers.iter().any(|issuer| *issuer == claims.iss) {
            return Err(TokenFault::Issuer);
        }
        if !claims.aud.meets(&self.audiences) {
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
    fn open(&self, text: &str) -> Result<VerifiedToken, TokenError> {
        let opened = compact::open(text, &self.keys, self.finder.as_deref())?;
        let claims = RawClaims::parse(&opened.payload)?;
        self.check_claims(&claims, opened.token_type)?;
        Ok(VerifiedToken {
            token_type: opened.token_type,
            freshness: Freshness::Bool(claims.fresh),
            sub: claims.sub.into_owned(),
            sid: Some(claims.sid.into_owned()),
            exp: Some(claims.exp),
            auth_time: claims.auth_time,
            generation: claims.generation.unwrap_or(0),
            issued_at: claims.iat,
            csrf: claims.csrf.map(Into::into),
            not_before: claims.nbf.unwrap_or(claims.iat).max(claims.iat),
            key_was_found: opened.key_was_found,
            header: opened.header,
            payload: opened.payload,
        })
    }
}
