//! Credentials of the application's own: like tokens in all that counts.

use actix_web::HttpRequest;
use serde_json::{Value, json};
use tollbridge::{CredentialLocation, RequestLoader, StoreError};

use crate::app::{PASSWORD, TestApp};
use crate::clients::{Anonymous, Answer, Browser, Client};

/// The key `k-2` is user 2's; `down` is the key that brings the store down.
struct ApiKeys;

impl RequestLoader for ApiKeys {
    fn credential(&self, req: &HttpRequest) -> Option<String> {
        Some(req.headers().get("x-api-key")?.to_str().ok()?.to_owned())
    }

    async fn identity(&self, credential: &str) -> Result<Option<String>, StoreError> {
        if credential == "down" {
            return Err(StoreError::new("the keys are gone"));
        }
        Ok(credential.strip_prefix("k-").map(str::to_owned))
    }
}

fn app() -> TestApp {
    TestApp::with(|bridge| bridge.request_loader(ApiKeys).login_view("/login"))
}

fn with_key(client: &impl Client, method: &str, path: &str, key: &str) -> Answer {
    client.call(method, path).header("x-api-key", key).header("accept", "text/html,*/*").send()
}

#[test]
fn it_is_a_credential_like_a_token() {
    let app = app();
    let anonymous = Anonymous(&app);
    let get = |path: &str, key: &str| with_key(&anonymous, "GET", path, key);
    assert_eq!(get("/who_am_i", "k-2").expect(200).json()["id"], 2);
    let how = get("/how", "k-2").expect(200).json();
    assert_eq!((&how["via"], &how["location"], &how["fresh"]), (&json!("request"), &json!("header"), &json!(false)));
    assert_eq!((&how["login_id"], &how["expires_at"]), (&Value::Null, &Value::Null));
    assert_eq!(get("/any", "k-2").json()["authenticated"], true);
    get("/fresh", "k-2").refused(401, "reauth_required");
    get("/browser", "k-2").refused(400, "credential_conflict");
    get("/token", "k-2").refused(401, "login_required");
    get("/claims", "k-2").refused(401, "login_required");
    get("/never-asks", "wrong").expect(200);
}

#[test]
fn one_that_does_not_hold_is_not_nobody() {
    let app = app();
    let get = |path: &str, key: &str| with_key(&Anonymous(&app), "GET", path, key);
    for path in ["/who_am_i", "/maybe", "/any", "/how"] {
        get(path, "wrong").refused(401, "login_required");
        get(path, "").refused(401, "login_required");
        get(path, "k-9").refused(401, "user_not_found");
        get(path, "down").refused(503, "store_unavailable");
    }
    app.world.users.change(2, |user| user.active = false);
    get("/maybe", "k-2").refused(401, "user_disabled");
}

#[test]
fn its_requests_have_no_session() {
    let app = app();
    let (browser, pair) = Browser::signed_in(&app, "batman", true);
    app.store().take_calls();
    // The cookies of a browser beside it are not looked at, and the rule for them does not apply.
    for method in ["GET", "POST"] {
        let answer = browser.call(method, "/who_am_i").header("x-api-key", "k-2").header("origin", "https://x.example");
        let answer = answer.send().expect(200);
        assert_eq!(answer.json()["id"], 2);
        assert!(answer.set_cookies().is_empty());
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    with_key(&browser, "GET", "/who_am_i", "wrong").refused(401, "login_required");
    assert!(app.store().take_calls().is_empty(), "no store is asked for sessions or logins");
    with_key(&browser, "POST", "/session-write", "k-2").expect(204);
    assert_eq!(browser.get("/session-read").json()["note"], Value::Null);
    let form = json!({ "username": "panther", "password": PASSWORD });
    let login = browser.call("POST", "/login").header("x-api-key", "k-2").json(&form).send();
    login.refused(400, "credential_conflict");
    with_key(&browser, "POST", "/logout", "k-2").expect(204);
    assert_eq!(browser.get("/who_am_i").expect(200).json()["id"], 1, "it ends nobody's login");

    let both = |token: &str| Anonymous(&app).call("GET", "/how").header("x-api-key", "k-2").bearer(token).send();
    assert_eq!(both(&pair.access).expect(200).json()["identity"], "1", "a token comes before it");
    both("junk").refused(401, "token_invalid");
}

#[test]
fn where_it_is_found_is_what_the_application_says() {
    struct Link;
    impl RequestLoader for Link {
        fn credential(&self, req: &HttpRequest) -> Option<String> {
            req.query_string().strip_prefix("sig=").map(str::to_owned)
        }

        async fn identity(&self, credential: &str) -> Result<Option<String>, StoreError> {
            Ok((credential == "right").then(|| "3".to_owned()))
        }

        fn location(&self) -> CredentialLocation {
            CredentialLocation::Query
        }
    }
    let app = TestApp::with(|bridge| bridge.request_loader(Link));
    let how = Anonymous(&app).get("/how?sig=right").expect(200).json();
    assert_eq!((&how["identity"], &how["location"]), (&json!("3"), &json!("query")));
    Anonymous(&app).get("/how?sig=wrong").refused(401, "login_required");
}
