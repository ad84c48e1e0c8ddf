//! A refusal that a middleware inside the bridge returns as `Err`. The request is gone then, and the answer is the same as
//! that to a refusal of a handler.

use actix_session::SessionExt as _;
use actix_web::HttpResponse;
use serde_json::json;
use tollbridge::{AuthEvent, Refusal};

use crate::app::TestApp;
use crate::clients::{Anonymous, Answer, Browser, Client, Token};

const HTML: &str = "text/html,*/*;q=0.8";

/// The answer to a request that the middleware refuses.
fn refused(client: &impl Client, accept: &str) -> Answer {
    client.call("GET", "/how?of=7").header("x-refuse", "yes").header("accept", accept).send()
}

fn write_note(browser: &Browser<'_>) {
    browser.call("POST", "/session-write").body("text/plain", "of the handler").send().expect(204);
}

#[test]
fn the_hook_answers_and_sees_the_request() {
    let app = TestApp::with(|bridge| {
        bridge.on_refusal(|refusal: &Refusal<'_>| {
            let req = refusal.request();
            Some(HttpResponse::Forbidden().json(json!({
                "code": refusal.error().code(),
                "target": req.uri().to_string(),
                "path": [req.path(), req.match_info().as_str()],
                "method": req.method().as_str(),
                "accept": req.headers().get("accept").and_then(|accept| accept.to_str().ok()),
                "peer": req.peer_addr().is_some(),
                "token": refusal.presents_token(),
                "note": req.get_session().get::<String>("note").ok().flatten(),
            })))
        })
    });
    let seen = |token: bool, note: Option<&str>| {
        json!({
            "code": "login_required", "target": "/how?of=7", "path": ["/how", "/how"], "method": "GET", "accept": "a/b",
            "peer": true, "token": token, "note": note,
        })
    };
    assert_eq!(refused(&Anonymous(&app), "a/b").expect(403).json(), seen(false, None));
    let browser = Browser::new(&app);
    write_note(&browser);
    let answer = refused(&browser, "a/b").expect(403);
    assert_eq!(answer.json(), seen(false, Some("of the handler")));
    assert_eq!(answer.header("cache-control"), "no-store");
    let token = Token(&app, Anonymous(&app).token_login("panther").access);
    assert_eq!(refused(&token, "a/b").expect(403).json(), seen(true, None));
}

#[test]
fn a_browser_is_redirected_and_finds_the_message_and_its_session() {
    let app = TestApp::with(|bridge| bridge.login_view("/login").login_message("Please sign in.", "info"));
    let browser = Browser::new(&app);
    write_note(&browser);
    let sent = refused(&browser, HTML).expect(303);
    assert_eq!(sent.header("location"), "/login?next=%2Fhow%3Fof%3D7");
    assert_eq!(sent.header("cache-control"), "no-store");
    assert_eq!(browser.get("/messages").expect(200).json()[0]["text"], "Please sign in.");
    assert_eq!(browser.get("/session-read").expect(200).json()["note"], "of the handler");
    // The message also comes to a browser that had no session, and no client without pages is redirected.
    let browser = Browser::new(&app);
    refused(&browser, HTML).expect(303);
    assert_eq!(browser.get("/messages").expect(200).json()[0]["text"], "Please sign in.");
    refused(&Anonymous(&app), "*/*").refused(401, "login_required");
}

#[test]
fn a_browser_gets_the_error_page() {
    let app = TestApp::with(|bridge| {
        bridge.error_page(|req, error| HttpResponse::build(error.status()).body(format!("page of {}", req.path())))
    });
    let page = refused(&Anonymous(&app), HTML).expect(401);
    assert_eq!((page.text().as_str(), page.header("www-authenticate")), ("page of /how", "Bearer"));
    refused(&Anonymous(&app), "*/*").refused(401, "login_required");
}

#[test]
fn the_event_is_emitted() {
    let (tell, told) = std::sync::mpsc::channel();
    let app = TestApp::with(|bridge| {
        bridge.on_event(move |event| {
            if let AuthEvent::Unauthorized { code, .. } = event {
                tell.send(*code).expect("the test waits");
            }
        })
    });
    refused(&Anonymous(&app), "*/*").refused(401, "login_required");
    assert_eq!(told.try_recv(), Ok("login_required"));
}

#[test]
fn a_session_that_nobody_has_changed_is_not_written() {
    let app = TestApp::with(|bridge| bridge.on_refusal(|_| None));
    let browser = Browser::new(&app);
    write_note(&browser);
    app.store().take_calls();
    assert!(refused(&browser, "*/*").refused(401, "login_required").set_cookies().is_empty());
    let calls = app.store().take_calls();
    assert!(calls.contains_key("load_session") && !calls.contains_key("update_session"), "{calls:?}");
}
