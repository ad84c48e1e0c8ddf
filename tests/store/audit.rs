//! Each change of a store has its record, and records are kept as long as they should be.

use std::time::Duration;

use tollbridge::store::db::{AuditFilter, ChangePasswordError, Database, PasswordChange, Retention, SealedKey};
use tollbridge::store::memory::MemoryStore;
use tollbridge::testing::FakeClock;
use tollbridge::testing::conformance::{self, Fixture};
use tollbridge::{Act, Action, AuditRecord, AuditStore as _, Clock, EndReason, Login, LoginId, LoginStore as _};

use crate::database::TestDatabase;
use crate::records::{NOW, create_user, login, new_user};

#[actix_web::test]
async fn of_a_store_in_memory() {
    let store = MemoryStore::default();
    let make = async || Fixture::new(store.clone());
    conformance::audit_of_logins(make).await;
    conformance::audit_of_api_tokens(make).await;
    conformance::audit_of_codes(make).await;
    conformance::audit_of_revoked_tokens(make).await;
}

#[actix_web::test]
async fn of_the_database() {
    let (place, database) = TestDatabase::migrated().await;
    let alice = create_user(&database, "alice").await.id.to_string();
    let bob = create_user(&database, "bob").await.id.to_string();
    let (here, there) = (place.open(), place.open());
    let make = async || {
        let logins = [login(&alice), login(&alice)].map(|login| Login { expires_at: i64::MAX, ..login });
        for login in &logins {
            assert!(database.insert(login, usize::MAX, &Act::of_application()).await.unwrap());
        }
        let [one, other] = logins.map(|login| login.id);
        Fixture::new(here.clone()).second_handle(there.clone()).identities(&alice, &bob).logins(one, other)
    };
    conformance::audit_of_logins(make).await;
    conformance::audit_of_api_tokens(make).await;
    conformance::audit_of_codes(make).await;
    conformance::audit_of_revoked_tokens(make).await;
}

/// All records but those of the fixtures, the first one first.
async fn all(database: &Database) -> Vec<AuditRecord> {
    let mut records = database.audit(AuditFilter::default(), usize::MAX).await.unwrap();
    assert!(records.is_sorted_by(|one, other| one.0 > other.0), "numbers grow");
    records.reverse();
    records.into_iter().map(|(_, record)| record).filter(|record| record.act != Act::of_application()).collect()
}

fn actions(records: &[AuditRecord]) -> Vec<Action> {
    records.iter().map(|record| record.action).collect()
}

#[actix_web::test]
async fn of_what_an_operator_does_to_accounts() {
    let (_place, database) = TestDatabase::migrated().await;
    let root = Act::of_operator("root");
    let alice = database.create_user(new_user("alice"), &root).await.unwrap();
    let taken = database.create_user(new_user("alice"), &root).await;
    assert!(taken.is_err());
    for (user, is_there) in [(alice.id, true), (alice.id + 1, false)] {
        assert_eq!(database.set_active(user, false, &root, NOW + 1).await.unwrap(), is_there);
        assert_eq!(database.set_active(user, true, &root, NOW + 2).await.unwrap(), is_there);
        assert_eq!(database.reset_password(user, "$new", &root, NOW + 3).await.unwrap(), is_there);
        assert_eq!(database.delete_user(user, &root, NOW + 4).await.unwrap(), is_there);
    }
    let records = all(&database).await;
    let expected =
        [Action::UserAdded, Action::UserDisabled, Action::UserEnabled, Action::PasswordReset, Action::UserDeleted];
    assert_eq!(actions(&records), expected);
    for (record, at) in records.iter().zip(NOW..) {
        assert_eq!((record.at, record.user.as_deref()), (at, Some(&*alice.id.to_string())));
        assert_eq!(record.act, root);
    }
    // The name outlives the account.
    assert_eq!(records[4].subject.as_deref(), Some("alice"));
    assert_eq!(database.user_named_in_audit("alice").await.unwrap(), Some(alice.id));
    assert_eq!(database.user_named_in_audit("bob").await.unwrap(), None);
    assert_eq!(database.user_named_in_audit("\0").await.unwrap(), None);
}

#[actix_web::test]
async fn of_passwords_that_are_given_again() {
    let (_place, database) = TestDatabase::migrated().await;
    let alice = create_user(&database, "alice").await;
    let login = login(&alice.id.to_string());
    database.insert(&login, usize::MAX, &Act::of_application()).await.unwrap();
    let (act, clock) = (Act::of_operator("the request"), Clock::from(FakeClock::at(NOW + 5)));
    let reauthenticate =
        async |hash: &str| database.reauthenticate(alice.id, hash.to_owned(), login.id.clone(), &act, &clock).await;
    let change = async |hash: &str| {
        let change = PasswordChange {
            verified_hash: hash.to_owned(),
            new_hash: "$new".to_owned(),
            login: login.id.clone(),
            fresh_until: NOW + 10,
            remember: None,
        };
        database.change_password(alice.id, change, &act, &clock).await
    };
    assert!(matches!(reauthenticate("$wrong").await, Err(ChangePasswordError::PasswordReplaced)));
    assert!(matches!(change("$wrong").await, Err(ChangePasswordError::PasswordReplaced)));
    assert_eq!(all(&database).await, Vec::new());
    reauthenticate("$argon2id$old").await.unwrap();
    change("$argon2id$old").await.unwrap();
    let of_alice = |action| AuditRecord::new(NOW + 5, action, act.clone()).of_user(alice.id.to_string());
    let expected = [of_alice(Action::Confirmed).about(login.id.as_str()), of_alice(Action::PasswordChanged)];
    assert_eq!(all(&database).await, expected);
}

#[actix_web::test]
async fn of_everybody() {
    let (_place, database) = TestDatabase::migrated().await;
    let alice = create_user(&database, "alice").await.id.to_string();
    for _ in 0..501 {
        database.insert(&login(&alice), usize::MAX, &Act::of_application()).await.unwrap();
    }
    let root = Act::of_operator("root");
    for ended in [501, 0] {
        assert_eq!(database.end_everybody(EndReason::Revoked, &root, NOW, |_| ()).await.unwrap(), ended);
    }
    let batch = |count| AuditRecord::new(NOW, Action::LoginsEnded, root.clone()).because("revoked").counting(count);
    assert_eq!(all(&database).await, [batch(500), batch(1)]);
}

#[actix_web::test]
async fn of_keys() {
    let (_place, database) = TestDatabase::migrated().await;
    let root = Act::of_operator("root");
    let key = |kid: &str, signs_from| SealedKey {
        kid: kid.to_owned(),
        algorithm: "EdDSA".to_owned(),
        sealed: vec![1],
        created_at: NOW,
        signs_from,
        verifies_until: None,
    };
    assert!(database.add_first_signing_key(key("one", Some(NOW)), &root).await.unwrap());
    assert!(!database.add_first_signing_key(key("two", Some(NOW)), &root).await.unwrap());
    for is_new in [true, false] {
        assert_eq!(database.add_signing_key(key("two", Some(NOW)), NOW + 9, &root).await.unwrap(), is_new);
        assert_eq!(database.add_verifying_key(key("three", None), &root).await.unwrap(), is_new);
        assert_eq!(database.remove_signing_key("one", &root, NOW + 1).await.unwrap(), is_new);
    }
    assert!(!database.remove_signing_key("two", &root, NOW + 1).await.unwrap(), "it is the last one");
    let of_key = |at, action, kid: &str| AuditRecord::new(at, action, root.clone()).about(kid);
    let expected = [
        of_key(NOW, Action::KeyAdded, "one"),
        of_key(NOW, Action::KeyAdded, "two"),
        of_key(NOW, Action::KeyAdded, "three"),
        of_key(NOW + 1, Action::KeyRetired, "one"),
    ];
    assert_eq!(all(&database).await, expected);
}

#[actix_web::test]
async fn is_found_by_every_filter() {
    let (_place, database) = TestDatabase::migrated().await;
    let alice = create_user(&database, "alice").await.id;
    let bob = create_user(&database, "bob").await.id;
    let (root, mut by_login) = (Act::of_operator("root"), Act::of_operator("anna"));
    by_login.login = Some(LoginId::from("a login".to_owned()));
    for (at, action, user, act) in [
        (NOW, Action::SignedIn, alice, &root),
        (NOW + 1, Action::Refreshed, bob, &root),
        (NOW + 2, Action::LoginEnded, alice, &by_login),
    ] {
        let record = AuditRecord::new(at, action, act.clone()).of_user(user.to_string());
        database.add_record(&record.about(format!("of {user}"))).await.unwrap();
    }
    let find = async |change: &dyn Fn(&mut AuditFilter)| {
        let mut filter = AuditFilter { since: Some(NOW), actions: vec![], ..AuditFilter::default() };
        change(&mut filter);
        let found = database.audit(filter, 10).await.unwrap();
        let found = found.into_iter().filter(|(_, record)| record.act != Act::of_application());
        found.map(|(_, record)| record.at - NOW).collect::<Vec<_>>()
    };
    assert_eq!(find(&|_| ()).await, [2, 1, 0]);
    assert_eq!(find(&|filter| filter.user = Some(alice)).await, [2, 0]);
    assert_eq!(find(&|filter| filter.actions = vec![Action::SignedIn, Action::Refreshed]).await, [1, 0]);
    assert_eq!(find(&|filter| filter.subject = Some(format!("of {bob}"))).await, [1]);
    assert_eq!(find(&|filter| filter.subject = Some("a login".to_owned())).await, [2]);
    assert_eq!(find(&|filter| filter.subject = Some("\0".to_owned())).await, Vec::<i64>::new());
    assert_eq!(find(&|filter| filter.since = Some(NOW + 1)).await, [2, 1]);
    assert_eq!(find(&|filter| filter.until = Some(NOW + 1)).await, [0]);
    let last = database.audit(AuditFilter::default(), 1).await.unwrap();
    assert_eq!(find(&|filter| filter.above = Some(last[0].0 - 1)).await, [2]);
    let names = database.usernames(vec![alice, bob, bob + 1, bob]).await.unwrap();
    assert_eq!((names.len(), &*names[&alice], &*names[&bob]), (2, "alice", "bob"));
}

/// A client chooses some of the texts. None of them may hinder the change.
#[actix_web::test]
async fn leaves_out_what_cannot_be_stored() {
    let (_place, database) = TestDatabase::migrated().await;
    let alice = create_user(&database, "alice").await.id.to_string();
    let mut act = Act::of_operator("ro\0ot");
    act.user_agent = Some("a\0b".to_owned());
    act.request_id = Some("request".to_owned());
    let login = login(&alice);
    assert!(database.insert(&login, usize::MAX, &act).await.unwrap());
    let records = all(&database).await;
    assert_eq!(records[0].act.by.name(), Some("?"));
    assert_eq!(records[0].act.user_agent, None);
    assert_eq!(records[0].act.request_id.as_deref(), Some("request"));
}

#[actix_web::test]
async fn is_kept_by_age_and_by_number() {
    let (_place, database) = TestDatabase::migrated().await;
    let alice = create_user(&database, "alice").await.id.to_string();
    let bob = create_user(&database, "bob").await.id.to_string();
    let root = Act::of_operator("root");
    let add = async |at, user: Option<&str>, count| {
        let mut record = AuditRecord::new(at, Action::Refreshed, root.clone()).counting(count);
        record.user = user.map(str::to_owned);
        database.add_record(&record).await.unwrap();
    };
    add(NOW, Some(&bob), 1).await;
    add(NOW, None, 2).await;
    for count in 0..1200 {
        add(NOW + 100, Some(&alice), count).await;
    }
    add(NOW + 100, None, 3).await;
    // Anybody can make failures. They count apart, also those of names that nobody has.
    for (user, number) in [(Some(&*bob), 1002), (None, 1003)] {
        for _ in 0..number {
            let mut failed = AuditRecord::new(NOW + 100, Action::SignInFailed, root.clone());
            failed.user = user.map(str::to_owned);
            database.add_record(&failed).await.unwrap();
        }
    }
    let kept = Retention { ended: Duration::MAX, audit: Duration::from_secs(3600), records_of_user: 1000 };
    // Too many of one user: the oldest 201 go, with that of the account, and five failures. Nobody else loses any.
    assert_eq!(database.sweep(NOW + 3599, kept).await.unwrap(), 201 + 5);
    let counts = |records: Vec<AuditRecord>| records.iter().map(|record| record.count).collect::<Vec<_>>();
    let of_alice = counts(database.records_of(&alice, &[], usize::MAX).await.unwrap());
    assert_eq!(of_alice, (200..1200).rev().collect::<Vec<_>>());
    assert_eq!(database.records_of(&bob, &[Action::Refreshed, Action::UserAdded], 10).await.unwrap().len(), 2);
    assert_eq!(database.records_of(&bob, &[Action::SignInFailed], usize::MAX).await.unwrap().len(), 1000);
    // Too old: those of everybody.
    assert_eq!(database.sweep(NOW + 3600, kept).await.unwrap(), 3);
    assert_eq!(all(&database).await.len(), 3001);
    assert_eq!(database.sweep(NOW + 3700, kept).await.unwrap(), 3001);
    assert_eq!(database.audit(AuditFilter::default(), 10).await.unwrap(), Vec::new());
}
