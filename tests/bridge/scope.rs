//! Abilities: what API tokens and narrowed access tokens may do.

use std::time::Duration;

use actix_web::web::ServiceConfig;
use actix_web::{HttpResponse, Responder, web};
use serde::Deserialize;
use serde_json::{Value, json};
use tollbridge::CredentialLocation::{Cookie, Header, Json};
use tollbridge::{Auth, AuthError, CurrentLogin, CurrentUser, NewApiToken, Require, TokenCookies, TokenLocations};

use crate::api_tokens::{app, issue};
use crate::app::TestApp;
use crate::clients::{Anonymous, Answer, Browser, Client, Pair, Token};
use crate::store::{User, Users};
use crate::token_cookies::{ACCESS, claims};

pub(crate) fn routes(app: &mut ServiceConfig) {
    let user = || web::route().to(async |user: CurrentUser<User>| web::Json(user));
    app.route("/notes", user().wrap(Require::login().ability("notes:write")))
        .route("/notes-by-token", user().wrap(Require::token().ability("notes:write")))
        .route("/notes-maybe", user().wrap(Require::login().optional().ability("notes:write")))
        .route("/notes-both", user().wrap(Require::login().ability("notes:read").ability("notes:write")))
        .service(
            web::scope("/notes-nested")
                .wrap(Require::login().ability("notes:read"))
                .route("/inner", user().wrap(Require::login().ability("notes:write"))),
        )
        .route("/no-ability", user().wrap(Require::login().ability("two words")))
        .route("/can", web::get().to(can))
        .route("/narrowed", web::post().to(narrowed))
        .route("/new-api-token", web::post().to(new_api_token))
        .route("/widened", web::post().to(widened));
}

async fn can(login: CurrentLogin) -> Result<impl Responder, AuthError> {
    login.require_ability("notes:read")?;
    Ok(web::Json(
        json!({ "write": login.can("notes:write"), "writer": login.can("notes:writer"), "all": login.can("*") }),
    ))
}

#[derive(Deserialize)]
struct Narrowed {
    username: String,
    scope: Vec<String>,
}

async fn narrowed(form: web::Json<Narrowed>, users: web::Data<Users>, auth: Auth) -> Result<impl Responder, AuthError> {
    let user = users.by_name(&form.username).ok_or(AuthError::InvalidCredentials)?;
    let login = auth.login_user(&user).tokens_only().await?;
    Ok(web::Json(login.tokens().scope(&form.scope).issue()?))
}

/// Confirms the login, and asks for tokens with this scope.
async fn widened(scope: web::Json<Vec<String>>, auth: Auth) -> Result<impl Responder, AuthError> {
    let login = auth.confirm_login().await?;
    Ok(web::Json(login.tokens().scope(scope.iter()).issue()?))
}

async fn new_api_token(auth: Auth) -> Result<impl Responder, AuthError> {
    Ok(HttpResponse::Created().body(auth.create_api_token(NewApiToken::named("x")).await?.into_text()))
}

pub(crate) fn narrowed_pair(app: &TestApp, scope: &[&str]) -> Pair {
    Anonymous(app).post_json("/narrowed", &json!({ "username": "panther", "scope": scope })).expect(200).pair()
}

/// The refusal of RFC 6750 section 3.1.
#[track_caller]
fn assert_insufficient(answer: Answer, ability: &str) {
    let answer = answer.refused(403, "insufficient_scope");
    let challenge = format!(r#"Bearer error="insufficient_scope", scope="{ability}""#);
    assert_eq!(answer.header("www-authenticate"), challenge);
    assert!(answer.json()["detail"].as_str().is_some_and(|detail| ability == "*" || detail.contains(ability)));
}

#[test]
fn a_credential_does_what_it_can_and_no_more() {
    let (app, _) = app();
    let token = |abilities: &[&str]| issue(&app, "panther", NewApiToken::named("x").abilities(abilities)).into_text();
    // Only the second can.
    for (text, is_able) in [
        (token(&["notes:writer", "notes", "notes:", "Notes:write", "notes:*"]), false),
        (token(&["notes:read", "notes:write"]), true),
        (token(&[]), false),
        (token(&["*"]), true),
        (issue(&app, "panther", NewApiToken::named("x")).into_text(), true),
        (narrowed_pair(&app, &["notes:writer", "notes"]).access, false),
        (narrowed_pair(&app, &["notes:write"]).access, true),
        (narrowed_pair(&app, &[]).access, false),
        (narrowed_pair(&app, &["*"]).access, true),
        (Anonymous(&app).token_login("panther").access, true),
    ] {
        let client = Token(&app, text);
        client.get("/who_am_i").expect(200);
        for path in ["/notes", "/notes-by-token", "/notes-maybe"] {
            for method in ["GET", "POST", "OPTIONS"] {
                let answer = client.call(method, path).send();
                if is_able {
                    answer.expect(200);
                } else {
                    assert_insufficient(answer, "notes:write");
                }
            }
        }
    }
    let browser = Browser::new(&app);
    browser.sign_in("panther", false);
    browser.get("/notes").expect(200);
    browser.get("/notes-by-token").refused(401, "login_required");
    Anonymous(&app).get("/notes").refused(401, "login_required");
    assert_eq!(Anonymous(&app).get("/notes-maybe").status, 401, "its handler wants a user");
}

#[test]
fn all_abilities_of_all_guards_are_needed() {
    let (app, _) = app();
    let token = |abilities: &[&str]| {
        Token(&app, issue(&app, "panther", NewApiToken::named("x").abilities(abilities)).into_text())
    };
    for path in ["/notes-both", "/notes-nested/inner"] {
        for method in ["GET", "OPTIONS"] {
            token(&["notes:read", "notes:write"]).call(method, path).send().expect(200);
            assert_insufficient(token(&["notes:read"]).call(method, path).send(), "notes:write");
            assert_insufficient(token(&["notes:write"]).call(method, path).send(), "notes:read");
        }
    }
    // What no credential could have is a mistake of the application, for everybody.
    token(&["*"]).get("/no-ability").refused(500, "internal_error");
    Token(&app, Anonymous(&app).token_login("panther").access).get("/no-ability").refused(500, "internal_error");
}

#[test]
fn a_handler_asks_for_itself() {
    let (app, _) = app();
    let token = |abilities: &[&str]| {
        Token(&app, issue(&app, "panther", NewApiToken::named("x").abilities(abilities)).into_text())
    };
    let can = |write: bool, writer: bool, all: bool| json!({ "write": write, "writer": writer, "all": all });
    assert_eq!(token(&["notes:read", "notes:writer"]).get("/can").expect(200).json(), can(false, true, false));
    assert_eq!(token(&["*"]).get("/can").expect(200).json(), can(true, true, true));
    assert_insufficient(token(&["notes:write"]).get("/can"), "notes:read");
    let unnarrowed = Token(&app, Anonymous(&app).token_login("panther").access);
    assert_eq!(unnarrowed.get("/can").expect(200).json(), can(true, true, true));
}

#[test]
fn a_refresh_never_widens() {
    let (app, _) = app();
    let mut pair = narrowed_pair(&app, &["notes:read"]);
    for _ in 0..3 {
        assert_eq!(claims(&pair.access)["scope"], "notes:read");
        assert_eq!(claims(&pair.refresh)["scope"], "notes:read");
        assert_insufficient(Token(&app, pair.access.clone()).get("/notes"), "notes:write");
        // Two at once get the same successor.
        let refresh = || Token(&app, pair.refresh.clone()).post("/refresh").expect(200).pair();
        let (first, second) = (refresh(), refresh());
        assert_eq!(first.refresh, second.refresh);
        pair = first;
    }
    let unnarrowed = Anonymous(&app).token_login("panther");
    assert_eq!(claims(&unnarrowed.access)["scope"], Value::Null);
}

#[test]
fn a_renewal_in_a_cookie_never_widens() {
    let app = TestApp::with(|bridge| {
        let everywhere = TokenLocations::new(&[Header, Json, Cookie]).cookies(TokenCookies::default());
        bridge.token_locations(everywhere).implicit_refresh(Duration::from_secs(300))
    });
    let browser = Browser::new(&app);
    browser.set_cookie(ACCESS, &narrowed_pair(&app, &["notes:read"]).access);
    for _ in 0..2 {
        app.advance(601);
        assert_ne!(browser.get("/who_am_i").expect(200).set_cookies().len(), 0);
        let renewed = browser.cookie(ACCESS).expect("a cookie");
        assert_eq!(claims(&renewed)["scope"], "notes:read");
        assert_insufficient(browser.get("/notes"), "notes:write");
    }
}

#[test]
fn a_narrowed_token_gets_no_wider_one() {
    let (app, _) = app();
    let pair = narrowed_pair(&app, &["notes:read", "notes:write"]);
    let client = Token(&app, pair.access);
    // Also with the password: the token was given to somebody for less.
    let confirmed = client.post("/confirm").expect(200).pair();
    assert_eq!(claims(&confirmed.access)["scope"], "notes:read notes:write");
    let widened = |scope: &[&str]| client.post_json("/widened", &json!(scope));
    for wider in [&["notes:read", "admin"][..], &["*"]] {
        widened(wider).refused(403, "insufficient_scope");
    }
    assert_eq!(claims(&widened(&["notes:read"]).expect(200).pair().access)["scope"], "notes:read");
    widened(&["two words"]).refused(400, "invalid_request");
    assert_insufficient(client.post("/new-api-token"), "*");
    for scope in ["others", "all"] {
        assert_insufficient(client.post(&format!("/logout?scope={scope}")), "*");
        assert_insufficient(Token(&app, confirmed.refresh.clone()).post(&format!("/logout?scope={scope}")), "*");
    }
    // Its own login it may end.
    client.post("/logout").expect(204);
    client.get("/who_am_i").refused(401, "login_ended");
}

#[test]
fn a_login_makes_api_tokens_while_it_lives() {
    let (app, _) = app();
    let client = Token(&app, Anonymous(&app).token_login("panther").access);
    let text = client.post("/new-api-token").expect(201).text();
    Token(&app, text.clone()).get("/notes").expect(200);
    Token(&app, text).post("/new-api-token").refused(400, "credential_conflict");
    let star = Token(&app, narrowed_pair(&app, &["*"]).access);
    star.post("/new-api-token").expect(201);
    Anonymous(&app).post("/new-api-token").refused(401, "login_required");
    let browser = Browser::new(&app);
    browser.sign_in("panther", false);
    browser.post("/new-api-token").expect(201);
}
