//! Accounts: their ids, names and passwords, and what becomes of their logins.

use futures_util::future::join_all;
use tollbridge::store::db::{CreateUserError, Database, NewUser, PasswordChange, User};
use tollbridge::store::memory::MemoryStore;
use tollbridge::testing::FakeClock;
use tollbridge::{Act, Clock, EndReason, Login, LoginId, LoginStore, RememberRecord, SessionStore, UserStore};

use crate::database::TestDatabase;
use crate::records::{NOW, create_user, key, login, new_user, session};

async fn find_user(database: &Database, identity: &str) -> Option<User> {
    UserStore::find(database, identity).await.expect("the database answers")
}

async fn find_login(database: &Database, id: &LoginId) -> Option<Login> {
    LoginStore::find(database, id).await.expect("the database answers")
}

/// A login of the user, with an open session.
async fn sign_in(database: &Database, user: &User, session_key: u8) -> Login {
    let login = login(&user.id.to_string());
    database.insert(&login, usize::MAX, &Act::of_application()).await.unwrap();
    database.insert_session(&key(session_key), &session(Some(&login))).await.unwrap();
    login
}

#[actix_web::test]
async fn keeps_a_user() {
    let (place, database) = TestDatabase::migrated().await;
    let user = create_user(&database, "Böb").await;
    let expected = User {
        id: user.id,
        username: "Böb".to_owned(),
        full_name: "Full name of Böb".to_owned(),
        active: true,
        credential_epoch: 0,
    };
    assert_eq!(user, expected);
    let database = place.open();
    let with_hash = Some((user.clone(), "$argon2id$old".to_owned()));
    assert_eq!(database.find_by_username("Böb").await.unwrap(), with_hash);
    assert_eq!(database.current_password_hash(user.id).await.unwrap().as_deref(), Some("$argon2id$old"));
    assert_eq!(database.identity(&user), user.id.to_string());
    assert_eq!(find_user(&database, &database.identity(&user)).await.as_ref(), Some(&user));
    let json = serde_json::to_string(&user).unwrap();
    assert_eq!(json, format!(r#"{{"id":{},"full_name":"Full name of Böb","username":"Böb"}}"#, user.id));
}

#[actix_web::test]
async fn compares_usernames_by_rfc_8265() {
    let (_place, database) = TestDatabase::migrated().await;
    let alice = create_user(&database, "Alice").await;
    for unknown in ["", "al%", "alice\0", "\0", "al ice", "alic\u{435}"] {
        assert_eq!(database.find_by_username(unknown).await.unwrap(), None, "{unknown:?}");
    }
    for typed in ["Alice", "alice", " ALICE "] {
        let found = database.find_by_username(typed).await.unwrap().map(|(user, _)| user);
        assert_eq!(found.as_ref(), Some(&alice), "{typed:?}");
    }
    let taken = database.create_user(new_user("alice"), &Act::of_application()).await;
    assert!(matches!(taken, Err(CreateUserError::UsernameTaken)), "{taken:?}");
    let with_nul = database.create_user(new_user("al\0ice"), &Act::of_application()).await;
    assert!(matches!(with_nul, Err(CreateUserError::Store(_))), "{with_nul:?}");
    assert_eq!(database.list_users().await.unwrap(), [alice]);
}

#[actix_web::test]
async fn never_gives_an_id_twice() {
    let (_place, database) = TestDatabase::migrated().await;
    let first = create_user(&database, "first").await.id;
    let highest = create_user(&database, "highest").await.id;
    assert!(database.delete_user(highest, &Act::of_application(), NOW).await.unwrap());
    assert!(!database.delete_user(highest, &Act::of_application(), NOW).await.unwrap());
    let next = create_user(&database, "next").await.id;
    assert!(next > highest, "{next} after {highest}");
    for id in [first, highest, next, 0, -1] {
        let given = database.create_user(NewUser { id: Some(id), ..new_user("again") }, &Act::of_application()).await;
        assert!(matches!(given, Err(CreateUserError::IdNotNew(refused)) if refused == id), "{given:?}");
    }
    assert!(database.delete_user(next, &Act::of_application(), NOW).await.unwrap());
    assert!(create_user(&database, "last").await.id > next);
}

#[actix_web::test]
async fn counts_on_from_an_id_that_was_asked_for() {
    let (_place, database) = TestDatabase::migrated().await;
    for (id, username) in [(1, "batman"), (2, "panther"), (3, "little_sapphire"), (100, "far")] {
        let user =
            database.create_user(NewUser { id: Some(id), ..new_user(username) }, &Act::of_application()).await.unwrap();
        assert_eq!(user.id, id);
    }
    let taken = database.create_user(NewUser { id: Some(200), ..new_user("batman") }, &Act::of_application()).await;
    assert!(matches!(taken, Err(CreateUserError::UsernameTaken)), "{taken:?}");
    assert!(create_user(&database, "next").await.id > 100);
}

#[actix_web::test]
async fn knows_a_user_by_one_identity_only() {
    let (_place, database) = TestDatabase::migrated().await;
    let user = create_user(&database, "alice").await;
    let login = sign_in(&database, &user, 1).await;
    let id = user.id.to_string();
    let aliases = [format!("0{id}"), format!("+{id}"), format!(" {id}"), format!("{id} "), format!("{id}.0")];
    for alias in aliases.iter().map(String::as_str).chain(["", "alice", "-0", "99999999999999999999", "１", "1\0"]) {
        assert_eq!(find_user(&database, alias).await, None, "{alias:?}");
        let both = database.find_with_login(alias, &login.id, &database).await.unwrap();
        assert_eq!(both, (None, None), "{alias:?}");
        assert_eq!(
            database.end_all(alias, None, EndReason::Logout, &Act::of_application(), NOW).await.unwrap(),
            Some(0),
            "{alias:?}"
        );
        let of_alias = Login { id: LoginId::random(), identity: alias.to_owned(), ..login.clone() };
        assert!(
            !database.insert(&of_alias, usize::MAX, &Act::of_application()).await.unwrap(),
            "a login of nobody: {alias:?}"
        );
    }
    assert!(find_login(&database, &login.id).await.is_some_and(|login| login.ended.is_none()));
}

#[actix_web::test]
async fn finds_a_user_together_with_a_login_of_theirs_alone() {
    let (_place, database) = TestDatabase::migrated().await;
    let alice = create_user(&database, "alice").await;
    let bob = create_user(&database, "bob").await;
    let login = sign_in(&database, &alice, 1).await;
    let find = |identity: i64, login: &LoginId| {
        let (database, login) = (&database, login.clone());
        async move { database.find_with_login(&identity.to_string(), &login, &MemoryStore::default()).await.unwrap() }
    };
    assert_eq!(find(alice.id, &login.id).await, (Some(alice.clone()), Some(login.clone())));
    assert_eq!(find(bob.id, &login.id).await, (Some(bob.clone()), None));
    assert_eq!(find(alice.id, &LoginId::random()).await, (Some(alice.clone()), None));
    assert_eq!(find(alice.id, &LoginId::from("\0".to_owned())).await, (Some(alice.clone()), None));
    assert_eq!(find(bob.id + 1, &login.id).await, (None, None));
    assert!(database.delete_user(alice.id, &Act::of_application(), NOW).await.unwrap());
    assert_eq!(find(alice.id, &login.id).await, (None, None));
}

#[actix_web::test]
async fn takes_everything_along_when_a_user_is_deleted() {
    let (_place, database) = TestDatabase::migrated().await;
    let alice = create_user(&database, "alice").await;
    let bob = create_user(&database, "bob").await;
    let of_alice = sign_in(&database, &alice, 1).await;
    let of_bob = sign_in(&database, &bob, 2).await;
    assert!(database.delete_user(alice.id, &Act::of_application(), NOW).await.unwrap());
    assert_eq!(find_user(&database, &alice.id.to_string()).await, None);
    assert_eq!(find_login(&database, &of_alice.id).await, None);
    assert_eq!(database.load_session(&key(1), NOW).await.unwrap(), None);
    assert!(
        !database.insert(&of_alice, usize::MAX, &Act::of_application()).await.unwrap(),
        "a login that was about to begin"
    );
    assert_eq!(find_login(&database, &of_bob.id).await, Some(of_bob));
    assert!(database.load_session(&key(2), NOW).await.unwrap().is_some());
}

#[actix_web::test]
async fn ends_every_login_of_a_user_who_is_disabled() {
    let (_place, database) = TestDatabase::migrated().await;
    let alice = create_user(&database, "alice").await;
    let login = sign_in(&database, &alice, 1).await;
    assert!(database.set_active(alice.id, true, &Act::of_application(), NOW).await.unwrap());
    assert_eq!(find_login(&database, &login.id).await, Some(login.clone()));
    assert!(database.set_active(alice.id, false, &Act::of_application(), NOW + 1).await.unwrap());
    let disabled = find_user(&database, &alice.id.to_string()).await.expect("the user is still there");
    assert!(!database.is_active(&disabled));
    assert_eq!(
        find_login(&database, &login.id).await.expect("the login is still there").ended,
        Some((NOW + 1, EndReason::UserDisabled))
    );
    assert_eq!(database.load_session(&key(1), NOW).await.unwrap(), None);
    assert!(database.set_active(alice.id, true, &Act::of_application(), NOW + 2).await.unwrap());
    let enabled = find_user(&database, &alice.id.to_string()).await.expect("the user is still there");
    assert_eq!(enabled, User { credential_epoch: 1, ..alice.clone() }, "what began before must not go on");
    let under_way = Login { id: LoginId::random(), ..login };
    assert!(
        !database.insert(&under_way, usize::MAX, &Act::of_application()).await.unwrap(),
        "a sign-in that had been verified before"
    );
    assert_eq!(find_login(&database, &under_way.id).await, None);
    let verified_now = Login { credential_epoch: 1, ..under_way };
    assert!(database.insert(&verified_now, usize::MAX, &Act::of_application()).await.unwrap());
    assert_eq!(find_login(&database, &verified_now.id).await, Some(verified_now));
    assert!(!database.set_active(alice.id + 1, false, &Act::of_application(), NOW).await.unwrap());
}

/// A change by this login, which is fresh for a minute.
fn password_change(login: &Login, verified_hash: &str, new_hash: &str) -> PasswordChange {
    PasswordChange {
        verified_hash: verified_hash.to_owned(),
        new_hash: new_hash.to_owned(),
        login: login.id.clone(),
        fresh_until: NOW + 60,
        remember: None,
    }
}

#[actix_web::test]
async fn renews_one_login_through_a_change_of_password() {
    let (_place, database) = TestDatabase::migrated().await;
    let alice = create_user(&database, "alice").await;
    let bob = create_user(&database, "bob").await;
    let kept = sign_in(&database, &alice, 1).await;
    let other = sign_in(&database, &alice, 2).await;
    let of_bob = sign_in(&database, &bob, 3).await;
    let clock = FakeClock::at(NOW + 1);
    let remember = RememberRecord {
        selector: "new".to_owned(),
        validator_hash: [2; 32],
        generation: 0,
        rotated_at: NOW + 1,
        expires_at: NOW + 100,
        confirmed: true,
    };
    let change =
        PasswordChange { remember: Some(remember.clone()), ..password_change(&kept, "$argon2id$old", "$argon2id$new") };
    let renewed =
        database.change_password(alice.id, change, &Act::of_application(), &Clock::from(&clock)).await.unwrap();
    let expected = Login {
        credential_epoch: 1,
        refresh_generation: 1 << 32,
        refresh_rotated_at: NOW + 1,
        remember: Some(remember),
        ..kept.clone()
    };
    assert_eq!(renewed, expected);
    assert_eq!(find_login(&database, &kept.id).await, Some(expected));
    let changed = find_user(&database, &alice.id.to_string()).await.expect("the user is there");
    assert_eq!(database.credential_epoch(&changed), 1);
    assert_eq!(database.current_password_hash(alice.id).await.unwrap().as_deref(), Some("$argon2id$new"));
    let ended = find_login(&database, &other.id).await.expect("the login is still there");
    assert_eq!(ended, Login { ended: Some((NOW + 1, EndReason::PasswordChanged)), ..other });
    assert_eq!(find_login(&database, &of_bob.id).await, Some(of_bob.clone()));
    for (byte, there) in [(1, false), (2, false), (3, true)] {
        assert_eq!(database.load_session(&key(byte), NOW).await.unwrap().is_some(), there, "session {byte}");
    }

    // Another one without a remember cookie.
    let change = password_change(&kept, "$argon2id$new", "$argon2id$third");
    let renewed =
        database.change_password(alice.id, change, &Act::of_application(), &Clock::from(&clock)).await.unwrap();
    assert_eq!((renewed.refresh_generation, renewed.remember.is_none()), (2 << 32, true));
    assert_eq!(find_login(&database, &kept.id).await, Some(renewed));

    assert!(database.reset_password(alice.id, "$argon2id$fourth", &Act::of_application(), NOW + 2).await.unwrap());
    assert_eq!(database.current_password_hash(alice.id).await.unwrap().as_deref(), Some("$argon2id$fourth"));
    let ended = find_login(&database, &kept.id).await.expect("the login is still there").ended;
    assert_eq!(ended, Some((NOW + 2, EndReason::PasswordChanged)));
    assert!(
        !database.reset_password(bob.id + 1, "$argon2id$new", &Act::of_application(), NOW).await.unwrap(),
        "nobody's password"
    );
}

#[actix_web::test]
async fn changes_no_password_if_something_has_changed_since_it_was_verified() {
    let (_place, database) = TestDatabase::migrated().await;
    let alice = create_user(&database, "alice").await;
    let bob = create_user(&database, "bob").await;
    let [login, ended, of_bob] = [(&alice, 1), (&alice, 2), (&bob, 3)].map(|(user, key)| sign_in(&database, user, key));
    let (login, ended, of_bob) = (login.await, ended.await, of_bob.await);
    database.end(&ended.id, EndReason::Logout, &Act::of_application(), NOW).await.unwrap();
    let change = |login| password_change(login, "$argon2id$old", "$argon2id$new");
    let long_fresh = PasswordChange { fresh_until: i64::MAX, ..change(&login) };
    let refusal = async |user: i64, change: PasswordChange, now: i64| {
        let clock = Clock::from(&FakeClock::at(now));
        database.change_password(user, change, &Act::of_application(), &clock).await.expect_err("a refusal").to_string()
    };
    assert_eq!(refusal(alice.id, change(&ended), NOW).await, "the login has ended");
    assert_eq!(refusal(alice.id, change(&of_bob), NOW).await, "the login has ended");
    assert_eq!(refusal(alice.id, long_fresh, login.expires_at).await, "the login has ended");
    assert_eq!(refusal(alice.id, change(&login), NOW + 60).await, "the login is not fresh");
    assert_eq!(refusal(bob.id + 1, change(&login), NOW).await, "the user no longer exists");
    let stale = password_change(&login, "$argon2id$older", "$argon2id$new");
    assert_eq!(refusal(alice.id, stale, NOW).await, "the password has been changed");
    assert_eq!(find_login(&database, &login.id).await, Some(login.clone()));
    assert_eq!(find_user(&database, &alice.id.to_string()).await, Some(alice.clone()));
    assert!(database.set_active(alice.id, false, &Act::of_application(), NOW).await.unwrap());
    assert_eq!(refusal(alice.id, change(&login), NOW).await, "the user is disabled");
    assert!(database.set_active(alice.id, true, &Act::of_application(), NOW).await.unwrap());
    assert_eq!(refusal(alice.id, change(&login), NOW).await, "the login has ended");
    assert_eq!(database.current_password_hash(alice.id).await.unwrap().as_deref(), Some("$argon2id$old"));
}

#[actix_web::test]
async fn replaces_a_hash_only_if_it_is_still_the_old_one() {
    let (_place, database) = TestDatabase::migrated().await;
    let alice = create_user(&database, "alice").await;
    let login = sign_in(&database, &alice, 1).await;
    database.set_password_hash(alice.id, "$argon2id$old", "$argon2id$better").await.unwrap();
    assert_eq!(database.current_password_hash(alice.id).await.unwrap().as_deref(), Some("$argon2id$better"));
    database.set_password_hash(alice.id, "$argon2id$old", "$argon2id$stale").await.unwrap();
    let with_hash = database.find_by_username("alice").await.unwrap();
    assert_eq!(with_hash, Some((alice.clone(), "$argon2id$better".to_owned())));
    assert_eq!(find_login(&database, &login.id).await, Some(login));
    assert_eq!(database.current_password_hash(alice.id + 1).await.unwrap(), None);
}

#[actix_web::test]
async fn gives_ids_that_were_asked_for_while_others_ask() {
    let (place, here) = TestDatabase::migrated().await;
    let there = place.open();
    let act = Act::of_application();
    let ask = |number: i64| {
        let database = if number % 2 == 0 { &here } else { &there };
        // Every other user takes the next id.
        let id = (number % 4 < 2).then_some(number);
        database.create_user(NewUser { id, ..new_user(&format!("user_{number}")) }, &act)
    };
    let mut created = Vec::new();
    for answer in join_all((1..=32).map(ask)).await {
        match answer {
            Ok(user) => created.push(user),
            Err(CreateUserError::IdNotNew(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert!(created.len() >= 16, "those who asked for no id have got one");
    created.sort_by_key(|user| user.id);
    assert_eq!(here.list_users().await.unwrap(), created);
}
