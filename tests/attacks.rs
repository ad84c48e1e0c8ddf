//! Attacks on the whole server, as it is started by `main`: on a socket, over a database of its own.

#![cfg(feature = "server")]

use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::JoinHandle;

use diesel::Connection as _;
use diesel::connection::SimpleConnection as _;
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tollbridge::Clock;
use tollbridge::server::config::{Config, Sources};
use tollbridge::server::{Application, StartError};

/// The demo server, until it is dropped.
struct Server {
    addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// The configuration of a server in this directory, with these variables of the environment too.
fn config(place: &TempDir, demo: bool, environment: &[(&str, &str)]) -> Config {
    let database = format!("sqlite://{}", place.path().join("test.db").display());
    let usual = [("TOLLBRIDGE_SERVER__LISTEN", "127.0.0.1:0")];
    let environment = usual.iter().chain(environment).map(|(name, value)| (name.into(), value.into())).collect();
    let sources = Sources { file: None, environment, listen: None, database_url: Some(database) };
    let mut config = Config::load(sources).expect("the configuration is right").config;
    config.demo = demo;
    // The cheapest hashes that there are: what they protect is thrown away. No configuration file can ask for them.
    (config.password.memory_kib, config.password.iterations) = (8, 1);
    config
}

impl Server {
    fn start(config: Config) -> Result<Self, StartError> {
        let (tell, told) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                match Application::build(config, Clock::system()).await {
                    Ok(application) => {
                        tell.send(Ok(application.addr())).expect("the test waits");
                        let stopped = async { drop(stopped.await) };
                        application.run_until(stopped).await.expect("the server ends well");
                    }
                    Err(error) => tell.send(Err(error)).expect("the test waits"),
                }
            });
        });
        let addr = told.recv().expect("the server starts or says why not")?;
        Ok(Self { addr, stop: Some(stop), thread: Some(thread) })
    }

    fn post(&self, path: &str) -> RequestBuilder {
        let client = Client::builder().redirect(Policy::none()).build().expect("a client");
        client.post(format!("http://{}{path}", self.addr))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the server panicked");
        }
    }
}

/// Status and code: what a client decides on.
fn outcome(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().unwrap_or_default();
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

/// A page elsewhere that submits our login form again and again would have its visitors' browsers buy a hash each time.
#[test]
fn a_login_that_another_site_sent_is_refused_before_its_password_is_checked() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(config(&place, true, &[])).expect("the server starts");
    let rejected = (403, "csrf_rejected".to_owned());
    for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example"), ("origin", "null")] {
        for password in ["password", "wrong"] {
            let form = [("username", "panther"), ("password", password)];
            let answer = server.post("/login").header(name, value).form(&form).send().expect("an answer");
            assert_eq!(outcome(answer), rejected, "form, {name}: {value}, {password}");
            let body = json!({ "username": "panther", "password": password, "mode": "session" });
            let answer = server.post("/login").header(name, value).json(&body).send().expect("an answer");
            assert_eq!(outcome(answer), rejected, "JSON, {name}: {value}, {password}");
        }
    }
    let body = json!({ "username": "panther", "password": "wrong", "mode": "session" });
    let answer = server.post("/login").bearer_auth("junk").json(&body).send().expect("an answer");
    assert_eq!(outcome(answer), (400, "credential_conflict".to_owned()));
    let metrics = Client::new().get(format!("http://{}/metrics", server.addr)).send().expect("an answer");
    let metrics = metrics.text().expect("text");
    assert!(metrics.contains(r#"tollbridge_logins_total{outcome="failed"} 0"#), "{metrics}");
    let answer = server.post("/login").form(&[("username", "panther"), ("password", "wrong")]).send();
    assert_eq!(answer.expect("an answer").status(), 401, "a client that is no browser says nothing of its site");
}

/// Signing in replaces the hash of a demo user where the server hashes with other parameters than the default, and the
/// password is still the one that everybody knows.
#[test]
fn demo_users_who_signed_in_are_still_known_as_demo_users() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(config(&place, true, &[])).expect("the demo starts");
    let form = [("username", "panther"), ("password", "password")];
    assert_eq!(server.post("/login").form(&form).send().expect("an answer").status(), 303);
    drop(server);
    // Only she is left.
    let connection = diesel::SqliteConnection::establish(&place.path().join("test.db").display().to_string());
    // What the server had begun to write may still be on its way to the disk.
    let delete = "PRAGMA busy_timeout = 10000; DELETE FROM users WHERE username <> 'panther'";
    connection.expect("SQLite opens").batch_execute(delete).expect("the others are deleted");
    assert_refused(&place, &[("TOLLBRIDGE_SERVER__LISTEN", "0.0.0.0:0")]);
}

/// Behind a proxy a server listens on loopback and serves everybody.
#[test]
fn demo_users_are_not_served_to_others_through_a_proxy() {
    let place = tempfile::tempdir().expect("a temporary directory");
    drop(Server::start(config(&place, true, &[])).expect("the demo starts"));
    assert_refused(&place, &[("TOLLBRIDGE_SERVER__PUBLIC_URL", "https://login.example.com")]);
    assert_refused(&place, &[("TOLLBRIDGE_SERVER__PUBLIC_URL", "http://192.0.2.1")]);
    for url in ["http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080"] {
        let config = config(&place, false, &[("TOLLBRIDGE_SERVER__PUBLIC_URL", url)]);
        drop(Server::start(config).expect("on this machine they only cause a warning"));
    }
}

#[track_caller]
fn assert_refused(place: &TempDir, environment: &[(&str, &str)]) {
    let refusal = Server::start(config(place, false, environment)).err();
    assert!(matches!(refusal, Some(StartError::Demo(_))), "{environment:?}: {refusal:?}");
}
