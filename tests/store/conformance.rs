//! What every store of logins and sessions does. Each function below runs once with each store.

use futures_util::future::join_all;
use tollbridge::store::memory::MemoryStore;
use tollbridge::{EndReason, Login, LoginId, LoginStore, Remember, SessionRecord, SessionStore};

use crate::database::TestDatabase;
use crate::records::{NOW, create_user, key, login, remembered, session};

/// A store by two handles, as two processes would have them, and two users whose logins it can keep.
struct Stores<S> {
    here: S,
    there: S,
    alice: String,
    bob: String,
}

macro_rules! for_every_store {
    ($($name:ident),+ $(,)?) => {
        mod memory {
            use super::*;
            $(#[actix_web::test] async fn $name() {
                let here = MemoryStore::default();
                let there = here.clone();
                super::$name(Stores { here, there, alice: "alice".to_owned(), bob: "bob".to_owned() }).await;
            })+
        }
        mod database {
            use super::*;
            $(#[actix_web::test] async fn $name() {
                let (place, here) = TestDatabase::migrated().await;
                let alice = create_user(&here, "alice").await.id.to_string();
                let bob = create_user(&here, "bob").await.id.to_string();
                super::$name(Stores { there: place.open(), here, alice, bob }).await;
            })+
        }
    };
}

for_every_store!(
    keeps_every_field_of_a_login,
    refuses_a_second_login_with_the_same_id_or_selector,
    finds_no_login_that_it_does_not_know,
    finds_a_login_by_its_selector,
    rotates_a_refresh_token_for_exactly_one_racer,
    rotates_no_refresh_token_of_a_login_that_is_over,
    rotates_a_remember_cookie_for_exactly_one_racer,
    rotates_no_remember_cookie_that_is_not_there,
    extends_the_remember_cookie_that_is_there,
    confirms_a_login_that_lives,
    touches_a_login,
    ends_a_login_once,
    ends_the_logins_of_one_user,
    keeps_a_session_until_its_time,
    refuses_a_second_session_with_the_same_key,
    updates_only_a_session_that_is_there,
    keeps_no_session_of_a_login_that_is_unknown,
    touches_and_deletes_a_session,
);

async fn keep<S: LoginStore>(store: &S, login: Login) -> Login {
    store.insert(&login).await.expect("the login is kept");
    login
}

async fn found<S: LoginStore>(store: &S, id: &LoginId) -> Login {
    store.find(id).await.expect("the store answers").expect("the login is there")
}

async fn has_session<S: SessionStore>(store: &S, byte: u8) -> bool {
    store.load_session(&key(byte), NOW).await.expect("the store answers").is_some()
}

async fn open_session<S: SessionStore>(store: &S, byte: u8, login: Option<&Login>) {
    store.insert_session(&key(byte), &session(login)).await.expect("the session is kept");
}

async fn keeps_every_field_of_a_login(stores: Stores<impl LoginStore>) {
    let bare = login(&stores.alice);
    let full = Login {
        credential_epoch: 1,
        created_at: NOW + 2,
        auth_time: NOW + 3,
        amr: "pwd otp".to_owned(),
        expires_at: i64::MAX,
        last_seen_at: NOW + 5,
        ended: Some((NOW + 6, EndReason::RefreshReused)),
        user_agent: None,
        ip: Some("2001:db8::1".to_owned()),
        refresh_generation: 7,
        refresh_rotated_at: NOW + 8,
        ..remembered(&stores.bob)
    };
    for kept in [bare, full] {
        stores.here.insert(&kept).await.unwrap();
        assert_eq!(stores.there.find(&kept.id).await.unwrap(), Some(kept));
    }
}

async fn refuses_a_second_login_with_the_same_id_or_selector(stores: Stores<impl LoginStore>) {
    let first = keep(&stores.here, remembered(&stores.alice)).await;
    let same_id = Login { id: first.id.clone(), ..login(&stores.bob) };
    let same_selector = Login { remember: first.remember.clone(), ..login(&stores.bob) };
    stores.there.insert(&same_id).await.expect_err("the id is taken");
    stores.there.insert(&same_selector).await.expect_err("the selector is taken");
    assert_eq!(found(&stores.here, &first.id).await, first);
}

async fn finds_no_login_that_it_does_not_know(stores: Stores<impl LoginStore>) {
    let known = keep(&stores.here, remembered(&stores.alice)).await;
    for id in ["", "unknown", "a\0b", &known.id.as_str()[1..], &format!("{} ", known.id)] {
        let id = LoginId::from(id.to_owned());
        assert_eq!(stores.here.find(&id).await.unwrap(), None);
        assert!(!stores.here.end(&id, EndReason::Logout, NOW).await.unwrap_or(false));
    }
    for selector in ["", "SELECTOR", "a\0b"] {
        assert_eq!(stores.here.find_remembered(selector).await.unwrap(), None);
    }
    assert_eq!(stores.here.end_all("nobody", None, EndReason::Logout, NOW).await.unwrap(), 0);
    assert_eq!(found(&stores.here, &known.id).await, known);
}

async fn finds_a_login_by_its_selector(stores: Stores<impl LoginStore>) {
    let one = keep(&stores.here, remembered(&stores.alice)).await;
    let other = keep(&stores.here, remembered(&stores.alice)).await;
    keep(&stores.here, login(&stores.alice)).await;
    for login in [one, other] {
        let selector = login.remember.as_ref().expect("it has one").selector.clone();
        assert_eq!(stores.there.find_remembered(&selector).await.unwrap(), Some(login.clone()));
        // It is found after its end too: the layer must know that the cookie was good once.
        assert!(stores.here.end(&login.id, EndReason::Logout, NOW).await.unwrap());
        assert!(stores.there.find_remembered(&selector).await.unwrap().expect("still found").ended.is_some());
    }
}

async fn rotates_a_refresh_token_for_exactly_one_racer(stores: Stores<impl LoginStore>) {
    let login = keep(&stores.here, login(&stores.alice)).await;
    for generation in 0..5 {
        let now = NOW + 10 + generation;
        let racers = (0..16).map(|racer| {
            let store = if racer % 2 == 0 { &stores.here } else { &stores.there };
            store.rotate_refresh(&login.id, generation, now)
        });
        let winners = join_all(racers).await.into_iter().filter(|won| *won.as_ref().expect("an answer")).count();
        assert_eq!(winners, 1, "generation {generation}");
        let expected =
            Login { refresh_generation: generation + 1, refresh_rotated_at: now, last_seen_at: now, ..login.clone() };
        assert_eq!(found(&stores.there, &login.id).await, expected);
    }
}

async fn rotates_no_refresh_token_of_a_login_that_is_over(stores: Stores<impl LoginStore>) {
    let login = keep(&stores.here, login(&stores.alice)).await;
    let store = &stores.here;
    assert!(!store.rotate_refresh(&LoginId::random(), 0, NOW).await.unwrap(), "unknown");
    assert!(!store.rotate_refresh(&login.id, 1, NOW).await.unwrap(), "not its generation");
    assert!(!store.rotate_refresh(&login.id, -1, NOW).await.unwrap(), "not its generation");
    assert!(!store.rotate_refresh(&login.id, 0, login.expires_at).await.unwrap(), "expired");
    assert_eq!(found(store, &login.id).await, login);
    assert!(store.rotate_refresh(&login.id, 0, login.expires_at - 1).await.unwrap(), "in its last second");
    assert!(store.end(&login.id, EndReason::Logout, NOW).await.unwrap());
    assert!(!store.rotate_refresh(&login.id, 1, NOW).await.unwrap(), "ended");
    assert_eq!(found(store, &login.id).await.refresh_generation, 1);
}

fn next(remember: &Remember) -> Remember {
    Remember {
        selector: format!("{}'", remember.selector),
        validator_hash: [remember.validator_hash[0] + 1; 32],
        generation: remember.generation + 1,
        rotated_at: remember.rotated_at + 1,
        expires_at: remember.expires_at + 1,
    }
}

async fn rotates_a_remember_cookie_for_exactly_one_racer(stores: Stores<impl LoginStore>) {
    let login = keep(&stores.here, remembered(&stores.alice)).await;
    let mut remember = login.remember.clone().expect("it has one");
    for _ in 0..5 {
        let before = remember.selector.clone();
        remember = next(&remember);
        let racers = (0..16).map(|racer| {
            let store = if racer % 2 == 0 { &stores.here } else { &stores.there };
            store.rotate_remember(&login.id, &remember)
        });
        let winners = join_all(racers).await.into_iter().filter(|won| *won.as_ref().expect("an answer")).count();
        assert_eq!(winners, 1, "generation {}", remember.generation);
        assert_eq!(found(&stores.there, &login.id).await.remember.as_ref(), Some(&remember));
        assert!(stores.there.find_remembered(&remember.selector).await.unwrap().is_some());
        assert!(stores.there.find_remembered(&before).await.unwrap().is_none());
    }
}

async fn rotates_no_remember_cookie_that_is_not_there(stores: Stores<impl LoginStore>) {
    let store = &stores.here;
    let without = keep(store, login(&stores.alice)).await;
    let with = keep(store, remembered(&stores.alice)).await;
    let remember = with.remember.clone().expect("it has one");
    let good = next(&remember);
    assert!(!store.rotate_remember(&without.id, &good).await.unwrap(), "no cookie");
    assert!(!store.rotate_remember(&LoginId::random(), &good).await.unwrap(), "unknown");
    for generation in [remember.generation, remember.generation + 2, i64::MIN] {
        let wrong = Remember { generation, ..good.clone() };
        assert!(!store.rotate_remember(&with.id, &wrong).await.unwrap(), "not its generation");
    }
    let late = Remember { rotated_at: with.expires_at, ..good.clone() };
    assert!(!store.rotate_remember(&with.id, &late).await.unwrap(), "expired");
    assert_eq!(found(store, &with.id).await, with);
    assert!(store.end(&with.id, EndReason::Logout, NOW).await.unwrap());
    assert!(!store.rotate_remember(&with.id, &good).await.unwrap(), "ended");
    assert_eq!(found(store, &with.id).await.remember, Some(remember));
}

async fn extends_the_remember_cookie_that_is_there(stores: Stores<impl LoginStore>) {
    let login = keep(&stores.here, remembered(&stores.alice)).await;
    let other = keep(&stores.here, remembered(&stores.alice)).await;
    let bare = keep(&stores.here, crate::records::login(&stores.alice)).await;
    let remember = login.remember.clone().expect("it has one");
    let (store, generation, later) = (&stores.here, remember.generation, remember.expires_at + 1000);
    assert!(!store.extend_remember(&LoginId::random(), generation, later, NOW).await.unwrap(), "unknown");
    assert!(!store.extend_remember(&bare.id, generation, later, NOW).await.unwrap(), "no cookie");
    assert!(!store.extend_remember(&login.id, generation + 1, later, NOW).await.unwrap(), "not its generation");
    assert!(!store.extend_remember(&login.id, generation - 1, later, NOW).await.unwrap(), "not its generation");
    assert!(!store.extend_remember(&login.id, generation, later, login.expires_at).await.unwrap(), "expired");
    assert_eq!(found(&stores.there, &login.id).await, login);
    assert!(store.extend_remember(&login.id, generation, later, NOW).await.unwrap());
    let extended = Login { remember: Some(Remember { expires_at: later, ..remember }), ..login.clone() };
    assert_eq!(found(&stores.there, &login.id).await, extended);
    assert!(store.end(&login.id, EndReason::Logout, NOW).await.unwrap());
    assert!(!store.extend_remember(&login.id, generation, later + 1, NOW).await.unwrap(), "ended");
    assert_eq!(found(store, &login.id).await.remember, extended.remember);
    assert_eq!(found(store, &other.id).await, other);
    assert_eq!(found(store, &bare.id).await, bare);
}

async fn confirms_a_login_that_lives(stores: Stores<impl LoginStore>) {
    let login = keep(&stores.here, remembered(&stores.alice)).await;
    let other = keep(&stores.here, remembered(&stores.alice)).await;
    let (store, last) = (&stores.here, login.expires_at - 1);
    assert!(!store.confirm(&LoginId::random(), NOW).await.unwrap(), "unknown");
    assert!(!store.confirm(&login.id, login.expires_at).await.unwrap(), "expired");
    assert_eq!(found(&stores.there, &login.id).await, login);
    assert!(store.confirm(&login.id, last).await.unwrap(), "in its last second");
    let confirmed = Login { auth_time: last, last_seen_at: last, ..login.clone() };
    assert_eq!(found(&stores.there, &login.id).await, confirmed);
    assert!(store.end(&login.id, EndReason::Logout, NOW).await.unwrap());
    assert!(!store.confirm(&login.id, NOW).await.unwrap(), "ended");
    assert_eq!(found(&stores.there, &login.id).await.auth_time, last);
    assert_eq!(found(store, &other.id).await, other);
}

async fn touches_a_login(stores: Stores<impl LoginStore>) {
    let login = keep(&stores.here, login(&stores.alice)).await;
    stores.here.touch(&login.id, NOW + 60).await.unwrap();
    stores.here.touch(&LoginId::random(), NOW + 60).await.unwrap();
    assert_eq!(found(&stores.there, &login.id).await, Login { last_seen_at: NOW + 60, ..login });
}

async fn ends_a_login_once(stores: Stores<impl LoginStore + SessionStore>) {
    let ended = keep(&stores.here, remembered(&stores.alice)).await;
    let other = keep(&stores.here, login(&stores.alice)).await;
    for (byte, login) in [(1, Some(&ended)), (2, Some(&ended)), (3, Some(&other)), (4, None)] {
        open_session(&stores.here, byte, login).await;
    }
    assert!(stores.here.end(&ended.id, EndReason::Administrator, NOW + 1).await.unwrap());
    assert!(!stores.there.end(&ended.id, EndReason::Logout, NOW + 2).await.unwrap());
    let expected = Login { ended: Some((NOW + 1, EndReason::Administrator)), ..ended };
    assert_eq!(found(&stores.there, &expected.id).await, expected);
    assert_eq!(found(&stores.there, &other.id).await, other);
    for (byte, there) in [(1, false), (2, false), (3, true), (4, true)] {
        assert_eq!(has_session(&stores.there, byte).await, there, "session {byte}");
    }
    // A request that was in flight when the login ended writes back what it knows.
    assert!(!stores.there.update_session(&key(1), &session(Some(&expected))).await.unwrap());
    assert!(!stores.there.update_session(&key(2), &session(None)).await.unwrap());
    stores.there.touch_session(&key(1), NOW + 500).await.unwrap();
    assert!(!has_session(&stores.here, 1).await && !has_session(&stores.here, 2).await);
}

async fn ends_the_logins_of_one_user(stores: Stores<impl LoginStore + SessionStore>) {
    let mut logins = Vec::new();
    for (byte, user) in [(0, &stores.alice), (1, &stores.alice), (2, &stores.alice), (3, &stores.bob)] {
        let login = keep(&stores.here, login(user)).await;
        open_session(&stores.here, byte, Some(&login)).await;
        logins.push(login);
    }
    let store = &stores.there;
    let end_all = |except| store.end_all(&stores.alice, except, EndReason::Logout, NOW + 1);
    assert_eq!(end_all(Some(&logins[1].id)).await.unwrap(), 2);
    for (byte, lives) in [(0, false), (1, true), (2, false), (3, true)] {
        let login = found(store, &logins[usize::from(byte)].id).await;
        assert_eq!(login.is_live(NOW), lives, "login {byte}");
        assert_eq!(has_session(store, byte).await, lives, "session {byte}");
    }
    assert_eq!(end_all(None).await.unwrap(), 1);
    assert_eq!(end_all(None).await.unwrap(), 0);
    assert!(found(store, &logins[3].id).await.is_live(NOW));
    assert_eq!(found(store, &logins[0].id).await.ended, Some((NOW + 1, EndReason::Logout)));
}

async fn keeps_a_session_until_its_time(stores: Stores<impl LoginStore + SessionStore>) {
    let login = keep(&stores.here, login(&stores.alice)).await;
    let with = session(Some(&login));
    let without = SessionRecord { state: "{\"\u{1f409}\":\"\\u0000'\"}".to_owned(), ..session(None) };
    for (byte, record) in [(1, with), (2, without)] {
        let key = key(byte);
        stores.here.insert_session(&key, &record).await.unwrap();
        assert_eq!(stores.there.load_session(&key, record.expires_at - 1).await.unwrap().as_ref(), Some(&record));
        assert_eq!(stores.there.load_session(&key, record.expires_at).await.unwrap(), None);
    }
    assert_eq!(stores.there.load_session(&key(3), NOW).await.unwrap(), None);
}

async fn refuses_a_second_session_with_the_same_key(stores: Stores<impl SessionStore>) {
    open_session(&stores.here, 1, None).await;
    let second = SessionRecord { state: "{}".to_owned(), ..session(None) };
    stores.there.insert_session(&key(1), &second).await.expect_err("sessions are never merged");
    assert_eq!(stores.there.load_session(&key(1), NOW).await.unwrap(), Some(session(None)));
}

async fn updates_only_a_session_that_is_there(stores: Stores<impl LoginStore + SessionStore>) {
    let login = keep(&stores.here, login(&stores.alice)).await;
    open_session(&stores.here, 1, None).await;
    let signed_in = SessionRecord { expires_at: NOW + 200, ..session(Some(&login)) };
    let signed_out = SessionRecord { state: "{}".to_owned(), ..session(None) };
    for record in [signed_in, signed_out] {
        assert!(stores.there.update_session(&key(1), &record).await.unwrap());
        assert_eq!(stores.here.load_session(&key(1), NOW).await.unwrap(), Some(record));
    }
    assert!(!stores.there.update_session(&key(2), &session(None)).await.unwrap());
    assert!(!has_session(&stores.here, 2).await);
}

async fn keeps_no_session_of_a_login_that_is_unknown(stores: Stores<impl SessionStore>) {
    let deleted = login(&stores.alice);
    open_session(&stores.here, 1, Some(&deleted)).await;
    assert!(!has_session(&stores.here, 1).await);
    open_session(&stores.here, 2, None).await;
    assert!(!stores.here.update_session(&key(2), &session(Some(&deleted))).await.unwrap());
    assert_eq!(stores.here.load_session(&key(2), NOW).await.unwrap(), Some(session(None)));
}

async fn touches_and_deletes_a_session(stores: Stores<impl SessionStore>) {
    open_session(&stores.here, 1, None).await;
    stores.there.touch_session(&key(1), NOW + 300).await.unwrap();
    stores.there.touch_session(&key(2), NOW + 300).await.unwrap();
    let touched = SessionRecord { expires_at: NOW + 300, ..session(None) };
    assert_eq!(stores.here.load_session(&key(1), NOW + 299).await.unwrap(), Some(touched));
    assert!(!has_session(&stores.here, 2).await);
    stores.there.delete_session(&key(1)).await.unwrap();
    stores.there.delete_session(&key(1)).await.unwrap();
    assert!(!has_session(&stores.here, 1).await);
}
