//! What every store has to keep: run it against your [`LoginStore`] and [`SessionStore`], and learn which sentence of
//! these traits they break.
//!
//! ```
//! use tollbridge::store::memory::MemoryStore; // in the place of yours
//! use tollbridge::testing::conformance::{self, Fixture};
//!
//! # #[actix_web::main]
//! # async fn main() {
//! conformance::store(async || Fixture::new(MemoryStore::default())).await;
//! # }
//! ```
//!
//! Each check asks for a [`Fixture`], which may be on the same store every time: ids and keys are random, and nothing
//! that others keep there is looked at or changed, but that logins of the fixture's two identities are ended. A report
//! of all that is broken is the panic of the test. Races are run with threads, which use the runtime of the test:
//! `#[actix_web::test]` or `#[tokio::test]`.
//!
//! One promise is left to you: that a write survives the end of the process when it was answered with `Ok`.

mod difference;
mod fixture;
mod logins;
mod race;
mod records;
mod report;
mod rotation;
mod sessions;
mod together;

pub use fixture::Fixture;

use crate::{LoginStore, SessionStore};

/// Checks every promise of [`LoginStore`], but those about sessions: for them, [`store`].
///
/// # Panics
///
/// When one is broken. The message says which, and what was seen.
pub async fn login_store<S: LoginStore>(make: impl AsyncFn() -> Fixture<S>) {
    let checks = logins::checks().into_iter().chain(rotation::checks());
    report::run("login store", checks.collect(), make).await;
}

/// Checks every promise of [`SessionStore`], with sessions of nobody: for those of a login, [`store`].
///
/// # Panics
///
/// When one is broken. The message says which, and what was seen.
pub async fn session_store<S: SessionStore>(make: impl AsyncFn() -> Fixture<S>) {
    report::run("session store", sessions::checks(), make).await;
}

/// Checks a store of both, as [`BridgeBuilder::store`](crate::BridgeBuilder::store) takes it: every promise of either,
/// and those that need both, such as that the end of a login is the end of its sessions.
///
/// # Panics
///
/// When one is broken. The message says which, and what was seen.
pub async fn store<S: LoginStore + SessionStore>(make: impl AsyncFn() -> Fixture<S>) {
    let checks = logins::checks().into_iter().chain(rotation::checks()).chain(sessions::checks());
    report::run("store", checks.chain(together::checks()).collect(), make).await;
}
