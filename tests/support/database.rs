//! A fresh, migrated database for one test: an SQLite file, or, when `TOLLBRIDGE_TEST_POSTGRES` holds the URL of a
//! PostgreSQL server (such as `postgres://tollbridge@localhost/postgres`), a database of its own on that server.
//! Either is gone when the test ends.
#![allow(dead_code, reason = "each test binary that includes this file uses a part of it")]

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, RunQueryDsl, SqliteConnection};
use tempfile::TempDir;
use tollbridge::LoginId;
use tollbridge::store::db::Database;

/// Enough that calls of one test run beside each other.
const POOL_SIZE: u32 = 4;

pub(crate) struct TestDatabase {
    url: String,
    place: Place,
}

enum Place {
    File(TempDir),
    Server { admin_url: String, name: String },
}

impl TestDatabase {
    /// An empty database, without tables.
    pub(crate) fn empty() -> Self {
        match std::env::var("TOLLBRIDGE_TEST_POSTGRES") {
            Ok(admin_url) => Self::on_server(admin_url),
            Err(_) => Self::sqlite(),
        }
    }

    /// An empty SQLite database, whatever the environment says.
    pub(crate) fn sqlite() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = directory.path().join("test.db");
        Self { url: format!("sqlite://{}", file.display()), place: Place::File(directory) }
    }

    /// An empty database on this server.
    pub(crate) fn on_server(admin_url: String) -> Self {
        let random: String = LoginId::random().as_str().chars().filter(char::is_ascii_alphanumeric).collect();
        let name = format!("tollbridge_test_{}", random.to_lowercase());
        // Not every URL of libpq's is one to other parsers: postgres://user@/database?host=/run/postgresql
        let (server, query) = admin_url.split_once('?').unwrap_or((&admin_url, ""));
        let (scheme, server) = server.split_once("://").expect("TOLLBRIDGE_TEST_POSTGRES is a URL");
        let server = server.split('/').next().unwrap_or_default();
        let url = format!("{scheme}://{server}/{name}?{query}");
        run(&admin_url, &format!("CREATE DATABASE {name}"));
        Self { url, place: Place::Server { admin_url, name } }
    }

    /// A database with tables, and a connection to it.
    pub(crate) async fn migrated() -> (Self, Database) {
        Self::empty().migrate().await
    }

    /// The database with tables, and a connection to it.
    pub(crate) async fn migrate(self) -> (Self, Database) {
        let place = self;
        let database = place.open();
        database.migrate().await.expect("migrations");
        (place, database)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Another handle on the same database, with connections of its own, as another process would have.
    pub(crate) fn open(&self) -> Database {
        Database::open(&self.url, POOL_SIZE).expect("the test database opens")
    }

    /// Runs SQL past the store.
    pub(crate) fn execute(&self, sql: &str) {
        run(&self.url, sql);
    }

    /// The number of rows of a table.
    pub(crate) fn count(&self, table: &str) -> i64 {
        let query = diesel::sql_query(format!("SELECT count(*) AS count FROM {table}"));
        let count: Count = match Held::begin(&self.url, "SELECT 1") {
            Held::File(mut connection) => query.get_result(&mut connection),
            Held::Server(mut connection) => query.get_result(&mut connection),
        }
        .unwrap_or_else(|error| panic!("{table}: {error}"));
        count.count
    }

    /// Begins a transaction with this statement, and holds its locks until the answer is dropped. On SQLite it is a
    /// writing one.
    pub(crate) fn hold(&self, sql: &str) -> Held {
        Held::begin(&self.url, sql)
    }

    /// Makes it fail for everybody until [`give_back`](Self::give_back): a server lets nobody in, and SQLite, whose open
    /// files cannot be taken away, loses its tables.
    pub(crate) fn take_away(&self) {
        match &self.place {
            Place::File(_) => self.rename_tables("", "_away"),
            Place::Server { admin_url, name } => {
                run(admin_url, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
                self.disconnect_all();
            }
        }
    }

    /// Ends what [`take_away`](Self::take_away) began.
    pub(crate) fn give_back(&self) {
        match &self.place {
            Place::File(_) => self.rename_tables("_away", ""),
            Place::Server { admin_url, name } => {
                run(admin_url, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
            }
        }
    }

    fn rename_tables(&self, from: &str, to: &str) {
        for table in ["users", "logins", "sessions"] {
            self.execute(&format!("ALTER TABLE {table}{from} RENAME TO {table}{to}"));
        }
    }

    /// Cuts every connection to a database server, as its restart would. SQLite has no connections to cut.
    pub(crate) fn disconnect_all(&self) {
        if let Place::Server { admin_url, name } = &self.place {
            run(admin_url, &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"));
        }
    }
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
}

/// A connection in a transaction, which ends with it.
pub(crate) enum Held {
    File(SqliteConnection),
    Server(PgConnection),
}

impl Held {
    fn begin(url: &str, sql: &str) -> Self {
        let transaction = |begin| format!("{begin}; {sql}");
        match url.strip_prefix("sqlite://") {
            Some(path) => {
                let mut connection = SqliteConnection::establish(path).expect("SQLite opens");
                let begin = "PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE";
                connection.batch_execute(&transaction(begin)).unwrap_or_else(|error| panic!("{sql}: {error}"));
                Self::File(connection)
            }
            None => {
                let mut connection = PgConnection::establish(url).expect("PostgreSQL answers");
                connection.batch_execute(&transaction("BEGIN")).unwrap_or_else(|error| panic!("{sql}: {error}"));
                Self::Server(connection)
            }
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Place::Server { admin_url, name } = &self.place {
            run(admin_url, &format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}

fn run(url: &str, sql: &str) {
    let done = match url.strip_prefix("sqlite://") {
        // A server may be writing.
        Some(path) => SqliteConnection::establish(path)
            .expect("SQLite opens")
            .batch_execute(&format!("PRAGMA busy_timeout = 10000; {sql}")),
        None => PgConnection::establish(url).expect("PostgreSQL answers").batch_execute(sql),
    };
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}
