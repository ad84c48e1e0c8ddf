//! What is noted of reads: once for each login and session, in few transactions, and never as an error.

use futures_util::future::join_all;
use tollbridge::store::db::Database;
use tollbridge::{Act, Login, LoginId, LoginStore, SessionStore, UnixTime};

use crate::database::TestDatabase;
use crate::records::{NOW, create_user, key, login, session};

/// Counts the rows that are written, whatever becomes of them later.
fn count_writes(place: &TestDatabase) {
    place.execute("CREATE TABLE writes (what text)");
    for (table, column) in [("logins", "last_seen_at"), ("sessions", "expires_at")] {
        on_update(place, table, column, "TRUE", &format!("INSERT INTO writes VALUES ('{table}')"));
    }
}

fn on_update(place: &TestDatabase, table: &str, column: &str, condition: &str, sql: &str) {
    let begin = format!("TRIGGER on_{table} BEFORE UPDATE OF {column} ON {table} FOR EACH ROW WHEN ({condition})");
    place.execute(&if place.url().starts_with("sqlite") {
        format!("CREATE {begin} BEGIN {sql}; END")
    } else {
        format!(
            "CREATE FUNCTION on_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {sql}; RETURN NEW; END $$;
             CREATE {begin} EXECUTE FUNCTION on_{table}()"
        )
    });
}

async fn begin_logins(database: &Database, count: usize) -> Vec<Login> {
    let user = create_user(database, "alice").await.id.to_string();
    let logins: Vec<_> = (0..count).map(|_| login(&user)).collect();
    for login in &logins {
        database.insert(login, usize::MAX, &Act::of_application()).await.unwrap();
    }
    logins
}

async fn last_seen(database: &Database, id: &LoginId) -> UnixTime {
    LoginStore::find(database, id).await.unwrap().expect("the login is there").last_seen_at
}

#[actix_web::test]
async fn one_note_of_each_is_pending() {
    let (place, database) = TestDatabase::migrated().await;
    let logins = begin_logins(&database, 5).await;
    for (byte, login) in (0..).zip(&logins) {
        database.insert_session(&key(byte), &session(Some(login))).await.unwrap();
    }
    count_writes(&place);
    let keys: Vec<_> = (0..5).map(key).collect();
    let seen = (0..200).map(|number| database.touch(&logins[number % 5].id, NOW + 60));
    let used = (0..200).map(|number| database.touch_session(&keys[number % 5], NOW + 160));
    let answers = join_all(seen.chain(used)).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    for (byte, login) in (0..).zip(&logins) {
        assert_eq!(last_seen(&database, &login.id).await, NOW + 60);
        assert!(database.load_session(&key(byte), NOW + 159).await.unwrap().is_some());
    }
    assert_eq!(place.count("writes"), 10, "of 5 logins and 5 sessions");
}

#[actix_web::test]
async fn those_that_come_together_are_one_transaction() {
    let (place, database) = TestDatabase::migrated().await;
    let logins = begin_logins(&database, 20).await;
    // A row that cannot be written takes along what is written in the same transaction.
    let condition = format!("OLD.id = '{}'", logins[10].id);
    let refuse = if place.url().starts_with("sqlite") { "SELECT RAISE(ABORT, 'no')" } else { "RAISE 'no'" };
    on_update(&place, "logins", "last_seen_at", &condition, refuse);
    let answers = join_all(logins.iter().map(|login| database.touch(&login.id, NOW + 60))).await;
    assert!(answers.iter().all(Result::is_ok), "a note is no error of the request: {answers:?}");
    for login in &logins {
        assert_eq!(last_seen(&database, &login.id).await, NOW);
    }
}

#[actix_web::test]
async fn a_login_that_is_being_changed_is_not_waited_for() {
    let (place, database) = TestDatabase::migrated().await;
    if place.url().starts_with("sqlite") {
        return; // Its transactions are one after the other.
    }
    let logins = begin_logins(&database, 2).await;
    let held = place.hold(&format!("SELECT 1 FROM logins WHERE id = '{}' FOR UPDATE", logins[0].id));
    for login in &logins {
        database.touch(&login.id, NOW + 60).await.unwrap();
    }
    assert_eq!(last_seen(&database, &logins[0].id).await, NOW);
    assert_eq!(last_seen(&database, &logins[1].id).await, NOW + 60);
    drop(held);
}
