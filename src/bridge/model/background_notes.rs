//! What is recorded of a read, in the background: no read waits for a write, and none fails with one.

use std::collections::HashSet;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;

use super::store_error::StoreError;

/// The writes that are under way, one for each key at a time. All workers share it.
#[derive(Clone)]
pub(crate) struct BackgroundNotes<K: Eq + Hash>(Arc<Mutex<HashSet<K>>>);

impl<K: Eq + Hash> Default for BackgroundNotes<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Clone + Eq + Hash + 'static> BackgroundNotes<K> {
    /// Starts a write, unless one for this key is under way.
    pub(crate) fn record<F>(&self, key: &K, write: impl FnOnce(K) -> F)
    where
        F: Future<Output = Result<(), StoreError>> + 'static,
    {
        if !self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone()) {
            return;
        }
        let under_way = UnderWay { notes: self.clone(), key: key.clone() };
        let mut write = Box::pin(write(key.clone()));
        // A store in memory is done at once.
        if let Some(written) = write.as_mut().now_or_never() {
            return log_failure(written);
        }
        actix_web::rt::spawn(async move {
            log_failure(write.await);
            drop(under_way);
        });
    }
}

fn log_failure(written: Result<(), StoreError>) {
    if let Err(error) = written {
        tracing::warn!(%error, "the use of a login, a session or a rotated token could not be recorded");
    }
}

/// Ends a write also when its task is dropped.
struct UnderWay<K: Eq + Hash> {
    notes: BackgroundNotes<K>,
    key: K,
}

impl<K: Eq + Hash> Drop for UnderWay<K> {
    fn drop(&mut self) {
        self.notes.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}
