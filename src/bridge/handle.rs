//! The bridge, as an application holds it.

mod api_tokens;
mod audit;
mod logins;
mod tokens;

pub use tokens::Revoked;

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::bridge::error::AuthError;
use crate::bridge::resolve::Engine;
use crate::bridge::response::ResponseSettings;
use crate::bridge::token::{Claims, Verification, VerifiedToken, unverified_header};

/// The bridge: a middleware for `App::new().wrap(bridge.clone())`. Cloning is cheap; all workers share one bridge.
#[derive(Clone)]
pub struct Bridge {
    pub(super) engine: Arc<Engine>,
    pub(super) responses: Arc<ResponseSettings>,
}

impl Bridge {
    /// The token locations, with their names.
    #[cfg(feature = "testing")]
    pub(crate) fn search(&self) -> &crate::bridge::credential::Search {
        &self.engine.reader.search
    }

    /// The public keys that verify the tokens, as a JWK set (RFC 7517 section 5); empty for HMAC secrets.
    pub fn jwks(&self) -> serde_json::Value {
        self.engine.tokens.verifier.keys().keys().jwks()
    }

    /// The claims of an access or refresh token of this bridge: `decode_token` of Flask-JWT-Extended. The fields of
    /// [`Claims`] replace `get_jti` and `get_csrf_token`.
    ///
    /// The token is verified as strictly as in a request. The login is not looked up, and
    /// [`verifying_key_for`](crate::BridgeBuilder::verifying_key_for) is the only hook that is called, so the result does
    /// not authenticate a user.
    ///
    /// # Errors
    ///
    /// [`TokenInvalid`](AuthError::TokenInvalid) or [`TokenExpired`](AuthError::TokenExpired).
    pub fn decode_token(&self, text: &str) -> Result<Claims, AuthError> {
        let Verification { token, expired } =
            self.engine.tokens.verifier.verify_uncached(text, self.engine.clock.now())?;
        if expired { Err(AuthError::TokenExpired) } else { self.claims(&token) }
    }

    /// As [`decode_token`](Self::decode_token), but accepts an expired token (`allow_expired=True`).
    ///
    /// # Errors
    ///
    /// [`TokenInvalid`](AuthError::TokenInvalid).
    pub fn decode_expired_token(&self, text: &str) -> Result<Claims, AuthError> {
        self.claims(&self.engine.tokens.verifier.verify_uncached(text, self.engine.clock.now())?.token)
    }

    /// The header of any token. **Nothing in it is verified** (`get_unverified_jwt_headers`).
    ///
    /// # Errors
    ///
    /// [`TokenInvalid`](AuthError::TokenInvalid) when the text is not a token.
    pub fn unverified_headers(text: &str) -> Result<Map<String, Value>, AuthError> {
        unverified_header(text).map_err(AuthError::TokenInvalid)
    }

    fn claims(&self, token: &VerifiedToken) -> Result<Claims, AuthError> {
        let unreadable = AuthError::Misconfigured("the claims of a token could not be read again");
        token.claims(self.engine.clock.now()).ok_or(unreadable)
    }
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bridge")
    }
}
