//! The login: one sign-in by one user, which may own a browser session, a remember cookie and a family of tokens.
//! Every face of it leads here, so ending it ends them all.

use std::fmt;
use std::sync::Arc;

use super::clock::UnixTime;
use super::random;
use super::store_error::StoreFuture;

/// The opaque id of a [`Login`]; the `sid` claim of its tokens. An id, not a secret: it authenticates nobody.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize)]
pub struct LoginId(String);

impl LoginId {
    /// A new id of 128 random bits.
    pub fn random() -> Self {
        Self(random::base64url::<16>())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for LoginId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

impl fmt::Display for LoginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One sign-in by one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Its id.
    pub id: LoginId,
    /// Whose it is: [`UserStore::identity`](crate::UserStore::identity).
    pub identity: String,
    /// The user's [credential epoch](crate::UserStore::credential_epoch) when the login began.
    pub credential_epoch: i64,
    /// When it began.
    pub created_at: UnixTime,
    /// When the user last proved who they are (OpenID Connect Core section 2, `auth_time`).
    pub auth_time: UnixTime,
    /// How they proved it, RFC 8176 values separated by spaces, such as `pwd`.
    pub amr: String,
    /// It is over at this time whatever happens: the absolute timeout.
    pub expires_at: UnixTime,
    /// When it was last used, to within a coalescing interval.
    pub last_seen_at: UnixTime,
    /// When and why it was ended, if it was.
    pub ended: Option<(UnixTime, EndReason)>,
    /// The client's `User-Agent` at sign-in, cut to 256 bytes.
    pub user_agent: Option<String>,
    /// The client's address at sign-in.
    pub ip: Option<String>,
    /// The number of the refresh token that is next to be used; it grows by one at each rotation.
    pub refresh_generation: i64,
    /// When the refresh token was last rotated; equal to `created_at` before the first time.
    pub refresh_rotated_at: UnixTime,
    /// The remember cookie, if this login has one.
    pub remember: Option<RememberRecord>,
}

impl Login {
    /// Whether the login is neither ended nor expired at `now`.
    pub fn is_live(&self, now: UnixTime) -> bool {
        self.ended.is_none() && now < self.expires_at
    }
}

/// The server's half of a remember cookie.
#[derive(Clone, PartialEq, Eq)]
pub struct RememberRecord {
    /// The public half of the cookie, by which the login is found.
    pub selector: String,
    /// SHA-256 of the secret half that is valid now.
    pub validator_hash: [u8; 32],
    /// How often the secret half has been rotated.
    pub generation: i64,
    /// When it was last rotated.
    pub rotated_at: UnixTime,
    /// The cookie restores no session from this time on.
    pub expires_at: UnixTime,
}

impl fmt::Debug for RememberRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RememberRecord")
            .field("generation", &self.generation)
            .field("rotated_at", &self.rotated_at)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Why a login ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// The user signed out, here or from another login of theirs.
    Logout,
    /// The user's password changed.
    PasswordChanged,
    /// The user was disabled.
    UserDisabled,
    /// A refresh token came back after its successor had been used: somebody else has it.
    RefreshReused,
    /// A remember cookie came back after its successor had been used: somebody else has it.
    RememberReused,
    /// Its session came from another client: [`SessionProtection::Strong`](crate::SessionProtection::Strong).
    SessionProtected,
}

impl EndReason {
    pub(crate) const ALL: [Self; 6] = [
        Self::Logout,
        Self::PasswordChanged,
        Self::UserDisabled,
        Self::RefreshReused,
        Self::RememberReused,
        Self::SessionProtected,
    ];

    /// The word that stores keep.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::PasswordChanged => "password_changed",
            Self::UserDisabled => "user_disabled",
            Self::RefreshReused => "refresh_reused",
            Self::RememberReused => "remember_reused",
            Self::SessionProtected => "session_protected",
        }
    }

    /// The reason for a stored word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

/// Where logins are kept. [`store::memory`](crate::store::memory) is the shortest one to read before writing your own,
/// and `testing::conformance` (feature `testing`) checks yours against every promise below.
///
/// The layer decides what a login may do; a store only keeps the record and makes each method below one atomic step.
/// When a method that writes returns `Ok`, the write must survive the end of the process.
pub trait LoginStore: Send + Sync + 'static {
    /// Keeps a new login. An id or a remember selector that is there already is an error, and changes nothing.
    fn insert<'a>(&'a self, login: &'a Login) -> StoreFuture<'a, ()>;

    /// The login with this id, live or not, `None` when it is unknown.
    fn find<'a>(&'a self, id: &'a LoginId) -> StoreFuture<'a, Option<Login>>;

    /// The login whose remember cookie has this selector, live or not.
    fn find_remembered<'a>(&'a self, selector: &'a str) -> StoreFuture<'a, Option<Login>>;

    /// Rotates the refresh token: if the login is live at `now` and its `refresh_generation` is still `generation`,
    /// adds one to it, sets `refresh_rotated_at` and `last_seen_at` to `now` and answers `true`; else changes nothing
    /// and answers `false`. One conditional statement, so that of any number of racers exactly one gets `true`.
    fn rotate_refresh<'a>(&'a self, id: &'a LoginId, generation: i64, now: UnixTime) -> StoreFuture<'a, bool>;

    /// Rotates the remember cookie: if the login is live at `next.rotated_at` and the generation of its cookie is
    /// still `next.generation - 1`, replaces the cookie's record by `next` and answers `true`; else changes nothing
    /// and answers `false`. One conditional statement, as above.
    fn rotate_remember<'a>(&'a self, id: &'a LoginId, next: &'a RememberRecord) -> StoreFuture<'a, bool>;

    /// Moves the end of the remember cookie: if the login is live at `now` and the generation of its cookie is still
    /// `generation`, sets the cookie's `expires_at` and answers `true`; else changes nothing and answers `false`. One
    /// conditional statement, as above.
    fn extend_remember<'a>(
        &'a self,
        id: &'a LoginId,
        generation: i64,
        expires_at: UnixTime,
        now: UnixTime,
    ) -> StoreFuture<'a, bool>;

    /// Notes that the user has just proved again who they are: if the login is live at `now`, sets `auth_time` and
    /// `last_seen_at` to `now` and answers `true`; else changes nothing and answers `false`. One conditional statement.
    fn confirm<'a>(&'a self, id: &'a LoginId, now: UnixTime) -> StoreFuture<'a, bool>;

    /// Sets `last_seen_at`, and nothing else, of a login that is there.
    fn touch<'a>(&'a self, id: &'a LoginId, now: UnixTime) -> StoreFuture<'a, ()>;

    /// Ends a login and deletes its sessions. `false` when it was unknown or had been ended before; that end stays.
    fn end<'a>(&'a self, id: &'a LoginId, reason: EndReason, now: UnixTime) -> StoreFuture<'a, bool>;

    /// Ends every login of a user but `except`, with their sessions, and answers how many that were.
    fn end_all<'a>(
        &'a self,
        identity: &'a str,
        except: Option<&'a LoginId>,
        reason: EndReason,
        now: UnixTime,
    ) -> StoreFuture<'a, u64>;
}

macro_rules! delegated {
    ($($name:ident($($arg:ident: $type:ty),*) -> $answer:ty;)*) => {
        $(fn $name<'a>(&'a self, $($arg: $type),*) -> StoreFuture<'a, $answer> {
            T::$name(self, $($arg),*)
        })*
    };
}
pub(super) use delegated;

/// A store that something else holds too.
impl<T: LoginStore + ?Sized> LoginStore for Arc<T> {
    delegated! {
        insert(login: &'a Login) -> ();
        find(id: &'a LoginId) -> Option<Login>;
        find_remembered(selector: &'a str) -> Option<Login>;
        rotate_refresh(id: &'a LoginId, generation: i64, now: UnixTime) -> bool;
        rotate_remember(id: &'a LoginId, next: &'a RememberRecord) -> bool;
        extend_remember(id: &'a LoginId, generation: i64, expires_at: UnixTime, now: UnixTime) -> bool;
        confirm(id: &'a LoginId, now: UnixTime) -> bool;
        touch(id: &'a LoginId, now: UnixTime) -> ();
        end(id: &'a LoginId, reason: EndReason, now: UnixTime) -> bool;
        end_all(identity: &'a str, except: Option<&'a LoginId>, reason: EndReason, now: UnixTime) -> u64;
    }
}
