//! What is over is deleted in time, and nothing else.

use std::time::Duration;

use futures_util::future::{Either, select};
use tollbridge::store::db::{Database, Retention};
use tollbridge::{
    Act, ApiToken, ApiTokenInsertion, ApiTokenStore as _, EndReason, Login, LoginStore, SessionHash, SessionRecord,
    SessionStore, UnixTime,
};

use crate::database::TestDatabase;
use crate::records::{NOW, api_token, create_user, key, login, session};

/// More than one batch deletes, and how many one batch deletes at most.
const MANY: i64 = 1700;
const BATCH: usize = 500;

const THIRTY_DAYS: UnixTime = 30 * 24 * 60 * 60;
pub(crate) const RETENTION: Retention = Retention {
    ended: Duration::from_secs(THIRTY_DAYS.unsigned_abs()),
    audit: Duration::MAX,
    records_of_user: u32::MAX,
};

#[actix_web::test]
async fn sweeps_what_is_over() {
    let (_place, database) = TestDatabase::migrated().await;
    let user = create_user(&database, "alice").await.id.to_string();
    let live = Login { expires_at: NOW + 2 * THIRTY_DAYS, ..login(&user) };
    let ended = Login { expires_at: NOW + 2 * THIRTY_DAYS, ..login(&user) };
    let expired = Login { expires_at: NOW + 1, ..login(&user) };
    for login in [&live, &ended, &expired] {
        database.insert(login, usize::MAX, &Act::of_application()).await.unwrap();
    }
    assert!(database.end(&ended.id, EndReason::Logout, &Act::of_application(), NOW).await.unwrap());
    for (byte, login, expires_at) in [(1, None, NOW + 1), (2, Some(&live), NOW + 2), (3, Some(&expired), i64::MAX)] {
        let record = SessionRecord { expires_at, ..session(login) };
        database.insert_session(&key(byte), &record).await.unwrap();
    }
    let left = || async {
        let mut left = Vec::new();
        for (login, name) in [(&live, "live"), (&ended, "ended"), (&expired, "expired")] {
            if LoginStore::find(&database, &login.id).await.unwrap().is_some() {
                left.push(name);
            }
        }
        left
    };
    assert_eq!(database.sweep(NOW, RETENTION).await.unwrap(), 0);
    assert_eq!(database.sweep(NOW + 1, RETENTION).await.unwrap(), 1);
    assert!(database.load_session(&key(1), NOW).await.unwrap().is_none());
    assert!(database.load_session(&key(2), NOW).await.unwrap().is_some());
    assert_eq!(database.sweep(NOW + THIRTY_DAYS - 1, RETENTION).await.unwrap(), 1);
    assert_eq!(left().await, ["live", "ended", "expired"]);
    assert_eq!(database.sweep(NOW + THIRTY_DAYS, RETENTION).await.unwrap(), 1);
    assert_eq!(left().await, ["live", "expired"]);
    assert!(database.load_session(&key(3), NOW).await.unwrap().is_some());
    assert_eq!(database.sweep(NOW + THIRTY_DAYS + 1, RETENTION).await.unwrap(), 1);
    assert_eq!(left().await, ["live"]);
    assert!(database.load_session(&key(3), NOW).await.unwrap().is_none());
    assert_eq!(database.sweep(i64::MIN, RETENTION).await.unwrap(), 0);
}

#[actix_web::test]
async fn what_ended_is_kept_for_as_long_as_asked() {
    let (_place, database) = TestDatabase::migrated().await;
    let user = create_user(&database, "alice").await.id.to_string();
    let ended = login(&user);
    database.insert(&ended, usize::MAX, &Act::of_application()).await.unwrap();
    database.end(&ended.id, EndReason::Logout, &Act::of_application(), NOW).await.unwrap();
    let week = Retention { ended: Duration::from_secs(7 * 24 * 60 * 60), ..RETENTION };
    let at = NOW + 7 * 24 * 60 * 60;
    assert_eq!(database.sweep(at - 1, week).await.unwrap(), 0);
    assert_eq!(database.sweep(at, week).await.unwrap(), 1);
    // For ever, as the longest duration that there is.
    assert_eq!(database.sweep(i64::MAX, Retention { ended: Duration::MAX, ..RETENTION }).await.unwrap(), 0);
}

#[actix_web::test]
async fn everybody_can_be_signed_out() {
    let (_place, database) = TestDatabase::migrated().await;
    let mut users = Vec::new();
    for name in ["alice", "bob", "carol"] {
        users.push(create_user(&database, name).await.id.to_string());
    }
    let mut live = Vec::new();
    // More than one batch.
    for number in 0..BATCH + 20 {
        let login = Login { expires_at: NOW + 100, ..login(&users[number % users.len()]) };
        database.insert(&login, usize::MAX, &Act::of_application()).await.unwrap();
        live.push(login);
    }
    let later = Login { created_at: NOW + 11, expires_at: NOW + 100, ..login(&users[0]) };
    let expired = Login { expires_at: NOW + 5, ..login(&users[0]) };
    let ended = Login { expires_at: NOW + 100, ..login(&users[0]) };
    for login in [&later, &expired, &ended] {
        database.insert(login, usize::MAX, &Act::of_application()).await.unwrap();
    }
    database.end(&ended.id, EndReason::Logout, &Act::of_application(), NOW).await.unwrap();
    for (byte, login) in [(1, Some(&live[0])), (2, Some(&later)), (3, None)] {
        let record = SessionRecord { expires_at: NOW + 100, ..session(login) };
        database.insert_session(&key(byte), &record).await.unwrap();
    }
    let token = api_token(&users[0], None);
    assert_eq!(database.insert_api_token(&token, &Act::of_application()).await.unwrap(), ApiTokenInsertion::Inserted);

    let mut told = Vec::new();
    let number = database
        .end_everybody(EndReason::Revoked, &Act::of_application(), NOW + 10, |so_far| told.push(so_far))
        .await
        .unwrap();
    assert_eq!(number, live.len() as u64);
    assert!(told.len() >= 2 && told.is_sorted() && told.last() == Some(&number), "{told:?}");
    let end = async |login: &Login| LoginStore::find(&database, &login.id).await.unwrap().unwrap().ended;
    for login in &live {
        assert_eq!(end(login).await, Some((NOW + 10, EndReason::Revoked)));
    }
    assert_eq!(end(&later).await, None);
    assert_eq!(end(&expired).await, None);
    assert_eq!(end(&ended).await, Some((NOW, EndReason::Logout)));
    for (byte, is_there) in [(1, false), (2, true), (3, true)] {
        assert_eq!(database.load_session(&key(byte), NOW + 10).await.unwrap().is_some(), is_there, "{byte}");
    }
    assert!(database.find_api_token(&token.id).await.unwrap().unwrap().revoked_at.is_none());
    assert_eq!(database.end_everybody(EndReason::Revoked, &Act::of_application(), NOW + 10, drop).await.unwrap(), 0);
}

#[actix_web::test]
async fn sweeps_api_tokens_that_are_over() {
    let (_place, database) = TestDatabase::migrated().await;
    let user = create_user(&database, "alice").await.id.to_string();
    let [live, lasting, expired, revoked] =
        [None, Some(NOW + 2), Some(NOW + 1), None].map(|expires_at| ApiToken { expires_at, ..api_token(&user, None) });
    for token in [&live, &lasting, &expired, &revoked] {
        assert_eq!(
            database.insert_api_token(token, &Act::of_application()).await.unwrap(),
            ApiTokenInsertion::Inserted
        );
    }
    assert!(database.revoke_api_token(&revoked.id, &user, &Act::of_application(), NOW).await.unwrap());
    for (at, swept, gone) in [(0, 1, &revoked), (1, 1, &expired), (2, 1, &lasting)] {
        assert_eq!(database.sweep(NOW + THIRTY_DAYS + at - 1, RETENTION).await.unwrap(), 0);
        assert!(database.find_api_token(&gone.id).await.unwrap().is_some());
        assert_eq!(database.sweep(NOW + THIRTY_DAYS + at, RETENTION).await.unwrap(), swept);
        assert_eq!(database.find_api_token(&gone.id).await.unwrap(), None);
    }
    assert!(database.find_api_token(&live.id).await.unwrap().is_some());
}

/// How many of them are there.
async fn left(database: &Database) -> usize {
    let mut left = 0;
    for number in 0..MANY {
        left += usize::from(database.load_session(&numbered(number), i64::MIN).await.unwrap().is_some());
    }
    left
}

fn numbered(number: i64) -> SessionHash {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&number.to_be_bytes());
    SessionHash(key)
}

/// Sessions that expire one after the other, from `NOW` on.
fn insert_many(place: &TestDatabase) {
    let rows = (0..MANY).map(|number| {
        let key: String = numbered(number).0.iter().map(|byte| format!("{byte:02x}")).collect();
        let key = if place.url().starts_with("sqlite") { format!("x'{key}'") } else { format!("'\\x{key}'") };
        format!("({key}, '{{}}', {})", NOW + number)
    });
    let rows: Vec<_> = rows.collect();
    place.execute(&format!("INSERT INTO sessions (key_hash, state, expires_at) VALUES {}", rows.join(", ")));
}

#[actix_web::test]
async fn commits_each_batch_before_the_next() {
    let (place, database) = TestDatabase::migrated().await;
    insert_many(&place);
    // The last one cannot be deleted: what is left then was to be deleted in the same transaction.
    let last = NOW + MANY - 1;
    place.execute(&if place.url().starts_with("sqlite") {
        format!(
            "CREATE TRIGGER refuse BEFORE DELETE ON sessions WHEN OLD.expires_at = {last}
             BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    } else {
        format!(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
             CREATE TRIGGER refuse BEFORE DELETE ON sessions FOR EACH ROW WHEN (OLD.expires_at = {last})
             EXECUTE FUNCTION refuse()"
        )
    });
    database.sweep(i64::MAX, RETENTION).await.expect_err("one cannot be deleted");
    let left = left(&database).await;
    assert!((1..=BATCH).contains(&left), "{left} of {MANY} are left");
}

#[actix_web::test]
async fn lets_a_write_pass_before_it_has_ended() {
    // One connection writes to SQLite.
    let place = TestDatabase::sqlite();
    let database = place.open();
    database.migrate().await.unwrap();
    insert_many(&place);
    let sweep = Box::pin(database.sweep(i64::MAX, RETENTION));
    let write = Box::pin(create_user(&database, "alice"));
    let Either::Right((_user, sweep)) = select(sweep, write).await else {
        panic!("the whole sweep went before a write that was asked for while it began");
    };
    assert!(left(&database).await > 0);
    assert_eq!(sweep.await.unwrap(), u64::try_from(MANY).unwrap());
}
