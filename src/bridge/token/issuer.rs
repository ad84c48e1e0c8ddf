//! Issues tokens.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::TokenType;
use super::compact::MAX_LENGTH;
use super::extras::{self, Extras};
use super::key_set::{self, KeySet};
use super::keys::TokenKey;
use crate::bridge::clock::UnixTime;
use crate::bridge::error::AuthError;
use crate::bridge::hooks::{IssueHooks, OfIdentity};
use crate::bridge::login::Login;
use crate::bridge::random;

/// What tokens say and how long they live.
#[derive(Clone, Debug)]
pub(crate) struct TokenConfig {
    pub(crate) issuer: String,
    /// One or several.
    pub(crate) audiences: Vec<String>,
    /// Who may have issued a token besides, and whom it may be for besides.
    pub(crate) accepted_issuers: Vec<String>,
    pub(crate) accepted_audiences: Vec<String>,
    /// Whether tokens have an `nbf`.
    pub(crate) nbf: bool,
    /// Whether tokens have a `csrf`, because they are sent in cookies.
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

/// Signs tokens.
pub(crate) struct Issuer {
    keys: KeySet,
    config: TokenConfig,
    /// Derives the ids of refresh tokens, so that racers who refresh at once get the same successor.
    successors: hmac::Key,
    hooks: IssueHooks,
}

/// The claims in the order that Flask-JWT-Extended writes them, then ours.
#[derive(Serialize)]
struct WrittenClaims<'a> {
    fresh: bool,
    iat: UnixTime,
    jti: &'a str,
    #[serde(rename = "type")]
    token_type: &'static str,
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<UnixTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    csrf: Option<&'a str>,
    exp: UnixTime,
    sid: &'a str,
    auth_time: UnixTime,
    iss: &'a str,
    #[serde(serialize_with = "one_or_many")]
    aud: &'a [String],
    #[serde(rename = "gen", skip_serializing_if = "Option::is_none")]
    generation: Option<i64>,
}

impl Issuer {
    pub(crate) fn new(keys: KeySet, config: TokenConfig, successors: hmac::Key, hooks: IssueHooks) -> Self {
        Self { keys, config, successors, hooks }
    }

    /// A pair for a login. The refresh token follows from the login's record alone: its id, its generation and the
    /// time of its last rotation.
    pub(crate) fn pair(&self, login: &Login, fresh: bool, now: UnixTime) -> Result<TokenPair, AuthError> {
        self.pair_with(login, fresh, now, &Extras::default(), None)
    }

    /// As [`pair`](Self::pair), with claims and headers besides, and another lifetime of the access token.
    pub(super) fn pair_with(
        &self,
        login: &Login,
        fresh: bool,
        now: UnixTime,
        given: &Extras,
        access_ttl: Option<Duration>,
    ) -> Result<TokenPair, AuthError> {
        let extras = self.extras(&login.identity, given)?;
        let found = self.hooks.signing_key.as_ref().and_then(|key_for| key_for(&login.identity));
        let signer = Signer { keys: &self.keys, found: found.as_ref(), extras: &extras };
        let access_exp = until(now, access_ttl.unwrap_or(self.config.access_ttl), login);
        let (access_id, refresh_id) = (random::base64url::<16>(), self.derived(login, ""));
        // Its successors too have to be the same for all racers.
        let csrf = self.config.csrf.then(|| (random::base64url::<16>(), self.derived(login, ".csrf")));
        let access = WrittenClaims {
            fresh,
            iat: now,
            jti: &access_id,
            token_type: TokenType::Access.claim(),
            sub: &login.identity,
            nbf: self.config.nbf.then_some(now),
            csrf: csrf.as_ref().map(|(access, _)| access.as_str()),
            exp: access_exp,
            sid: login.id.as_str(),
            auth_time: login.auth_time,
            iss: &self.config.issuer,
            aud: &self.config.audiences,
            generation: None,
        };
        let rotated = login.refresh_rotated_at;
        let refresh = WrittenClaims {
            fresh: false,
            iat: rotated,
            jti: &refresh_id,
            token_type: TokenType::Refresh.claim(),
            nbf: self.config.nbf.then_some(rotated),
            csrf: csrf.as_ref().map(|(_, refresh)| refresh.as_str()),
            exp: until(rotated, self.config.refresh_ttl, login),
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

    /// What a refresh token has of its own: the same whenever it is issued for this generation.
    fn derived(&self, login: &Login, purpose: &str) -> String {
        let seed = format!("{}.{}{purpose}", login.id, login.refresh_generation);
        let tag = hmac::sign(&self.successors, seed.as_bytes());
        URL_SAFE_NO_PAD.encode(&tag.as_ref()[..16])
    }

    /// What the hooks want for this user, and over it what is given for these tokens.
    fn extras(&self, identity: &str, given: &Extras) -> Result<Extras, AuthError> {
        let of_hook = |hook: &OfIdentity<Map<String, Value>>| {
            hook.as_ref().map(|extra_for| extra_for(identity)).unwrap_or_default()
        };
        let (claims, headers) = (of_hook(&self.hooks.extra_claims), of_hook(&self.hooks.extra_headers));
        let mut extras = Extras { claims, headers };
        extras.extend(given);
        extras.check()?;
        Ok(extras)
    }
}

/// What signs the tokens of one pair.
struct Signer<'a> {
    keys: &'a KeySet,
    /// The key for this user, in place of that of the set.
    found: Option<&'a TokenKey>,
    extras: &'a Extras,
}

impl Signer<'_> {
    fn sign(&self, token_type: TokenType, claims: &WrittenClaims<'_>) -> Result<String, AuthError> {
        let failed = || AuthError::Misconfigured("the token key cannot sign");
        let mut payload = serde_json::to_vec(claims).map_err(|_| failed())?;
        extras::append(&mut payload, &self.extras.claims).map_err(|_| failed())?;
        let (usual_key, usual_header) = self.keys.signing(token_type);
        let key = self.found.unwrap_or(usual_key);
        let mut token = if self.found.is_none() && self.extras.headers.is_empty() {
            usual_header.to_owned()
        } else {
            let mut header = key_set::header(key, token_type).into_bytes();
            extras::append(&mut header, &self.extras.headers).map_err(|_| failed())?;
            URL_SAFE_NO_PAD.encode(header)
        };
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        let signature = key.sign(token.as_bytes()).ok_or_else(failed)?;
        token.push('.');
        token.push_str(&signature);
        if token.len() > MAX_LENGTH {
            return Err(AuthError::Misconfigured(
                "a new token is longer than the 8 KiB that are read back: give it fewer claims and headers",
            ));
        }
        Ok(token)
    }
}

/// One audience is written as a text, several as an array (RFC 7519 section 4.1.3).
fn one_or_many<S: Serializer>(audiences: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    match audiences {
        [one] => one.serialize(serializer),
        all => all.serialize(serializer),
    }
}

/// No token outlives its login.
fn until(from: UnixTime, ttl: Duration, login: &Login) -> UnixTime {
    from.saturating_add(UnixTime::try_from(ttl.as_secs()).unwrap_or(UnixTime::MAX)).min(login.expires_at)
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("config", &self.config).finish_non_exhaustive()
    }
}
