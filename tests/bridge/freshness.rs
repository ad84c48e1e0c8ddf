//! Freshness per route: each has a window of its own, and nothing but the user's authentication makes a login fresh.

use std::time::Duration;

use actix_web::web::{Json, ServiceConfig};
use actix_web::{HttpResponse, Responder, web};
use serde_json::json;
use tollbridge::{Auth, AuthError, CurrentLogin, CurrentUser, FreshWithin, Require, TokenUser};

use crate::app::TestApp;
use crate::clients::{Anonymous, Answer, Browser, Client, REMEMBER, SESSION, Token};
use crate::store::User;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

pub(crate) fn routes(app: &mut ServiceConfig) {
    let who = async |user: CurrentUser<User>| Json(json!({ "id": user.id }));
    let within = |window| Require::login().fresh_within(window);
    app.service(
        web::scope("/within")
            .route("/minute", web::route().to(who).wrap(within(MINUTE)))
            .route("/hour", web::route().to(who).wrap(within(HOUR)))
            .route("/both", web::route().to(who).wrap(within(HOUR).fresh_within(MINUTE).fresh_within(HOUR)))
            .route("/window-and-hour", web::route().to(who).wrap(within(HOUR).fresh()))
            .route("/window-and-minute", web::route().to(who).wrap(within(MINUTE).fresh()))
            .route("/token", web::route().to(who).wrap(Require::token().fresh_within(MINUTE)))
            .route("/nothing", web::route().to(who).wrap(within(Duration::from_millis(999))))
            .route("/extractor", web::route().to(extractor))
            .route("/token-extractor", web::route().to(token_extractor))
            .route("/handler", web::route().to(handler))
            .service(
                web::scope("/outer-hour")
                    .wrap(within(HOUR))
                    .route("/minute", web::route().to(who).wrap(within(MINUTE)))
                    .route("/none", web::route().to(who).wrap(Require::login()))
                    .route("/extractor", web::route().to(extractor)),
            )
            .service(
                web::scope("/outer-minute")
                    .wrap(within(MINUTE))
                    .route("/hour", web::route().to(who).wrap(within(HOUR)))
                    .route("/asks-not", web::route().to(HttpResponse::Ok).wrap(within(HOUR))),
            ),
    );
}

async fn extractor(user: FreshWithin<60, CurrentUser<User>>) -> impl Responder {
    Json(json!({ "id": user.id }))
}

async fn token_extractor(user: FreshWithin<60, TokenUser<User>>) -> impl Responder {
    Json(json!({ "id": user.into_inner().id }))
}

async fn handler(login: CurrentLogin, auth: Auth) -> Result<HttpResponse, AuthError> {
    if login.fresh_within(MINUTE) { Ok(HttpResponse::Ok().finish()) } else { Err(auth.needs_refresh_within(MINUTE)) }
}

#[track_caller]
fn stale(answer: Answer, max_age: u64) {
    let answer = answer.refused(401, "reauth_required");
    let challenge = answer.header("www-authenticate");
    assert!(challenge.contains(r#"error="insufficient_user_authentication""#), "{challenge}");
    assert!(challenge.contains(&format!(r#"max_age="{max_age}""#)), "{max_age}: {challenge}");
}

#[test]
fn each_route_has_its_window_on_both_faces() {
    let app = TestApp::with(|bridge| bridge.access_ttl(Duration::from_secs(86_400)));
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    let token = Token(&app, pair.access);
    let clients: [&dyn Client; 2] = [&browser, &token];
    let minutes = [
        "minute",
        "both",
        "window-and-minute",
        "extractor",
        "handler",
        "outer-hour/minute",
        "outer-hour/extractor",
        "outer-minute/hour",
        "outer-minute/asks-not",
    ];
    let path = |name: &str| format!("/within/{name}");
    app.advance(59);
    for client in clients {
        for name in minutes {
            client.get(&path(name)).expect(200);
        }
    }
    token.get("/within/token").expect(200);
    token.get("/within/token-extractor").expect(200);
    app.advance(1);
    for client in clients {
        for name in minutes {
            stale(client.get(&path(name)), 60);
        }
        for name in ["hour", "window-and-hour", "outer-hour/none"] {
            client.get(&path(name)).expect(200);
        }
    }
    stale(token.get("/within/token"), 60);
    stale(token.get("/within/token-extractor"), 60);
    app.advance(900 - 60);
    for client in clients {
        stale(client.get("/fresh"), 900);
        stale(client.get("/within/window-and-hour"), 900);
        client.get("/within/hour").expect(200);
        client.get("/within/outer-hour/none").expect(200);
    }
    app.advance(3600 - 900 - 1);
    for client in clients {
        client.get("/within/hour").expect(200);
    }
    app.advance(1);
    for client in clients {
        stale(client.get("/within/hour"), 3600);
        stale(client.get("/within/outer-hour/minute"), 3600);
        client.get("/who_am_i").expect(200);
    }
}

#[test]
fn whoever_is_not_signed_in_is_told_so() {
    let app = TestApp::start();
    for name in ["minute", "extractor", "outer-hour/minute", "handler"] {
        Anonymous(&app).get(&format!("/within/{name}")).refused(401, "login_required");
        Token(&app, "junk".into()).get(&format!("/within/{name}")).refused(401, "token_invalid");
    }
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    browser.get("/within/nothing").refused(500, "internal_error");
    Token(&app, pair.access).get("/within/nothing").refused(500, "internal_error");
}

/// One look serves guards with different windows, and each of them decides.
#[test]
fn guards_with_different_windows_share_one_look() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    let token = Token(&app, pair.access);
    for client in [&browser as &dyn Client, &token] {
        for path in ["/within/outer-hour/minute", "/within/outer-minute/hour"] {
            app.store().take_calls();
            client.get(path).expect(200);
            assert_eq!(app.store().take_calls().get("find"), Some(&1), "{path}");
        }
    }
}

#[test]
fn a_refresh_makes_nothing_fresh() {
    let app = TestApp::start();
    let pair = Anonymous(&app).token_login("panther");
    let refreshed = Token(&app, pair.refresh.clone()).post("/refresh").expect(200).pair();
    for name in ["minute", "hour", "extractor", "token", "outer-minute/hour"] {
        Token(&app, pair.access.clone()).get(&format!("/within/{name}")).expect(200);
        Token(&app, refreshed.access.clone()).get(&format!("/within/{name}")).refused(401, "reauth_required");
    }
    // It proves nothing after the login was confirmed either: another client may have the token.
    let confirmed = Token(&app, refreshed.access.clone()).post("/confirm").expect(200).pair();
    Token(&app, confirmed.access).get("/within/minute").expect(200);
    stale(Token(&app, refreshed.access).get("/within/hour"), 3600);
    let again = Token(&app, confirmed.refresh).post("/refresh").expect(200).pair();
    stale(Token(&app, again.access).get("/within/hour"), 3600);
}

#[test]
fn an_old_token_does_not_get_younger_when_its_login_is_confirmed() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    let token = Token(&app, pair.access);
    app.advance(60);
    browser.post("/confirm").expect(200);
    browser.get("/within/minute").expect(200);
    stale(token.get("/within/minute"), 60);
    token.get("/within/hour").expect(200);
    app.advance(60);
    stale(browser.get("/within/minute"), 60);
}

#[test]
fn a_remember_cookie_makes_nothing_fresh() {
    let app = TestApp::start();
    let (browser, _) = Browser::signed_in(&app, "panther", true);
    browser.forget(SESSION);
    // Neither the request that opens the session, nor the next one in it.
    for _ in 0..2 {
        stale(browser.get("/within/hour"), 3600);
        stale(browser.get("/within/extractor"), 60);
        stale(browser.get("/within/outer-hour/minute"), 3600);
    }
    assert!(browser.cookie(REMEMBER).is_some());
    browser.post("/confirm").expect(200);
    browser.get("/within/minute").expect(200);
}

#[test]
fn options_gets_nobody_who_is_not_fresh_enough() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    let token = Token(&app, pair.access);
    app.advance(60);
    for client in [&browser as &dyn Client, &token] {
        for (name, max_age) in [("minute", 60), ("outer-hour/minute", 60), ("outer-minute/hour", 60)] {
            stale(client.call("OPTIONS", &format!("/within/{name}")).send(), max_age);
        }
        client.call("OPTIONS", "/within/hour").send().expect(200);
    }
}

#[test]
fn a_browser_is_sent_to_confirm_and_back() {
    let app = TestApp::with(|bridge| bridge.login_view("/login").refresh_view("/reauth"));
    let (browser, _) = Browser::signed_in(&app, "panther", false);
    app.advance(60);
    let answer = browser.call("GET", "/within/minute?a=b").header("accept", "text/html").send().expect(303);
    assert_eq!(answer.header("location"), "/reauth?next=%2Fwithin%2Fminute%3Fa%3Db");
}
