//! An access token that follows another of the same login.

use serde::Serialize;
use serde_json::{Map, Value};

use super::TokenType;
use super::issuer::{Issuer, WrittenClaims};
use super::verifier::VerifiedToken;
use crate::bridge::clock::UnixTime;
use crate::bridge::error::AuthError;
use crate::bridge::random;

/// Our own claims, and then those that the first token was given.
#[derive(Serialize)]
struct RenewedClaims<'a> {
    #[serde(flatten)]
    own: WrittenClaims<'a>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl Issuer {
    /// An access token that says what this one says, but is not fresh, lives as long again (though not longer than the
    /// login), and has an id and a `csrf` claim of its own. `None` for a token that belongs to no login.
    pub(crate) fn renew(
        &self,
        token: &VerifiedToken,
        login_expires_at: UnixTime,
        now: UnixTime,
    ) -> Result<Option<String>, AuthError> {
        let (Some(sid), Some(exp), Some(claims)) = (&token.sid, token.exp, token.claims()) else { return Ok(None) };
        let lifetime = exp.saturating_sub(claims.iat.unwrap_or(exp)).min(self.access_ttl());
        let (jti, csrf) = (random::base64url::<16>(), self.new_csrf());
        let own = WrittenClaims {
            fresh: false,
            iat: now,
            jti: &jti,
            token_type: TokenType::Access.claim(),
            sub: &token.sub,
            nbf: now,
            csrf: csrf.as_deref(),
            exp: now.saturating_add(lifetime).min(login_expires_at),
            sid,
            auth_time: token.auth_time,
            iss: self.issuer(),
            aud: self.audience(),
            generation: None,
        };
        let mut extra = claims.all;
        extra.retain(|name, _| !WrittenClaims::NAMES.contains(&name.as_str()));
        self.sign(TokenType::Access, &RenewedClaims { own, extra }).map(Some)
    }
}
