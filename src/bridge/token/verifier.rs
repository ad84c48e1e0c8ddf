//! The strict verifier: what it lets pass is a token that was issued here, as it was issued, for this use, now.

use std::rc::Rc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::bridge::error::auth_error::AuthError;
use crate::bridge::model::clock::UnixTime;
use crate::bridge::model::login::LoginId;
use crate::bridge::resolve::token_checks::{KeyFinder, TokenClaims};
use crate::bridge::token::TokenType;
use crate::bridge::token::claims::{Claims, RawClaims};
use crate::bridge::token::compact;
use crate::bridge::token::fault::TokenFault;
use crate::bridge::token::key_set::KeySet;
use crate::bridge::token::verified_token_cache::KnownTokens;

/// Checks tokens.
pub(crate) struct Verifier {
    keys: KeySet,
    /// Finds the keys that are not among those.
    finder: Option<Box<KeyFinder>>,
    issuers: Vec<String>,
    audiences: Vec<String>,
    leeway: UnixTime,
}

/// A token whose signature is right, and all else that does not depend on the time. Whether its login lives is not
/// known yet.
pub(crate) struct VerifiedToken {
    pub(crate) token_type: TokenType,
    pub(crate) freshness: Freshness,
    pub(crate) sub: String,
    /// The login that it belongs to. Tokens that were issued elsewhere belong to none.
    pub(crate) sid: Option<String>,
    /// `None`: it never expires.
    pub(crate) exp: Option<UnixTime>,
    pub(crate) auth_time: UnixTime,
    /// The generation of a refresh token; 0 for access tokens.
    pub(crate) generation: i64,
    /// What a request that brings the token in a cookie must repeat.
    pub(crate) csrf: Option<String>,
    /// Not before this: the later of `iat` and `nbf`.
    pub(crate) not_before: UnixTime,
    pub(crate) issued_at: UnixTime,
    /// The key was found for this token alone, and may be another one or none the next time.
    pub(crate) key_was_found: bool,
    /// The header, as JSON.
    pub(crate) header: Vec<u8>,
    /// The claims, as JSON.
    pub(crate) payload: Vec<u8>,
}

/// What a token says of its freshness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    Bool(bool),
    /// Fresh up to and including this time: the `fresh=timedelta(…)` of Flask-JWT-Extended.
    Until(UnixTime),
}

/// A verified token, and whether its time is over: then it may still end its login, and nothing else.
pub(crate) struct Verified {
    pub(crate) token: Rc<VerifiedToken>,
    pub(crate) expired: bool,
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
        let leeway = UnixTime::try_from(leeway.as_secs()).unwrap_or(UnixTime::MAX);
        Self { keys, finder, issuers, audiences, leeway }
    }

    pub(crate) fn keys(&self) -> &KeySet {
        &self.keys
    }

    /// Whether a token says that it is one of ours, and must be judged as such.
    pub(crate) fn is_own(&self, text: &str) -> bool {
        compact::says_own_type(text, &self.keys)
    }

    /// Verifies a token of either type, with what this worker has verified before.
    pub(crate) fn verify(&self, text: &str, known: &KnownTokens, now: UnixTime) -> Result<Verified, AuthError> {
        self.judge(known.get_or_open(text, || self.open(text))?, now)
    }

    /// Verifies a token of either type outside a request.
    pub(crate) fn verify_anew(&self, text: &str, now: UnixTime) -> Result<Verified, AuthError> {
        self.judge(Rc::new(self.open(text)?), now)
    }

    fn judge(&self, token: Rc<VerifiedToken>, now: UnixTime) -> Result<Verified, AuthError> {
        self.check_begun(&token, now)?;
        let expired = token.exp.is_some_and(|exp| exp.saturating_add(self.leeway) <= now);
        Ok(Verified { token, expired })
    }

    fn check_begun(&self, token: &VerifiedToken, now: UnixTime) -> Result<(), AuthError> {
        let latest = now.saturating_add(self.leeway);
        match token.not_before {
            begin if begin <= latest => Ok(()),
            _ if token.issued_at > latest => Err(AuthError::TokenInvalid(TokenFault::NotYetValid("iat"))),
            _ => Err(AuthError::TokenInvalid(TokenFault::NotYetValid("nbf"))),
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
    fn open(&self, text: &str) -> Result<VerifiedToken, AuthError> {
        let opened = compact::open(text, &self.keys, self.finder.as_deref()).map_err(AuthError::TokenInvalid)?;
        let claims = RawClaims::parse(&opened.payload).map_err(AuthError::TokenInvalid)?;
        self.check_claims(&claims, opened.token_type).map_err(AuthError::TokenInvalid)?;
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

impl Freshness {
    /// Whether the token counts as fresh now.
    pub(crate) fn holds(self, now: UnixTime) -> bool {
        match self {
            Self::Bool(fresh) => fresh,
            Self::Until(end) => now <= end,
        }
    }
}

impl VerifiedToken {
    /// What hooks are told.
    pub(crate) fn token_claims(&self) -> Option<TokenClaims> {
        Some(TokenClaims {
            token_type: self.token_type,
            header: serde_json::from_slice(&self.header).ok()?,
            all: serde_json::from_slice(&self.payload).ok()?,
        })
    }

    /// The login that it belongs to, for what can be done to a login only.
    pub(crate) fn login(&self) -> Result<LoginId, AuthError> {
        self.sid.clone().map(LoginId::from).ok_or(NO_LOGIN)
    }

    /// All claims, as they are at this time.
    pub(crate) fn claims(&self, now: UnixTime) -> Option<Claims> {
        self.claims_when(self.freshness.holds(now))
    }

    /// All claims, of a token that is fresh or not.
    pub(crate) fn claims_when(&self, fresh: bool) -> Option<Claims> {
        let all: Map<String, Value> = serde_json::from_slice(&self.payload).ok()?;
        Some(Claims {
            fresh,
            iat: all.get("iat").and_then(Value::as_i64),
            jti: all.get("jti").and_then(Value::as_str).map(str::to_owned),
            sub: self.sub.clone(),
            exp: self.exp,
            sid: self.sid.clone(),
            auth_time: self.auth_time,
            all,
        })
    }
}

/// What a token that belongs to no login is told where one is needed.
pub(crate) const NO_LOGIN: AuthError =
    AuthError::CredentialConflict("This token belongs to no login: nothing is there to end, refresh or confirm.");
