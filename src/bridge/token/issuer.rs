//! The issuer of tokens.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value};

use super::extras::Extras;
use super::key_ring::KeyRing;
use super::signer::Signer;
use super::token_error::TokenError;
use super::token_hooks::{IdentityHook, IssueHooks};
use super::token_type::TokenType;
use super::written_claims::WrittenClaims;
use crate::bridge::model::{Abilities, Login, UnixTime, random, seconds};

/// The settings for the claims and the lifetimes of tokens.
#[derive(Clone, Debug)]
pub(crate) struct TokenProfile {
    pub(crate) issuer: String,
    /// The audiences of new tokens, at least one.
    pub(crate) audiences: Vec<String>,
    /// Issuers that are accepted in addition to `issuer`.
    pub(crate) accepted_issuers: Vec<String>,
    /// Audiences that are accepted in addition to `audiences`.
    pub(crate) accepted_audiences: Vec<String>,
    /// Whether tokens have an `nbf` claim.
    pub(crate) nbf: bool,
    /// Whether tokens have a `csrf` claim. A token in a cookie needs one.
    pub(crate) csrf: bool,
    pub(crate) access_ttl: Duration,
    pub(crate) refresh_ttl: Duration,
    /// The lifetime of an unused refresh token, if it is shorter than `refresh_ttl`.
    pub(crate) refresh_idle_ttl: Option<Duration>,
}

/// An access token and the refresh token that renews it: the body of a token response (RFC 6749 section 5.1).
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct TokenPair {
    /// The access token. It authenticates requests for a short time.
    pub access_token: String,
    /// The refresh token. It can be used for one refresh.
    pub refresh_token: String,
    /// The token type, always `Bearer`.
    pub token_type: &'static str,
    /// The lifetime of the access token in seconds.
    pub expires_in: i64,
}

impl fmt::Debug for TokenPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenPair").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// What differs from the profile in one access token.
#[derive(Default)]
pub(crate) struct PairOptions<'a> {
    pub(crate) access_ttl: Option<Duration>,
    /// Empty: the audiences of the profile.
    pub(crate) audiences: &'a [String],
    /// The generation of another pair than the current one. Then the use of the token confirms no rotation.
    pub(crate) generation: Option<i64>,
    pub(crate) scope: Option<&'a Abilities>,
}

/// The issuer of tokens.
pub(crate) struct Issuer {
    keys: KeyRing,
    profile: TokenProfile,
    /// Derives the id and the `csrf` claim of refresh tokens. Concurrent refreshes with the same token must get the
    /// same successor, so these values cannot be random.
    successor_key: hmac::Key,
    hooks: IssueHooks,
}

impl Issuer {
    pub(crate) fn new(
        keys: impl Into<KeyRing>,
        profile: TokenProfile,
        successor_key: hmac::Key,
        hooks: IssueHooks,
    ) -> Self {
        Self { keys: keys.into(), profile, successor_key, hooks }
    }

    /// The signer for the tokens of a user. `extras` are added to those of the hooks and replace those of the same
    /// name.
    ///
    /// Mistakes of the application are found here, before a store is changed.
    pub(crate) fn signer(&self, identity: &str, extras: Extras) -> Result<Signer, TokenError> {
        let mut all = self.hook_extras(identity);
        all.extend(extras);
        self.signer_with(identity, all)
    }

    /// The additional claims and headers that the hooks return for a user.
    pub(super) fn hook_extras(&self, identity: &str) -> Extras {
        let members_of = |hook: &IdentityHook<Map<String, Value>>| {
            hook.as_ref().map(|extra_for| extra_for(identity)).unwrap_or_default()
        };
        Extras { claims: members_of(&self.hooks.extra_claims), headers: members_of(&self.hooks.extra_headers) }
    }

    /// The signer for the tokens of a user, with exactly these additional claims and headers.
    pub(super) fn signer_with(&self, identity: &str, extras: Extras) -> Result<Signer, TokenError> {
        let user_key = self.hooks.signing_key.as_ref().and_then(|key_for| key_for(identity));
        Signer::new(self.keys.clone(), user_key, extras)
    }

    /// A token pair for a login. The refresh token depends only on the login record: its id, its generation and the
    /// time of its last rotation, and on the scope. Both tokens have the scope, so that a refresh cannot widen it.
    pub(crate) fn pair(
        &self,
        signer: &Signer,
        login: &Login,
        fresh: bool,
        now: UnixTime,
        options: &PairOptions<'_>,
    ) -> Result<TokenPair, TokenError> {
        let scope = options.scope;
        let access_exp = expiry(now, options.access_ttl.unwrap_or(self.profile.access_ttl), login);
        let (access_id, refresh_id) = (random::base64url::<16>(), self.derive_refresh_value(login, scope, ""));
        let (access_csrf, refresh_csrf) =
            (self.new_csrf(), self.profile.csrf.then(|| self.derive_refresh_value(login, scope, "csrf.")));
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
            aud: if options.audiences.is_empty() { &self.profile.audiences } else { options.audiences },
            scope: scope.map(Abilities::as_str),
            generation: Some(options.generation.unwrap_or(login.refresh_generation)),
        };
        // After the clock was set back, a token that begins at the rotation would not be valid yet.
        let rotated = login.refresh_rotated_at.min(now);
        let refresh = WrittenClaims {
            fresh: false,
            iat: rotated,
            jti: &refresh_id,
            token_type: TokenType::Refresh.claim(),
            nbf: self.nbf(rotated),
            csrf: refresh_csrf.as_deref(),
            exp: self.refresh_expiry(login, now),
            aud: &self.profile.audiences,
            generation: Some(login.refresh_generation),
            ..access
        };
        Ok(TokenPair {
            refresh_token: signer.sign(TokenType::Refresh, &refresh, now)?,
            access_token: signer.sign(TokenType::Access, &access, now)?,
            token_type: "Bearer",
            expires_in: access_exp - now,
        })
    }

    /// The expiry of the current refresh token of a login.
    pub(crate) fn refresh_expiry(&self, login: &Login, now: UnixTime) -> UnixTime {
        let profile = &self.profile;
        let unused = profile.refresh_idle_ttl.map_or(profile.refresh_ttl, |idle| idle.min(profile.refresh_ttl));
        expiry(login.refresh_rotated_at.min(now), unused, login)
    }

    /// A value for the current refresh token of a login. `purpose` makes the values for different claims differ.
    fn derive_refresh_value(&self, login: &Login, scope: Option<&Abilities>, purpose: &str) -> String {
        let mut seed = format!("{purpose}{}.{}", login.id, login.refresh_generation);
        if let Some(scope) = scope {
            // Tokens of the same generation with different scopes are different tokens.
            seed.push('.');
            seed.push_str(scope.as_str());
        }
        let tag = hmac::sign(&self.successor_key, seed.as_bytes());
        URL_SAFE_NO_PAD.encode(&tag.as_ref()[..16])
    }

    /// A new value for the `csrf` claim, if tokens have one.
    pub(super) fn new_csrf(&self) -> Option<String> {
        self.profile.csrf.then(random::base64url::<16>)
    }

    /// The value of the `nbf` claim, if tokens have one.
    pub(super) fn nbf(&self, issued_at: UnixTime) -> Option<UnixTime> {
        self.profile.nbf.then_some(issued_at)
    }

    pub(super) fn access_ttl(&self) -> UnixTime {
        seconds(self.profile.access_ttl)
    }

    /// The lifetime of a login that has only tokens.
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

/// The expiry of a token. It is never later than that of its login.
fn expiry(from: UnixTime, ttl: Duration, login: &Login) -> UnixTime {
    from.saturating_add(seconds(ttl)).min(login.expires_at)
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("profile", &self.profile).finish_non_exhaustive()
    }
}
