//! Messages that the application itself adds.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use serde_json::{Value, json};
use tollbridge::{Auth, AuthError, FlashMessage};

use crate::app::TestApp;
use crate::clients::{Anonymous, Browser, Client, Token};

async fn flash(auth: Auth, text: web::Path<String>) -> Result<impl Responder, AuthError> {
    auth.flash(FlashMessage { category: "success".into(), text: text.into_inner() })?;
    Ok(HttpResponse::NoContent())
}

pub(crate) fn routes(app: &mut ServiceConfig) {
    app.route("/flash/{text}", web::route().to(flash));
}

fn messages(texts: impl IntoIterator<Item = impl Into<String>>) -> Value {
    texts.into_iter().map(|text| json!({ "category": "success", "text": text.into() })).collect()
}

#[test]
fn the_next_page_has_the_message_once() {
    let app = TestApp::start();
    let (browser, _) = Browser::signed_in(&app, "panther", false);
    browser.post("/flash/saved").expect(204);
    browser.get("/flash/twice").expect(204);
    assert_eq!(browser.get("/messages").expect(200).json(), messages(["saved", "twice"]));
    assert_eq!(browser.get("/messages").expect(200).json(), json!([]));
    // Also for a browser that is not signed in.
    let visitor = Browser::new(&app);
    visitor.post("/flash/hello").expect(204);
    assert_eq!(visitor.get("/messages").expect(200).json(), messages(["hello"]));
}

#[test]
fn a_session_keeps_the_latest_messages() {
    let app = TestApp::start();
    let browser = Browser::new(&app);
    (0..20).for_each(|number| {
        browser.post(&format!("/flash/{number}")).expect(204);
    });
    let kept = (4..20).map(|number| number.to_string());
    assert_eq!(browser.get("/messages").expect(200).json(), messages(kept));
}

#[test]
fn a_request_with_a_token_or_of_another_site_leaves_no_message() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    app.store().take_calls();
    let refused = Token(&app, pair.access).post("/flash/x").refused(400, "credential_conflict");
    assert!(refused.set_cookies().is_empty());
    assert!(!app.store().take_calls().iter().any(|(call, _)| call.contains("session")));
    let cross_site = |method: &str| browser.call(method, "/flash/x").header("sec-fetch-site", "cross-site").send();
    cross_site("POST").refused(403, "csrf_rejected");
    assert_eq!(browser.get("/messages").expect(200).json(), json!([]));
    // The browser has withheld its cookies, so an answer would replace its session.
    let withheld = Anonymous(&app).call("GET", "/flash/x").header("sec-fetch-site", "cross-site").send();
    assert!(withheld.refused(403, "csrf_rejected").set_cookies().is_empty());
}
