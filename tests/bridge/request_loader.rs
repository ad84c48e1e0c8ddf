//! Credentials of the application's own: like tokens in all that counts.

use actix_web::HttpRequest;
use actix_web::web::{self, ServiceConfig};
use serde_json::{Value, json};
use tollbridge::{CredentialLocation, CurrentLogin, FoundCredential, RequestLoader, StoreError};

use crate::app::{PASSWORD, TestApp};
use crate::clients::{Anonymous, Answer, Browser, Client};

/// The key `k-2` is user 2's; `down` is the key that brings the store down.
struct ApiKeys;

impl RequestLoader for ApiKeys {
    fn credential(&self, req: &HttpRequest) -> Option<String> {
        Some(req.headers().get("x-api-key")?.to_str().ok()?.to_owned())
    }

    async fn find(&self, credential: &str) -> Result<Option<FoundCredential>, StoreError> {
        if credential == "down" {
            return Err(StoreError::new("the keys are gone"));
        }
        let key = |user: &str| FoundCredential::of_user(user).with(ApiKey { name: format!("key of {user}") });
        Ok(credential.strip_prefix("k-").map(key))
    }
}

/// What the application knows of a key.
struct ApiKey {
    name: String,
}

pub(crate) fn routes(app: &mut ServiceConfig) {
    app.route(
        "/key",
        web::get().to(async |login: CurrentLogin| {
            assert!(login.custom::<String>().is_none(), "a value of another type");
            let name = login.custom::<ApiKey>().map(|key| key.name.clone());
            name.unwrap_or_else(|| "no key".to_owned())
        }),
    );
}

#[test]
fn a_handler_gets_what_the_application_knows_of_it() {
    let app = app();
    assert_eq!(with_key(&Anonymous(&app), "GET", "/key", "k-2").expect(200).text(), "key of 2");
    let (browser, pair) = Browser::signed_in(&app, "batman", false);
    assert_eq!(browser.get("/key").expect(200).text(), "no key");
    let by_token = Anonymous(&app).call("GET", "/key").header("x-api-key", "k-2").bearer(&pair.access).send();
    assert_eq!(by_token.expect(200).text(), "no key", "the token decides");
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

        async fn find(&self, credential: &str) -> Result<Option<FoundCredential>, StoreError> {
            Ok((credential == "right").then(|| FoundCredential::of_user("3")))
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
