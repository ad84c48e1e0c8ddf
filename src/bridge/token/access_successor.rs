//! The renewal of an access token: the new token belongs to the same login.

use super::extras::Extras;
use super::issuer::Issuer;
use super::token_error::TokenError;
use super::token_type::TokenType;
use super::verified::VerifiedToken;
use super::written_claims::WrittenClaims;
use crate::bridge::model::{Abilities, UnixTime, random};

impl Issuer {
    /// Renews an access token. `None` for a token that belongs to no login.
    ///
    /// The new token has the claims and headers of `token`, but is not fresh. It has a new id, a new `csrf` claim, and
    /// the same lifetime, which ends with the login at the latest. The hooks are called again, and what they return
    /// replaces additional claims and headers of the same name.
    pub(crate) fn renew(
        &self,
        token: &VerifiedToken,
        login_expires_at: UnixTime,
        now: UnixTime,
    ) -> Result<Option<String>, TokenError> {
        let (Some(sid), Some(exp), Some(claims), Some(headers)) =
            (&token.sid, token.exp, token.claims_with_freshness(false), token.header_members())
        else {
            return Ok(None);
        };
        let lifetime = exp.saturating_sub(token.issued_at).min(self.access_ttl());
        let mut extras = Extras { claims: claims.all, headers };
        extras.remove_reserved();
        extras.extend(self.hook_extras(&token.sub));
        let (jti, csrf) = (random::base64url::<16>(), self.new_csrf());
        let claims = WrittenClaims {
            fresh: false,
            iat: now,
            jti: &jti,
            token_type: TokenType::Access.claim(),
            sub: &token.sub,
            nbf: self.nbf(now),
            csrf: csrf.as_deref(),
            exp: now.saturating_add(lifetime).min(login_expires_at),
            sid,
            auth_time: token.auth_time,
            iss: self.issuer(),
            aud: self.audiences(),
            scope: token.scope.as_ref().map(Abilities::as_str),
            generation: token.generation,
        };
        self.signer_with(&token.sub, extras)?.sign(TokenType::Access, &claims, now).map(Some)
    }
}
