//! Opening a database: its URL, its file, its connections, and rows that nobody here wrote.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use tollbridge::store::db::Database;
use tollbridge::{Act, Login, LoginStore, UserStore};

use crate::database::TestDatabase;
use crate::records::{create_user, login};

/// The message and the `Debug` text of the error that this URL gives.
fn fault_of(url: &str) -> String {
    let error = Database::open(url, 1).expect_err(url);
    format!("{error}\n{error:?}")
}

#[test]
fn says_what_a_database_url_looks_like() {
    for (url, names) in [("mysql://h/d", "mysql://…"), ("data/tollbridge.db", "data/tollbridge.db"), ("", "``")] {
        let fault = fault_of(url);
        for part in [names, "sqlite://PATH", "postgres://USER@HOST/DATABASE"] {
            assert!(fault.contains(part), "{url}: {fault}");
        }
    }
    for url in ["sqlite://", "sqlite://:memory:", "sqlite://data/", "sqlite://x.db?mode=ro"] {
        assert!(fault_of(url).contains(url));
    }
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", directory.path().join("x.db").display());
    assert!(Database::open(&url, 0).expect_err("no connections").to_string().contains("pool size"));
}

#[test]
fn shows_no_password_of_a_url() {
    let urls = [
        "mysql://root:hunter2@db.example/d",
        "root:hunter2@db.example",
        "hunter2@db.example",
        "password=hunter2",
        "Postgres://u:hunter2@db.example/d",
        "postgres:u:hunter2@db.example",
        "postgres://u:hunter2@127.0.0.1:1/d",
        "postgres://u:hunter2@127.0.0.1:1/d?connect_timeout=1&password=hunter2",
        "postgres://u:hunter2@127.0.0.1:1/d?bogus=hunter2",
        "postgres://u:hun%zzhunter2@127.0.0.1:1/d",
        "postgres://u:hunter2%00@127.0.0.1:1/d",
        "postgres://u:1/hunter2@127.0.0.1:1/d",
        "postgres://u:1@hunter2@127.0.0.1:1/d",
        "postgres://u:1:hunter2@127.0.0.1:1/d",
        "postgres://u:hunter2",
        "postgres://u:hunter2@[::1/d",
        "postgres://u:hunter2@[::1]x/d",
        "postgres://u:hunter2@127.0.0.1:1/d?sslmode",
    ];
    for url in urls {
        let fault = fault_of(url);
        assert!(!fault.contains("hunter2"), "{url}: {fault}");
    }
    let unreachable = fault_of("postgres://u:hunter2@127.0.0.1:1/d");
    assert!(unreachable.contains("postgres://u:…@127.0.0.1:1/d"), "{unreachable}");
}

#[actix_web::test]
async fn creates_a_file_that_only_its_owner_reads() {
    let directory = tempfile::tempdir().unwrap();
    let new = directory.path().join("new/er");
    let database = Database::open(&format!("sqlite://{}", new.join("x.db").display()), 2).unwrap();
    database.migrate().await.unwrap();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(directory.path().join("new")), 0o700);
    assert_eq!(mode(new.clone()), 0o700);
    for file in ["x.db", "x.db-wal", "x.db-shm"] {
        assert_eq!(mode(new.join(file)), 0o600, "{file}");
    }
}

#[cfg(target_os = "linux")]
#[actix_web::test]
async fn closes_its_files_when_it_is_dropped() {
    let place = TestDatabase::sqlite();
    let path = place.url().trim_start_matches("sqlite://").to_owned();
    let open_files = || {
        let descriptors = fs::read_dir("/proc/self/fd").unwrap();
        let targets = descriptors.filter_map(|descriptor| fs::read_link(descriptor.unwrap().path()).ok());
        targets.filter(|target| target.starts_with(&path) || target.display().to_string().contains(&path)).count()
    };
    let (one, other) = (place.open(), place.open());
    one.migrate().await.unwrap();
    for database in [&one, &other, &one] {
        database.ping().await.unwrap();
        assert!(UserStore::find(database, "1").await.unwrap().is_none());
    }
    assert!(open_files() > 0);
    drop(one);
    assert!(UserStore::find(&other, "1").await.unwrap().is_none());
    drop(other);
    // Its threads close them, and nobody waits for those.
    let deadline = Instant::now() + Duration::from_secs(30);
    while open_files() > 0 {
        assert!(Instant::now() < deadline, "{} files are open", open_files());
        std::thread::yield_now();
    }
}

#[actix_web::test]
async fn reads_on_after_every_connection_was_cut() {
    let (place, database) = TestDatabase::migrated().await;
    let user = create_user(&database, "alice").await;
    for _ in 0..2 {
        place.disconnect_all();
        assert_eq!(UserStore::find(&database, &user.id.to_string()).await.unwrap().as_ref(), Some(&user));
        database.ping().await.unwrap();
    }
}

#[actix_web::test]
async fn answers_to_a_ping_when_its_tables_are_there() {
    let place = TestDatabase::empty();
    let database = place.open();
    database.ping().await.expect_err("no tables yet");
    let applied = database.migrate().await.unwrap();
    assert!(applied.iter().any(|name| name.ends_with("_accounts")), "{applied:?}");
    assert!(database.migrate().await.unwrap().is_empty());
    database.ping().await.unwrap();
    assert!(!format!("{database:?}").contains("password"));
}

/// The rows of a version before rotations were confirmed: what was rotated then is good for the grace only, as it was.
#[actix_web::test]
async fn takes_every_earlier_rotation_for_confirmed() {
    let (place, database) = TestDatabase::migrated().await;
    let user = create_user(&database, "alice").await;
    let rotated = Login { refresh_generation: 3, refresh_confirmed: false, ..login(&user.id.to_string()) };
    database.insert(&rotated, usize::MAX, &Act::of_application()).await.unwrap();
    for column in ["remember_confirmed", "refresh_confirmed"] {
        place.execute(&format!("ALTER TABLE logins DROP COLUMN {column}"));
    }
    place.execute("DELETE FROM __diesel_schema_migrations WHERE version = '20261125000003'");
    assert_eq!(database.migrate().await.unwrap().len(), 1);
    let found = LoginStore::find(&place.open(), &rotated.id).await.unwrap();
    assert_eq!(found, Some(Login { refresh_confirmed: true, ..rotated }));
}

#[actix_web::test]
async fn calls_a_row_unreadable_that_it_cannot_have_written() {
    let (place, database) = TestDatabase::migrated().await;
    let user = create_user(&database, "alice").await;
    let login = login(&user.id.to_string());
    database.insert(&login, usize::MAX, &Act::of_application()).await.unwrap();
    place.execute("UPDATE logins SET ended_at = 1, end_reason = 'moonlight'");
    LoginStore::find(&database, &login.id).await.expect_err("no such reason");
    database.find_with_login(&user.id.to_string(), &login.id, &database).await.expect_err("no such reason");
}

#[actix_web::test]
async fn calls_text_unreadable_that_is_not_utf_8() {
    let place = TestDatabase::sqlite();
    let database = place.open();
    database.migrate().await.unwrap();
    let user = create_user(&database, "alice").await;
    place.execute("UPDATE users SET full_name = CAST(x'41ff' AS TEXT)");
    UserStore::find(&database, &user.id.to_string()).await.expect_err("not UTF-8");
    database.list_users().await.expect_err("not UTF-8");
}

#[actix_web::test]
async fn refuses_the_tables_of_a_later_version() {
    let (place, database) = TestDatabase::migrated().await;
    let applied = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000000')";
    place.execute(applied);
    let refused = database.migrate().await.expect_err("a schema that it does not know").to_string();
    assert!(refused.contains("29991231000000") && refused.contains("knows schemas up to 2026"), "{refused}");
}

#[actix_web::test]
async fn the_first_value_is_agreed_on() {
    let (place, database) = TestDatabase::migrated().await;
    let other = place.open();
    assert_eq!(database.agree("a_key", "one").await.unwrap(), "one");
    assert_eq!(other.agree("a_key", "two").await.unwrap(), "one");
    assert_eq!(other.agree("b_key", "two").await.unwrap(), "two");
    other.agree_anew("a_key", "two").await.unwrap();
    assert_eq!(database.agree("a_key", "one").await.unwrap(), "two");
}
