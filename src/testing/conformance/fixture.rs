//! A store under test, and what the checks need to know about it.

use std::fmt;
use std::sync::Arc;

/// A store under test.
pub struct Fixture<S> {
    /// Writes go here first.
    pub(super) here: Arc<S>,
    /// And must be seen from here.
    pub(super) there: Arc<S>,
    pub(super) alice: String,
    pub(super) bob: String,
}

impl<S> Fixture<S> {
    /// The checks use this store, with logins of users whose identities are `1` and `2`.
    pub fn new(store: S) -> Self {
        let here = Arc::new(store);
        Self { there: Arc::clone(&here), here, alice: "1".to_owned(), bob: "2".to_owned() }
    }

    /// A second handle on the same store, such as another process or another node has. What is written by the one must
    /// be seen by the other at once, whatever either of them caches.
    pub fn second_handle(mut self, store: S) -> Self {
        self.there = Arc::new(store);
        self
    }

    /// The identities of two users whose logins the store takes, where it does not take those of everybody. Nobody else
    /// may use them during the checks.
    pub fn identities(mut self, one: impl Into<String>, other: impl Into<String>) -> Self {
        (self.alice, self.bob) = (one.into(), other.into());
        self
    }

    /// One of the two handles for each racer in turn.
    pub(super) fn handle(&self, racer: usize) -> Arc<S> {
        Arc::clone(if racer.is_multiple_of(2) { &self.here } else { &self.there })
    }
}

impl<S> fmt::Debug for Fixture<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fixture").field("identities", &[&self.alice, &self.bob]).finish_non_exhaustive()
    }
}
