//! Our stores keep what every store has to keep, and a little more.

use std::sync::Arc;

use tollbridge::store::blocking::Blocking;
use tollbridge::store::memory::MemoryStore;
use tollbridge::testing::conformance::{self, Fixture};
use tollbridge::{
    Act, ApiToken, ApiTokenId, ApiTokenInsertion, ApiTokenStore, AttemptStore as _, Attempts, CodeHash, CodeStore as _,
    EndReason, Login, LoginId, LoginStore, OneTimeCode, SessionStore,
};

use crate::database::TestDatabase;
use crate::example_store::SqliteStore;
use crate::records::{NOW, api_token, create_user, key, login, session};
use crate::sweep::RETENTION;

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
async fn the_example_with_a_driver_that_blocks() {
    let place = tempfile::tempdir().unwrap();
    let open = || Blocking::new(SqliteStore::open(&place.path().join("logins.db")).unwrap());
    let (here, there) = (open(), open());
    conformance::store(async || Fixture::new(here.clone()).second_handle(there.clone())).await;
}

/// What cannot be read is no login that goes on.
#[actix_web::test]
async fn the_example_takes_no_login_for_live_whose_end_is_unreadable() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("logins.db");
    let (store, login) = (Blocking::new(SqliteStore::open(&path).unwrap()), login("1"));
    assert!(
        store.insert(&login, usize::MAX, &Act::of_application()).await.unwrap()
            && store.end(&login.id, EndReason::Logout, &Act::of_application(), NOW).await.unwrap()
    );
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute("UPDATE logins SET end_reason = 'of a later version'", []).unwrap();
    assert!(store.find(&login.id).await.is_err());
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
async fn codes_in_memory() {
    let store = MemoryStore::default();
    conformance::code_store(async || Fixture::new(store.clone())).await;
}

#[actix_web::test]
async fn codes_in_the_database() {
    let (place, database) = TestDatabase::migrated().await;
    let alice = create_user(&database, "alice").await.id.to_string();
    let (here, there) = (place.open(), place.open());
    conformance::code_store(async || {
        let logins = [login(&alice), login(&alice)].map(|login| Login { expires_at: i64::MAX, ..login });
        for login in &logins {
            assert!(database.insert(login, usize::MAX, &Act::of_application()).await.unwrap());
        }
        let [one, other] = logins.map(|login| login.id);
        Fixture::new(here.clone()).second_handle(there.clone()).logins(one, other)
    })
    .await;
}

/// The database has the logins too, so it keeps and gives no code of one that is over.
#[actix_web::test]
async fn codes_of_the_database_die_with_their_login() {
    let (_place, database) = TestDatabase::migrated().await;
    let alice = create_user(&database, "alice").await.id.to_string();
    let ended = login(&alice);
    database.insert(&ended, usize::MAX, &Act::of_application()).await.unwrap();
    let code = |byte| OneTimeCode {
        hash: CodeHash([byte; 32]),
        login: ended.id.clone(),
        credential_epoch: 0,
        auth_time: None,
        expires_at: NOW + 60,
    };
    assert!(database.insert_code(&code(1), &Act::of_application(), NOW).await.unwrap());
    assert!(database.end(&ended.id, EndReason::Logout, &Act::of_application(), NOW).await.unwrap());
    assert!(!database.insert_code(&code(2), &Act::of_application(), NOW).await.unwrap());
    assert_eq!(database.take_code(&code(1).hash, &Act::of_application(), NOW).await.unwrap(), None);
    assert_eq!(database.sweep(NOW + 59, RETENTION).await.unwrap(), 0);
    assert_eq!(database.sweep(NOW + 60, RETENTION).await.unwrap(), 1);
    assert_eq!(database.find_code(&code(1).hash, NOW).await.unwrap(), None);
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

/// A token that a login makes while it is ended would outlive the logout of everything.
#[actix_web::test]
async fn the_login_that_makes_an_api_token_is_live() {
    let (_place, database) = TestDatabase::migrated().await;
    let alice = create_user(&database, "alice").await.id.to_string();
    let memory = MemoryStore::default();
    is_refused_with_a_login_that_is_over(&database, &alice).await;
    is_refused_with_a_login_that_is_over(&memory, &alice).await;
    // Which users there are, and their epochs, only the database knows.
    for (identity, credential_epoch) in [(&*alice, 1), ("77", 0), ("nobody", 0), ("01", 0)] {
        let token = ApiToken { credential_epoch, ..api_token(identity, None) };
        assert_eq!(
            database.insert_api_token(&token, &Act::of_application()).await.unwrap(),
            ApiTokenInsertion::Outdated,
            "{identity}"
        );
    }
    for id in ["a\0b", "\0", ""] {
        let id = ApiTokenId::from(id.to_owned());
        assert_eq!(database.find_api_token(&id).await.unwrap(), None);
        assert!(!database.revoke_api_token(&id, &alice, &Act::of_application(), NOW).await.unwrap());
    }
    assert_eq!(database.api_tokens_of("nobody").await.unwrap(), Vec::new());
}

async fn is_refused_with_a_login_that_is_over<S: LoginStore + ApiTokenStore>(store: &S, identity: &str) {
    let (live, ended) = (login(identity), login(identity));
    store.insert(&live, usize::MAX, &Act::of_application()).await.unwrap();
    store.insert(&ended, usize::MAX, &Act::of_application()).await.unwrap();
    store.end(&ended.id, EndReason::Logout, &Act::of_application(), NOW).await.unwrap();
    let made_by = async |login: &LoginId, at| {
        let token = ApiToken { created_at: at, ..api_token(identity, Some(login.clone())) };
        let insertion = store.insert_api_token(&token, &Act::of_application()).await.unwrap();
        let kept = store.find_api_token(&token.id).await.unwrap();
        assert_eq!(kept.is_some(), insertion == ApiTokenInsertion::Inserted);
        assert!(kept.is_none_or(|kept| kept == token));
        insertion
    };
    assert_eq!(made_by(&live.id, NOW).await, ApiTokenInsertion::Inserted);
    assert_eq!(made_by(&live.id, live.expires_at).await, ApiTokenInsertion::Outdated);
    assert_eq!(made_by(&ended.id, NOW).await, ApiTokenInsertion::Outdated);
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
        assert!(!store.end(&id, EndReason::Logout, &Act::of_application(), NOW).await.unwrap_or(false));
    }
    assert_eq!(store.end_all("nobody", None, EndReason::Logout, &Act::of_application(), NOW).await.unwrap(), Some(0));
    let nobody = LoginId::from("a\0b".to_owned());
    assert_eq!(
        store.end_all("1", Some(&nobody), EndReason::Logout, &Act::of_application(), NOW).await.unwrap_or_default(),
        None
    );
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

#[actix_web::test]
async fn attempts_in_memory() {
    let store = MemoryStore::default();
    conformance::attempt_store(async || Fixture::new(store.clone())).await;
}

#[actix_web::test]
async fn attempts_of_the_database() {
    let (place, _database) = TestDatabase::migrated().await;
    let (here, there) = (place.open(), place.open());
    conformance::attempt_store(async || Fixture::new(here.clone()).second_handle(there.clone())).await;
}

#[actix_web::test]
async fn forgotten_attempts_are_swept_and_no_others() {
    let (_place, database) = TestDatabase::migrated().await;
    let until = |forgotten_at, blocked_until| Attempts { forgotten_at, blocked_until };
    let counters = [until(NOW, NOW), until(NOW + 1, NOW), until(NOW, NOW + 1), until(NOW + 1, NOW + 2)];
    let set = move |attempts: &mut [Attempts]| {
        attempts.copy_from_slice(&counters);
        true
    };
    database.change_attempts(&[1, 2, 3, 4], Arc::new(set)).await.unwrap();
    for (now, swept) in [(NOW - 1, 0), (NOW, 1), (NOW + 1, 2), (NOW + 2, 1)] {
        assert_eq!(database.sweep(now, RETENTION).await.unwrap(), swept);
    }
    assert_eq!(database.read_attempts(&[4]).await.unwrap(), [Attempts::default()]);
}

#[actix_web::test]
async fn revoked_tokens_in_memory() {
    let store = MemoryStore::default();
    conformance::revoked_token_store(async || Fixture::new(store.clone())).await;
}

#[actix_web::test]
async fn revoked_tokens_of_the_database() {
    let (place, _database) = TestDatabase::migrated().await;
    let (here, there) = (place.open(), place.open());
    conformance::revoked_token_store(async || Fixture::new(here.clone()).second_handle(there.clone())).await;
}
