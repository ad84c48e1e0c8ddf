//! The verifier of tokens. It accepts only unchanged tokens of an accepted issuer, for an accepted audience, at their
//! time.

use std::rc::Rc;
use std::time::Duration;

use super::compact;
use super::fault::TokenFault;
use super::key_ring::KeyRing;
use super::raw_claims::RawClaims;
use super::token_error::TokenError;
use super::token_hooks::KeyFinder;
use super::token_type::TokenType;
use super::verified::{Freshness, Verification, VerifiedToken};
use super::verified_token_cache::VerifiedTokenCache;
use crate::bridge::model::{Abilities, UnixTime, seconds};

/// The verifier of tokens.
pub(crate) struct Verifier {
    keys: KeyRing,
    /// Returns keys that are not in `keys`.
    finder: Option<Box<KeyFinder>>,
    issuers: Vec<String>,
    audiences: Vec<String>,
    leeway: UnixTime,
}

/// Whom a token may be for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Audience {
    /// The audiences of the verifier.
    Ours,
    /// Everybody.
    Any,
}

impl Verifier {
    /// A verifier for tokens from one of these issuers and for one of these audiences.
    pub(crate) fn new(
        keys: impl Into<KeyRing>,
        finder: Option<Box<KeyFinder>>,
        issuers: Vec<String>,
        audiences: Vec<String>,
        leeway: Duration,
    ) -> Self {
        Self { keys: keys.into(), finder, issuers, audiences, leeway: seconds(leeway) }
    }

    pub(crate) fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// Whether the key of a token that was verified is still one of ours. It may be gone since: the store that was asked for the
    /// login can have told.
    #[inline]
    pub(crate) fn has_key_of(&self, token: &VerifiedToken) -> bool {
        token.keys_version.is_none_or(|version| version == self.keys.version()) || self.finds_key_of(token)
    }

    #[cold]
    fn finds_key_of(&self, token: &VerifiedToken) -> bool {
        let header = token.header_members();
        let kid = header.as_ref().and_then(|header| header.get("kid")?.as_str());
        token.key_from_finder || kid.is_some_and(|kid| self.keys.keys().by_id(kid).is_some())
    }

    /// Whether the header of a token has one of the bridge's own types. Such a token must pass this verifier, and is
    /// never treated as an external one.
    pub(crate) fn has_own_type(&self, text: &str) -> bool {
        compact::has_own_type(text, &self.keys.keys())
    }

    /// Verifies a token of either type with the cache of the worker.
    pub(crate) fn verify(
        &self,
        text: &str,
        cache: &VerifiedTokenCache,
        now: UnixTime,
    ) -> Result<Verification, TokenError> {
        self.check_time(cache.get_or_open(text, self.keys.version(), || self.open(text, Audience::Ours))?, now)
    }

    /// Verifies a token of either type without a cache, for calls outside a request.
    pub(crate) fn verify_uncached(&self, text: &str, now: UnixTime) -> Result<Verification, TokenError> {
        self.check_time(Rc::new(self.open(text, Audience::Ours)?), now)
    }

    /// Verifies a token that was made here for whatever audience, to say what it is. It authenticates nobody here.
    pub(crate) fn verify_for_any_audience(&self, text: &str, now: UnixTime) -> Result<Verification, TokenError> {
        self.check_time(Rc::new(self.open(text, Audience::Any)?), now)
    }

    fn check_time(&self, token: Rc<VerifiedToken>, now: UnixTime) -> Result<Verification, TokenError> {
        self.check_not_before(&token, now)?;
        let expired = token.exp.is_some_and(|exp| self.is_expired(exp, now));
        Ok(Verification { token, expired })
    }

    /// Whether a token that expires at `exp` counts as expired.
    pub(crate) fn is_expired(&self, exp: UnixTime, now: UnixTime) -> bool {
        exp.saturating_add(self.leeway) <= now
    }

    /// When a token that expires at `exp` is accepted by nobody any more.
    pub(crate) fn expires_for_good_at(&self, exp: UnixTime) -> UnixTime {
        exp.saturating_add(self.leeway)
    }

    fn check_not_before(&self, token: &VerifiedToken, now: UnixTime) -> Result<(), TokenError> {
        let latest = now.saturating_add(self.leeway);
        match token.not_before {
            not_before if not_before <= latest => Ok(()),
            _ if token.issued_at > latest => Err(TokenError::Invalid(TokenFault::NotYetValid("iat"))),
            _ => Err(TokenError::Invalid(TokenFault::NotYetValid("nbf"))),
        }
    }

    /// Checks the claims that do not depend on the time.
    fn check_claims(
        &self,
        claims: &RawClaims<'_>,
        token_type: TokenType,
        audience: Audience,
    ) -> Result<(), TokenFault> {
        let not_allowed = |claim: &'static str| Err(TokenFault::ClaimValue(claim.into()));
        if claims.token_type != token_type.claim() {
            return not_allowed("type");
        }
        if !self.issuers.iter().any(|issuer| *issuer == claims.iss) {
            return Err(TokenFault::Issuer);
        }
        if audience == Audience::Ours && !claims.aud.includes_any(&self.audiences) {
            return Err(TokenFault::Audience);
        }
        if claims.sub.is_empty() {
            return not_allowed("sub");
        }
        if claims.jti.is_empty() {
            return not_allowed("jti");
        }
        if claims.generation.is_none() && token_type == TokenType::Refresh {
            return not_allowed("gen");
        }
        Ok(())
    }

    /// Verifies everything that does not depend on the time.
    fn open(&self, text: &str, audience: Audience) -> Result<VerifiedToken, TokenError> {
        // Before the keys: whoever reads it later sees that they are others.
        let version = self.keys.version();
        let opened = compact::open(text, &self.keys.keys(), self.finder.as_deref())?;
        let claims = RawClaims::parse(&opened.payload)?;
        self.check_claims(&claims, opened.token_type, audience)?;
        Ok(VerifiedToken {
            token_type: opened.token_type,
            freshness: Freshness::Bool(claims.fresh),
            sub: claims.sub.into_owned(),
            sid: Some(claims.sid.into_owned()),
            exp: Some(claims.exp),
            auth_time: claims.auth_time,
            generation: claims.generation,
            scope: claims.scope.map(|scope| Abilities::from_text(&*scope)),
            issued_at: claims.iat,
            csrf: claims.csrf.map(Into::into),
            not_before: claims.nbf.unwrap_or(claims.iat).max(claims.iat),
            key_from_finder: opened.key_from_finder,
            keys_version: Some(version),
            header: opened.header,
            payload: opened.payload,
        })
    }
}
