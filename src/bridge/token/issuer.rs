//! Issues tokens.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value};

use super::extras::Extras;
use super::key_set::KeySet;
use super::signer::Signer;
use super::token_error::TokenError;
use super::token_hooks::{IssueHooks, OfIdentity};
use super::token_type::TokenType;
use super::written_claims::WrittenClaims;
use crate::bridge::model::{Login, UnixTime, random, seconds};

/// What tokens say and how long they live.
#[derive(Clone, Debug)]
pub(crate) struct TokenProfile {
    pub(crate) issuer: String,
    /// One or several.
    pub(crate) audiences: Vec<String>,
    /// Who may have issued a token besides, and whom it may be for besides.
    pub(crate) accepted_issuers: Vec<String>,
    pub(crate) accepted_audiences: Vec<String>,
    /// Whether tokens have an `nbf`.
    pub(crate) nbf: bool,
    /// Whether tokens have a `csrf`, which they need to be used from a cookie.
    pub(crate) csrf: bool,
    pub(crate) access_ttl: Duration,
    pub(crate) refresh_ttl: Duration,
}

/// An access token and the refresh token to renew it with: the body of a token response (RFC 6749 section 5.1).
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct TokenPair {
    /// Authenticates requests for a short while.
    pub access_token: String,
    /// Good for one refresh.
    pub refresh_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// How long the access token lives, in seconds.
    pub expires_in: i64,
}

impl fmt::Debug for TokenPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenPair").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// Issues tokens.
pub(crate) struct Issuer {
    keys: KeySet,
    profile: TokenProfile,
    /// Derives what refresh tokens have of their own, so that racers who refresh at once get the same successor.
    successors: hmac::Key,
    hooks: IssueHooks,
}

impl Issuer {
    pub(crate) fn new(keys: KeySet, profile: TokenProfile, successors: hmac::Key, hooks: IssueHooks) -> Self {
        Self { keys, profile, successors, hooks }
    }

    /// What signs tokens of this user, with what is given for them and what the hooks say besides. Whatever an
    /// application may have put together wrongly shows here, before anything is changed in a store.
    pub(crate) fn signer(&self, identity: &str, given: Extras) -> Result<Signer<'_>, TokenError> {
        let mut extras = self.of_hooks(identity);
        extras.extend(given);
        self.signer_with(identity, extras)
    }

    /// What the hooks say of this user.
    pub(super) fn of_hooks(&self, identity: &str) -> Extras {
        let of_hook = |hook: &OfIdentity<Map<String, Value>>| {
            hook.as_ref().map(|extra_for| extra_for(identity)).unwrap_or_default()
        };
        Extras { claims: of_hook(&self.hooks.extra_claims), headers: of_hook(&self.hooks.extra_headers) }
    }

    pub(super) fn signer_with(&self, identity: &str, extras: Extras) -> Result<Signer<'_>, TokenError> {
        let found = self.hooks.signing_key.as_ref().and_then(|key_for| key_for(identity));
        Signer::new(&self.keys, found, extras)
    }

    /// A pair for a login. The refresh token follows from the login's record alone: its id, its generation and the
    /// time of its last rotation. `access_ttl` is the access token's, if not the usual one.
    pub(crate) fn pair(
        &self,
        signer: &Signer<'_>,
        login: &Login,
        fresh: bool,
        now: UnixTime,
        access_ttl: Option<Duration>,
    ) -> Result<TokenPair, TokenError> {
        let access_exp = until(now, access_ttl.unwrap_or(self.profile.access_ttl), login);
        let (access_id, refresh_id) = (random::base64url::<16>(), self.of_refresh_token(login, ""));
        let (access_csrf, refresh_csrf) =
            (self.new_csrf(), self.profile.csrf.then(|| self.of_refresh_token(login, "csrf.")));
        let access = WrittenClaims {
            fresh,
            iat: now,
            jti: &access_id,
            token_type: TokenType::Access.claim(),
            sub: &login.identity,
            nbf: self.nbf(now),
            csrf: access_csrf.as_deref(),
            exp: access_exp,
            sid: login.id.as_str(),
            auth_time: login.auth_time,
            iss: &self.profile.issuer,
            aud: &self.profile.audiences,
            generation: None,
        };
        let rotated = login.refresh_rotated_at;
        let refresh = WrittenClaims {
            fresh: false,
            iat: rotated,
            jti: &refresh_id,
            token_type: TokenType::Refresh.claim(),
            nbf: self.nbf(rotated),
            csrf: refresh_csrf.as_deref(),
            exp: until(rotated, self.profile.refresh_ttl, login),
            generation: Some(login.refresh_generation),
            ..access
        };
        Ok(TokenPair {
            refresh_token: signer.sign(TokenType::Refresh, &refresh)?,
            access_token: signer.sign(TokenType::Access, &access)?,
            token_type: "Bearer",
            expires_in: access_exp - now,
        })
    }

    /// A value of the refresh token that a login has now.
    fn of_refresh_token(&self, login: &Login, purpose: &str) -> String {
        let seed = format!("{purpose}{}.{}", login.id, login.refresh_generation);
        let tag = hmac::sign(&self.successors, seed.as_bytes());
        URL_SAFE_NO_PAD.encode(&tag.as_ref()[..16])
    }

    /// A `csrf` claim, if tokens carry one.
    pub(super) fn new_csrf(&self) -> Option<String> {
        self.profile.csrf.then(random::base64url::<16>)
    }

    /// An `nbf` claim, if tokens carry one.
    pub(super) fn nbf(&self, issued_at: UnixTime) -> Option<UnixTime> {
        self.profile.nbf.then_some(issued_at)
    }

    pub(super) fn access_ttl(&self) -> UnixTime {
        seconds(self.profile.access_ttl)
    }

    /// How long a refresh token lives that is not used.
    pub(crate) fn refresh_ttl(&self) -> Duration {
        self.profile.refresh_ttl
    }

    pub(super) fn issuer(&self) -> &str {
        &self.profile.issuer
    }

    pub(super) fn audiences(&self) -> &[String] {
        &self.profile.audiences
    }
}

/// No token outlives its login.
fn until(from: UnixTime, ttl: Duration, login: &Login) -> UnixTime {
    from.saturating_add(seconds(ttl)).min(login.expires_at)
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("profile", &self.profile).finish_non_exhaustive()
    }
}
