//! The keys of one issuer. The key of a token is looked up by the header of the token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::keys::TokenKey;
use super::ring_key::{KeyRingError, RingKey};
use super::token_type::TokenType;
use crate::bridge::model::UnixTime;

/// The keys of one issuer. Of those whose time has come the latest signs, and all verify.
#[derive(Clone, Debug)]
pub(crate) struct KeySet {
    keys: Vec<Held>,
}

#[derive(Clone, Debug)]
struct Held {
    key: TokenKey,
    headers: EncodedHeaders,
    signs_from: UnixTime,
}

/// The headers that this issuer writes for a key, encoded. Nearly every token has one of them, and a comparison is
/// faster than parsing.
#[derive(Clone, Debug)]
struct EncodedHeaders {
    access: String,
    refresh: String,
}

impl KeySet {
    /// A set of the signing key and the retired keys, which only verify.
    pub(crate) fn new(signing: TokenKey, retired: Vec<TokenKey>) -> Self {
        let retired = retired.into_iter().map(RingKey::verifies);
        Self { keys: std::iter::once(RingKey::from(signing)).chain(retired).map(Held::new).collect() }
    }

    /// The keys of a ring.
    pub(super) fn of_ring(keys: Vec<RingKey>) -> Result<Self, KeyRingError> {
        let can_sign = |key: &RingKey| key.signs_from < UnixTime::MAX && key.key.can_sign();
        if !keys.iter().any(can_sign) {
            return Err(KeyRingError::NoneSigns);
        }
        for (index, key) in keys.iter().enumerate() {
            if keys.iter().skip(index + 1).any(|other| other.id() == key.id()) {
                return Err(KeyRingError::SameId(key.id().to_owned()));
            }
        }
        Ok(Self { keys: keys.into_iter().map(Held::new).collect() })
    }

    /// The keys themselves, the one that signs now first.
    pub(crate) fn all(&self, now: UnixTime) -> Vec<TokenKey> {
        let signing = self.signing(TokenType::Access, now).0;
        let others = self.keys.iter().map(|held| &held.key).filter(|key| key.id() != signing.id());
        std::iter::once(signing).chain(others).cloned().collect()
    }

    /// The key that signs now, and its encoded header for this token type.
    pub(super) fn signing(&self, token_type: TokenType, now: UnixTime) -> (&TokenKey, &str) {
        let signing = || self.keys.iter().filter(|held| held.signs_from < UnixTime::MAX && held.key.can_sign());
        let latest = signing().filter(|held| held.signs_from <= now).max_by_key(|held| held.signs_from);
        // A clock that is too slow for all of them is no reason to sign nothing.
        let held = latest.or_else(|| signing().min_by_key(|held| held.signs_from)).unwrap_or(&self.keys[0]);
        (&held.key, held.headers.of(token_type))
    }

    /// The key and the type of a token whose encoded header is one that this issuer writes.
    pub(super) fn by_encoded_header(&self, header: &str) -> Option<(&TokenKey, TokenType)> {
        self.keys.iter().find_map(|held| {
            [TokenType::Access, TokenType::Refresh]
                .into_iter()
                .find(|token_type| held.headers.of(*token_type) == header)
                .map(|token_type| (&held.key, token_type))
        })
    }

    /// The key with this id. For an unknown id there is no key: the other keys are not tried.
    pub(super) fn by_id(&self, kid: &str) -> Option<&TokenKey> {
        self.keys.iter().map(|held| &held.key).find(|key| key.id() == kid)
    }

    /// The public keys as a JWK set (RFC 7517 section 5). It never contains HMAC secrets.
    pub(crate) fn jwks(&self) -> Value {
        let keys: Vec<_> = self.keys.iter().filter_map(|held| held.key.public()).collect();
        serde_json::json!({ "keys": keys })
    }
}

/// The header of a token of this type that this key signs, as JSON.
pub(super) fn header(key: &TokenKey, token_type: TokenType) -> String {
    let (alg, kid, typ) = (key.algorithm_name(), Value::from(key.id()), token_type.header());
    format!(r#"{{"alg":"{alg}","kid":{kid},"typ":"{typ}"}}"#)
}

impl Held {
    fn new(RingKey { key, signs_from }: RingKey) -> Self {
        let header = |token_type| URL_SAFE_NO_PAD.encode(header(&key, token_type));
        let headers = EncodedHeaders { access: header(TokenType::Access), refresh: header(TokenType::Refresh) };
        Self { key, headers, signs_from }
    }
}

impl EncodedHeaders {
    fn of(&self, token_type: TokenType) -> &str {
        match token_type {
            TokenType::Access => &self.access,
            TokenType::Refresh => &self.refresh,
        }
    }
}
