//! Keys that change while the application runs.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::key_set::KeySet;
use super::ring_key::{KeyRingError, RingKey};
use crate::bridge::model::{StoreError, StoreFuture};

/// The keys of a bridge, which can be replaced while it runs: for a rotation without a restart. Its clones share the keys.
///
/// Of the keys whose time has come the one whose time came last signs, and all verify. So a new key is first added with a
/// time to come, while other services fetch it from [`Bridge::jwks`](crate::Bridge::jwks); then it signs, and the one before
/// verifies until its last token has expired; then that one is left out. A key that is left out is gone at once: tokens of it
/// are refused by the very next request, also those that were verified before.
///
/// ```
/// use tollbridge::{KeyRing, RingKey, TokenKey};
///
/// let (old, new) = (TokenKey::hs256(&[7; 32])?, TokenKey::hs256(&[8; 32])?);
/// let ring = KeyRing::new([RingKey::from(old.clone())])?; // Bridge::builder(…).key_ring(ring.clone())
/// let next_hour = 1_800_003_600;
/// ring.replace([RingKey::from(old), RingKey::signs_from(new, next_hour)])?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct KeyRing(Arc<Shared>);

struct Shared {
    keys: RwLock<Arc<KeySet>>,
    /// Changes with the keys. It is all that a request with a known token reads.
    version: AtomicU64,
    source: Option<Box<dyn KeySource>>,
}

/// Where a ring gets its keys from, if others can change them: such as a database that several nodes share.
pub trait KeySource: Send + Sync + 'static {
    /// Brings the ring up to date, if it is not. It is called where old keys would do harm: before a sign-in, and for a token
    /// whose key is unknown. So it must cost little if nothing has changed. A store that notices a change when it reads a login
    /// calls [`KeyRing::replace`] by itself, before it answers.
    fn refresh<'a>(&'a self, ring: &'a KeyRing) -> StoreFuture<'a, ()>;
}

impl KeyRing {
    /// A ring of these keys.
    ///
    /// # Errors
    ///
    /// [`KeyRingError`].
    pub fn new(keys: impl IntoIterator<Item = RingKey>) -> Result<Self, KeyRingError> {
        Ok(Self::of(KeySet::of_ring(keys.into_iter().collect())?, None))
    }

    /// A ring of these keys that others can change.
    ///
    /// # Errors
    ///
    /// [`KeyRingError`].
    pub fn from_source(keys: impl IntoIterator<Item = RingKey>, source: impl KeySource) -> Result<Self, KeyRingError> {
        Ok(Self::of(KeySet::of_ring(keys.into_iter().collect())?, Some(Box::new(source))))
    }

    /// Replaces the keys. From the return on, no request is answered with the keys before.
    ///
    /// # Errors
    ///
    /// [`KeyRingError`]. The keys stay as they are then.
    pub fn replace(&self, keys: impl IntoIterator<Item = RingKey>) -> Result<(), KeyRingError> {
        let keys = Arc::new(KeySet::of_ring(keys.into_iter().collect())?);
        // No change can panic half-way.
        *self.0.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        self.0.version.fetch_add(1, Ordering::Release);
        Ok(())
    }

    fn of(keys: KeySet, source: Option<Box<dyn KeySource>>) -> Self {
        Self(Arc::new(Shared { keys: RwLock::new(Arc::new(keys)), version: AtomicU64::new(0), source }))
    }

    pub(crate) fn keys(&self) -> Arc<KeySet> {
        Arc::clone(&self.0.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A number that is another one after each change. It must be read before the keys.
    pub(super) fn version(&self) -> u64 {
        self.0.version.load(Ordering::Acquire)
    }

    /// Asks the source for other keys. Whether there are any.
    pub(crate) async fn learn(&self) -> Result<bool, StoreError> {
        let Some(source) = &self.0.source else { return Ok(false) };
        let before = self.version();
        source.refresh(self).await?;
        Ok(self.version() != before)
    }
}

impl From<KeySet> for KeyRing {
    fn from(keys: KeySet) -> Self {
        Self::of(keys, None)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("keys", &self.keys()).finish_non_exhaustive()
    }
}
