//! The server that `tollbridge serve` runs, started for one test.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, OnceLock, mpsc};
use std::thread::JoinHandle;

use reqwest::blocking::Client as Http;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tollbridge::server::Application;
use tollbridge::server::config::{Config, Sources};
use tollbridge::store::db::{Database, NewUser};
use tollbridge::testing::FakeClock;
use tollbridge::{Act, Clock, PasswordHasher, PasswordParams};

use crate::clients::{Anonymous, Client as _, Pair, new_http};
use crate::database::TestDatabase;

/// When every test begins.
pub(crate) const START: i64 = 1_800_000_000;

/// The password of every user.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// The users, by id from 1 on.
pub(crate) const USERS: [(&str, &str); 3] =
    [("batman", "Bruce Wayne"), ("panther", "Ann Takamaki"), ("little_sapphire", "Jester Lavore")];
pub(crate) const PANTHER: i64 = 2;

const TOKEN_SECRET: &str = "dGhlIHRlc3RzIHNpZ24gdG9rZW5zIHdpdGggdGhlc2UgYnl0ZXM";
const SESSION_SECRET: &str = "YW5kIHRoZWlyIGNvb2tpZXMgd2l0aCB0aGVzZSBvdGhlciBieXRlcw";

/// The parameters that the servers hash with: next to no work.
pub(crate) fn cheap() -> PasswordParams {
    PasswordParams { memory_kib: 8, iterations: 1, parallelism: 1, threads: 2, queue: 64 }
}

/// The settings of every server, unless a test has its own.
const SETTINGS: [(&str, &str); 7] = [
    ("SERVER__LISTEN", "127.0.0.1:0"),
    ("SERVER__WORKERS", "2"),
    ("DATABASE__POOL_SIZE", "2"),
    ("TOKEN__SECRET", TOKEN_SECRET),
    ("PASSWORD__PARALLELISM", "1"),
    ("PASSWORD__THREADS", "2"),
    // `throttle.rs` has it on: elsewhere more is guessed than one address may.
    ("THROTTLE__ENABLED", "false"),
];

/// Runs what is asynchronous to its end.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

/// The application, serving until it is dropped.
pub(crate) struct TestApp {
    pub(crate) addr: SocketAddr,
    /// The address for operators, if it has one.
    pub(crate) operations_addr: Option<SocketAddr>,
    pub(crate) clock: FakeClock,
    /// Another handle on the server's database, as another process would have.
    pub(crate) database: Database,
    pub(crate) place: Arc<TestDatabase>,
    http: Option<Http>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<io::Result<()>>>,
    keys: Arc<TempDir>,
}

impl TestApp {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// With settings as they stand in the environment, without `TOLLBRIDGE_`; what is empty there is not set.
    pub(crate) fn with(settings: &[(&str, &str)]) -> Self {
        Self::at(TestDatabase::empty(), settings)
    }

    /// At an empty database.
    pub(crate) fn at(place: TestDatabase, settings: &[(&str, &str)]) -> Self {
        let (place, database) = wait(with_users(place));
        let keys = Arc::new(tempfile::tempdir().expect("a temporary directory"));
        Self::serve(Arc::new(place), database, keys, FakeClock::at(START), settings)
    }

    /// Another node at the same database, with the same keys and the same clock.
    pub(crate) fn beside(&self, settings: &[(&str, &str)]) -> Self {
        let (place, keys) = (Arc::clone(&self.place), Arc::clone(&self.keys));
        Self::serve(place, self.database.clone(), keys, self.clock.clone(), settings)
    }

    fn serve(
        place: Arc<TestDatabase>,
        database: Database,
        keys: Arc<TempDir>,
        clock: FakeClock,
        settings: &[(&str, &str)],
    ) -> Self {
        let config = config(&place, &keys, settings);
        let (tell, told) = mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let server_clock = Clock::from(&clock);
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let application = Application::build(config, server_clock).await.expect("the server can be built");
                tell.send((application.addr(), application.operations_addr())).expect("the test waits");
                application.run_until(async { stopped.await.unwrap_or_default() }).await
            })
        });
        let (addr, operations_addr) = told.recv().expect("the server starts");
        let (http, stop, thread) = (Some(new_http()), Some(stop), Some(thread));
        Self { addr, operations_addr, clock, database, place, http, stop, thread, keys }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    pub(crate) fn http(&self) -> &Http {
        self.http.as_ref().expect("the server has not been stopped")
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.set(self.clock.now() + seconds);
    }

    /// Tells the server to stop. It has stopped when the future of [`ended`](Self::ended) is ready.
    pub(crate) fn tell_to_stop(&mut self) {
        // An idle connection would be waited for.
        drop(self.http.take());
        drop(self.stop.take());
    }

    /// Waits for the server's end.
    pub(crate) fn ended(&mut self) -> io::Result<()> {
        let thread = self.thread.take().expect("it ends once");
        thread.join().unwrap_or_else(|_| Err(io::Error::other("the server panicked")))
    }
}

impl Anonymous<'_> {
    /// A login that has tokens only.
    #[track_caller]
    pub(crate) fn token_login(&self, username: &str) -> Pair {
        let form = json!({ "username": username, "password": PASSWORD, "tokens_only": true });
        self.post_json("/login", &form).expect(200).pair()
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.tell_to_stop();
        if self.thread.is_some() {
            let ended = self.ended();
            assert!(ended.is_ok() || std::thread::panicking(), "{ended:?}");
        }
    }
}

pub(crate) async fn database_with_users() -> (TestDatabase, Database) {
    with_users(TestDatabase::empty()).await
}

async fn with_users(place: TestDatabase) -> (TestDatabase, Database) {
    let (place, database) = place.migrate().await;
    for (id, (username, full_name)) in (1..).zip(USERS) {
        database
            .create_user(new_user(Some(id), username, full_name, hash_of_password()), &Act::of_application())
            .await
            .expect("a new user");
    }
    (place, database)
}

pub(crate) fn new_user(id: Option<i64>, username: &str, full_name: &str, hash: String) -> NewUser {
    let (username, full_name) = (username.to_owned(), full_name.to_owned());
    NewUser { id, username, full_name, password_hash: hash, created_at: START }
}

fn hash_of_password() -> String {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| hash(cheap(), PASSWORD)).clone()
}

/// A hash as it would be stored.
pub(crate) fn hash(params: PasswordParams, password: &str) -> String {
    let hasher = PasswordHasher::new(params).expect("good parameters");
    // On a thread of its own, because this may be called where a runtime is running.
    let password = password.to_owned();
    let hashed = std::thread::spawn(move || wait(hasher.hash(password.into())));
    hashed.join().expect("no panic").expect("a hash")
}

fn config(place: &TestDatabase, keys: &TempDir, settings: &[(&str, &str)]) -> Config {
    let session_key = keys.path().join("session.key");
    std::fs::write(&session_key, SESSION_SECRET).expect("a file");
    std::fs::set_permissions(&session_key, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    let session_key = session_key.to_str().expect("UTF-8");
    let own = [("DATABASE__URL", place.url()), ("SESSION__SECRET_FILE", session_key)];
    let settings: BTreeMap<&str, &str> = SETTINGS.into_iter().chain(own).chain(settings.iter().copied()).collect();
    let variable = |(name, value)| (format!("TOLLBRIDGE_{name}").into(), String::from(value).into());
    let has_own_cost = settings.contains_key("PASSWORD__MEMORY_KIB");
    let environment = settings.into_iter().filter(|(_, value)| !value.is_empty()).map(variable).collect();
    let mut config = Config::load(Sources { environment, ..Sources::default() }).expect("good settings").config;
    if !has_own_cost {
        // Less than a configuration may ask for.
        (config.password.memory_kib, config.password.iterations) = (cheap().memory_kib, cheap().iterations);
    }
    config
}
