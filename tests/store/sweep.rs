//! What is over is deleted in time, and nothing else.

use tollbridge::{EndReason, Login, LoginStore, SessionRecord, SessionStore, UnixTime};

use crate::database::TestDatabase;
use crate::records::{NOW, create_user, key, login, session};

const THIRTY_DAYS: UnixTime = 30 * 24 * 60 * 60;

#[actix_web::test]
async fn sweeps_what_is_over() {
    let (_place, database) = TestDatabase::migrated().await;
    let user = create_user(&database, "alice").await.id.to_string();
    let live = Login { expires_at: NOW + 2 * THIRTY_DAYS, ..login(&user) };
    let ended = Login { expires_at: NOW + 2 * THIRTY_DAYS, ..login(&user) };
    let expired = Login { expires_at: NOW + 1, ..login(&user) };
    for login in [&live, &ended, &expired] {
        database.insert(login).await.unwrap();
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
