//! Where browser sessions are kept on the server.

use std::fmt;
use std::sync::Arc;

use super::clock::UnixTime;
use super::login::{LoginId, delegated};
use super::store_error::StoreFuture;

/// SHA-256 of a session key. Stores see this and never the key, so a copy of the database opens no session.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionHash(pub [u8; 32]);

impl fmt::Debug for SessionHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionHash(…)")
    }
}

/// What a store keeps of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// The session's values, as a JSON object.
    pub state: String,
    /// The login that this session is a face of, if somebody is signed in.
    pub login: Option<LoginId>,
    /// The idle timeout: the session is gone from this time on.
    pub expires_at: UnixTime,
}

/// Where sessions are kept. Used only for requests that bring no token. `testing::conformance` (feature `testing`)
/// checks yours against every promise below, each of which is one atomic step.
pub trait SessionStore: Send + Sync + 'static {
    /// The session, `None` when it is unknown or `expires_at <= now`.
    fn load_session<'a>(&'a self, key: &'a SessionHash, now: UnixTime) -> StoreFuture<'a, Option<SessionRecord>>;

    /// Keeps a new session. A key that exists already is an error: sessions are never merged.
    fn insert_session<'a>(&'a self, key: &'a SessionHash, record: &'a SessionRecord) -> StoreFuture<'a, ()>;

    /// Replaces a session that is still there. `false`, and nothing written, when it is gone: a request that was in
    /// flight when the session ended must not bring it back.
    fn update_session<'a>(&'a self, key: &'a SessionHash, record: &'a SessionRecord) -> StoreFuture<'a, bool>;

    /// Moves the idle timeout of a session that is still there, and changes nothing else.
    fn touch_session<'a>(&'a self, key: &'a SessionHash, expires_at: UnixTime) -> StoreFuture<'a, ()>;

    /// Deletes a session, if it is there.
    fn delete_session<'a>(&'a self, key: &'a SessionHash) -> StoreFuture<'a, ()>;
}

/// A store that something else holds too.
impl<T: SessionStore + ?Sized> SessionStore for Arc<T> {
    delegated! {
        load_session(key: &'a SessionHash, now: UnixTime) -> Option<SessionRecord>;
        insert_session(key: &'a SessionHash, record: &'a SessionRecord) -> ();
        update_session(key: &'a SessionHash, record: &'a SessionRecord) -> bool;
        touch_session(key: &'a SessionHash, expires_at: UnixTime) -> ();
        delete_session(key: &'a SessionHash) -> ();
    }
}
