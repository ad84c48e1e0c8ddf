//! The examples, run as their readers run them, answer what their documentation says.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};

/// An example that is running, until it is dropped.
struct Example {
    process: Child,
    url: String,
}

impl Example {
    fn start(name: &str) -> Self {
        Self::start_with(name, &[])
    }

    fn start_with(name: &str, environment: &[(&str, &str)]) -> Self {
        let mut command = program(name);
        command.env("PORT", "0").envs(environment.iter().copied()).stdout(Stdio::piped());
        let mut process = command
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}; `cargo test` builds it, `cargo test --test` does not"));
        let mut line = String::new();
        let stdout = process.stdout.take().expect("its output is piped");
        BufReader::new(stdout).read_line(&mut line).expect("it says where it listens");
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line:?}")).to_owned();
        Self { process, url }
    }

    fn get(&self, path: &str) -> reqwest::blocking::RequestBuilder {
        client().get(format!("{}{path}", self.url))
    }

    fn post(&self, path: &str, body: &Value) -> reqwest::blocking::RequestBuilder {
        client().post(format!("{}{path}", self.url)).json(body)
    }

    fn login(&self, body: &Value) -> Response {
        self.post("/login", body).send().expect("an answer")
    }
}

/// The program of an example. Cargo builds the examples beside the tests.
fn program(name: &str) -> Command {
    let mut path: PathBuf = std::env::current_exe().expect("this program's path");
    path.pop();
    path.set_file_name("examples");
    path.push(name);
    Command::new(path)
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn client() -> Client {
    Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client")
}

#[track_caller]
fn status_and_body(request: reqwest::blocking::RequestBuilder) -> (u16, Value) {
    let response = request.send().expect("an answer");
    (response.status().as_u16(), response.json().unwrap_or(Value::Null))
}

fn text(body: &Value, member: &str) -> String {
    body[member].as_str().unwrap_or_else(|| panic!("{member} in {body}")).to_owned()
}

fn cookies(response: &Response) -> Vec<String> {
    let cookies = response.headers().get_all("set-cookie").iter();
    cookies.map(|cookie| cookie.to_str().expect("text").to_owned()).collect()
}

/// What a browser sends back.
fn cookie_header(cookies: &[String]) -> String {
    cookies.iter().filter_map(|cookie| cookie.split(';').next()).collect::<Vec<_>>().join("; ")
}

fn ann() -> Value {
    json!({ "id": 2, "full_name": "Ann Takamaki", "username": "panther" })
}

#[test]
fn automatic_user_loading() {
    let example = Example::start("automatic_user_loading");
    let login = example.login(&json!({ "username": "panther", "password": "password" }));
    assert_eq!((login.status().as_u16(), cookies(&login).len()), (200, 0));
    let login: Value = login.json().expect("JSON");
    let access = text(&login, "access_token");
    assert_eq!(status_and_body(example.get("/who_am_i").bearer_auth(&access)), (200, ann()));

    let outcome = |request| {
        let (status, body) = status_and_body(request);
        (status, text(&body, "code"))
    };
    for (username, password) in [("panther", "wrong"), ("nobody", "password"), ("panther", "")] {
        let wrong = example.post("/login", &json!({ "username": username, "password": password }));
        assert_eq!(outcome(wrong), (401, "invalid_credentials".to_owned()), "{username}");
    }
    assert_eq!(outcome(example.get("/who_am_i")), (401, "login_required".to_owned()));
    assert_eq!(outcome(example.get("/who_am_i").bearer_auth("x")), (401, "token_invalid".to_owned()));
    let refresh = text(&login, "refresh_token");
    assert_eq!(outcome(example.get("/who_am_i").bearer_auth(refresh)), (401, "token_wrong_type".to_owned()));
}

#[test]
fn login_with_json_token() {
    let example = Example::start("login_with_json_token");
    let login = example.login(&json!({ "username": "panther", "password": "password", "remember": true }));
    assert_eq!(login.status(), 200);
    let set = cookies(&login);
    let names: Vec<_> = set.iter().filter_map(|cookie| cookie.split('=').next()).collect();
    assert_eq!(names, ["tollbridge_session", "tollbridge_remember"]);
    assert!(set[1].contains("Max-Age="), "{set:?}");
    let cookie = cookie_header(&set);
    let access = text(&login.json().expect("JSON"), "access_token");
    let in_body = json!({ "access_token": access });

    // The browser's face, and the API client's in the header and in the body: one handler.
    let by_cookie = || example.get("/who_am_i").header("cookie", &cookie);
    assert_eq!(status_and_body(by_cookie()), (200, ann()));
    assert_eq!(status_and_body(example.get("/who_am_i").bearer_auth(&access)), (200, ann()));
    for request in [example.post("/who_am_i", &in_body), example.post("/who_am_i", &in_body).header("cookie", &cookie)]
    {
        let answer = request.send().expect("an answer");
        assert_eq!(answer.headers().get("cache-control").expect("a header"), "no-store");
        assert_eq!((answer.status().as_u16(), cookies(&answer)), (200, vec![]), "a token is silent");
        assert_eq!(answer.json::<Value>().expect("JSON"), ann());
    }
    // A rejected token is not made good by a session.
    let junk = example.post("/who_am_i", &json!({ "access_token": "junk" })).header("cookie", &cookie);
    let answer = junk.send().expect("an answer");
    assert_eq!((answer.status().as_u16(), cookies(&answer)), (401, vec![]));

    let wrong = example.login(&json!({ "username": "panther", "password": "wrong", "remember": true }));
    assert_eq!((wrong.status().as_u16(), cookies(&wrong)), (401, vec![]));

    // Without `remember` there is no remember cookie.
    let other = example.login(&json!({ "username": "batman", "password": "password" }));
    assert_eq!(cookies(&other).len(), 1);

    // Signing out ends both faces.
    let logout = client().post(format!("{}/logout", example.url)).header("cookie", &cookie).send().expect("an answer");
    assert_eq!((logout.status().as_u16(), cookies(&logout).len()), (204, 2));
    for request in [by_cookie(), example.get("/who_am_i").bearer_auth(&access), example.post("/who_am_i", &in_body)] {
        assert_eq!(status_and_body(request).0, 401);
    }
    let other = cookie_header(&cookies(&other));
    assert_eq!(status_and_body(example.get("/who_am_i").header("cookie", other)).0, 200, "nobody else's");
}

#[test]
fn from_flask() {
    let config = json!({ "JWT_SECRET_KEY": "a secret of at least thirty-two bytes" }).to_string();
    let example = Example::start_with("from_flask", &[("FLASK_CONFIG", &config)]);
    let login = status_and_body(example.post("/login", &json!({ "username": "test", "password": "test" })));
    assert_eq!(login.0, 200);
    let (access, refresh) = (text(&login.1, "access_token"), text(&login.1, "refresh_token"));
    let who = (200, json!({ "logged_in_as": "test" }));
    let message = |status: u16, text: &str| (status, json!({ "msg": text }));
    assert_eq!(status_and_body(example.get("/protected").bearer_auth(&access)), who);
    assert_eq!(status_and_body(example.get("/fresh").bearer_auth(&access)), who);
    assert_eq!(status_and_body(example.get("/protected")), message(401, "Missing Authorization Header"));

    let renewed = status_and_body(example.post("/refresh", &json!({})).bearer_auth(&refresh));
    let renewed = text(&renewed.1, "access_token");
    assert_eq!(status_and_body(example.get("/fresh").bearer_auth(&renewed)), message(401, "Fresh token required"));

    let logout = client().delete(format!("{}/logout", example.url)).bearer_auth(&access);
    assert_eq!(status_and_body(logout), message(200, "token revoked"));
    assert_eq!(status_and_body(example.get("/protected").bearer_auth(&access)), message(401, "Token has been revoked"));
    assert_eq!(status_and_body(example.get("/protected").bearer_auth(&renewed)), who);
    let stranger = example.post("/login", &json!({ "username": "test", "password": "x" }));
    assert_eq!(status_and_body(stranger).1["code"], "invalid_credentials");
}

/// Waits for a program that does not say that it listens.
fn wait_for(address: &str) {
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while std::net::TcpStream::connect(address).is_err() {
        assert!(std::time::Instant::now() < deadline, "nobody listens at {address}");
        std::thread::yield_now();
    }
}

#[test]
fn minimal() {
    let code = include_str!("../examples/minimal.rs");
    let lines = code.lines().filter(|line| !line.is_empty() && !line.starts_with("//")).count();
    assert!(lines <= 20, "{lines} lines");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let environment = [("ADDRESS", &*address), ("TOKEN_SECRET", "a secret of at least thirty-two bytes")];
    let process = program("minimal").envs(environment).spawn().expect("`cargo test` builds it");
    let example = Example { process, url: format!("http://{address}") };
    wait_for(&address);
    signs_in_and_out(&example);
}

/// Signs `ann` in, as a browser and as an API client, and out.
fn signs_in_and_out(example: &Example) {
    let login = client().post(format!("{}/login/ann", example.url)).send().expect("an answer");
    let cookie = cookie_header(&cookies(&login));
    let access = text(&login.json().expect("JSON"), "access_token");
    let requests = || [example.get("/me").header("cookie", &cookie), example.get("/me").bearer_auth(&access)];
    for request in requests() {
        assert_eq!(request.send().expect("an answer").text().expect("text"), "ann");
    }
    let logout = client().post(format!("{}/logout", example.url)).header("cookie", &cookie).send().expect("an answer");
    assert_eq!(logout.text().expect("text"), "bye");
    for request in requests() {
        assert_eq!(request.send().expect("an answer").status(), 401);
    }
}

#[test]
fn rusqlite_store() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("logins.db");
    let database = database.to_str().expect("text");
    let environment = [("DATABASE", database), ("TOKEN_SECRET", "a secret of at least thirty-two bytes")];
    let example = Example::start_with("rusqlite_store", &environment);
    signs_in_and_out(&example);
    // A login outlives the program.
    let login = client().post(format!("{}/login/ann", example.url)).send().expect("an answer");
    let access = text(&login.json().expect("JSON"), "access_token");
    drop(example);
    let example = Example::start_with("rusqlite_store", &environment);
    assert_eq!(example.get("/me").bearer_auth(&access).send().expect("an answer").status(), 200);
}

#[test]
fn live_updates() {
    let example = Example::start("live_updates");
    let login = client().post(format!("{}/login/ann", example.url)).send().expect("an answer");
    let cookie = cookie_header(&cookies(&login));
    let access = text(&login.json().expect("JSON"), "access_token");
    let mut stream = BufReader::new(example.get("/updates").header("cookie", &cookie).send().expect("an answer"));
    let mut line = String::new();
    stream.read_line(&mut line).expect("an event");
    assert!(line.starts_with("data: "), "{line}");
    // The API client of the same login signs out, and the stream of the browser ends.
    let logout = client().post(format!("{}/logout", example.url)).bearer_auth(&access).send().expect("an answer");
    assert_eq!(logout.status(), 200);
    let mut rest = String::new();
    stream.read_to_string(&mut rest).expect("the end of the stream");
    assert!(rest.ends_with("event: end\ndata: login_ended\n\n"), "{rest}");
}

#[test]
fn other_origin() {
    let example = Example::start("other_origin");
    let header = |answer: &Response, name: &str| {
        answer.headers().get(name).map(|value| value.to_str().expect("text").to_owned())
    };
    let preflight = |origin: &str| {
        let request =
            client().request(reqwest::Method::OPTIONS, format!("{}/me", example.url)).header("origin", origin);
        let request = request.header("access-control-request-method", "GET");
        request.header("access-control-request-headers", "authorization").send().expect("an answer")
    };
    let allowed = preflight("https://app.example");
    assert_eq!(header(&allowed, "access-control-allow-origin").as_deref(), Some("https://app.example"));
    assert_eq!(header(&allowed, "access-control-allow-credentials"), None);
    assert_eq!(header(&preflight("https://evil.example"), "access-control-allow-origin"), None);

    let from_page = |request: reqwest::blocking::RequestBuilder| {
        let request = request.header("origin", "https://app.example").header("sec-fetch-site", "cross-site");
        let answer = request.send().expect("an answer");
        assert_eq!(header(&answer, "access-control-allow-origin").as_deref(), Some("https://app.example"));
        assert_eq!(cookies(&answer), [""; 0]);
        answer
    };
    let login = from_page(example.post("/login", &json!({ "username": "ann", "password": "password" })));
    let tokens: Value = login.json().expect("JSON");
    let access = text(&tokens, "access_token");
    assert_eq!(from_page(example.get("/me").bearer_auth(&access)).text().expect("text"), "ann");
    // The page can read why it is refused.
    let refused = from_page(example.get("/me").bearer_auth("junk"));
    assert_eq!(refused.status(), 401);
    assert_eq!(text(&refused.json().expect("JSON"), "code"), "token_invalid");
    let wrong = from_page(example.post("/login", &json!({ "username": "ann", "password": "wrong" })));
    assert_eq!(wrong.status(), 401);
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    let renewed: Value = from_page(example.post("/refresh", &refresh)).json().expect("JSON");
    let renewed = text(&renewed, "access_token");
    assert_eq!(from_page(example.post("/logout", &json!({})).bearer_auth(&renewed)).status(), 204);
    assert_eq!(from_page(example.get("/me").bearer_auth(&access)).status(), 401);
}

/// The recipe of `docs/faces.md`: an app opens a web view, a page signs out.
#[test]
fn two_faces() {
    let example = Example::start("two_faces");
    let credentials = json!({ "username": "panther", "password": "password" });
    let access = text(&example.login(&credentials).json().expect("JSON"), "access_token");
    let by_token = || status_and_body(example.get("/who_am_i").bearer_auth(&access));
    let (status, link) = status_and_body(example.post("/handoff", &json!({})).bearer_auth(&access));
    assert_eq!((status, &link["expires_in"]), (201, &json!(60)));
    let path = text(&link, "path");
    for _ in 0..2 {
        let page = example.get(&path).send().expect("an answer");
        assert_eq!((page.status().as_u16(), cookies(&page).len()), (200, 0));
        assert_eq!(page.headers().get("referrer-policy").expect("a header"), "no-referrer");
        assert!(page.text().expect("a page").contains("Continue as Ann Takamaki?"));
    }
    let press = || client().post(format!("{}{path}", example.url));
    assert_eq!(status_and_body(press().header("origin", "https://evil.example")).0, 403);
    let redeemed = press().send().expect("an answer");
    assert_eq!(redeemed.status(), 303);
    let cookie = cookie_header(&cookies(&redeemed));
    let by_session = || status_and_body(example.get("/who_am_i").header("cookie", &cookie));
    let (session, token) = (by_session().1, by_token().1);
    assert_eq!((&session["via"], &token["via"]), (&json!("session"), &json!("token")));
    assert_eq!((&session["login"], &session["user"]), (&token["login"], &token["user"]));
    assert_eq!(status_and_body(press()).1["code"], "code_invalid");

    // Back again, and for another service.
    let with_session = |path| example.post(path, &json!({})).header("cookie", &cookie);
    let tokens = status_and_body(with_session("/token")).1;
    let again = status_and_body(example.get("/who_am_i").bearer_auth(text(&tokens, "access_token"))).1;
    assert_eq!(again["login"], token["login"]);
    let billing = text(&status_and_body(with_session("/token/billing")).1, "access_token");
    assert_eq!(status_and_body(example.get("/who_am_i").bearer_auth(billing)).1["code"], "token_invalid");

    // Signing out on a page ends the app's tokens.
    assert_eq!(status_and_body(with_session("/logout")).0, 204);
    assert_eq!((by_token().0, by_token().1["code"].clone()), (401, json!("login_ended")));

    let both = example.login(&json!({ "username": "panther", "password": "password", "mode": "both" }));
    let cookie = cookie_header(&cookies(&both));
    let access = text(&both.json().expect("JSON"), "access_token");
    let login = |request| status_and_body(request).1["login"].clone();
    let session = login(example.get("/who_am_i").header("cookie", cookie));
    assert_eq!(session, login(example.get("/who_am_i").bearer_auth(access)));
}
