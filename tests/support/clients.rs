//! Three clients of the suite's `TestApp`: one without credentials, one with a cookie jar, one with a token.
#![allow(dead_code, reason = "each test binary that includes this file uses a part of it")]

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::Mutex;
use std::time::Duration;

use reqwest::Method;
use reqwest::blocking::RequestBuilder;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::app::{PASSWORD, TestApp};

/// Follows no redirects.
pub(crate) fn new_http() -> reqwest::blocking::Client {
    // Connections are given up long before the servers give up theirs, so that no request goes to one that is closing.
    let client = reqwest::blocking::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    client.pool_idle_timeout(Duration::from_secs(1)).timeout(Duration::from_secs(20)).build().expect("a client")
}

/// A response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The values of a header that may occur several times, joined.
    pub(crate) fn all(&self, name: &str) -> String {
        let values: Vec<_> = self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        values.join(", ")
    }

    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        self.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok()).collect()
    }

    /// Status and code: what a client decides on.
    pub(crate) fn outcome(&self) -> (u16, String) {
        (self.status, self.json()["code"].as_str().unwrap_or_default().to_owned())
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} {:?}", self.text(), self.headers);
        self
    }

    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!(self.outcome(), (status, code.to_owned()), "{} {:?}", self.text(), self.headers);
        self
    }

    pub(crate) fn pair(&self) -> Pair {
        let body = self.json();
        let field = |name: &str| body[name].as_str().unwrap_or_else(|| panic!("{name} in {body}")).to_owned();
        Pair { access: field("access_token"), refresh: field("refresh_token") }
    }
}

/// A token pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

/// A request in the making.
pub(crate) struct Call<'a> {
    request: RequestBuilder,
    jar: Option<&'a Jar>,
}

impl Call<'_> {
    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.request = self.request.header(name, value.as_ref());
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub(crate) fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.request = self.request.header("content-type", content_type).body(body.into());
        self
    }

    pub(crate) fn try_send(self) -> Result<Answer, reqwest::Error> {
        let response = self.request.send()?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let answer = Answer { status, headers, body: response.bytes()?.to_vec() };
        if let Some(jar) = self.jar {
            jar.take(&answer);
        }
        Ok(answer)
    }

    #[track_caller]
    pub(crate) fn send(self) -> Answer {
        self.try_send().expect("an answer")
    }
}

/// What every client can do.
pub(crate) trait Client {
    fn call(&self, method: &str, path: &str) -> Call<'_>;

    #[track_caller]
    fn get(&self, path: &str) -> Answer {
        self.call("GET", path).send()
    }

    #[track_caller]
    fn post(&self, path: &str) -> Answer {
        self.call("POST", path).send()
    }

    #[track_caller]
    fn post_json(&self, path: &str, body: &Value) -> Answer {
        self.call("POST", path).json(body).send()
    }
}

fn call<'a>(app: &TestApp, method: &str, path: &str) -> Call<'a> {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    Call { request: app.http().request(method, app.url(path)), jar: None }
}

/// Brings nothing.
pub(crate) struct Anonymous<'a>(pub(crate) &'a TestApp);

impl Client for Anonymous<'_> {
    fn call(&self, method: &str, path: &str) -> Call<'_> {
        call(self.0, method, path)
    }
}

/// Brings a token in the header.
pub(crate) struct Token<'a>(pub(crate) &'a TestApp, pub(crate) String);

impl Client for Token<'_> {
    fn call(&self, method: &str, path: &str) -> Call<'_> {
        call(self.0, method, path).bearer(&self.1)
    }
}

#[derive(Default)]
struct Jar(Mutex<BTreeMap<String, String>>);

impl Jar {
    fn take(&self, answer: &Answer) {
        let mut jar = self.0.lock().expect("no test panics while it holds this");
        for cookie in answer.set_cookies() {
            let (name, rest) = cookie.split_once('=').expect("a cookie has a name");
            let value = rest.split(';').next().unwrap_or_default();
            if value.is_empty() || rest.contains("Max-Age=0") {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// The names of the cookies where TLS is not declared.
pub(crate) const SESSION: &str = "tollbridge_session";
pub(crate) const REMEMBER: &str = "tollbridge_remember";

/// Brings cookies, and keeps those that it is given.
pub(crate) struct Browser<'a> {
    app: &'a TestApp,
    jar: Jar,
}

impl Client for Browser<'_> {
    fn call(&self, method: &str, path: &str) -> Call<'_> {
        let mut call = call(self.app, method, path);
        let header = self.cookie_header();
        if !header.is_empty() {
            call = call.header("cookie", header);
        }
        Call { jar: Some(&self.jar), ..call }
    }
}

impl<'a> Browser<'a> {
    pub(crate) fn new(app: &'a TestApp) -> Self {
        Self { app, jar: Jar::default() }
    }

    /// A browser that has signed in, with the tokens of the same login, where the login gives both.
    #[track_caller]
    pub(crate) fn signed_in(app: &'a TestApp, username: &str, remember: bool) -> (Self, Pair) {
        let browser = Self::new(app);
        let pair = browser.sign_in(username, remember).pair();
        (browser, pair)
    }

    #[track_caller]
    pub(crate) fn sign_in(&self, username: &str, remember: bool) -> Answer {
        let form = json!({ "username": username, "password": PASSWORD, "remember": remember, "mode": "session" });
        self.post_json("/login", &form).expect(200)
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.jar.0.lock().expect("no test panics while it holds this").get(name).cloned()
    }

    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        let mut jar = self.jar.0.lock().expect("no test panics while it holds this");
        jar.insert(name.to_owned(), value.to_owned());
    }

    /// As when the browser is closed: cookies without an age are forgotten.
    pub(crate) fn forget(&self, name: &str) {
        self.jar.0.lock().expect("no test panics while it holds this").remove(name);
    }

    pub(crate) fn cookie_header(&self) -> String {
        let jar = self.jar.0.lock().expect("no test panics while it holds this");
        jar.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }
}

/// Sends bytes and reads until the server closes the connection; `None` when it hangs.
pub(crate) fn raw(app: &TestApp, bytes: &[u8], half_close: bool) -> Option<Vec<u8>> {
    let mut socket = TcpStream::connect(app.addr).expect("a connection");
    socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    // The server may refuse and close before it has all of it.
    let _ = socket.write_all(bytes);
    if half_close {
        let _ = socket.shutdown(Shutdown::Write);
    }
    let mut answer = Vec::new();
    match socket.read_to_end(&mut answer) {
        Ok(_) => Some(answer),
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => Some(answer),
        Err(_) => None,
    }
}
