//! One-time codes: each hands one face of a login over to another, once.

use std::fmt;
use std::sync::Arc;

use super::act::Act;
use super::clock::UnixTime;
use super::login::delegate_to_inner;
use super::login_id::LoginId;
use super::store_error::StoreFuture;

/// The SHA-256 of a one-time code. Stores get the hash and never the code, so a copy of the database opens no session.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CodeHash(pub [u8; 32]);

impl fmt::Debug for CodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeHash(…)")
    }
}

/// The stored record of a one-time code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneTimeCode {
    /// The hash of the code.
    pub hash: CodeHash,
    /// The login that the code belongs to.
    pub login: LoginId,
    /// The [credential epoch](crate::Login::credential_epoch) of the login when the code was made. A change of password
    /// that keeps the login makes the code void.
    pub credential_epoch: i64,
    /// The time of the authentication that the code proves, if whoever made it was fresh.
    pub auth_time: Option<UnixTime>,
    /// The expiry: the code is void from this time on.
    pub expires_at: UnixTime,
}

/// The number of codes of one login that have not expired, used ones included. It bounds how fast a login can make them.
pub const MAX_CODES_OF_LOGIN: usize = 10;

/// The store of one-time codes, for [`BridgeBuilder::handoff_codes`](crate::BridgeBuilder::handoff_codes). Each method is
/// one atomic step. `testing::conformance` (feature `testing`) checks an implementation against every requirement below.
/// Those that take an [`Act`] make a change for the audit ([`AuditStore`](crate::AuditStore)). The user of the record is that
/// of the act.
///
/// The bridge checks the login and the user of a code each time. A store keeps the records.
pub trait CodeStore: Send + Sync + 'static {
    /// Inserts a new code and returns `true`. A hash that exists already is an error.
    ///
    /// If the login has [`MAX_CODES_OF_LOGIN`] codes with `now < expires_at`: inserts nothing and returns `false`. Codes
    /// that were taken count too, so they must be kept until they expire. Compare and insert in one statement or
    /// transaction. A store that also has the logins may also return `false` when the login is not live at `now`.
    ///
    /// Record: [`CodeMade`](crate::Action::CodeMade), about the login.
    fn insert_code<'a>(&'a self, code: &'a OneTimeCode, act: &'a Act, now: UnixTime) -> StoreFuture<'a, bool>;

    /// The code with this hash, which stays as it is. `None` when it is unknown, was taken, or `expires_at <= now`.
    fn find_code<'a>(&'a self, hash: &'a CodeHash, now: UnixTime) -> StoreFuture<'a, Option<OneTimeCode>>;

    /// Takes the code with this hash: marks it as taken, and returns it. `None` when it is unknown, was taken before, or
    /// `expires_at <= now`. Use one conditional statement: exactly one of several concurrent calls must get it. When this
    /// returns `Ok`, the write must survive the end of the process.
    ///
    /// Record: [`CodeUsed`](crate::Action::CodeUsed), about the login.
    fn take_code<'a>(&'a self, hash: &'a CodeHash, act: &'a Act, now: UnixTime)
    -> StoreFuture<'a, Option<OneTimeCode>>;
}

/// A store that is shared with other owners.
impl<T: CodeStore + ?Sized> CodeStore for Arc<T> {
    delegate_to_inner! {
        insert_code(code: &'a OneTimeCode, act: &'a Act, now: UnixTime) -> bool;
        find_code(hash: &'a CodeHash, now: UnixTime) -> Option<OneTimeCode>;
        take_code(hash: &'a CodeHash, act: &'a Act, now: UnixTime) -> Option<OneTimeCode>;
    }
}
