//! What is told of logins, in which order, and that no secret is among it.

use std::sync::{Arc, Mutex};

use futures_util::{FutureExt as _, StreamExt as _};
use serde_json::{Value, json};
use tollbridge::{AuthEvent, BridgeBuilder, event_stream};

use crate::app::{PASSWORD, TestApp};
use crate::clients::{Anonymous, Browser, Client, SESSION, Token};

/// An app, and what it tells.
pub(crate) struct Told {
    pub(crate) app: TestApp,
    events: Arc<Mutex<Vec<AuthEvent>>>,
}

impl Told {
    pub(crate) fn new(configure: impl FnOnce(BridgeBuilder) -> BridgeBuilder) -> Self {
        let events: Arc<Mutex<Vec<AuthEvent>>> = Arc::default();
        let heard = Arc::clone(&events);
        let listener = move |event: &AuthEvent| heard.lock().expect("a whole list").push(event.clone());
        Self { app: TestApp::with(|bridge| configure(bridge.on_event(listener))), events }
    }

    /// The events since the last time, as they are serialized.
    pub(crate) fn take(&self) -> Vec<Value> {
        let events = std::mem::take(&mut *self.events.lock().expect("a whole list"));
        events
            .iter()
            .map(|event| {
                let event_json = serde_json::to_value(event).expect("JSON");
                assert_eq!(event_json["event"], event.name());
                event_json
            })
            .collect()
    }

    /// Their names alone.
    fn names(&self) -> Vec<String> {
        self.take().iter().map(|event| event["event"].as_str().expect("a name").to_owned()).collect()
    }
}

#[test]
fn a_browsers_login_is_told_from_beginning_to_end() {
    let told = Told::new(|bridge| bridge);
    let (browser, _) = Browser::signed_in(&told.app, "panther", true);
    let login = browser.get("/how").json()["login_id"].clone();
    assert_eq!(
        told.take(),
        [json!({ "event": "user_logged_in", "user": "2", "login": login }), json!({ "event": "user_accessed" })]
    );
    browser.get("/twice").expect(200);
    assert_eq!(told.names(), ["user_accessed"], "once in a request, however many ask");
    browser.get("/never-asks").expect(200);
    browser.get("/nowhere").expect(404);
    assert_eq!(told.names(), [""; 0]);

    browser.forget(SESSION);
    browser.get("/who_am_i").expect(200);
    let restored = json!({ "event": "user_loaded_from_cookie", "user": "2", "login": login });
    assert_eq!(told.take(), [json!({ "event": "user_accessed" }), restored]);
    browser.get("/fresh").expect(401);
    assert_eq!(
        told.take(),
        [json!({ "event": "user_accessed" }), json!({ "event": "user_needs_refresh", "user": "2" })]
    );

    browser.post("/logout").expect(204);
    let out = json!({ "event": "user_logged_out", "user": "2", "login": login });
    assert_eq!(told.take(), [json!({ "event": "user_accessed" }), out]);
    browser.get("/who_am_i").expect(401);
    let refused = json!({ "event": "user_unauthorized", "code": "login_required" });
    assert_eq!(told.take(), [json!({ "event": "user_accessed" }), refused]);
    browser.post("/logout").expect(204);
    let nobody = json!({ "event": "user_logged_out", "user": null, "login": null });
    assert_eq!(told.take(), [json!({ "event": "user_accessed" }), nobody], "a logout of nobody is one");
    browser.get("/maybe").expect(200);
    assert_eq!(told.names(), ["user_accessed"]);
}

#[test]
fn a_tokens_requests_are_told() {
    let told = Told::new(|bridge| bridge);
    let pair = Anonymous(&told.app).token_login("panther");
    let logged_in = told.take().remove(0);
    let login = &logged_in["login"];
    let token = Token(&told.app, pair.access.clone());
    token.get("/who_am_i").expect(200);
    let loaded = json!({ "event": "user_loaded_from_request", "user": "2", "login": login });
    assert_eq!(told.take(), [json!({ "event": "user_accessed" }), loaded]);
    Token(&told.app, "junk".to_owned()).get("/maybe").expect(401);
    let refused = json!({ "event": "user_unauthorized", "code": "token_invalid" });
    assert_eq!(told.take(), [json!({ "event": "user_accessed" }), refused]);
    token.post("/logout").expect(204);
    assert_eq!(told.names(), ["user_accessed", "user_logged_out"]);
}

#[test]
fn what_is_no_refusal_of_a_credential_is_not_told_as_one() {
    let told = Told::new(|bridge| bridge);
    Anonymous(&told.app).post_json("/login", &json!({ "username": "panther", "password": "wrong" })).expect(401);
    Anonymous(&told.app).call("POST", "/login").body("application/json", "{").send().expect(400);
    told.app.store().fail(&["find"]);
    let browser = Browser::new(&told.app);
    browser.sign_in("panther", false);
    told.take();
    browser.get("/who_am_i").expect(503);
    assert_eq!(told.names(), ["user_accessed"]);
    // Who cannot be signed out has not been.
    told.app.store().fail(&["end"]);
    browser.post("/logout").expect(503);
    assert_eq!(told.names(), [""; 0]);
}

#[test]
fn no_secret_is_told() {
    let told = Told::new(|bridge| bridge);
    let (browser, pair) = Browser::signed_in(&told.app, "panther", true);
    let cookies = browser.cookie_header();
    Token(&told.app, pair.access.clone()).get("/how").expect(200);
    Token(&told.app, format!("{}x", pair.access)).get("/how").expect(401);
    browser.forget(SESSION);
    browser.get("/fresh").expect(401);
    browser.post("/logout").expect(204);
    let events = told.events.lock().expect("a whole list");
    let text = format!("{events:?} {}", serde_json::to_string(&*events).expect("JSON"));
    assert!(events.len() > 6, "{text}");
    let secrets = cookies.split("; ").filter_map(|cookie| cookie.split_once('=')).map(|(_, value)| value);
    for secret in secrets.chain([&*pair.access, &*pair.refresh, PASSWORD]) {
        for part in secret.split('.').filter(|part| part.len() > 8) {
            assert!(!text.contains(part), "{part} is in {text}");
        }
    }
}

#[test]
fn a_stream_has_them_in_order_and_counts_what_it_lost() {
    let (listener, stream) = event_stream(3);
    let app = TestApp::with(|bridge| bridge.on_event(listener).on_event(|_| ()));
    let browser = Browser::new(&app);
    browser.sign_in("panther", false);
    browser.get("/fresh").expect(200);
    assert_eq!(stream.lost(), 0);
    browser.post("/logout").expect(204);
    assert_eq!(stream.lost(), 1, "of the four, the last");
    let names = stream.take(3).map(|event| event.name()).collect::<Vec<_>>();
    let names = names.now_or_never().expect("they are there");
    assert_eq!(names, ["user_logged_in", "user_accessed", "user_accessed"]);
}
