//! Serializes and signs tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::compact::MAX_LENGTH;
use super::extras::Extras;
use super::key_ring::KeyRing;
use super::keys::TokenKey;
use super::token_error::TokenError;
use super::token_type::TokenType;
use super::written_claims::WrittenClaims;
use super::{extras, key_set};
use crate::bridge::model::UnixTime;

const CANNOT_SIGN: TokenError = TokenError::Misconfigured("the token key cannot sign");

/// The signer for the tokens of one user.
pub(crate) struct Signer {
    /// Looked at when it signs: the store can tell of another key until then.
    keys: KeyRing,
    /// A key for this user, which replaces the signing key of `keys`.
    user_key: Option<TokenKey>,
    extras: Extras,
}

impl Signer {
    pub(super) fn new(keys: KeyRing, user_key: Option<TokenKey>, extras: Extras) -> Result<Self, TokenError> {
        extras.check()?;
        if user_key.as_ref().is_some_and(|key| !key.can_sign()) {
            return Err(CANNOT_SIGN);
        }
        Ok(Self { keys, user_key, extras })
    }

    pub(super) fn sign(
        &self,
        token_type: TokenType,
        claims: &WrittenClaims<'_>,
        now: UnixTime,
    ) -> Result<String, TokenError> {
        let mut payload = serde_json::to_vec(claims).map_err(|_not_serializable| CANNOT_SIGN)?;
        extras::append(&mut payload, &self.extras.claims).map_err(|_not_serializable| CANNOT_SIGN)?;
        let keys = self.keys.keys();
        let (default_key, default_header) = keys.signing(token_type, now);
        let key = self.user_key.as_ref().unwrap_or(default_key);
        let mut token = if self.user_key.is_none() && self.extras.headers.is_empty() {
            default_header.to_owned()
        } else {
            let mut header = key_set::header(key, token_type).into_bytes();
            extras::append(&mut header, &self.extras.headers).map_err(|_not_serializable| CANNOT_SIGN)?;
            URL_SAFE_NO_PAD.encode(header)
        };
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        let signature = key.sign(token.as_bytes()).ok_or(CANNOT_SIGN)?;
        token.push('.');
        token.push_str(&signature);
        if token.len() > MAX_LENGTH {
            return Err(TokenError::Misconfigured(
                "a new token is longer than the limit of 8 KiB: use fewer or shorter additional claims and headers",
            ));
        }
        Ok(token)
    }
}
