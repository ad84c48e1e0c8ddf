//! Issues tokens.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use super::TokenType;
use super::key_set::KeySet;
use crate::bridge::clock::UnixTime;
use crate::bridge::error::AuthError;
use crate::bridge::login::Login;
use crate::bridge::random;

/// What tokens say and how long they live.
#[derive(Clone, Debug)]
pub(crate) struct TokenConfig {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) access_ttl: Duration,
    pub(crate) refresh_ttl: Duration,
    /// Whether tokens carry the `csrf` claim, which they need to be used from a cookie.
    pub(crate) csrf: bool,
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
}

/// The claims in the order that Flask-JWT-Extended writes them, then ours.
#[derive(Serialize)]
pub(super) struct WrittenClaims<'a> {
    pub(super) fresh: bool,
    pub(super) iat: UnixTime,
    pub(super) jti: &'a str,
    #[serde(rename = "type")]
    pub(super) token_type: &'static str,
    pub(super) sub: &'a str,
    pub(super) nbf: UnixTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) csrf: Option<&'a str>,
    pub(super) exp: UnixTime,
    pub(super) sid: &'a str,
    pub(super) auth_time: UnixTime,
    pub(super) iss: &'a str,
    pub(super) aud: &'a str,
    #[serde(rename = "gen", skip_serializing_if = "Option::is_none")]
    pub(super) generation: Option<i64>,
}

impl WrittenClaims<'_> {
    pub(super) const NAMES: [&'static str; 13] =
        ["fresh", "iat", "jti", "type", "sub", "nbf", "csrf", "exp", "sid", "auth_time", "iss", "aud", "gen"];
}

impl Issuer {
    pub(crate) fn new(keys: KeySet, config: TokenConfig, successors: hmac::Key) -> Self {
        Self { keys, config, successors }
    }

    /// A pair for a login. The refresh token follows from the login's record alone: its id, its generation and the
    /// time of its last rotation.
    pub(crate) fn pair(&self, login: &Login, fresh: bool, now: UnixTime) -> Result<TokenPair, AuthError> {
        let access_exp = until(now, self.config.access_ttl, login);
        let (access_id, refresh_id) = (random::base64url::<16>(), self.of_refresh_token(login, ""));
        let (access_csrf, refresh_csrf) =
            (self.new_csrf(), self.config.csrf.then(|| self.of_refresh_token(login, "csrf.")));
        let access = WrittenClaims {
            fresh,
            iat: now,
            jti: &access_id,
            token_type: TokenType::Access.claim(),
            sub: &login.identity,
            nbf: now,
            csrf: access_csrf.as_deref(),
            exp: access_exp,
            sid: login.id.as_str(),
            auth_time: login.auth_time,
            iss: &self.config.issuer,
            aud: &self.config.audience,
            generation: None,
        };
        let rotated = login.refresh_rotated_at;
        let refresh = WrittenClaims {
            fresh: false,
            iat: rotated,
            jti: &refresh_id,
            token_type: TokenType::Refresh.claim(),
            nbf: rotated,
            csrf: refresh_csrf.as_deref(),
            exp: until(rotated, self.config.refresh_ttl, login),
            generation: Some(login.refresh_generation),
            ..access
        };
        Ok(TokenPair {
            refresh_token: self.sign(TokenType::Refresh, &refresh)?,
            access_token: self.sign(TokenType::Access, &access)?,
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
        self.config.csrf.then(random::base64url::<16>)
    }

    pub(super) fn access_ttl(&self) -> UnixTime {
        UnixTime::try_from(self.config.access_ttl.as_secs()).unwrap_or(UnixTime::MAX)
    }

    pub(super) fn issuer(&self) -> &str {
        &self.config.issuer
    }

    pub(super) fn audience(&self) -> &str {
        &self.config.audience
    }

    pub(super) fn sign(&self, token_type: TokenType, claims: &impl Serialize) -> Result<String, AuthError> {
        let failed = || AuthError::Misconfigured("the token key cannot sign");
        let payload = serde_json::to_vec(claims).map_err(|_| failed())?;
        let (key, header) = self.keys.signing(token_type);
        let mut token = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload));
        let signature = key.sign(token.as_bytes()).ok_or_else(failed)?;
        token.push('.');
        token.push_str(&signature);
        Ok(token)
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
