//! A key of a ring, and why it cannot be one.

use super::keys::TokenKey;
use crate::bridge::model::UnixTime;

/// A key of a [`KeyRing`](crate::KeyRing).
#[derive(Clone, Debug)]
pub struct RingKey {
    pub(super) key: TokenKey,
    pub(super) signs_from: UnixTime,
}

/// The keys cannot be those of a ring.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRingError {
    /// No key can sign.
    #[error("none of the keys can sign tokens: add a secret or a private key")]
    NoneSigns,
    /// Two keys have the same id.
    #[error("two keys have the id {0}: leave one of them out")]
    SameId(String),
}

impl RingKey {
    /// A key that signs from this time on.
    pub fn signs_from(key: TokenKey, signs_from: UnixTime) -> Self {
        Self { key, signs_from }
    }

    /// A key that only verifies.
    pub fn verifies(key: TokenKey) -> Self {
        Self { key, signs_from: UnixTime::MAX }
    }

    /// The id of the key.
    pub fn id(&self) -> &str {
        self.key.id()
    }
}

impl From<TokenKey> for RingKey {
    /// A key that signs.
    fn from(key: TokenKey) -> Self {
        Self { key, signs_from: UnixTime::MIN }
    }
}
