//! What is over is deleted in time, and nothing else.

use futures_util::future::{Either, select};
use tollbridge::store::db::Database;
use tollbridge::{
    ApiToken, ApiTokenInsertion, ApiTokenStore as _, EndReason, Login, LoginStore, SessionHash, SessionRecord,
    SessionStore, UnixTime,
};

use crate::database::TestDatabase;
use crate::records::{NOW, api_token, create_user, key, login, session};

/// More than one batch deletes, and how many one batch deletes at most.
const MANY: i64 = 1700;
const BATCH: usize = 500;

const THIRTY_DAYS: UnixTime = 30 * 24 * 60 * 60;

#[actix_web::test]
async fn sweeps_what_is_over() {
    let (_place, database) = TestDatabase::migrated().await;
    let user = create_user(&database, "alice").await.id.to_string();
    let live = Login { expires_at: NOW + 2 * THIRTY_DAYS, ..login(&user) };
    let ended = Login { expires_at: NOW + 2 * THIRTY_DAYS, ..login(&user) };
    let expired = Login { expires_at: NOW + 1, ..login(&user) };
    for login in [&live, &ended, &expired] {
        database.insert(login, usize::MAX).await.unwrap();
    }
    assert!(database.end(&ended.id, EndReason::Logout, NOW).await.unwrap());
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
    assert_eq!(database.sweep(NOW).await.unwrap(), 0);
    assert_eq!(database.sweep(NOW + 1).await.unwrap(), 1);
    assert!(database.load_session(&key(1), NOW).await.unwrap().is_none());
    assert!(database.load_session(&key(2), NOW).await.unwrap().is_some());
    assert_eq!(database.sweep(NOW + THIRTY_DAYS - 1).await.unwrap(), 1);
    assert_eq!(left().await, ["live", "ended", "expired"]);
    assert_eq!(database.sweep(NOW + THIRTY_DAYS).await.unwrap(), 1);
    assert_eq!(left().await, ["live", "expired"]);
    assert!(database.load_session(&key(3), NOW).await.unwrap().is_some());
    assert_eq!(database.sweep(NOW + THIRTY_DAYS + 1).await.unwrap(), 1);
    assert_eq!(left().await, ["live"]);
    assert!(database.load_session(&key(3), NOW).await.unwrap().is_none());
    assert_eq!(database.sweep(i64::MIN).await.unwrap(), 0);
}

#[actix_web::test]
async fn sweeps_api_tokens_that_are_over() {
    let (_place, database) = TestDatabase::migrated().await;
    let user = create_user(&database, "alice").await.id.to_string();
    let [live, lasting, expired, revoked] =
        [None, Some(NOW + 2), Some(NOW + 1), None].map(|expires_at| ApiToken { expires_at, ..api_token(&user, None) });
    for token in [&live, &lasting, &expired, &revoked] {
        assert_eq!(database.insert_api_token(token).await.unwrap(), ApiTokenInsertion::Inserted);
    }
    assert!(database.revoke_api_token(&revoked.id, &user, NOW).await.unwrap());
    for (at, swept, gone) in [(0, 1, &revoked), (1, 1, &expired), (2, 1, &lasting)] {
        assert_eq!(database.sweep(NOW + THIRTY_DAYS + at - 1).await.unwrap(), 0);
        assert!(database.find_api_token(&gone.id).await.unwrap().is_some());
        assert_eq!(database.sweep(NOW + THIRTY_DAYS + at).await.unwrap(), swept);
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
    database.sweep(i64::MAX).await.expect_err("one cannot be deleted");
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
    let sweep = Box::pin(database.sweep(i64::MAX));
    let write = Box::pin(create_user(&database, "alice"));
    let Either::Right((_user, sweep)) = select(sweep, write).await else {
        panic!("the whole sweep went before a write that was asked for while it began");
    };
    assert!(left(&database).await > 0);
    assert_eq!(sweep.await.unwrap(), u64::try_from(MANY).unwrap());
}
