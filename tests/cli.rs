//! The command line as an operator meets it: the real program in a directory of its own.

#![cfg(feature = "server")]
#![expect(clippy::unwrap_used, reason = "a test ends where its world is not what it says")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use diesel::Connection as _;
use diesel::connection::SimpleConnection as _;
use serde_json::{Value, json};
use tempfile::TempDir;

fn command(place: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollbridge"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TOLLBRIDGE_")) {
        command.env_remove(name);
    }
    command.args(arguments).current_dir(place.path());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run_with(place: &TempDir, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = command(place, arguments).stdin(Stdio::piped()).spawn().unwrap();
    // A program that reads nothing may have closed the pipe.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

#[track_caller]
fn succeeds(place: &TempDir, arguments: &[&str], input: &str) -> String {
    let output = run_with(place, arguments, input.as_bytes());
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn fails(place: &TempDir, arguments: &[&str], input: &[u8], code: i32) -> String {
    let output = run_with(place, arguments, input);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn users(place: &TempDir) -> Value {
    serde_json::from_str(&succeeds(place, &["user", "list", "--json"], "")).unwrap()
}

/// A running `tollbridge serve`, killed when it is dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("Tollbridge listens on http://");
        let address = address.unwrap_or_else(|| panic!("the server said {line:?}")).to_owned();
        Self { child, address }
    }

    fn get(&self, path: &str) -> String {
        self.get_with(path, "")
    }

    /// With further lines of the head.
    fn get_with(&self, path: &str, lines: &str) -> String {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{lines}\r\n", self.address);
        connection.write_all(head.as_bytes()).unwrap();
        let mut response = String::new();
        connection.read_to_string(&mut response).unwrap();
        response
    }

    fn post_json(&self, path: &str, body: &Value) -> String {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        let body = body.to_string();
        let head = format!("POST {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        let length = body.len();
        write!(connection, "{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
        let mut response = String::new();
        connection.read_to_string(&mut response).unwrap();
        response
    }

    /// Sends a signal and answers the exit code and what was logged.
    fn stop(mut self, signal: rustix::process::Signal) -> (Option<i32>, String) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).unwrap();
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap().code(), log)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn an_account_from_its_beginning_to_its_end() {
    let place = TempDir::new().unwrap();
    let add = ["user", "add", "mona", "--full-name", "Mona Lisa", "--password-stdin"];
    assert_eq!(succeeds(&place, &add, "a smile of 1503\n"), "added mona with the id 1\n");
    succeeds(&place, &["user", "add", "leo", "--password-stdin"], "a smile of 1503");
    let mona = json!({ "id": 1, "username": "mona", "full_name": "Mona Lisa", "active": true });
    let leo = json!({ "id": 2, "username": "leo", "full_name": "leo", "active": true });
    assert_eq!(users(&place), json!([mona, leo]));
    assert_eq!(
        succeeds(&place, &["user", "list"], ""),
        "ID  USERNAME  FULL NAME  STATE\n1   mona      Mona Lisa  active\n2   leo       leo        active\n"
    );

    succeeds(&place, &["user", "disable", "leo"], "");
    let shown: Value = serde_json::from_str(&succeeds(&place, &["user", "show", "leo", "--json"], "")).unwrap();
    assert_eq!(shown["active"], json!(false));
    assert!(succeeds(&place, &["user", "show", "leo"], "").contains("disabled"));
    succeeds(&place, &["user", "enable", "leo"], "");
    assert_eq!(users(&place), json!([mona, leo]));

    succeeds(&place, &["user", "password", "mona", "--password-stdin"], "another smile\r\n");
    let refused = fails(&place, &["user", "delete", "leo"], b"y\n", 1);
    assert!(refused.contains("--yes"), "{refused}");
    assert_eq!(succeeds(&place, &["user", "delete", "leo", "--yes"], ""), "deleted leo\n");
    assert_eq!(users(&place), json!([mona]));
}

#[test]
fn refusals_say_what_to_do_and_change_nothing() {
    let place = TempDir::new().unwrap();
    succeeds(&place, &["user", "add", "mona", "--password-stdin"], "a smile of 1503\n");
    let add = |name| ["user", "add", name, "--password-stdin"];
    for (arguments, input, problem) in [
        (&add("mona")[..], &b"another smile\n"[..], "the username mona is taken"),
        (&add("leo"), b"1234567\n", "at least 8 characters"),
        (&add("leo"), "\u{e4}\u{f6}\u{fc}\u{e4}\u{f6}\u{fc}\u{e4}\n".as_bytes(), "at least 8 characters"),
        (&add("leo"), b"Password1\n", "most common"),
        (&add("leo_the_lion"), b"Leo_the_lion1\n", "everybody would try"),
        (&add("leo the lion"), b"a smile of 1503\n", "no spaces"),
        (&add("MONA"), b"a smile of 1503\n", "the username MONA is taken"),
        (&add("m\u{43e}na"), b"a smile of 1503\n", "can be taken for mona"),
        (&["user", "password", "mona", "--password-stdin"], b"MonaTollbridge\n", "everybody would try"),
        (&add("leo"), &[b'x'; 1025], "1024 bytes"),
        (&add("leo"), &[b'x'; 100_000], "1024 bytes"),
        (&add("leo"), b"", "at least 8 characters"),
        (&add("leo"), b"\xff\xff\xff\xff\xff\xff\xff\xff\n", "UTF-8"),
        (&add(""), b"a smile of 1503\n", "the username has 0 characters"),
        (&add(" leo"), b"a smile of 1503\n", "begins or ends with a space"),
        (&add("le\u{1b}o"), b"a smile of 1503\n", "a control character"),
        (&["user", "show", "leo"], b"", "there is no user leo; `tollbridge user list`"),
        (&["user", "delete", "leo", "--yes"], b"", "there is no user leo"),
        (&["user", "password", "leo", "--password-stdin"], b"a smile of 1503\n", "there is no user leo"),
    ] {
        let error = fails(&place, arguments, input, 1);
        assert!(error.starts_with("tollbridge: ") && error.contains(problem), "{arguments:?}: {error}");
    }
    assert_eq!(users(&place).as_array().unwrap().len(), 1);
    assert!(succeeds(&place, &["user", "add", "leo", "--password-stdin"], &"x".repeat(1024)).contains("added"));
}

#[test]
fn the_doctor_finds_names_that_can_be_taken_for_each_other() {
    let place = TempDir::new().unwrap();
    fails(&place, &["doctor"], b"", 1);
    for name in ["mona", "leo"] {
        succeeds(&place, &["user", "add", name, "--password-stdin"], "a smile of 1503\n");
    }
    assert!(succeeds(&place, &["doctor"], "").contains("no accounts"));
    assert_eq!(succeeds(&place, &["doctor", "--json"], ""), "{\n  \"twins\": []\n}\n");
    // As a version without the rule could have added it.
    let mut database =
        diesel::SqliteConnection::establish(place.path().join("data/tollbridge.db").to_str().unwrap()).unwrap();
    database
        .batch_execute(
            "INSERT INTO users (username, full_name, password_hash, active, credential_epoch, created_at,
                username_key, username_skeleton)
             SELECT 'm\u{43e}na', 'Somebody', '', true, 0, 0, 'm\u{43e}na', username_skeleton FROM users
             WHERE username = 'mona'",
        )
        .unwrap();
    let output = command(&place, &["doctor", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let twins = json!([{ "users": [{ "id": 1, "username": "mona" }, { "id": 3, "username": "m\u{43e}na" }], "are_equal": false }]);
    assert_eq!(found["twins"], twins);
    let output = command(&place, &["doctor"]).output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("a group of accounts has"));
    assert!(String::from_utf8(output.stdout).unwrap().contains(r"\u{6d}\u{43e}\u{6e}\u{61}"));
}

#[test]
fn a_password_is_no_argument() {
    let place = TempDir::new().unwrap();
    for arguments in [&["user", "add", "mona", "a smile of 1503"][..], &["user", "add", "mona", "--password", "x"]] {
        fails(&place, arguments, b"", 2);
    }
    fails(&place, &["serv"], b"", 2);
    assert!(fs::read_dir(place.path()).unwrap().next().is_none(), "nothing is made before it is asked for");
}

#[test]
fn the_database_url_holds_for_every_command() {
    let place = TempDir::new().unwrap();
    assert!(succeeds(&place, &["migrate", "--database-url", "sqlite://a.db"], "").contains("applied "));
    assert_eq!(succeeds(&place, &["--database-url", "sqlite://a.db", "migrate"], ""), "the database is up to date\n");
    succeeds(
        &place,
        &["user", "add", "mona", "--password-stdin", "--database-url", "sqlite://a.db"],
        "a smile of 1503\n",
    );
    succeeds(&place, &["migrate", "--database-url", "sqlite://b.db"], "");
    assert_eq!(succeeds(&place, &["user", "list", "--json", "--database-url", "sqlite://b.db"], ""), "[]\n");
    assert!(succeeds(&place, &["user", "list", "--database-url", "sqlite://a.db"], "").contains("mona"));
    assert!(!place.path().join("data").exists());
}

#[test]
fn the_server_serves_and_ends_when_it_is_asked_to() {
    use rustix::process::Signal;
    for signal in [Signal::TERM, Signal::INT] {
        let place = TempDir::new().unwrap();
        let server = Server::start(command(&place, &["serve", "--listen", "127.0.0.1:0"]));
        let response = server.get("/nowhere?token=secret-text");
        assert!(response.starts_with("HTTP/1.1 404 "), "{response}");
        for header in ["x-request-id: ", "x-content-type-options: nosniff", "referrer-policy: same-origin"] {
            assert!(response.contains(header), "no {header} in {response}");
        }
        let (code, log) = server.stop(signal);
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains(r#"http.route="unmatched" http.status=404 address=127.0.0.1 duration_us="#), "{log}");
        assert!(!log.contains("secret-text") && !log.contains("nowhere"), "{log}");
    }
}

#[test]
fn a_token_in_the_query_is_in_no_line_of_the_log() {
    let place = TempDir::new().unwrap();
    fs::write(place.path().join("tollbridge.toml"), "[token]\nlocations = [\"header\", \"query\"]\n").unwrap();
    let mut verbose = command(&place, &["serve", "--listen", "127.0.0.1:0"]);
    verbose.env("TOLLBRIDGE_LOG__LEVEL", "trace");
    let server = Server::start(verbose);
    for path in ["/who_am_i", "/nowhere", "/account", "/static/x"] {
        server.get(&format!("{path}?access_token=eyJhYmMi.eyJkZWYi.Z2hp"));
        server.get(&format!("{path}?access_token=eyJhYmMi.eyJkZWYi.Z2hp&access_token=eyJhYmMi"));
    }
    let refused = server.get("/who_am_i?access_token=eyJhYmMi");
    assert!(refused.starts_with("HTTP/1.1 401 ") && refused.contains("token_invalid"), "{refused}");
    let (_, log) = server.stop(rustix::process::Signal::TERM);
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "{log}");
    assert!(log.contains(r#"http.route="/who_am_i""#) && !log.contains("eyJ"), "{log}");
}

#[test]
fn the_first_start_makes_secrets_that_stay_and_are_the_owners_alone() {
    let place = TempDir::new().unwrap();
    let secrets = || ["token.key", "session.key"].map(|name| fs::read_to_string(place.path().join("data").join(name)));
    // Two at once agree.
    let start = || Server::start(command(&place, &["serve", "--listen", "127.0.0.1:0"]));
    let both = std::thread::scope(|scope| [scope.spawn(start), scope.spawn(start)].map(|one| one.join().unwrap()));
    let [token, session] = secrets().map(Result::unwrap);
    assert_eq!((token.len(), session.len()), (43, 86), "base64url of 32 and of 64 bytes");
    assert_ne!(token, session[..43]);
    let data = place.path().join("data");
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    for entry in fs::read_dir(&data).unwrap().map(Result::unwrap) {
        assert_eq!(mode(&entry.path()), 0o600, "{entry:?}");
        assert!(!entry.file_name().to_string_lossy().contains("draft"), "{entry:?}");
    }
    drop(both);
    drop(start());
    assert_eq!(secrets().map(Result::unwrap), [token, session]);

    fs::set_permissions(data.join("token.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let refused = fails(&place, &["serve", "--listen", "127.0.0.1:0"], b"", 1);
    assert!(refused.contains("run `chmod 600 data/token.key`"), "{refused}");
}

#[test]
fn the_demo_has_its_users_and_stays_on_loopback() {
    let place = TempDir::new().unwrap();
    let refused = fails(&place, &["serve", "--demo", "--listen", "0.0.0.0:0"], b"", 1);
    assert!(refused.contains("loopback only"), "{refused}");
    assert!(!place.path().join("data").exists());

    for _again in 0..2 {
        drop(Server::start(command(&place, &["serve", "--demo", "--listen", "127.0.0.1:0"])));
        let user =
            |id, username, full_name| json!({ "id": id, "username": username, "full_name": full_name, "active": true });
        let demo = [
            user(1, "batman", "Bruce Wayne"),
            user(2, "panther", "Ann Takamaki"),
            user(3, "little_sapphire", "Jester Lavore"),
        ];
        assert_eq!(users(&place), json!(demo));
    }

    // The passwords that everybody knows do not get out by leaving --demo away.
    let refused = fails(&place, &["serve", "--listen", "0.0.0.0:0"], b"", 1);
    assert!(refused.contains("demo user batman"), "{refused}");
    let (_, log) =
        Server::start(command(&place, &["serve", "--listen", "[::1]:0"])).stop(rustix::process::Signal::TERM);
    assert!(log.contains("WARN") && log.contains("panther"), "{log}");
    for name in ["batman", "panther", "little_sapphire"] {
        succeeds(&place, &["user", "password", name, "--password-stdin"], "a password of their own\n");
    }
    let (code, log) =
        Server::start(command(&place, &["serve", "--listen", "0.0.0.0:0"])).stop(rustix::process::Signal::TERM);
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("WARN") && log.contains("without TLS"), "{log}");
}

#[test]
fn the_demo_joins_nobody_else() {
    let place = TempDir::new().unwrap();
    drop(Server::start(command(&place, &["serve", "--demo", "--listen", "127.0.0.1:0"])));
    succeeds(&place, &["user", "add", "mona", "--password-stdin"], "a smile of 1503\n");
    let refused = fails(&place, &["serve", "--demo", "--listen", "127.0.0.1:0"], b"", 1);
    assert!(refused.contains("has users already (mona)") && refused.contains("a database of its own"), "{refused}");

    let place = TempDir::new().unwrap();
    for name in ["mona", "batman"] {
        succeeds(&place, &["user", "add", name, "--password-stdin"], "a smile of 1503\n");
    }
    let refused = fails(&place, &["serve", "--demo", "--listen", "127.0.0.1:0"], b"", 1);
    assert!(refused.contains("has users already (mona)"), "{refused}");
    assert_eq!(users(&place).as_array().unwrap().len(), 2, "nobody is added");
}

#[test]
fn the_demo_is_not_published() {
    let place = TempDir::new().unwrap();
    let publish = |url| {
        let mut demo = command(&place, &["serve", "--demo", "--listen", "127.0.0.1:0"]);
        demo.env("TOLLBRIDGE_SERVER__PUBLIC_URL", url);
        demo
    };
    let refused = publish("https://login.example.com").output().unwrap();
    let error = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{error}");
    assert!(error.contains("server.public_url must be an address of this machine"), "{error}");
    assert!(!place.path().join("data").exists());
    drop(Server::start(publish("http://localhost:8080")));
}

#[test]
fn where_there_is_no_database_none_is_made_by_looking() {
    let place = TempDir::new().unwrap();
    for arguments in [
        &["list"][..],
        &["show", "mona"],
        &["disable", "mona"],
        &["enable", "mona"],
        &["delete", "mona", "--yes"],
        &["password", "mona", "--password-stdin"],
    ] {
        let refused = fails(&place, &[&["user"], arguments].concat(), b"a smile of 1503\n", 1);
        let expected = format!("there is no database at {}", place.path().join("data/tollbridge.db").display());
        assert!(refused.contains(&expected) && refused.contains("--database-url"), "{arguments:?}: {refused}");
        assert!(fs::read_dir(place.path()).unwrap().next().is_none(), "{arguments:?} makes nothing");
    }
}

#[test]
fn whoever_can_be_added_can_sign_in() {
    let place = TempDir::new().unwrap();
    let (longest, password) = ("\u{5b57}".repeat(150), "\u{5b57}".repeat(341));
    succeeds(&place, &["user", "add", &longest, "--password-stdin"], &password);
    let too_long = fails(&place, &["user", "add", &"\u{5b57}".repeat(151), "--password-stdin"], b"12345678\n", 1);
    assert!(too_long.contains("has 151 characters"), "{too_long}");
    let server = Server::start(command(&place, &["serve", "--listen", "127.0.0.1:0"]));
    let response = server.post_json("/login", &json!({ "username": longest, "password": password }));
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
}

#[test]
fn a_hash_of_another_program_is_refused_like_an_unknown_user_and_logged() {
    use diesel::connection::SimpleConnection as _;
    use diesel::{Connection as _, SqliteConnection};
    let place = TempDir::new().unwrap();
    succeeds(&place, &["user", "add", "mona", "--password-stdin"], "a smile of 1503\n");
    let file = place.path().join("data/tollbridge.db");
    let mut connection = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    let bcrypt = "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW";
    connection.batch_execute(&format!("UPDATE users SET password_hash = '{bcrypt}'")).unwrap();
    let server = Server::start(command(&place, &["serve", "--listen", "127.0.0.1:0"]));
    let attempt =
        |username| server.post_json("/login", &json!({ "username": username, "password": "a smile of 1503" }));
    for username in ["mona", "nobody"] {
        let response = attempt(username);
        assert!(response.starts_with("HTTP/1.1 401 ") && response.contains("invalid_credentials"), "{response}");
    }
    let (_, log) = server.stop(rustix::process::Signal::TERM);
    let errors: Vec<_> = log.lines().filter(|line| line.contains(" ERROR ")).collect();
    assert!(errors.len() == 1 && errors[0].contains("user.id=1"), "{log}");
    assert!(!log.contains("R9h/cIPz0gi"), "{log}");
}

#[test]
fn the_log_can_be_json() {
    let place = TempDir::new().unwrap();
    let mut json = command(&place, &["serve", "--listen", "127.0.0.1:0"]);
    json.env("TOLLBRIDGE_LOG__FORMAT", "json").env("TOLLBRIDGE_LOG__LEVEL", "debug");
    let server = Server::start(json);
    server.get("/nowhere");
    let (_, log) = server.stop(rustix::process::Signal::TERM);
    let events: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let request = events.iter().find(|event| event["http.route"] == "unmatched").unwrap();
    assert_eq!((&request["http.status"], &request["level"]), (&json!(404), &json!("INFO")));
    assert_eq!(request["span"]["request_id"], request["request_id"]);
    assert!(request["timestamp"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn a_token_is_explained_without_a_server_and_without_a_key() {
    let place = TempDir::new().unwrap();
    let server = Server::start(command(&place, &["serve", "--demo", "--listen", "127.0.0.1:0"]));
    let answer = server.post_json("/login", &json!({ "username": "panther", "password": "password" }));
    let body: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    let (access, refresh) = (body["access_token"].as_str().unwrap(), body["refresh_token"].as_str().unwrap());
    server.stop(rustix::process::Signal::TERM);

    let inspect = |place: &TempDir, token: &str| succeeds(place, &["token", "inspect"], token);
    let shown = inspect(&place, access);
    for expected in
        ["an access token", "valid, and expires", "right: the configured key", "accepted, if its login is live"]
    {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    assert!(inspect(&place, &format!("Bearer {refresh}\r\n")).contains("a refresh token"));
    let signature = access.rsplit('.').next().unwrap();
    assert!(!shown.contains(signature), "{shown}");
    let forged = access.replace(signature, &signature.chars().rev().collect::<String>());
    assert!(inspect(&place, &forged).contains("it is wrong"), "{}", inspect(&place, &forged));

    // Elsewhere there is no key, and looking makes none.
    let elsewhere = TempDir::new().unwrap();
    let shown = inspect(&elsewhere, access);
    assert!(shown.contains("not checked") && shown.contains("an access token"), "{shown}");
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    let refused = fails(&elsewhere, &["token", "inspect"], b"not a token", 1);
    assert!(refused.contains("this is not a token") && !refused.contains("not a token:  not"), "{refused}");
    fails(&elsewhere, &["token", "inspect", access], b"", 2);
}

#[test]
fn an_address_in_use_is_a_failure_that_says_so() {
    let place = TempDir::new().unwrap();
    let server = Server::start(command(&place, &["serve", "--listen", "127.0.0.1:0"]));
    let refused = fails(&place, &["serve", "--listen", &server.address], b"", 1);
    assert!(refused.contains(&format!("cannot listen on {}", server.address)), "{refused}");
}

#[test]
fn a_database_file_that_is_gone_is_an_error_of_the_log() {
    let place = TempDir::new().unwrap();
    let server = Server::start(command(&place, &["serve", "--listen", "127.0.0.1:0"]));
    fs::remove_file(place.path().join("data/tollbridge.db")).unwrap();
    let response = server.get("/readyz");
    assert!(response.starts_with("HTTP/1.1 503 ") && response.contains("cannot be read"), "{response}");
    let (_, log) = server.stop(rustix::process::Signal::TERM);
    let is_it = |line: &str| line.contains("ERROR") && line.contains("data/tollbridge.db is gone");
    assert!(log.lines().any(is_it), "{log}");
}

#[test]
fn a_full_disk_is_told_by_readyz() {
    let place = TempDir::new().unwrap();
    succeeds(&place, &["user", "add", "mona", "--password-stdin"], "a smile of 1503\n");
    let plain = command(&place, &["serve", "--listen", "127.0.0.1:0"]);
    // No file grows beyond 500 KiB, and who tries is not killed.
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 1000; exec \"$0\" \"$@\""]).arg(plain.get_program());
    limited.args(plain.get_args()).current_dir(place.path());
    limited.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    let server = Server::start(limited);
    assert!(server.get("/readyz").starts_with("HTTP/1.1 200 "));
    let login = || server.post_json("/login", &json!({ "username": "mona", "password": "a smile of 1503" }));
    let mut logins = 0;
    while login().starts_with("HTTP/1.1 200 ") {
        logins += 1;
        assert!(logins < 1000, "the disk is never full");
    }
    // A small write may still have room for a while.
    let began = Instant::now();
    let mut full = server.get("/readyz");
    while full.starts_with("HTTP/1.1 200 ") && began.elapsed() < Duration::from_secs(20) {
        full = server.get("/readyz");
    }
    assert!(full.starts_with("HTTP/1.1 503 ") && full.contains("can be read, but not written"), "{full}");
    assert!(server.get("/healthz").starts_with("HTTP/1.1 200 "));
}

#[test]
fn the_tables_of_a_later_version_are_refused_by_every_command() {
    use diesel::connection::SimpleConnection as _;
    use diesel::{Connection as _, SqliteConnection};
    let place = TempDir::new().unwrap();
    succeeds(&place, &["migrate"], "");
    let file = place.path().join("data/tollbridge.db");
    let mut connection = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    let applied = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000000')";
    connection.batch_execute(applied).unwrap();
    for arguments in [&["migrate"][..], &["serve", "--listen", "127.0.0.1:0"], &["user", "list"]] {
        let refused = fails(&place, arguments, b"", 1);
        assert!(refused.contains("29991231000000") && refused.contains("knows schemas up to 2026"), "{refused}");
    }
}

#[test]
fn a_directory_that_cannot_be_written_is_told_as_such() {
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["migrate"]] {
        let place = TempDir::new().unwrap();
        // Nobody makes a directory there, not even root.
        let url = ["--database-url", "sqlite:///sys/tollbridge/tollbridge.db"];
        let refused = fails(&place, &[arguments, &url].concat(), b"", 1);
        assert!(refused.contains("let this user write to its directory"), "{refused}");
        assert!(!refused.contains("running"), "{refused}");
    }
}

#[test]
fn the_log_names_the_route_and_never_the_path() {
    let place = TempDir::new().unwrap();
    let mut verbose = command(&place, &["serve", "--listen", "127.0.0.1:0"]);
    verbose.env("TOLLBRIDGE_LOG__LEVEL", "trace");
    let server = Server::start(verbose);
    let secret = "eyJhYmMi.eyJkZWYi.Z2hp";
    for path in [format!("/who_am_i;jsessionid={secret}"), format!("/{}", secret.repeat(1000)), "/session".to_owned()] {
        server.get(&path);
    }
    let (_, log) = server.stop(rustix::process::Signal::TERM);
    let routes: Vec<_> = log.lines().filter_map(|line| line.split("http.route=").nth(1)?.split(' ').next()).collect();
    assert_eq!(routes, [r#""unmatched""#, r#""unmatched""#, r#""/session""#], "{log}");
    assert!(!log.contains("eyJ"), "{log}");
}

#[test]
fn a_flood_is_a_line_a_second_that_counts() {
    const CROWD: usize = 12;
    let place = TempDir::new().unwrap();
    let mut slow = command(&place, &["serve", "--listen", "127.0.0.1:0"]);
    for (name, value) in [("MEMORY_KIB", "65536"), ("ITERATIONS", "6"), ("THREADS", "1"), ("QUEUE", "1")] {
        slow.env(format!("TOLLBRIDGE_PASSWORD__{name}"), value);
    }
    // The lines of the requests would fill the pipe that nobody reads until the server stops.
    slow.env("TOLLBRIDGE_LOG__LEVEL", "warn");
    let server = Server::start(slow);
    // One account would be throttled.
    let attempt =
        |number| server.post_json("/login", &json!({ "username": format!("nobody{number}"), "password": "guess" }));
    let began = Instant::now();
    let answers = std::thread::scope(|scope| {
        let crowd: Vec<_> = (0..CROWD).map(|number| scope.spawn(move || attempt(number))).collect();
        crowd.into_iter().map(|one| one.join().unwrap()).collect::<Vec<_>>()
    });
    let refused = answers.iter().filter(|answer| answer.starts_with("HTTP/1.1 503 ")).count();
    assert!(refused > 2, "{answers:?}");
    // And cookies that no server has made, for as long as the 503s are counted.
    let counted_until = Instant::now() + Duration::from_millis(1500);
    let mut sent = 0;
    while sent < CROWD || Instant::now() < counted_until {
        sent += 1;
        let mut connection = TcpStream::connect(&server.address).unwrap();
        let cookie = "Cookie: tollbridge_session=garbage";
        let host = &server.address;
        write!(connection, "GET /account HTTP/1.1\r\nHost: {host}\r\n{cookie}\r\nConnection: close\r\n\r\n").unwrap();
        connection.read_to_string(&mut String::new()).unwrap();
    }
    let (_, log) = server.stop(rustix::process::Signal::TERM);
    let seconds = usize::try_from(began.elapsed().as_secs()).unwrap() + 1;

    let counted = |line: &str| line.split_once("answered requests with 503").is_some();
    let count = |line: &str| line.rsplit_once("count=")?.1.split_whitespace().next()?.parse::<usize>().ok();
    let counts: Vec<_> = log.lines().filter(|line| counted(line)).filter_map(count).collect();
    assert_eq!(counts.iter().sum::<usize>(), refused, "{log}");
    assert!(counts.len() <= seconds && !log.contains(" ERROR "), "{log}");
    // The first is a line, and those after it are counted: a line each second, and one at the end.
    let of_cookies: Vec<_> = log.lines().filter(|line| line.contains("session cookie attached")).collect();
    assert!(of_cookies.len() <= seconds + 1, "{seconds} s: {log}");
    assert_eq!(1 + of_cookies.iter().copied().filter_map(count).sum::<usize>(), sent, "{log}");
    let others = log.lines().filter(|line| line.contains(" WARN ") && !counted(line)).count() - of_cookies.len();
    assert!(others <= seconds, "{log}");
}

/// The parser of heads panics at it, which ends the connection.
#[test]
fn a_flood_of_header_names_that_are_too_long_is_no_error_and_counted() {
    const FLOOD: usize = 12;
    let place = TempDir::new().unwrap();
    let server = Server::start(command(&place, &["serve", "--listen", "127.0.0.1:0"]));
    let began = Instant::now();
    for _ in 0..FLOOD {
        let mut connection = TcpStream::connect(&server.address).unwrap();
        let name = "a".repeat(1 << 16);
        write!(connection, "GET /healthz HTTP/1.1\r\nHost: x\r\n{name}: x\r\n\r\n").unwrap();
        // The connection ends without an answer, or is reset.
        assert_eq!(connection.read_to_string(&mut String::new()).unwrap_or_default(), 0);
    }
    assert!(server.get("/healthz").starts_with("HTTP/1.1 200 "));
    let (_, log) = server.stop(rustix::process::Signal::TERM);
    let seconds = usize::try_from(began.elapsed().as_secs()).unwrap() + 1;

    let lines: Vec<_> = log.lines().filter(|line| line.contains("closed a connection")).collect();
    let count = |line: &&str| line.rsplit_once("count=")?.1.split_whitespace().next()?.parse::<usize>().ok();
    assert_eq!(1 + lines.iter().filter_map(count).sum::<usize>(), FLOOD, "{log}");
    assert!(lines.len() <= seconds + 1 && !log.contains(" ERROR ") && !log.contains("panicked"), "{log}");
}

#[test]
fn a_server_with_other_keys_than_the_database_has_seen_does_not_start() {
    const TOKEN: &str = "4hXq7B0Zt2vVwLkJ9sRkQm3yPz6nCfUuE1dGa8bTo5I";
    let place = TempDir::new().unwrap();
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    drop(Server::start(command(&place, &serve)));
    fs::write(place.path().join("other.key"), TOKEN).unwrap();
    fs::set_permissions(place.path().join("other.key"), fs::Permissions::from_mode(0o600)).unwrap();

    for (name, file, key) in [("token key", "token.key", "TOKEN"), ("session key", "session.key", "SESSION")] {
        let other = |arguments: &[&str]| {
            let mut other = command(&place, arguments);
            other.env(format!("TOLLBRIDGE_{key}__SECRET_FILE"), "other.key");
            other
        };
        let refused = other(&serve).output().unwrap();
        let error = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(1), "{error}");
        let option = format!("{}.secret_file", key.to_lowercase());
        for part in [&format!("the {name} is not that"), &format!("copy data/{file}"), &option, "--replace-keys"] {
            assert!(error.contains(part), "no {part:?} in {error}");
        }
        assert!(!error.contains(TOKEN), "{error}");
        // On purpose, and back again.
        drop(Server::start(other(&[&serve[..], &["--replace-keys"]].concat())));
        drop(Server::start(other(&serve)));
        let refused = fails(&place, &serve, b"", 1);
        assert!(refused.contains(&format!("the {name} is not that")), "{refused}");
        drop(Server::start(command(&place, &[&serve[..], &["--replace-keys"]].concat())));
    }
    drop(Server::start(command(&place, &serve)));
}

#[test]
fn an_api_token_from_its_beginning_to_its_end() {
    let place = TempDir::new().unwrap();
    let unknown = ["token", "list", "mona"];
    assert!(fails(&place, &unknown, b"", 1).contains("there is no database at"));
    succeeds(&place, &["user", "add", "mona", "--password-stdin"], "a smile of 1503\n");
    let issue =
        ["token", "issue", "mona", "--name", "nightly backup", "--ability", "notes:read", "--expires-in", "90d"];
    let printed = succeeds(&place, &issue, "");
    let token = printed.trim_end();
    assert!(printed.ends_with('\n') && token.len() == 67 && token.starts_with("tbt_"), "{printed}");
    let id = &token[4..20];

    let listed: Value = serde_json::from_str(&succeeds(&place, &["token", "list", "mona", "--json"], "")).unwrap();
    let (created, expires) = (listed[0]["created_at"].as_i64().unwrap(), listed[0]["expires_at"].as_i64().unwrap());
    assert_eq!(expires - created, 90 * 86_400);
    for (member, value) in [
        ("id", json!(id)),
        ("name", json!("nightly backup")),
        ("abilities", json!(["notes:read"])),
        ("last_used_at", json!(null)),
    ] {
        assert_eq!(listed[0][member], value, "{member}");
    }
    let table = succeeds(&place, &["token", "list", "mona"], "");
    assert!(table.contains("nightly backup") && !table.contains(&token[21..]), "{table}");

    let server = Server::start(command(&place, &["serve", "--listen", "127.0.0.1:0"]));
    let who_am_i = || server.post_json("/who_am_i", &json!({ "access_token": token }));
    assert!(who_am_i().starts_with("HTTP/1.1 200 "), "{}", who_am_i());
    assert_eq!(succeeds(&place, &["token", "revoke", id], ""), format!("revoked {id}\n"));
    let refused = who_am_i();
    assert!(refused.starts_with("HTTP/1.1 401 ") && refused.contains("token_revoked"), "{refused}");
    let (_, log) = server.stop(rustix::process::Signal::TERM);
    assert!(!log.contains(&token[21..]), "{log}");

    assert!(fails(&place, &["token", "revoke", id], b"", 1).contains("is revoked already"));
    assert!(fails(&place, &["token", "revoke", "nothing"], b"", 1).contains("there is no API token nothing"));
    assert!(fails(&place, &["token", "issue", "leo", "--name", "x"], b"", 1).contains("there is no user leo"));
    assert!(fails(&place, &["token", "issue", "mona", "--name", ""], b"", 1).contains("1 to 100 characters"));
    fails(&place, &["token", "issue", "mona"], b"", 2);
    assert!(
        fails(&place, &["token", "issue", "mona", "--name", "x", "--ability", "two words"], b"", 1).contains("ability")
    );
    succeeds(&place, &["user", "disable", "mona"], "");
    assert!(fails(&place, &["token", "issue", "mona", "--name", "x"], b"", 1).contains("mona is disabled"));
    assert_eq!(succeeds(&place, &["token", "list", "mona", "--json"], ""), "[]\n");
}

#[test]
fn logins_are_listed_and_ended() {
    let place = TempDir::new().unwrap();
    assert!(fails(&place, &["login", "list", "mona"], b"", 1).contains("there is no database at"));
    succeeds(&place, &["user", "add", "mona", "--password-stdin"], "a smile of 1503\n");
    let server = Server::start(command(&place, &["serve", "--listen", "127.0.0.1:0"]));
    let sign_in = || {
        let answer = server.post_json("/login", &json!({ "username": "mona", "password": "a smile of 1503" }));
        let body: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        body["access_token"].as_str().unwrap().to_owned()
    };
    let who_am_i = |token: &str| server.post_json("/who_am_i", &json!({ "access_token": token }));
    let [first, second, third] = [sign_in(), sign_in(), sign_in()];
    let list =
        || -> Value { serde_json::from_str(&succeeds(&place, &["login", "list", "mona", "--json"], "")).unwrap() };
    let listed = list();
    assert_eq!(listed.as_array().unwrap().len(), 3);
    assert_eq!((&listed[0]["ip"], &listed[0]["device"]), (&json!("127.0.0.1"), &json!("Unknown device")));
    let table = succeeds(&place, &["login", "list", "mona"], "");
    let ids: Vec<_> = listed.as_array().unwrap().iter().map(|login| login["id"].as_str().unwrap()).collect();
    assert!(ids.iter().all(|id| table.contains(id)) && table.contains("Unknown device"), "{table}");

    assert_eq!(succeeds(&place, &["login", "end", ids[0]], ""), format!("ended {}\n", ids[0]));
    let live = [&first, &second, &third].map(|token| who_am_i(token).starts_with("HTTP/1.1 200 "));
    assert_eq!(live.iter().filter(|live| **live).count(), 2);
    assert!(fails(&place, &["login", "end", ids[0]], b"", 1).contains("is over already"));
    assert!(fails(&place, &["login", "end", "nothing"], b"", 1).contains("there is no login nothing"));
    assert_eq!(succeeds(&place, &["login", "end", "--all-of", "mona", "--yes"], ""), "ended 2 logins of mona\n");
    for token in [&first, &second, &third] {
        let refused = who_am_i(token);
        assert!(refused.starts_with("HTTP/1.1 401 ") && refused.contains("login_ended"), "{refused}");
    }
    assert_eq!(list(), json!([]));
    assert!(fails(&place, &["login", "end", "--all-of", "leo"], b"", 1).contains("there is no user leo"));
    fails(&place, &["login", "end"], b"", 2);
    fails(&place, &["login", "end", ids[0], "--all-of", "mona"], b"", 2);
    fails(&place, &["login", "end", "--everybody", "--all-of", "mona"], b"", 2);
    fails(&place, &["login", "end", "--yes"], b"", 2);
}

/// What was refused, why, and from where, is in one line with the id that the client was told.
#[test]
fn a_refusal_leaves_a_trace_with_its_code_and_address() {
    let place = TempDir::new().unwrap();
    succeeds(&place, &["user", "add", "mona", "--password-stdin"], "a smile of 1503");
    let server = Server::start(command(&place, &["serve", "--listen", "127.0.0.1:0"]));
    let send = |path: &str, headers: &str, body: &str| {
        let mut connection = TcpStream::connect(&server.address).unwrap();
        let (host, length) = (&server.address, body.len());
        let head = format!("POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n");
        write!(connection, "{head}{headers}\r\n{body}").unwrap();
        let mut response = String::new();
        connection.read_to_string(&mut response).unwrap();
        response
    };
    const JSON: &str = "Content-Type: application/json\r\n";
    const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\nAccept: text/html\r\n";
    let from_elsewhere = format!("{FORM}Sec-Fetch-Site: cross-site\r\n");
    assert!(send("/login", &from_elsewhere, "username=mona&password=a+smile+of+1503").starts_with("HTTP/1.1 403 "));
    assert!(send("/login", FORM, "username=mona&password=guess").starts_with("HTTP/1.1 401 "));
    let signed_in = send("/login", JSON, r#"{"username":"mona","password":"a smile of 1503"}"#);
    let (_, tokens) = signed_in.split_once("\r\n\r\n").unwrap();
    let tokens: Value = serde_json::from_str(tokens).unwrap();
    let bearer = format!("{JSON}Authorization: Bearer {}\r\n", tokens["access_token"].as_str().unwrap());
    let wrong = r#"{"current_password":"a guess of 1504","new_password":"another smile of 1503"}"#;
    assert!(send("/account/password", &bearer, wrong).starts_with("HTTP/1.1 401 "));
    let (code, log) = server.stop(rustix::process::Signal::TERM);
    assert_eq!(code, Some(0), "{log}");
    for (code, route) in
        [("csrf_rejected", "/login"), ("invalid_credentials", "/login"), ("invalid_credentials", "/account/password")]
    {
        let line = log.lines().find(|line| {
            line.contains(&format!("code=\"{code}\"")) && line.contains(&format!("http.route=\"{route}\""))
        });
        let line = line.unwrap_or_else(|| panic!("no {code} of {route} in\n{log}"));
        assert!(line.contains("address=127.0.0.1") && line.contains("request_id="), "{line}");
    }
    assert!(log.contains("the password was given again, and is wrong"), "{log}");
    assert!(!log.contains("1503") && !log.contains("1504") && !log.contains("guess"), "{log}");
}

fn keys(place: &TempDir) -> Vec<Value> {
    let list = succeeds(place, &["key", "list", "--json"], "");
    serde_json::from_str::<Value>(&list).unwrap().as_array().unwrap().clone()
}

/// A new access token of mona's, and its `kid`.
fn token_of_mona(server: &Server) -> (String, String) {
    let body = server.post_json("/login", &json!({ "username": "mona", "password": "a smile of 1503" }));
    let (_, body) = body.split_once("\r\n\r\n").unwrap();
    let pair: Value = serde_json::from_str(&body[body.find('{').unwrap()..=body.rfind('}').unwrap()]).unwrap();
    let token = pair["access_token"].as_str().unwrap().to_owned();
    let header = tollbridge::Bridge::unverified_headers(&token).unwrap();
    (token, header["kid"].as_str().unwrap().to_owned())
}

#[test]
fn a_key_from_its_file_into_the_ring_and_out_of_it() {
    let place = TempDir::new().unwrap();
    succeeds(&place, &["user", "add", "mona", "--password-stdin"], "a smile of 1503");
    let server = Server::start(command(&place, &["serve", "--listen", "127.0.0.1:0"]));
    let (token, of_file) = token_of_mona(&server);
    let who_am_i = |token: &str| server.get_with("/who_am_i", &format!("Authorization: Bearer {token}\r\n"));
    let listed = keys(&place);
    assert_eq!(listed, [json!({ "kid": of_file, "algorithm": "HS256", "state": "signs", "source": "file" })]);
    assert!(!place.path().join("data/sealing.key").exists(), "nothing is sealed yet");

    // The key of the file is put into the ring before another one follows it.
    let said = succeeds(&place, &["key", "rotate", "--lead", "0s", "--algorithm", "EdDSA"], "");
    assert!(said.contains(&format!("put the key {of_file} of the configuration into the ring")), "{said}");
    assert!(said.contains("signs now") && said.contains("five minutes"), "{said}");
    // It is published at once, also by a node that nobody uses.
    let made = said.lines().find_map(|line| line.strip_prefix("made the key ")).unwrap().split(' ').next().unwrap();
    assert!(server.get("/.well-known/jwks.json").contains(made), "{made}");
    let mode = fs::metadata(place.path().join("data/sealing.key")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let (second, of_ring) = token_of_mona(&server);
    assert_ne!(of_ring, of_file);
    for token in [&token, &second] {
        assert!(who_am_i(token).starts_with("HTTP/1.1 200 "));
    }
    assert!(server.get("/.well-known/jwks.json").contains(&of_ring));
    let listed = keys(&place);
    let states: Vec<_> =
        listed.iter().map(|key| (key["kid"].as_str().unwrap(), key["state"].as_str().unwrap())).collect();
    assert_eq!(states, [(&*of_file, "verifies"), (&*of_ring, "signs")]);
    // Fourteen days and five seconds after the new one has begun: the longest that a token lives.
    let (from, until) = (listed[1]["signs_from"].as_i64().unwrap(), listed[0]["verifies_until"].as_i64().unwrap());
    assert_eq!(until - from, 14 * 86_400 + 5);

    // What cannot be undone is asked for, and the only key that signs stays.
    assert!(fails(&place, &["key", "retire", &of_file], b"", 1).contains("add --yes"));
    assert!(fails(&place, &["key", "retire", "nothing", "--yes"], b"", 1).contains("there is no key nothing"));
    succeeds(&place, &["key", "retire", &of_file, "--yes"], "");
    assert!(fails(&place, &["key", "retire", &of_ring, "--yes"], b"", 1).contains("key rotate --lead 0s"));
    assert!(who_am_i(&token).starts_with("HTTP/1.1 401 "));
    assert!(who_am_i(&second).starts_with("HTTP/1.1 200 "));

    // It comes back, to verify or to sign.
    succeeds(&place, &["key", "import", "data/token.key", "--algorithm", "HS256", "--verify-only"], "");
    assert!(who_am_i(&token).starts_with("HTTP/1.1 200 "));
    assert_eq!(token_of_mona(&server).1, of_ring);
    assert!(fails(&place, &["key", "import"], b"", 1).contains("in the ring already"));
    fails(&place, &["key", "import", "data/token.key"], b"", 2);
    fails(&place, &["key", "rotate", "--algorithm", "none"], b"", 2);
    // An id may begin with what options begin with, before and after one.
    assert!(fails(&place, &["key", "retire", "-aU8uFLv", "--yes"], b"", 1).contains("there is no key -aU8uFLv"));
    assert!(fails(&place, &["key", "retire", "--yes", "-aU8uFLv"], b"", 1).contains("there is no key -aU8uFLv"));
    assert!(fails(&place, &["login", "end", "-aU8uFLv"], b"", 1).contains("there is no login -aU8uFLv"));
    // With a lead a key is published, and does not sign. One that is made later and signs earlier takes its place.
    succeeds(&place, &["key", "rotate", "--lead", "1h"], "");
    assert_eq!(token_of_mona(&server).1, of_ring);
    let overtaken = keys(&place).iter().find(|key| key["state"] == "signs later").unwrap()["kid"].clone();
    succeeds(&place, &["key", "rotate", "--lead", "30m"], "");
    let listed = keys(&place);
    let state = |kid: &Value| listed.iter().find(|key| key["kid"] == *kid).unwrap()["state"].clone();
    assert_eq!(state(&overtaken), "verifies");
    let next = listed.iter().find(|key| key["state"] == "signs later").unwrap();
    assert!(next["kid"] != overtaken && next["verifies_until"].is_null(), "{listed:?}");
    let (_, log) = server.stop(rustix::process::Signal::TERM);
    assert!(log.contains("learned the keys of the database") && !log.contains(" ERROR "), "{log}");

    // A restart reads the ring, and needs no key of a file.
    fs::remove_file(place.path().join("data/token.key")).unwrap();
    let again = Server::start(command(&place, &["serve", "--listen", "127.0.0.1:0"]));
    assert!(again.get_with("/who_am_i", &format!("Authorization: Bearer {second}\r\n")).starts_with("HTTP/1.1 200 "));
    assert!(!place.path().join("data/token.key").exists());
    drop(again);

    // A key that the configuration names must be one of the ring.
    let mut other = command(&place, &["serve", "--listen", "127.0.0.1:0"]);
    other.env("TOLLBRIDGE_TOKEN__SECRET", "4hXq7B0Zt2vVwLkJ9sRkQm3yPz6nCfUuE1dGa8bTo5Y");
    let output = other.output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && error.contains("tollbridge key import"), "{error}");
    // And the sealing key must be that of the others.
    fs::remove_file(place.path().join("data/sealing.key")).unwrap();
    let error = fails(&place, &["key", "rotate"], b"", 1);
    assert!(error.contains("the sealing key is not that of the servers"), "{error}");
}

#[test]
fn an_algorithm_without_a_key_makes_its_first_key() {
    for algorithm in ["EdDSA", "ES256", "RS256", "HS512"] {
        let place = TempDir::new().unwrap();
        succeeds(&place, &["user", "add", "mona", "--password-stdin"], "a smile of 1503");
        let mut serve = command(&place, &["serve", "--listen", "127.0.0.1:0"]);
        serve.env("TOLLBRIDGE_TOKEN__ALGORITHM", algorithm);
        let server = Server::start(serve);
        let (token, kid) = token_of_mona(&server);
        let who = server.get_with("/who_am_i", &format!("Authorization: Bearer {token}\r\n"));
        assert!(who.starts_with("HTTP/1.1 200 "), "{algorithm}: {who}");
        let listed = keys(&place);
        assert_eq!((&listed[0]["kid"], &listed[0]["algorithm"]), (&json!(kid), &json!(algorithm)));
        assert!(!place.path().join("data/token.key").exists());
        // A copy of the database has no key in clear.
        let (_, log) = server.stop(rustix::process::Signal::TERM);
        assert!(!log.contains("PRIVATE KEY"), "{log}");
        for file in ["tollbridge.db", "tollbridge.db-wal"] {
            let bytes = fs::read(place.path().join("data").join(file)).unwrap_or_default();
            assert!(!bytes.windows(11).any(|window| window == b"PRIVATE KEY"), "{algorithm}: {file}");
        }
    }
}

#[test]
fn a_secret_for_a_service_is_printed_once_and_its_section_works() {
    let place = TempDir::new().unwrap();
    let made = succeeds(&place, &["config", "client", "billing"], "");
    let secret = made.lines().next().unwrap().rsplit(' ').next().unwrap();
    assert!(secret.len() == 43 && made.matches(secret).count() == 1, "{made}");
    assert_ne!(made, succeeds(&place, &["config", "client", "billing"], ""));
    fs::write(place.path().join("tollbridge.toml"), made.split_once("\n\n").unwrap().1).unwrap();
    let shown = succeeds(&place, &["config", "show"], "");
    assert!(shown.contains("[clients.billing]") && !shown.contains(secret), "{shown}");
    let server = Server::start(command(&place, &["serve", "--listen", "127.0.0.1:0"]));
    let ask = |secret: &str| {
        let body = format!("token=x&client_id=billing&client_secret={secret}");
        let mut connection = TcpStream::connect(&server.address).unwrap();
        let head = format!("POST /introspect HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", server.address);
        let kind = "Content-Type: application/x-www-form-urlencoded";
        write!(connection, "{head}{kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut response = String::new();
        connection.read_to_string(&mut response).unwrap();
        response
    };
    assert!(ask(secret).contains(r#"{"active":false}"#));
    assert!(ask("guess").starts_with("HTTP/1.1 401 "));
    for name in ["", "Billing", "a.b", "a\nb"] {
        fails(&place, &["config", "client", name], b"", 1);
    }
}

/// A running `tollbridge audit --follow --json`, killed when it is dropped.
struct Follower {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Follower {
    fn start(place: &TempDir, arguments: &[&str]) -> Self {
        let mut child = command(place, &[&["audit", "--follow", "--json"], arguments].concat()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn next(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_audit_says_who_did_what() {
    let place = TempDir::new().unwrap();
    assert!(fails(&place, &["audit"], b"", 1).contains("there is no database at"));
    let add = |name: &str| {
        let arguments = ["user", "add", name, "--password-stdin"];
        let mut child = command(&place, &arguments).env("SUDO_USER", "anna").stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"a smile of 1503\n").unwrap();
        assert!(child.wait().unwrap().success());
    };
    add("mona");
    let mut follower = Follower::start(&place, &[]);
    let added = follower.next();
    assert_eq!(
        (&added["action"], &added["username"], &added["subject"]),
        (&json!("user_added"), &json!("mona"), &json!("mona"))
    );
    assert_eq!((&added["actor"], &added["actor_name"]), (&json!("operator"), &json!("anna")));

    let server = Server::start(command(&place, &["serve", "--listen", "127.0.0.1:0"]));
    let sign_in = |password: &str| server.post_json("/login", &json!({ "username": "mona", "password": password }));
    assert!(sign_in("a smile of 1503").starts_with("HTTP/1.1 200 "));
    let signed_in = follower.next();
    assert_eq!((&signed_in["action"], &signed_in["via"]), (&json!("signed_in"), &json!("token")));
    assert_eq!((&signed_in["actor"], &signed_in["address"]), (&json!("user"), &json!("127.0.0.1")));
    let login = signed_in["login"].as_str().unwrap();
    succeeds(&place, &["login", "end", login], "");
    assert_eq!(follower.next()["reason"], "revoked");
    // Failures are written every ten seconds.
    for _ in 0..2 {
        assert!(sign_in("a guess of 1504").starts_with("HTTP/1.1 401 "));
    }
    let failed = follower.next();
    assert_eq!((&failed["action"], &failed["count"]), (&json!("sign_in_failed"), &json!(2)));
    drop(server);

    let actions = |arguments: &[&str]| {
        let text = succeeds(&place, &[&["audit", "--json"], arguments].concat(), "");
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["action"].to_string());
        lines.collect::<Vec<_>>().join(" ").replace('"', "")
    };
    assert_eq!(actions(&[]), "user_added signed_in login_ended sign_in_failed");
    assert_eq!(actions(&["--limit", "2"]), "login_ended sign_in_failed");
    assert_eq!(actions(&["--about", login]), "signed_in login_ended");
    assert_eq!(actions(&["--action", "signed_in", "--action", "user_added"]), "user_added signed_in");
    assert_eq!(actions(&["--since", "1h", "--until", "2100-01-01 00:00:00", "--user", "mona"]), actions(&[]));
    assert_eq!(actions(&["--since", "2100-01-01T00:00:00Z"]), "");
    let table = succeeds(&place, &["audit"], "");
    assert!(table.starts_with("TIME ") && table.contains("operator anna") && table.contains(login), "{table}");
    assert!(!table.contains("1503") && !table.contains("1504"), "{table}");

    // Who is deleted is found by the name.
    succeeds(&place, &["user", "delete", "mona", "--yes"], "");
    assert_eq!(actions(&["--user", "mona", "--limit", "1"]), "user_deleted");
    assert!(fails(&place, &["audit", "--user", "leo"], b"", 1).contains("there is no user leo"));
    assert!(fails(&place, &["audit", "--action", "smiled"], b"", 2).contains("signed_in, sign_in_failed"));
    assert!(fails(&place, &["audit", "--since", "lately"], b"", 2).contains("how long ago"));
    fails(&place, &["audit", "--follow", "--until", "1h"], b"", 2);
}
