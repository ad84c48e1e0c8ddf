//! Looking into tokens outside a request.

use serde_json::{Map, Value};

use super::Bridge;
use super::error::AuthError;
use super::token::{Claims, Verified, VerifiedToken, unverified_header};

impl Bridge {
    /// The claims of a token of this bridge, of either type (`decode_token`; with the fields of [`Claims`] also `get_jti`
    /// and `get_csrf_token`).
    ///
    /// The token is verified as strictly as in a request. Whether its login lives is not asked, no hook but
    /// [`verifying_key_for`](crate::BridgeBuilder::verifying_key_for) is called, and nobody is authenticated by it.
    ///
    /// # Errors
    ///
    /// [`TokenInvalid`](AuthError::TokenInvalid) or [`TokenExpired`](AuthError::TokenExpired).
    pub fn decode_token(&self, text: &str) -> Result<Claims, AuthError> {
        let Verified { token, expired } = self.0.verifier.verify_anew(text, self.0.clock.now())?;
        if expired { Err(AuthError::TokenExpired) } else { self.claims(&token) }
    }

    /// As [`decode_token`](Self::decode_token), also if the token has expired (`allow_expired=True`).
    ///
    /// # Errors
    ///
    /// [`TokenInvalid`](AuthError::TokenInvalid).
    pub fn decode_expired_token(&self, text: &str) -> Result<Claims, AuthError> {
        self.claims(&self.0.verifier.verify_anew(text, self.0.clock.now())?.token)
    }

    /// The header of any token, **of which nothing is verified** (`get_unverified_jwt_headers`).
    ///
    /// # Errors
    ///
    /// [`TokenInvalid`](AuthError::TokenInvalid) when it is not written as a token is.
    pub fn unverified_headers(text: &str) -> Result<Map<String, Value>, AuthError> {
        unverified_header(text).map_err(AuthError::TokenInvalid)
    }

    fn claims(&self, token: &VerifiedToken) -> Result<Claims, AuthError> {
        let unreadable = AuthError::Misconfigured("the claims of a token could not be read again");
        token.claims(self.0.clock.now()).ok_or(unreadable)
    }
}
