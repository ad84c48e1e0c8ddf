//! Rules about users: a route for some of those who are signed in.

use actix_web::web::{Json, ServiceConfig};
use actix_web::{HttpResponse, Responder, web};
use serde_json::json;
use tollbridge::{Allowed, Auth, AuthError, CurrentUser, Fresh, MaybeUser, Require, Rule};

use crate::app::TestApp;
use crate::clients::{Anonymous, Answer, Browser, Client, Token};
use crate::store::User;

/// Only the first user.
struct First;

impl Rule for First {
    type User = User;

    fn allows(user: &User) -> bool {
        user.id == 1
    }
}

/// About users of another bridge.
struct Misfit;

impl Rule for Misfit {
    type User = String;

    fn allows(_: &String) -> bool {
        true
    }
}

pub(crate) fn routes(app: &mut ServiceConfig) {
    let who = async |user: MaybeUser<User>| Json(json!({ "id": user.as_ref().map(|user| user.id) }));
    app.service(
        web::scope("/rules")
            .route("/guard", web::route().to(who).wrap(Require::login().when(|user: &User| user.id == 1)))
            .route("/rule", web::route().to(who).wrap(Require::login().when(First::allows)))
            .route("/token", web::route().to(who).wrap(Require::token().when(First::allows)))
            .route("/optional", web::route().to(who).wrap(Require::login().optional().when(First::allows)))
            .route("/fresh", web::route().to(who).wrap(Require::login().when(First::allows).fresh()))
            .route("/misfit", web::route().to(who).wrap(Require::login().when(|_: &String| true)))
            .route("/unknown", web::route().to(HttpResponse::Ok).wrap(Require::login().when(First::allows)))
            .route("/extractor", web::route().to(allowed))
            .route("/fresh-extractor", web::route().to(fresh_and_allowed))
            .route("/misfit-extractor", web::route().to(async |_: Allowed<Misfit>| HttpResponse::Ok()))
            .route("/handler", web::route().to(refused_by_handler))
            .service(
                web::scope("/both")
                    .wrap(Require::login().when(|user: &User| user.id < 3))
                    .route(
                        "/even",
                        web::route().to(who).wrap(Require::login().when(|user: &User| user.id.is_multiple_of(2))),
                    )
                    .route("/all", web::route().to(who)),
            )
            .service(web::scope("/aside").wrap(Require::login().when(First::allows)).route(
                "/query",
                web::route().to(who).wrap(Require::token().locations(&[tollbridge::CredentialLocation::Json])),
            )),
    );
}

async fn allowed(user: Allowed<First>) -> impl Responder {
    let user: User = user.into_inner();
    Json(json!({ "id": user.id }))
}

async fn fresh_and_allowed(user: Fresh<Allowed<First>>) -> impl Responder {
    Json(json!({ "id": user.id }))
}

async fn refused_by_handler(user: CurrentUser<User>, _: Auth) -> Result<HttpResponse, AuthError> {
    if user.id == 1 { Ok(HttpResponse::Ok().json(json!({ "id": 1 }))) } else { Err(AuthError::Forbidden) }
}

const ALL: [&str; 6] = ["guard", "rule", "fresh", "extractor", "fresh-extractor", "handler"];

#[track_caller]
fn forbidden(answer: Answer) {
    let answer = answer.refused(403, "forbidden");
    assert_eq!(answer.header("www-authenticate"), "", "another sign-in of the same user would not help");
    assert_eq!(answer.header("cache-control"), "no-store");
    let text = answer.text();
    assert!(text.contains("Your account may not do this.") && !text.contains("First"), "{text}");
}

#[test]
fn only_users_whom_the_rule_allows_pass_by_either_face() {
    let app = TestApp::start();
    let ((first, first_pair), (second, second_pair)) =
        (Browser::signed_in(&app, "batman", false), Browser::signed_in(&app, "panther", false));
    for name in ALL {
        let path = format!("/rules/{name}");
        assert_eq!(first.get(&path).expect(200).json()["id"], 1, "{name}");
        assert_eq!(Token(&app, first_pair.access.clone()).get(&path).expect(200).json()["id"], 1, "{name}");
        forbidden(second.get(&path));
        forbidden(Token(&app, second_pair.access.clone()).get(&path));
        Anonymous(&app).get(&path).refused(401, "login_required");
        Token(&app, "junk".to_owned()).get(&path).refused(401, "token_invalid");
    }
    second.get("/rules/token").refused(401, "login_required");
    forbidden(Token(&app, second_pair.access).get("/rules/token"));
}

#[test]
fn an_optional_guard_with_a_rule_lets_nobody_pass_but_not_anybody() {
    let app = TestApp::start();
    let (second, _) = Browser::signed_in(&app, "panther", false);
    assert_eq!(Anonymous(&app).get("/rules/optional").expect(200).json()["id"], json!(null));
    forbidden(second.get("/rules/optional"));
}

#[test]
fn the_rule_is_asked_of_the_user_as_they_are_now() {
    let app = TestApp::start();
    for name in ALL {
        let (first, pair) = Browser::signed_in(&app, "batman", false);
        let path = format!("/rules/{name}");
        app.world.users.change(1, |user| user.active = false);
        first.get(&path).refused(401, "user_disabled");
        Token(&app, pair.access.clone()).get(&path).refused(401, "user_disabled");
        app.world.users.change(1, |user| user.active = true);
        Token(&app, pair.access).get(&path).expect(200);
    }
}

#[test]
fn a_rule_for_users_of_another_type_is_a_mistake_of_the_application() {
    let app = TestApp::start();
    let (first, pair) = Browser::signed_in(&app, "batman", false);
    for path in ["/rules/misfit", "/rules/misfit-extractor"] {
        Anonymous(&app).get(path).refused(401, "login_required");
        first.get(path).refused(500, "internal_error");
        Token(&app, pair.access.clone()).get(path).refused(500, "internal_error");
    }
}

#[test]
fn the_rules_of_guards_around_each_other_must_all_hold() {
    let app = TestApp::start();
    let ask = |username: &str, path: &str| {
        let (browser, _) = Browser::signed_in(&app, username, false);
        app.store().take_calls();
        let answer = browser.get(path);
        assert_eq!(app.store().take_calls().get("find"), Some(&1), "one look for all guards");
        answer
    };
    ask("panther", "/rules/both/even").expect(200);
    forbidden(ask("batman", "/rules/both/even"));
    ask("batman", "/rules/both/all").expect(200);
    forbidden(ask("little_sapphire", "/rules/both/even"));
    forbidden(ask("little_sapphire", "/rules/both/all"));
}

/// The outer rule is about the user whom the outer guard found, and the handler gets no other.
#[test]
fn a_token_in_another_place_does_not_pass_the_rule_of_another_user() {
    let app = TestApp::start();
    let (first, second) = (Anonymous(&app).token_login("batman"), Anonymous(&app).token_login("panther"));
    let ask = |header: &str, body: &str| {
        let call = Anonymous(&app);
        call.call("POST", "/rules/aside/query").bearer(header).json(&json!({ "access_token": body })).send()
    };
    ask(&first.access, &first.access).expect(200);
    ask(&first.access, &second.access).refused(400, "invalid_request");
    forbidden(ask(&second.access, &second.access));
}

#[test]
fn options_gets_nobody_whom_the_rule_refuses() {
    let app = TestApp::start();
    let ((first, _), (second, pair)) =
        (Browser::signed_in(&app, "batman", false), Browser::signed_in(&app, "panther", false));
    let options = |client: &dyn Client, path: &str| client.call("OPTIONS", path).send();
    for path in ["/rules/guard", "/rules/both/even"] {
        Anonymous(&app).call("OPTIONS", path).send().expect(200);
    }
    options(&first, "/rules/guard").expect(200);
    forbidden(options(&second, "/rules/guard"));
    forbidden(options(&Token(&app, pair.access), "/rules/guard"));
    forbidden(options(&first, "/rules/both/even"));
    options(&second, "/rules/both/even").expect(200);
    // A handler that asks for nobody gets nobody.
    options(&second, "/rules/unknown").expect(200);
}

#[test]
fn the_refusal_goes_through_the_hook_wherever_it_comes_from() {
    let app = TestApp::with(|bridge| {
        bridge.login_view("/login").refresh_view("/reauth").on_refusal(|refusal| {
            let seen = json!({ "code": refusal.error().code(), "identity": refusal.identity() });
            matches!(refusal.error(), AuthError::Forbidden).then(|| HttpResponse::ImATeapot().json(seen))
        })
    });
    let (second, pair) = Browser::signed_in(&app, "panther", false);
    for name in ALL {
        let path = format!("/rules/{name}");
        let seen = json!({ "code": "forbidden", "identity": "2" });
        assert_eq!(second.call("GET", &path).header("accept", "text/html").send().expect(418).json(), seen);
        assert_eq!(Token(&app, pair.access.clone()).get(&path).expect(418).json(), seen);
    }
}

#[test]
fn a_browser_is_not_sent_to_the_login_page() {
    let app = TestApp::with(|bridge| bridge.login_view("/login").refresh_view("/reauth"));
    let (second, _) = Browser::signed_in(&app, "panther", false);
    for name in ALL {
        second.call("GET", &format!("/rules/{name}")).header("accept", "text/html").send().expect(403);
    }
}
