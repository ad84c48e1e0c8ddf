//! A store over a driver that blocks, such as rusqlite or a synchronous client of another database.

use std::fmt;
use std::sync::Arc;

use tokio::task::spawn_blocking;

use crate::{
    Act, Clock, EndReason, Login, LoginId, LoginStore, RememberRecord, SessionHash, SessionRecord, SessionStore,
    StoreError, StoreFuture, UnixTime,
};

/// The methods of [`LoginStore`] and [`SessionStore`], which say what each must do, as functions that block. [`Blocking`] makes both stores of
/// them. `examples/rusqlite_store.rs` is a whole one, with a schema to copy.
#[expect(missing_docs, reason = "each method is documented at the trait that it is named after")]
pub trait BlockingStore: Send + Sync + 'static {
    fn insert(&self, login: &Login, most: usize, act: &Act) -> Result<bool, StoreError>;
    fn find(&self, id: &LoginId) -> Result<Option<Login>, StoreError>;
    fn find_remembered(&self, selector: &str) -> Result<Option<Login>, StoreError>;
    fn logins_of(&self, identity: &str, now: UnixTime) -> Result<Vec<Login>, StoreError>;
    fn rotate_refresh(
        &self,
        id: &LoginId,
        generation: i64,
        act: &Act,
        clock: &Clock,
    ) -> Result<Option<UnixTime>, StoreError>;
    fn confirm_refresh(&self, id: &LoginId, generation: i64, now: UnixTime) -> Result<bool, StoreError>;
    fn rotate_remember(
        &self,
        id: &LoginId,
        next: &RememberRecord,
        act: &Act,
        clock: &Clock,
    ) -> Result<bool, StoreError>;
    fn confirm_remember(&self, id: &LoginId, generation: i64, now: UnixTime) -> Result<bool, StoreError>;
    fn extend_remember(
        &self,
        id: &LoginId,
        generation: i64,
        expires_at: UnixTime,
        now: UnixTime,
    ) -> Result<bool, StoreError>;
    fn confirm(&self, id: &LoginId, act: &Act, now: UnixTime) -> Result<bool, StoreError>;
    fn touch(&self, id: &LoginId, now: UnixTime) -> Result<(), StoreError>;
    fn end(&self, id: &LoginId, reason: EndReason, act: &Act, now: UnixTime) -> Result<bool, StoreError>;
    fn end_all(
        &self,
        identity: &str,
        except: Option<&LoginId>,
        reason: EndReason,
        act: &Act,
        now: UnixTime,
    ) -> Result<Option<u64>, StoreError>;
    fn load_session(&self, key: &SessionHash, now: UnixTime) -> Result<Option<SessionRecord>, StoreError>;
    fn insert_session(&self, key: &SessionHash, record: &SessionRecord) -> Result<(), StoreError>;
    fn update_session(&self, key: &SessionHash, record: &SessionRecord) -> Result<bool, StoreError>;
    fn touch_session(&self, key: &SessionHash, expires_at: UnixTime) -> Result<(), StoreError>;
    fn logins_with_session(&self, logins: &[LoginId], now: UnixTime) -> Result<Vec<LoginId>, StoreError>;
    fn delete_session(&self, key: &SessionHash) -> Result<(), StoreError>;
}

/// A [`LoginStore`] and [`SessionStore`] over functions that block. They are called on the threads that Tokio has for that, so
/// they do not hold up a worker. Its clones share the store.
pub struct Blocking<S>(Arc<S>);

impl<S: BlockingStore> Blocking<S> {
    /// A store over these functions.
    pub fn new(store: S) -> Self {
        Self(Arc::new(store))
    }

    fn run<'a, T: Send + 'static>(
        &self,
        call: impl FnOnce(&S) -> Result<T, StoreError> + Send + 'static,
    ) -> StoreFuture<'a, T> {
        let store = Arc::clone(&self.0);
        Box::pin(async move { spawn_blocking(move || call(&store)).await.map_err(StoreError::new)? })
    }
}

impl<S> Clone for Blocking<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> fmt::Debug for Blocking<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blocking")
    }
}

impl<S: BlockingStore> LoginStore for Blocking<S> {
    fn insert<'a>(&'a self, login: &'a Login, most: usize, act: &'a Act) -> StoreFuture<'a, bool> {
        let (login, act) = (login.clone(), act.clone());
        self.run(move |store| store.insert(&login, most, &act))
    }

    fn find<'a>(&'a self, id: &'a LoginId) -> StoreFuture<'a, Option<Login>> {
        let id = id.clone();
        self.run(move |store| store.find(&id))
    }

    fn find_remembered<'a>(&'a self, selector: &'a str) -> StoreFuture<'a, Option<Login>> {
        let selector = selector.to_owned();
        self.run(move |store| store.find_remembered(&selector))
    }

    fn logins_of<'a>(&'a self, identity: &'a str, now: UnixTime) -> StoreFuture<'a, Vec<Login>> {
        let identity = identity.to_owned();
        self.run(move |store| store.logins_of(&identity, now))
    }

    fn rotate_refresh<'a>(
        &'a self,
        id: &'a LoginId,
        generation: i64,
        act: &'a Act,
        clock: &'a Clock,
    ) -> StoreFuture<'a, Option<UnixTime>> {
        let (id, act, clock) = (id.clone(), act.clone(), clock.clone());
        self.run(move |store| store.rotate_refresh(&id, generation, &act, &clock))
    }

    fn confirm_refresh<'a>(&'a self, id: &'a LoginId, generation: i64, now: UnixTime) -> StoreFuture<'a, bool> {
        let id = id.clone();
        self.run(move |store| store.confirm_refresh(&id, generation, now))
    }

    fn rotate_remember<'a>(
        &'a self,
        id: &'a LoginId,
        next: &'a RememberRecord,
        act: &'a Act,
        clock: &'a Clock,
    ) -> StoreFuture<'a, bool> {
        let (id, next, act, clock) = (id.clone(), next.clone(), act.clone(), clock.clone());
        self.run(move |store| store.rotate_remember(&id, &next, &act, &clock))
    }

    fn confirm_remember<'a>(&'a self, id: &'a LoginId, generation: i64, now: UnixTime) -> StoreFuture<'a, bool> {
        let id = id.clone();
        self.run(move |store| store.confirm_remember(&id, generation, now))
    }

    fn extend_remember<'a>(
        &'a self,
        id: &'a LoginId,
        generation: i64,
        expires_at: UnixTime,
        now: UnixTime,
    ) -> StoreFuture<'a, bool> {
        let id = id.clone();
        self.run(move |store| store.extend_remember(&id, generation, expires_at, now))
    }

    fn confirm<'a>(&'a self, id: &'a LoginId, act: &'a Act, now: UnixTime) -> StoreFuture<'a, bool> {
        let (id, act) = (id.clone(), act.clone());
        self.run(move |store| store.confirm(&id, &act, now))
    }

    fn touch<'a>(&'a self, id: &'a LoginId, now: UnixTime) -> StoreFuture<'a, ()> {
        let id = id.clone();
        self.run(move |store| store.touch(&id, now))
    }

    fn end<'a>(&'a self, id: &'a LoginId, reason: EndReason, act: &'a Act, now: UnixTime) -> StoreFuture<'a, bool> {
        let (id, act) = (id.clone(), act.clone());
        self.run(move |store| store.end(&id, reason, &act, now))
    }

    fn end_all<'a>(
        &'a self,
        identity: &'a str,
        except: Option<&'a LoginId>,
        reason: EndReason,
        act: &'a Act,
        now: UnixTime,
    ) -> StoreFuture<'a, Option<u64>> {
        let (identity, except, act) = (identity.to_owned(), except.cloned(), act.clone());
        self.run(move |store| store.end_all(&identity, except.as_ref(), reason, &act, now))
    }
}

impl<S: BlockingStore> SessionStore for Blocking<S> {
    fn load_session<'a>(&'a self, key: &'a SessionHash, now: UnixTime) -> StoreFuture<'a, Option<SessionRecord>> {
        let key = *key;
        self.run(move |store| store.load_session(&key, now))
    }

    fn insert_session<'a>(&'a self, key: &'a SessionHash, record: &'a SessionRecord) -> StoreFuture<'a, ()> {
        let (key, record) = (*key, record.clone());
        self.run(move |store| store.insert_session(&key, &record))
    }

    fn update_session<'a>(&'a self, key: &'a SessionHash, record: &'a SessionRecord) -> StoreFuture<'a, bool> {
        let (key, record) = (*key, record.clone());
        self.run(move |store| store.update_session(&key, &record))
    }

    fn touch_session<'a>(&'a self, key: &'a SessionHash, expires_at: UnixTime) -> StoreFuture<'a, ()> {
        let key = *key;
        self.run(move |store| store.touch_session(&key, expires_at))
    }

    fn logins_with_session<'a>(&'a self, logins: &'a [LoginId], now: UnixTime) -> StoreFuture<'a, Vec<LoginId>> {
        let logins = logins.to_vec();
        self.run(move |store| store.logins_with_session(&logins, now))
    }

    fn delete_session<'a>(&'a self, key: &'a SessionHash) -> StoreFuture<'a, ()> {
        let key = *key;
        self.run(move |store| store.delete_session(&key))
    }
}
