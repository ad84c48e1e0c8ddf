//! The store under test.

use std::fmt;
use std::sync::Arc;

use crate::LoginId;

/// A store under test.
pub struct Fixture<S> {
    /// The first handle, for most writes.
    pub(super) here: Arc<S>,
    /// The second handle, which must see them.
    pub(super) there: Arc<S>,
    pub(super) alice: String,
    pub(super) bob: String,
    /// The logins of one-time codes.
    pub(super) logins: [LoginId; 2],
}

impl<S> Fixture<S> {
    /// A fixture on this store, with logins of the identities `1` and `2`.
    pub fn new(store: S) -> Self {
        let here = Arc::new(store);
        let (alice, bob, logins) = ("1".to_owned(), "2".to_owned(), [LoginId::random(), LoginId::random()]);
        Self { there: Arc::clone(&here), here, alice, bob, logins }
    }

    /// Adds a second handle on the same store, as another process or node has. A write of either must be visible to
    /// the other at once, despite caches.
    pub fn second_handle(mut self, store: S) -> Self {
        self.there = Arc::new(store);
        self
    }

    /// Sets the identities of two users with the credential epoch 0, for a store that does not accept logins of any
    /// identity. Nothing else may use them during the checks.
    pub fn identities(mut self, one: impl Into<String>, other: impl Into<String>) -> Self {
        (self.alice, self.bob) = (one.into(), other.into());
        self
    }

    /// Sets two live logins, for a [`CodeStore`](crate::CodeStore) that does not accept codes of any login. Each fixture
    /// needs other ones, because the number of codes of a login is bounded. They must live until the year 2030.
    pub fn logins(mut self, one: LoginId, other: LoginId) -> Self {
        self.logins = [one, other];
        self
    }

    /// The handle of a racer: the two alternate.
    pub(super) fn handle(&self, racer: usize) -> Arc<S> {
        Arc::clone(if racer.is_multiple_of(2) { &self.here } else { &self.there })
    }
}

impl<S> fmt::Debug for Fixture<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fixture").field("identities", &[&self.alice, &self.bob]).finish_non_exhaustive()
    }
}
