//! A conformance test for stores: checks a [`LoginStore`], a [`SessionStore`] and a [`CodeStore`] against every requirement
//! of these traits.
//!
//! ```
//! use tollbridge::store::memory::MemoryStore; // replace it by your store
//! use tollbridge::testing::conformance::{self, Fixture};
//!
//! # #[actix_web::main]
//! # async fn main() {
//! conformance::store(async || Fixture::new(MemoryStore::default())).await;
//! # }
//! ```
//!
//! Each check gets a new [`Fixture`], which may be on the same store every time: ids and keys are random, and other
//! records of the store are neither read nor changed, except that logins of the fixture's two identities are ended. The
//! test panics with a report of all broken requirements. Races run on threads that use the runtime of the test:
//! `#[actix_web::test]` or `#[tokio::test]`.
//!
//! One requirement is not checked: a write that returned `Ok` survives the end of the process.

mod api_tokens;
mod attempts;
mod audit;
mod codes;
mod difference;
mod fixture;
mod logins;
mod logins_of_user;
mod race;
mod records;
mod report;
mod revoked_tokens;
mod rotation;
mod sessions;
mod together;

pub use fixture::Fixture;

use crate::{ApiTokenStore, AttemptStore, AuditStore, CodeStore, LoginStore, RevokedTokenStore, SessionStore};

/// Checks every requirement of [`LoginStore`], except those about sessions, which [`store`] checks.
///
/// # Panics
///
/// When one is broken. The message names it with the observed behavior.
pub async fn login_store<S: LoginStore>(make: impl AsyncFn() -> Fixture<S>) {
    let checks = logins::checks().into_iter().chain(logins_of_user::checks()).chain(rotation::checks());
    report::run("login store", checks.collect(), make).await;
}

/// Checks every requirement of [`SessionStore`] with anonymous sessions. [`store`] checks sessions of a login.
///
/// # Panics
///
/// When one is broken. The message names it with the observed behavior.
pub async fn session_store<S: SessionStore>(make: impl AsyncFn() -> Fixture<S>) {
    report::run("session store", sessions::checks(), make).await;
}

/// Checks every requirement of [`ApiTokenStore`], except those about users and logins that the store also has. The
/// identities of the fixture need no tokens of their own: those that they have are revoked.
///
/// # Panics
///
/// When one is broken. The message names it with the observed behavior.
pub async fn api_token_store<S: ApiTokenStore>(make: impl AsyncFn() -> Fixture<S>) {
    report::run("API token store", api_tokens::checks(), make).await;
}

/// Checks a store of both, for [`BridgeBuilder::store`](crate::BridgeBuilder::store): the requirements of both traits,
/// and those between them, such as that the end of a login deletes its sessions.
///
/// # Panics
///
/// When one is broken. The message names it with the observed behavior.
pub async fn store<S: LoginStore + SessionStore>(make: impl AsyncFn() -> Fixture<S>) {
    let checks = logins::checks()
        .into_iter()
        .chain(logins_of_user::checks())
        .chain(rotation::checks())
        .chain(sessions::checks());
    report::run("store", checks.chain(together::checks()).collect(), make).await;
}

/// Checks the [`AuditStore`] of a store of logins: its methods, and which record each method of [`LoginStore`] writes.
///
/// # Panics
///
/// When one is broken. The message names it with the observed behavior.
pub async fn audit_of_logins<S: LoginStore + AuditStore>(make: impl AsyncFn() -> Fixture<S>) {
    report::run("audit of logins", audit::of_logins(), make).await;
}

/// Checks which record each method of [`ApiTokenStore`] writes.
///
/// # Panics
///
/// When one is broken. The message names it with the observed behavior.
pub async fn audit_of_api_tokens<S: ApiTokenStore + AuditStore>(make: impl AsyncFn() -> Fixture<S>) {
    report::run("audit of API tokens", audit::of_api_tokens(), make).await;
}

/// Checks which record each method of [`CodeStore`] writes.
///
/// # Panics
///
/// When one is broken. The message names it with the observed behavior.
pub async fn audit_of_codes<S: CodeStore + AuditStore>(make: impl AsyncFn() -> Fixture<S>) {
    report::run("audit of codes", audit::of_codes(), make).await;
}

/// Checks which record [`RevokedTokenStore::revoke_token`] writes.
///
/// # Panics
///
/// When one is broken. The message names it with the observed behavior.
pub async fn audit_of_revoked_tokens<S: RevokedTokenStore + AuditStore>(make: impl AsyncFn() -> Fixture<S>) {
    report::run("audit of revoked tokens", audit::of_revoked_tokens(), make).await;
}

/// Checks every requirement of [`CodeStore`].
///
/// # Panics
///
/// When one is broken. The message names it with the observed behavior.
pub async fn code_store<S: CodeStore>(make: impl AsyncFn() -> Fixture<S>) {
    report::run("code store", codes::checks(), make).await;
}

/// Checks every requirement of [`AttemptStore`]. It chooses counters at random, and leaves them behind.
///
/// # Panics
///
/// When one is broken. The message names it with the observed behavior.
pub async fn attempt_store<S: AttemptStore>(make: impl AsyncFn() -> Fixture<S>) {
    report::run("attempt store", attempts::checks(), make).await;
}

/// Checks every requirement of [`RevokedTokenStore`].
///
/// # Panics
///
/// When one is broken. The message names it with the observed behavior.
pub async fn revoked_token_store<S: RevokedTokenStore>(make: impl AsyncFn() -> Fixture<S>) {
    report::run("store of revoked tokens", revoked_tokens::checks(), make).await;
}
