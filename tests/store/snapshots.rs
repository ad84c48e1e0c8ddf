//! What is kept in memory between two reads is never older than the last commit, whoever made it.

use tollbridge::store::db::Database;
use tollbridge::{Act, EndReason, Login, LoginId, LoginStore, SessionHash, SessionRecord, SessionStore, UserStore};

use crate::database::TestDatabase;
use crate::records::{NOW, create_user, login};

/// What a request would be told of this login.
async fn is_live(database: &Database, identity: &str, login: &LoginId) -> bool {
    let (user, login) = database.find_with_login(identity, login, database).await.unwrap();
    user.is_some_and(|user| user.active) && login.is_some_and(|login| login.is_live(NOW))
}

#[actix_web::test]
async fn the_next_read_sees_what_another_connection_has_committed() {
    let (place, reader) = TestDatabase::migrated().await;
    let writer = place.open();
    let ann = create_user(&writer, "ann").await;
    let identity = reader.identity(&ann);
    for round in 0..50 {
        // Each round disables the user once.
        let first = Login { credential_epoch: round, ..login(&identity) };
        assert!(!is_live(&reader, &identity, &first.id).await, "round {round}: before it begins");
        writer.insert(&first, usize::MAX, &Act::of_application()).await.unwrap();
        assert!(is_live(&reader, &identity, &first.id).await, "round {round}: after it began");
        assert!(is_live(&reader, &identity, &first.id).await, "round {round}: read again");

        writer.set_active(ann.id, false, &Act::of_application(), NOW).await.unwrap();
        assert!(!is_live(&reader, &identity, &first.id).await, "round {round}: after the user was disabled");
        writer.set_active(ann.id, true, &Act::of_application(), NOW).await.unwrap();

        let second = Login { credential_epoch: round + 1, ..login(&identity) };
        writer.insert(&second, usize::MAX, &Act::of_application()).await.unwrap();
        assert!(is_live(&reader, &identity, &second.id).await, "round {round}: another login");
        writer.end(&second.id, EndReason::Logout, &Act::of_application(), NOW).await.unwrap();
        assert!(!is_live(&reader, &identity, &second.id).await, "round {round}: after its end");
    }
}

#[actix_web::test]
async fn the_next_load_sees_what_another_connection_did_to_the_session() {
    let (place, reader) = TestDatabase::migrated().await;
    let writer = place.open();
    let record = |state: &str| SessionRecord { state: state.to_owned(), login: None, expires_at: NOW + 10 };
    for round in 0..50_u8 {
        let key = SessionHash([round; 32]);
        assert_eq!(reader.load_session(&key, NOW).await.unwrap(), None);
        writer.insert_session(&key, &record("{}")).await.unwrap();
        assert_eq!(reader.load_session(&key, NOW).await.unwrap(), Some(record("{}")));
        writer.update_session(&key, &record(r#"{"a":"1"}"#)).await.unwrap();
        assert_eq!(reader.load_session(&key, NOW).await.unwrap(), Some(record(r#"{"a":"1"}"#)));
        assert_eq!(reader.load_session(&key, NOW + 10).await.unwrap(), None, "its time passes without a write");
        writer.delete_session(&key).await.unwrap();
        assert_eq!(reader.load_session(&key, NOW).await.unwrap(), None);
    }
}
