//! The store of browser sessions.

use std::fmt;
use std::sync::Arc;

use super::clock::UnixTime;
use super::login::delegate_to_inner;
use super::login_id::LoginId;
use super::store_error::StoreFuture;

/// The SHA-256 of a session key. Stores get the hash and never the key, so a copy of the database cannot be used to
/// open a session.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionHash(pub [u8; 32]);

impl fmt::Debug for SessionHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionHash(…)")
    }
}

/// The stored record of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// The session's values, as a JSON object.
    pub state: String,
    /// The login that the session belongs to, `None` for an anonymous session.
    pub login: Option<LoginId>,
    /// The idle timeout: the session has expired from this time on.
    pub expires_at: UnixTime,
}

/// The number of sessions that a store keeps for one login. A remember cookie opens a new one whenever it comes without a
/// session cookie, so without a limit a client that keeps no cookies would fill the store.
pub const MAX_SESSIONS_OF_LOGIN: usize = 32;

/// The store of sessions. It is used only for requests without a token. Each method is one atomic step.
/// `testing::conformance` (feature `testing`) checks an implementation against every requirement below.
pub trait SessionStore: Send + Sync + 'static {
    /// The session; `None` when the key is unknown or `expires_at <= now`.
    fn load_session<'a>(&'a self, key: &'a SessionHash, now: UnixTime) -> StoreFuture<'a, Option<SessionRecord>>;

    /// Inserts a new session. A key that exists already is an error: sessions are never merged.
    ///
    /// Of a login at most [`MAX_SESSIONS_OF_LOGIN`] sessions are kept: the new one, and of the others those with the
    /// latest `expires_at`. The rest is deleted.
    fn insert_session<'a>(&'a self, key: &'a SessionHash, record: &'a SessionRecord) -> StoreFuture<'a, ()>;

    /// Replaces the record of an existing session. When the session does not exist, writes nothing and returns `false`:
    /// a request that was in progress when the session ended must not restore it.
    fn update_session<'a>(&'a self, key: &'a SessionHash, record: &'a SessionRecord) -> StoreFuture<'a, bool>;

    /// Sets the idle timeout of an existing session and changes nothing else. An unknown key is no error.
    ///
    /// The bridge calls it in the background and as a best effort: no request waits for it, an error is logged and not
    /// answered, and a call is lost if the process ends meanwhile. Calls for one session are coalesced: there is none while
    /// another is under way. So a store may take its time, and write the calls for many sessions in one batch before it
    /// answers them. No other method may wait for it. A lost call ends an
    /// idle session earlier.
    fn touch_session<'a>(&'a self, key: &'a SessionHash, expires_at: UnixTime) -> StoreFuture<'a, ()>;

    /// Those of these logins that have a session which has not expired at `now`, in any order.
    fn logins_with_session<'a>(&'a self, logins: &'a [LoginId], now: UnixTime) -> StoreFuture<'a, Vec<LoginId>>;

    /// Deletes a session. An unknown key is no error.
    fn delete_session<'a>(&'a self, key: &'a SessionHash) -> StoreFuture<'a, ()>;
}

/// A store that is shared with other owners.
impl<T: SessionStore + ?Sized> SessionStore for Arc<T> {
    delegate_to_inner! {
        load_session(key: &'a SessionHash, now: UnixTime) -> Option<SessionRecord>;
        insert_session(key: &'a SessionHash, record: &'a SessionRecord) -> ();
        update_session(key: &'a SessionHash, record: &'a SessionRecord) -> bool;
        touch_session(key: &'a SessionHash, expires_at: UnixTime) -> ();
        logins_with_session(logins: &'a [LoginId], now: UnixTime) -> Vec<LoginId>;
        delete_session(key: &'a SessionHash) -> ();
    }
}
