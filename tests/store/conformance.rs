//! Our stores keep what every store has to keep, and a little more.

use std::sync::Arc;

use tollbridge::store::memory::MemoryStore;
use tollbridge::testing::conformance::{self, Fixture};
use tollbridge::{EndReason, LoginId, LoginStore, SessionStore};

use crate::database::TestDatabase;
use crate::records::{NOW, create_user, key, login, session};

#[actix_web::test]
async fn memory() {
    let store = MemoryStore::default();
    conformance::store(async || Fixture::new(store.clone())).await;
}

#[actix_web::test]
async fn shared() {
    let store = Arc::new(MemoryStore::default());
    conformance::store(async || Fixture::new(Arc::clone(&store))).await;
}

#[actix_web::test]
async fn database() {
    let (place, database) = TestDatabase::migrated().await;
    let alice = create_user(&database, "alice").await.id.to_string();
    let bob = create_user(&database, "bob").await.id.to_string();
    // As two processes have it.
    let (here, there) = (place.open(), place.open());
    conformance::store(async || Fixture::new(here.clone()).second_handle(there.clone()).identities(&alice, &bob)).await;
}

#[actix_web::test]
async fn api_tokens_in_memory() {
    let store = MemoryStore::default();
    conformance::api_token_store(async || Fixture::new(store.clone())).await;
    let shared = Arc::new(store);
    conformance::api_token_store(async || Fixture::new(Arc::clone(&shared))).await;
}

#[actix_web::test]
async fn api_tokens_in_the_database() {
    let (place, database) = TestDatabase::migrated().await;
    let alice = create_user(&database, "alice").await.id.to_string();
    let bob = create_user(&database, "bob").await.id.to_string();
    let (here, there) = (place.open(), place.open());
    let make = async || Fixture::new(here.clone()).second_handle(there.clone()).identities(&alice, &bob);
    conformance::api_token_store(make).await;
}

/// A session could never be used whose login has been deleted, so it is not kept.
async fn keeps_no_session_of_a_login_that_is_unknown(store: impl SessionStore) {
    let deleted = login("1");
    store.insert_session(&key(1), &session(Some(&deleted))).await.unwrap();
    assert_eq!(store.load_session(&key(1), NOW).await.unwrap(), None);
    store.insert_session(&key(2), &session(None)).await.unwrap();
    assert!(!store.update_session(&key(2), &session(Some(&deleted))).await.unwrap());
    assert_eq!(store.load_session(&key(2), NOW).await.unwrap(), Some(session(None)));
}

/// What no column could hold is unknown like everything else that is not there.
async fn knows_nothing_that_it_cannot_hold(store: impl LoginStore) {
    for id in ["a\0b", "\0"] {
        assert_eq!(store.find_remembered(id).await.unwrap(), None);
        let id = LoginId::from(id.to_owned());
        assert_eq!(store.find(&id).await.unwrap(), None);
        assert!(!store.end(&id, EndReason::Logout, NOW).await.unwrap_or(false));
    }
    assert_eq!(store.end_all("nobody", None, EndReason::Logout, NOW).await.unwrap(), Some(0));
    let nobody = LoginId::from("a\0b".to_owned());
    assert_eq!(store.end_all("1", Some(&nobody), EndReason::Logout, NOW).await.unwrap_or_default(), None);
}

#[actix_web::test]
async fn memory_does_more() {
    keeps_no_session_of_a_login_that_is_unknown(MemoryStore::default()).await;
    knows_nothing_that_it_cannot_hold(MemoryStore::default()).await;
}

#[actix_web::test]
async fn database_does_more() {
    let (_place, database) = TestDatabase::migrated().await;
    keeps_no_session_of_a_login_that_is_unknown(database.clone()).await;
    knows_nothing_that_it_cannot_hold(database).await;
}
