//! The login: one sign-in by one user. A browser session, a remember cookie and tokens can belong to it. Each of them
//! refers to the login record, so all of them end when the login ends.

use std::fmt;
use std::sync::Arc;

use super::act::Act;
use super::clock::{Clock, UnixTime};
use super::login_id::LoginId;
use super::store_error::StoreFuture;

/// One sign-in by one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The id of the login.
    pub id: LoginId,
    /// The identity of the user: [`UserStore::identity`](crate::UserStore::identity).
    pub identity: String,
    /// The user's [credential epoch](crate::UserStore::credential_epoch) when the login began.
    pub credential_epoch: i64,
    /// The time when the login began.
    pub created_at: UnixTime,
    /// The time when the user last authenticated (`auth_time` of OIDC Core 1.0 section 2).
    pub auth_time: UnixTime,
    /// The authentication methods: RFC 8176 values separated by spaces, such as `pwd`.
    pub amr: String,
    /// The absolute timeout: the login is over from this time on, however much it is used.
    pub expires_at: UnixTime,
    /// The time when the login was last used. It is not updated on every request, so it can be a little too early.
    pub last_seen_at: UnixTime,
    /// The time when the login was ended and the reason, if it was ended.
    pub ended: Option<(UnixTime, EndReason)>,
    /// The client's `User-Agent` at sign-in, cut to 256 bytes.
    pub user_agent: Option<String>,
    /// The client's IP address at sign-in.
    pub ip: Option<String>,
    /// The generation of the current refresh token. It grows by one at each rotation, and to the
    /// [next series](Self::next_refresh_series) at a change of password.
    pub refresh_generation: i64,
    /// The time when the refresh token was last rotated. It is `created_at` before the first rotation.
    pub refresh_rotated_at: UnixTime,
    /// Whether a token of the current generation has been seen in use, so the client has received it. It is `true`
    /// before the first rotation.
    pub refresh_confirmed: bool,
    /// The remember cookie, if this login has one.
    pub remember: Option<RememberRecord>,
}

impl Login {
    /// Whether the login is neither ended nor expired at `now`.
    pub fn is_live(&self, now: UnixTime) -> bool {
        self.ended.is_none() && now < self.expires_at
    }

    /// The generation with which the tokens of this login begin a new series. Tokens of an earlier series were replaced
    /// all at once, by a change of password. They are refused, but their use is no reuse: they may be the copies
    /// that the change was made against, and must not end the login.
    pub fn next_refresh_series(&self) -> i64 {
        (series(self.refresh_generation) + 1) << SERIES_BITS
    }

    /// The first generation of the current series. A token with it confirms no rotation: nothing was rotated yet.
    pub(crate) fn first_refresh_generation(&self) -> i64 {
        series(self.refresh_generation) << SERIES_BITS
    }

    /// Whether a token of this generation is of an earlier series than the current one.
    pub(crate) fn is_of_earlier_series(&self, generation: i64) -> bool {
        series(generation) < series(self.refresh_generation)
    }
}

/// The bits of a refresh generation that count within its series.
const SERIES_BITS: u32 = 32;

fn series(generation: i64) -> i64 {
    generation >> SERIES_BITS
}

/// What the server keeps of a remember cookie.
#[derive(Clone, PartialEq, Eq)]
pub struct RememberRecord {
    /// The public part of the cookie. The login is looked up by it.
    pub selector: String,
    /// SHA-256 of the current secret part of the cookie.
    pub validator_hash: [u8; 32],
    /// The number of rotations of the secret part.
    pub generation: i64,
    /// The time of the last rotation.
    pub rotated_at: UnixTime,
    /// Whether the session that came with the current secret part has been seen in use, so the browser has received both. It is `true` before the
    /// first rotation.
    pub confirmed: bool,
    /// The expiry: from this time on the cookie restores no session.
    pub expires_at: UnixTime,
}

impl fmt::Debug for RememberRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RememberRecord")
            .field("generation", &self.generation)
            .field("rotated_at", &self.rotated_at)
            .field("confirmed", &self.confirmed)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// The reason why a login ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// The user signed out, with this login or with another one.
    Logout,
    /// The user's password changed.
    PasswordChanged,
    /// The user was disabled.
    UserDisabled,
    /// A refresh token was used again after its successor had been used. It was probably stolen.
    RefreshReused,
    /// A remember cookie was used again after its successor had been used. It was probably stolen.
    RememberReused,
    /// Another client used a session of the login:
    /// [`SessionProtection::Strong`](crate::SessionProtection::Strong).
    SessionProtected,
    /// The browser of the login signed in again.
    Replaced,
    /// The user had too many logins, and this one was the oldest:
    /// [`max_logins`](crate::BridgeBuilder::max_logins).
    TooMany,
    /// The application or an operator ended it: [`Bridge::end_login`](crate::Bridge::end_login).
    Revoked,
}

impl EndReason {
    pub(crate) const ALL: [Self; 9] = [
        Self::Logout,
        Self::PasswordChanged,
        Self::UserDisabled,
        Self::RefreshReused,
        Self::RememberReused,
        Self::SessionProtected,
        Self::Replaced,
        Self::TooMany,
        Self::Revoked,
    ];

    /// The name of the reason, which stores keep.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::PasswordChanged => "password_changed",
            Self::UserDisabled => "user_disabled",
            Self::RefreshReused => "refresh_reused",
            Self::RememberReused => "remember_reused",
            Self::SessionProtected => "session_protected",
            Self::Replaced => "replaced",
            Self::TooMany => "too_many",
            Self::Revoked => "revoked",
        }
    }

    /// The reason with this name, `None` for an unknown name.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

/// The store of logins. [`store::memory`](crate::store::memory) is a short example for your own implementation.
/// `testing::conformance` (feature `testing`) checks an implementation against every requirement below.
///
/// The layer decides what a login may do. A store keeps the records, and each of its methods is one atomic step.
/// When a method that writes returns `Ok`, the write must survive the end of the process.
///
/// A method that takes an [`Act`] makes a change that somebody may ask about later. A store that keeps an audit writes the
/// record that the method names in the same step: [`AuditStore`](crate::AuditStore). Another store ignores the act.
pub trait LoginStore: Send + Sync + 'static {
    /// Inserts a new login and returns `true`. An id or a remember selector that exists already is an error, and changes
    /// nothing.
    ///
    /// A store that also has the users inserts nothing and returns `false` when there is no user with the identity of the
    /// login, or the user has another [credential epoch](crate::UserStore::credential_epoch) than the login. Compare and
    /// insert in one statement or transaction: a user who is disabled, deleted or gets a new password while they sign in
    /// must not get a login.
    ///
    /// Of one user at most `most` logins are live at the `created_at` of the new one: it, and of the others those that
    /// began last. The rest ends in the same step, with [`EndReason::TooMany`], and their sessions are deleted. Of several
    /// concurrent calls for one user each must count the login of the other.
    ///
    /// Record: [`SignedIn`](crate::Action::SignedIn), with the number of logins that ended.
    fn insert<'a>(&'a self, login: &'a Login, most: usize, act: &'a Act) -> StoreFuture<'a, bool>;

    /// The login with this id, live or not; `None` when the id is unknown.
    fn find<'a>(&'a self, id: &'a LoginId) -> StoreFuture<'a, Option<Login>>;

    /// The login whose remember cookie has this selector, live or not; `None` when the selector is unknown.
    fn find_remembered<'a>(&'a self, selector: &'a str) -> StoreFuture<'a, Option<Login>>;

    /// The logins of a user that are live at `now`, those that began last first.
    fn logins_of<'a>(&'a self, identity: &'a str, now: UnixTime) -> StoreFuture<'a, Vec<Login>>;

    /// Rotates the refresh token. If the login is live now and its `refresh_generation` is still `generation`: adds one
    /// to it, sets `refresh_confirmed` to `false`, `refresh_rotated_at` and `last_seen_at` to now and returns now.
    /// Otherwise changes nothing and returns `None`. Use one conditional statement: exactly one of several concurrent
    /// calls must succeed.
    ///
    /// Now is the time of `clock` at the write. Read it as late as possible: after the call has waited for a connection
    /// or a lock.
    ///
    /// Record: [`Refreshed`](crate::Action::Refreshed).
    fn rotate_refresh<'a>(
        &'a self,
        id: &'a LoginId,
        generation: i64,
        act: &'a Act,
        clock: &'a Clock,
    ) -> StoreFuture<'a, Option<UnixTime>>;

    /// Records that a token of the current generation has been seen in use. If the login is live at `now` and its
    /// `refresh_generation` is still `generation`: sets `refresh_confirmed` to `true` and returns `true`. Otherwise
    /// changes nothing and returns `false`. Use one conditional statement, as above.
    fn confirm_refresh<'a>(&'a self, id: &'a LoginId, generation: i64, now: UnixTime) -> StoreFuture<'a, bool>;

    /// Rotates the remember cookie. If the login is live now, and its cookie still has the selector of `next` and the
    /// generation before it, `next.generation - 1`: replaces the record of the cookie by `next`, but with the `rotated_at`
    /// of now, and returns `true`. Otherwise changes nothing and returns `false`. Use one conditional statement, and read
    /// `clock` at the write, as above. A change of password replaces the cookie by one with another selector, which a
    /// cookie of before must not rotate.
    ///
    /// Record: [`Remembered`](crate::Action::Remembered).
    fn rotate_remember<'a>(
        &'a self,
        id: &'a LoginId,
        next: &'a RememberRecord,
        act: &'a Act,
        clock: &'a Clock,
    ) -> StoreFuture<'a, bool>;

    /// Records that the browser has been seen to have the current remember cookie. If the login is live at `now` and the generation
    /// of its cookie is still `generation`: sets the `confirmed` of the cookie to `true` and returns `true`. Otherwise
    /// changes nothing and returns `false`. Use one conditional statement, as above.
    fn confirm_remember<'a>(&'a self, id: &'a LoginId, generation: i64, now: UnixTime) -> StoreFuture<'a, bool>;

    /// Changes the expiry of the remember cookie. If the login is live at `now` and the generation of its cookie is
    /// still `generation`: sets the `expires_at` of the cookie and returns `true`. Otherwise changes nothing and
    /// returns `false`. Use one conditional statement, as above.
    fn extend_remember<'a>(
        &'a self,
        id: &'a LoginId,
        generation: i64,
        expires_at: UnixTime,
        now: UnixTime,
    ) -> StoreFuture<'a, bool>;

    /// Records that the user has just re-authenticated. If the login is live at `now`: sets `auth_time` and
    /// `last_seen_at` to `now` and returns `true`. Otherwise changes nothing and returns `false`. Use one conditional
    /// statement, as above.
    ///
    /// Record: [`Confirmed`](crate::Action::Confirmed).
    fn confirm<'a>(&'a self, id: &'a LoginId, act: &'a Act, now: UnixTime) -> StoreFuture<'a, bool>;

    /// Sets `last_seen_at` to `now` and changes nothing else. An unknown login is no error.
    ///
    /// The bridge calls it in the background and as a best effort: no request waits for it, an error is logged and not
    /// answered, and a call is lost if the process ends meanwhile. Calls for one login are coalesced: there is none while
    /// another is under way. So a store may take its time, and write the calls for many logins in one batch before it
    /// answers them. No other method may wait for it.
    fn touch<'a>(&'a self, id: &'a LoginId, now: UnixTime) -> StoreFuture<'a, ()>;

    /// Ends a login and deletes its sessions. Returns `false` when the login was unknown or had been ended before; the
    /// first time and reason stay.
    ///
    /// Record: [`LoginEnded`](crate::Action::LoginEnded), with the reason.
    fn end<'a>(&'a self, id: &'a LoginId, reason: EndReason, act: &'a Act, now: UnixTime) -> StoreFuture<'a, bool>;

    /// Ends every login of a user except `except`, deletes their sessions, and returns the number of ended logins. If
    /// `except` is not a login of this user that is live at `now`: changes nothing and returns `None`. Make both in one
    /// statement or transaction that no other call for the same user can come between: of several calls that except
    /// different logins one must win, and its login is the one that is left.
    ///
    /// Record, if there was a login to end: [`LoginsEnded`](crate::Action::LoginsEnded), with the reason and the number.
    fn end_all<'a>(
        &'a self,
        identity: &'a str,
        except: Option<&'a LoginId>,
        reason: EndReason,
        act: &'a Act,
        now: UnixTime,
    ) -> StoreFuture<'a, Option<u64>>;
}

macro_rules! delegate_to_inner {
    ($($name:ident($($arg:ident: $type:ty),*) -> $answer:ty;)*) => {
        $(fn $name<'a>(&'a self, $($arg: $type),*) -> StoreFuture<'a, $answer> {
            T::$name(self, $($arg),*)
        })*
    };
}
pub(super) use delegate_to_inner;

/// A store that is shared with other owners.
impl<T: LoginStore + ?Sized> LoginStore for Arc<T> {
    delegate_to_inner! {
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
