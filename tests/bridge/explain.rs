//! Explanations: what was looked at, what decided, and why the rest did not.

use actix_web::web::{Json, ServiceConfig};
use actix_web::{Responder, web};
use serde_json::{Value, json};
use tollbridge::{Auth, CredentialLocation, NewApiToken, Require, TokenLocations};

use crate::app::{START, TestApp};
use crate::clients::{Anonymous, Browser, Client, REMEMBER, SESSION, Token};

pub(crate) fn routes(app: &mut ServiceConfig) {
    let header = || Require::login().locations(&[CredentialLocation::Header]).optional();
    app.route("/explain", web::route().to(explain)).route("/explain-header", web::route().to(explain).wrap(header()));
}

async fn explain(auth: Auth) -> impl Responder {
    Json(auth.explain().await)
}

fn explained(client: &impl Client) -> Value {
    client.get("/explain").expect(200).json()
}

fn nothing(place: &str, why: &str) -> Value {
    json!({ "place": place, "found": "nothing", "why_not": why })
}

const NO_TOKENS: [(&str, &str); 2] = [("header", "missing"), ("json", "not_json")];

#[test]
fn each_credential_is_explained() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", true);
    let [header, body] = NO_TOKENS.map(|(place, why)| nothing(place, why));
    let login_id = browser.get("/how").json()["login_id"].clone();
    assert_eq!(
        explained(&browser),
        json!({
            "outcome": "accepted",
            "decided_by": "session_cookie",
            "places": [
                header,
                body,
                { "place": "session_cookie", "found": "cookie" },
                { "place": "remember_cookie", "found": "cookie", "why_not": "session_decides" },
            ],
            "identity": "2",
            "login_id": login_id,
            "fresh_until": START + 900,
            "code": null,
        })
    );
    let anonymous = Anonymous(&app);
    let with_both = anonymous.call("GET", "/explain").bearer(&pair.access).header("cookie", browser.cookie_header());
    assert_eq!(
        with_both.send().json(),
        json!({
            "outcome": "accepted",
            "decided_by": "header",
            "places": [
                { "place": "header", "found": "token", "type": "access" },
                body,
                { "place": "session_cookie", "found": "cookie", "why_not": "token_decides" },
                { "place": "remember_cookie", "found": "cookie", "why_not": "token_decides" },
            ],
            "identity": "2",
            "login_id": login_id,
            "fresh_until": START + 900,
            "code": null,
        })
    );
    browser.forget(SESSION);
    let remembered = explained(&browser);
    assert_eq!(remembered["decided_by"], "remember_cookie");
    assert_eq!(remembered["places"][2], nothing("session_cookie", "missing"));
    assert_eq!((&remembered["login_id"], &remembered["fresh_until"]), (&login_id, &Value::Null));
    let nobody = explained(&Anonymous(&app));
    assert_eq!(
        (&nobody["outcome"], &nobody["decided_by"], &nobody["code"], &nobody["identity"]),
        (&json!("anonymous"), &Value::Null, &json!("login_required"), &Value::Null)
    );
}

#[test]
fn a_refusal_is_explained_without_the_fault_of_a_forged_token() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    let forged = explained(&Token(&app, format!("{}x", pair.access)));
    assert_eq!((&forged["outcome"], &forged["code"]), (&json!("refused"), &json!("token_invalid")));
    assert_eq!((&forged["identity"], &forged["login_id"]), (&Value::Null, &Value::Null), "nobody proved to be anybody");
    assert!(!forged.to_string().contains("signature"), "{forged}");
    let refresh = explained(&Token(&app, pair.refresh.clone()));
    assert_eq!((&refresh["code"], &refresh["identity"]), (&json!("token_wrong_type"), &json!("2")));
    assert_eq!(refresh["places"][0]["type"], "refresh");
    let malformed = Anonymous(&app).call("GET", "/explain").header("authorization", "Bearer a b").send().json();
    assert_eq!(malformed["places"][0]["found"], "malformed");
    let basic = Anonymous(&app).call("GET", "/explain").header("authorization", "Basic eDp5").send().json();
    assert_eq!(basic["places"][0], nothing("header", "other_scheme"));

    browser.post("/logout").expect(204);
    let ended = explained(&Token(&app, pair.access.clone()));
    assert_eq!((&ended["code"], &ended["decided_by"]), (&json!("login_ended"), &json!("header")));
    for text in [forged, refresh, ended].map(|explained| explained.to_string()) {
        for secret in [&pair.access, &pair.refresh] {
            let signature = secret.rsplit('.').next().expect("a signature");
            assert!(!text.contains(signature), "{text}");
        }
    }
}

#[test]
fn a_cookie_that_opens_nothing_is_explained() {
    let app = TestApp::start();
    let with = |cookies: String| Anonymous(&app).call("GET", "/explain").header("cookie", cookies).send().json();
    let junk = with(format!("{SESSION}=junk; {REMEMBER}=junk"));
    assert_eq!(junk["outcome"], "anonymous");
    for place in [2, 3] {
        assert_eq!(junk["places"][place]["why_not"], "names_no_live_login", "{junk}");
    }
}

#[test]
fn a_token_where_the_route_does_not_read_is_named() {
    let app =
        TestApp::with(|bridge| bridge.token_locations(TokenLocations::default().also(&[CredentialLocation::Query])));
    let (_, pair) = Browser::signed_in(&app, "panther", false);
    let explained = Anonymous(&app).get(&format!("/explain-header?access_token={}", pair.access)).json();
    assert_eq!(explained["outcome"], "anonymous");
    let query = explained["places"].as_array().expect("places").iter().find(|place| place["place"] == "query");
    let expected = json!({ "place": "query", "found": "token", "type": "access", "why_not": "not_read_here" });
    assert_eq!(query, Some(&expected));
}

#[test]
fn an_api_token_is_explained() {
    let (app, _) = crate::api_tokens::app();
    let issued = crate::api_tokens::issue(&app, "panther", NewApiToken::named("backup"));
    let id = issued.record().id.to_string();
    let explained = explained(&Token(&app, issued.into_text()));
    assert_eq!(explained["places"][0], json!({ "place": "header", "found": "token", "type": "api_token" }));
    assert_eq!((&explained["api_token_id"], &explained["identity"]), (&json!(id), &json!("2")));
    assert_eq!((&explained["login_id"], &explained["fresh_until"]), (&Value::Null, &Value::Null));
}
