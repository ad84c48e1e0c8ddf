//! An access token that follows another of the same login.

use crate::bridge::error::auth_error::AuthError;
use crate::bridge::model::clock::UnixTime;
use crate::bridge::model::random;
use crate::bridge::token::TokenType;
use crate::bridge::token::extras::Extras;
use crate::bridge::token::issuer::{Issuer, WrittenClaims};
use crate::bridge::token::verifier::VerifiedToken;

impl Issuer {
    /// An access token that says what this one says, but is not fresh, lives as long again (though not longer than the
    /// login), and has an id and a `csrf` claim of its own. What the hooks say is said anew. `None` for a token that
    /// belongs to no login.
    pub(crate) fn renew(
        &self,
        token: &VerifiedToken,
        login_expires_at: UnixTime,
        now: UnixTime,
    ) -> Result<Option<String>, AuthError> {
        let (Some(sid), Some(exp), Some(said)) = (&token.sid, token.exp, token.token_claims()) else { return Ok(None) };
        let lifetime = exp.saturating_sub(token.issued_at).min(self.access_ttl());
        let mut extras = Extras { claims: said.all, headers: said.header };
        extras.drop_reserved();
        extras.extend(self.of_hooks(&token.sub));
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
            generation: None,
        };
        self.signer_with(&token.sub, extras)?.sign(TokenType::Access, &claims).map(Some)
    }
}
