//! A store that counts what is asked of it and fails when told to, and users that a test can change.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::Semaphore;
use tollbridge::store::memory::MemoryStore;
use tollbridge::{
    Act, Clock, EndReason, Login, LoginId, LoginStore, RememberRecord, SessionHash, SessionRecord, SessionStore,
    StoreError, StoreFuture, UnixTime, UserStore,
};

/// What the cause of every failure says; it must never reach a client.
pub(crate) const CAUSE: &str = "connection to db-7.internal refused";

#[derive(Clone)]
pub(crate) struct CountingStore {
    inner: MemoryStore,
    calls: Arc<Mutex<BTreeMap<&'static str, usize>>>,
    failing: Arc<Mutex<Vec<&'static str>>>,
    delay: Arc<Mutex<Option<(&'static str, Delay)>>>,
    /// The calls that are over, by name, and when there are more.
    over: Arc<(Mutex<BTreeMap<&'static str, usize>>, Condvar)>,
    held: Arc<Mutex<Vec<&'static str>>>,
    release: Arc<Semaphore>,
}

impl Default for CountingStore {
    fn default() -> Self {
        Self {
            inner: MemoryStore::default(),
            calls: Arc::default(),
            failing: Arc::default(),
            held: Arc::default(),
            delay: Arc::default(),
            over: Arc::default(),
            release: Arc::new(Semaphore::new(0)),
        }
    }
}

type Delay = Box<dyn FnOnce() + Send>;

impl CountingStore {
    /// The calls since the last time, by name, and none from here on.
    pub(crate) fn take_calls(&self) -> BTreeMap<&'static str, usize> {
        lock(&self.over.0).clear();
        std::mem::take(&mut *lock(&self.calls))
    }

    /// Waits until a call of this name is over, one since the last time.
    pub(crate) fn wait_for(&self, name: &'static str) {
        let (over, changed) = &*self.over;
        let none_yet = |over: &mut BTreeMap<&'static str, usize>| over.remove(name).is_none();
        let (_over, waited) =
            changed.wait_timeout_while(lock(over), Duration::from_secs(30), none_yet).expect("no panic");
        assert!(!waited.timed_out(), "nobody asked for {name}");
    }

    /// The next call of this name happens after this.
    pub(crate) fn delay(&self, name: &'static str, until: impl FnOnce() + Send + 'static) {
        *lock(&self.delay) = Some((name, Box::new(until)));
    }

    /// From here on these calls fail: names, or parts of names such as `session`.
    pub(crate) fn fail(&self, calls: &[&'static str]) {
        *lock(&self.failing) = calls.to_vec();
    }

    /// From here on these calls wait, each for one [`release`](Self::release).
    pub(crate) fn hold(&self, calls: &[&'static str]) {
        *lock(&self.held) = calls.to_vec();
    }

    /// Lets this many of the waiting calls go on.
    pub(crate) fn release(&self, calls: usize) {
        self.release.add_permits(calls);
    }

    /// Waits until a call has been made since the last [`take_calls`](Self::take_calls).
    pub(crate) fn wait_for_start(&self, name: &str) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !lock(&self.calls).contains_key(name) {
            assert!(Instant::now() < deadline, "{name} was not called");
            std::thread::yield_now();
        }
    }

    async fn wait_while_held(&self, name: &'static str) {
        let is_held = lock(&self.held).contains(&name);
        if is_held && let Ok(permit) = self.release.acquire().await {
            permit.forget();
        }
    }

    /// The login as it is kept.
    pub(crate) fn login(&self, id: &str) -> Option<Login> {
        let id = LoginId::from(id.to_owned());
        futures_util::future::FutureExt::now_or_never(self.inner.find(&id))
            .expect("the memory store does not wait")
            .expect("the memory store does not fail")
    }

    fn called(&self, name: &'static str) -> Result<(), StoreError> {
        *lock(&self.calls).entry(name).or_default() += 1;
        let delay = lock(&self.delay).take_if(|(delayed, _)| *delayed == name);
        if let Some((_, until)) = delay {
            until();
        }
        if lock(&self.failing).iter().any(|failing| name.contains(failing)) {
            return Err(StoreError::new(CAUSE));
        }
        Ok(())
    }
}

impl CountingStore {
    fn is_over(&self, name: &'static str) {
        *lock(&self.over.0).entry(name).or_default() += 1;
        self.over.1.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no test panics while it holds this")
}

macro_rules! counted {
    ($($name:ident($($arg:ident: $type:ty),*) -> $answer:ty;)*) => {
        $(fn $name<'a>(&'a self, $($arg: $type),*) -> StoreFuture<'a, $answer> {
            Box::pin(async move {
                let answer = match self.called(stringify!($name)) {
                    Ok(()) => {
                        self.wait_while_held(stringify!($name)).await;
                        self.inner.$name($($arg),*).await
                    }
                    Err(error) => Err(error),
                };
                self.is_over(stringify!($name));
                answer
            })
        })*
    };
}

impl LoginStore for CountingStore {
    counted! {
        insert(login: &'a Login, most: usize, act: &'a Act) -> bool;
        find(id: &'a LoginId) -> Option<Login>;
        find_remembered(selector: &'a str) -> Option<Login>;
        logins_of(identity: &'a str, now: UnixTime) -> Vec<Login>;
        rotate_refresh(id: &'a LoginId, generation: i64, act: &'a Act, clock: &'a Clock) -> Option<UnixTime>;
        confirm_refresh(id: &'a LoginId, generation: i64, now: UnixTime) -> bool;
        rotate_remember(id: &'a LoginId, next: &'a RememberRecord, act: &'a Act, clock: &'a Clock) -> bool;
        confirm_remember(id: &'a LoginId, generation: i64, now: UnixTime) -> bool;
        extend_remember(id: &'a LoginId, generation: i64, expires_at: UnixTime, now: UnixTime) -> bool;
        confirm(id: &'a LoginId, act: &'a Act, now: UnixTime) -> bool;
        touch(id: &'a LoginId, now: UnixTime) -> ();
        end(id: &'a LoginId, reason: EndReason, act: &'a Act, now: UnixTime) -> bool;
        end_all(
            identity: &'a str, except: Option<&'a LoginId>, reason: EndReason, act: &'a Act, now: UnixTime
        ) -> Option<u64>;
    }
}

impl SessionStore for CountingStore {
    counted! {
        load_session(key: &'a SessionHash, now: UnixTime) -> Option<SessionRecord>;
        insert_session(key: &'a SessionHash, record: &'a SessionRecord) -> ();
        update_session(key: &'a SessionHash, record: &'a SessionRecord) -> bool;
        touch_session(key: &'a SessionHash, expires_at: UnixTime) -> ();
        logins_with_session(logins: &'a [LoginId], now: UnixTime) -> Vec<LoginId>;
        delete_session(key: &'a SessionHash) -> ();
    }
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct User {
    pub(crate) id: u32,
    pub(crate) username: &'static str,
    #[serde(skip)]
    pub(crate) active: bool,
    #[serde(skip)]
    pub(crate) epoch: i64,
}

/// Users 1 to 3.
#[derive(Clone)]
pub(crate) struct Users {
    all: Arc<Mutex<Vec<User>>>,
    finds: Arc<AtomicUsize>,
}

impl Default for Users {
    fn default() -> Self {
        let names = ["batman", "panther", "little_sapphire"];
        let all = (1..).zip(names).map(|(id, username)| User { id, username, active: true, epoch: 0 }).collect();
        Self { all: Arc::new(Mutex::new(all)), finds: Arc::default() }
    }
}

impl Users {
    pub(crate) fn by_name(&self, name: &str) -> Option<User> {
        lock(&self.all).iter().find(|user| user.username == name).cloned()
    }

    pub(crate) fn change(&self, id: u32, change: impl FnOnce(&mut User)) {
        change(lock(&self.all).iter_mut().find(|user| user.id == id).expect("a user"));
    }

    pub(crate) fn delete(&self, id: u32) {
        lock(&self.all).retain(|user| user.id != id);
    }

    pub(crate) fn take_finds(&self) -> usize {
        self.finds.swap(0, Ordering::SeqCst)
    }
}

impl UserStore for Users {
    type User = User;

    fn identity(&self, user: &User) -> String {
        user.id.to_string()
    }

    async fn find(&self, identity: &str) -> Result<Option<User>, StoreError> {
        self.finds.fetch_add(1, Ordering::SeqCst);
        Ok(lock(&self.all).iter().find(|user| user.id.to_string() == identity).cloned())
    }

    fn is_active(&self, user: &User) -> bool {
        user.active
    }

    fn credential_epoch(&self, user: &User) -> i64 {
        user.epoch
    }
}
