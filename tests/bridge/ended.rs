//! Streams that end with their login.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{Error, HttpResponse};
use futures_util::stream::{self, StreamExt as _};
use tollbridge::{Act, CurrentLogin, EndReason, LoginId, LoginStore as _, NewApiToken};

use crate::app::TestApp;
use crate::clients::{Anonymous, Browser, Client, Token};

/// Answers at once, and once more when the login has ended.
async fn watch(login: CurrentLogin) -> HttpResponse {
    let first = stream::iter([Ok::<_, Error>(Bytes::from_static(b"watching\n"))]);
    let ended = login.ended();
    let last = stream::once(async move { Ok(Bytes::from(format!("{}\n", ended.await.code()))) });
    HttpResponse::Ok().streaming(first.chain(last))
}

pub(crate) fn routes(app: &mut ServiceConfig) {
    app.route("/watch", web::get().to(watch));
}

/// A stream of `/watch` that has begun.
struct Watching(BufReader<TcpStream>);

impl Watching {
    fn by(app: &TestApp, credential: &str) -> Self {
        let mut socket = TcpStream::connect(app.addr).expect("a connection");
        socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
        let request = format!("GET /watch HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{credential}\r\n\r\n");
        socket.write_all(request.as_bytes()).expect("the server listens");
        let mut stream = Self(BufReader::new(socket));
        stream.read_to("watching");
        stream
    }

    fn by_token(app: &TestApp, token: &str) -> Self {
        Self::by(app, &format!("Authorization: Bearer {token}"))
    }

    fn read_to(&mut self, text: &str) {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            assert_ne!(self.0.read_line(&mut line).expect("it is in time"), 0, "the stream ended before {text}");
        }
    }

    #[track_caller]
    fn ends_with(mut self, code: &str) {
        let mut rest = String::new();
        self.0.read_to_string(&mut rest).expect("the end of the stream");
        assert!(rest.contains(&format!("{code}\n")), "{rest}");
    }
}

#[test]
fn a_logout_ends_the_streams_of_both_faces_and_no_other() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    let (_, other) = Browser::signed_in(&app, "panther", false);
    let of_other = Watching::by_token(&app, &other.access);
    let by_cookie = Watching::by(&app, &format!("Cookie: {}", browser.cookie_header()));
    let by_token = Watching::by_token(&app, &pair.access);
    browser.post("/logout").expect(204);
    by_cookie.ends_with("login_ended");
    by_token.ends_with("login_ended");
    Token(&app, other.access).post("/logout").expect(204);
    of_other.ends_with("login_ended");
}

#[test]
fn every_end_of_a_login_is_seen() {
    let app = TestApp::start();
    let watching = |name: &str| {
        let (_, pair) = Browser::signed_in(&app, name, false);
        let id = Anonymous(&app).call("GET", "/how").bearer(&pair.access).send().json()["login_id"].clone();
        (Watching::by_token(&app, &pair.access), LoginId::from(id.as_str().expect("an id").to_owned()))
    };
    // In the store, as another process does it.
    let (elsewhere, id) = watching("panther");
    let end = async || app.store().end(&id, EndReason::Logout, &Act::of_application(), app.world.clock.now()).await;
    assert!(actix_web::rt::System::new().block_on(end()).expect("the store answers"));
    elsewhere.ends_with("login_ended");
    let (disabled, _) = watching("panther");
    app.world.users.change(2, |user| user.active = false);
    disabled.ends_with("user_disabled");
    app.world.users.change(2, |user| user.active = true);
    let (new_password, _) = watching("panther");
    app.world.users.change(2, |user| user.epoch += 1);
    new_password.ends_with("login_ended");
    let (expired, _) = watching("batman");
    app.advance(400 * 86_400);
    expired.ends_with("login_ended");
}

#[test]
fn watching_is_no_use_of_a_login_and_outlives_the_token() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    let stream = Watching::by_token(&app, &pair.access);
    app.store().take_calls();
    // The access token has expired, and the login would be noted as seen if it were used.
    app.advance(3600);
    wait_for_calls(&app, "find", 2);
    assert!(!app.store().take_calls().contains_key("touch"));
    browser.post("/logout").expect(204);
    stream.ends_with("login_ended");
}

#[test]
fn a_short_outage_of_the_store_ends_nothing_and_a_long_one_all() {
    let app = TestApp::start();
    let (_, pair) = Browser::signed_in(&app, "panther", false);
    let stream = Watching::by_token(&app, &pair.access);
    app.store().fail(&["find"]);
    wait_for_calls(&app, "find", 2);
    app.store().fail(&[]);
    wait_for_calls(&app, "find", 2);
    app.store().fail(&["find"]);
    stream.ends_with("store_unavailable");
}

/// Waits until the store has been asked so often.
fn wait_for_calls(app: &TestApp, method: &str, times: usize) {
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    let mut calls = 0;
    while calls < times {
        calls += app.store().take_calls().get(method).copied().unwrap_or_default();
        assert!(std::time::Instant::now() < deadline, "{method} is not called");
        std::thread::yield_now();
    }
}

#[test]
fn the_end_of_an_api_token_is_seen() {
    let (app, _) = crate::api_tokens::app();
    let issue = |new| crate::api_tokens::issue(&app, "panther", new);
    let revoked = issue(NewApiToken::named("revoked"));
    let id = revoked.record().id.clone();
    let stream = Watching::by_token(&app, &revoked.into_text());
    assert!(
        actix_web::rt::System::new()
            .block_on(app.bridge.revoke_api_token(&id, &Act::of_application()))
            .expect("the store answers")
    );
    stream.ends_with("token_revoked");
    let expires = issue(NewApiToken::named("expires").expires_in(Duration::from_secs(3600)));
    let stream = Watching::by_token(&app, &expires.into_text());
    app.advance(3600);
    stream.ends_with("token_expired");
}
