//! The bridge itself, as an application holds it.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::bridge::error::AuthError;
use crate::bridge::resolve::Engine;
use crate::bridge::response::Answers;
use crate::bridge::token::{Claims, Verification, VerifiedToken, unverified_header};

/// The bridge: `App::new().wrap(bridge.clone())`, with one bridge for all workers.
#[derive(Clone)]
pub struct Bridge {
    pub(super) engine: Arc<Engine>,
    pub(super) answers: Arc<Answers>,
}

impl Bridge {
    /// Where tokens are looked for, and under which names.
    #[cfg(feature = "testing")]
    pub(crate) fn search(&self) -> &crate::bridge::credential::Search {
        &self.engine.reader.search
    }

    /// The public keys that verify the tokens, as a JWK set (RFC 7517 section 5); empty for HMAC secrets.
    pub fn jwks(&self) -> serde_json::Value {
        self.engine.tokens.verifier.keys().jwks()
    }

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
        let Verification { token, expired } =
            self.engine.tokens.verifier.verify_uncached(text, self.engine.clock.now())?;
        if expired { Err(AuthError::TokenExpired) } else { self.claims(&token) }
    }

    /// As [`decode_token`](Self::decode_token), also if the token has expired (`allow_expired=True`).
    ///
    /// # Errors
    ///
    /// [`TokenInvalid`](AuthError::TokenInvalid).
    pub fn decode_expired_token(&self, text: &str) -> Result<Claims, AuthError> {
        self.claims(&self.engine.tokens.verifier.verify_uncached(text, self.engine.clock.now())?.token)
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
        token.claims(self.engine.clock.now()).ok_or(unreadable)
    }
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bridge")
    }
}
