//! My logins: the list, ending one, and the bound of their number.

use actix_web::rt::System;
use actix_web::web::{self, Json, Path, ServiceConfig};
use serde_json::{Value, json};
use tollbridge::{Act, Auth, AuthError, EndReason, LoginId, LoginInfo, LoginStore as _};

use crate::app::{START, TestApp};
use crate::clients::{Anonymous, Browser, Client, REMEMBER, Token};
use crate::events::Told;

pub(crate) fn routes(app: &mut ServiceConfig) {
    app.route("/logins", web::get().to(list)).route("/logins/{id}", web::delete().to(end));
}

async fn list(auth: Auth) -> Result<Json<Vec<LoginInfo>>, AuthError> {
    auth.logins().await.map(Json)
}

async fn end(auth: Auth, id: Path<String>) -> Result<Json<bool>, AuthError> {
    auth.end_login(&LoginId::from(id.into_inner())).await.map(Json)
}

fn login_id(client: &impl Client) -> String {
    client.get("/how").expect(200).json()["login_id"].as_str().expect("a login").to_owned()
}

fn listed(client: &impl Client) -> Vec<Value> {
    client.get("/logins").expect(200).json().as_array().expect("a list").clone()
}

#[test]
fn the_list_says_how_each_login_is_used() {
    let app = TestApp::start();
    let anonymous = Anonymous(&app);
    let program = anonymous.token_login("panther");
    app.advance(1);
    let (browser, _) = Browser::signed_in(&app, "panther", true);
    Browser::signed_in(&app, "batman", true);
    let program = Token(&app, program.refresh).post("/refresh").expect(200).pair();
    let program = Token(&app, program.access);
    let (of_browser, of_program) = (login_id(&browser), login_id(&program));
    for (logins, current) in [(listed(&browser), &of_browser), (listed(&program), &of_program)] {
        assert_eq!([&logins[0]["id"], &logins[1]["id"]], [&json!(of_browser), &json!(of_program)]);
        assert_eq!(logins.len(), 2);
        for login in &logins {
            assert_eq!(login["current"], login["id"] == *current, "{login}");
        }
        let (first, second) = (&logins[0], &logins[1]);
        assert_eq!((&first["created_at"], &first["has_session"]), (&json!(START + 1), &json!(true)));
        assert_eq!((&first["refreshed_at"], &first["amr"]), (&Value::Null, &json!("pwd")));
        assert_eq!(first["remembered_until"], START + 1 + 30 * 86_400, "{first}");
        assert_eq!((&second["created_at"], &second["has_session"]), (&json!(START), &json!(false)));
        assert_eq!((&second["remembered_until"], &second["refreshed_at"]), (&Value::Null, &json!(START + 1)));
        assert_eq!(first["ip"], "127.0.0.1");
    }
    anonymous.get("/logins").refused(401, "login_required");
}

#[test]
fn another_login_ends_with_both_faces_at_the_next_request() {
    let app = TestApp::start();
    let (mine, _) = Browser::signed_in(&app, "panther", false);
    let (other, pair) = Browser::signed_in(&app, "panther", true);
    let id = login_id(&other);
    assert_eq!(mine.call("DELETE", &format!("/logins/{id}")).send().expect(200).json(), true);
    Token(&app, pair.access).get("/how").refused(401, "login_ended");
    Token(&app, pair.refresh).post("/refresh").refused(401, "login_ended");
    let remember = format!("{REMEMBER}={}", other.cookie(REMEMBER).expect("a remember cookie"));
    other.get("/how").refused(401, "login_required");
    Anonymous(&app).call("GET", "/how").header("cookie", remember).send().refused(401, "login_required");
    mine.get("/how").expect(200);
    assert_eq!(mine.call("DELETE", &format!("/logins/{id}")).send().expect(200).json(), false, "it has ended");
}

#[test]
fn who_may_end_which_login() {
    let app = TestApp::start();
    let end = |client: &dyn Fn(&str) -> crate::clients::Answer, id: &str| client(&format!("/logins/{id}"));
    let (mine, own) = Browser::signed_in(&app, "panther", false);
    let (other, _) = Browser::signed_in(&app, "panther", false);
    let (stranger, _) = Browser::signed_in(&app, "batman", false);
    let by_browser = |path: &str| mine.call("DELETE", path).send();
    // Somebody else's login is as unknown as none.
    for id in [&*login_id(&stranger), "unknown", "%00"] {
        assert_eq!(end(&by_browser, id).expect(200).json(), false, "{id}");
    }
    stranger.get("/how").expect(200);
    let from_elsewhere = mine.call("DELETE", &format!("/logins/{}", login_id(&other)));
    from_elsewhere.header("origin", "https://evil.example").send().refused(403, "csrf_rejected");
    let narrowed = Token(&app, crate::scope::narrowed_pair(&app, &["notes:read"]).access);
    narrowed.get("/logins").refused(403, "insufficient_scope");
    let by_narrowed = |path: &str| narrowed.call("DELETE", path).send();
    end(&by_narrowed, &login_id(&other)).refused(403, "insufficient_scope");
    end(&by_narrowed, &login_id(&narrowed)).expect(200);
    narrowed.get("/how").refused(401, "login_ended");
    // The login is not fresh any more, and its access token just still valid.
    app.advance(901);
    let mine_id = login_id(&mine);
    end(&by_browser, &login_id(&other)).refused(401, "reauth_required");
    other.get("/how").expect(200);
    // This login needs nothing, and leaves no cookie behind.
    assert_eq!(end(&by_browser, &mine_id).expect(200).json(), true);
    assert_eq!(mine.cookie_header(), "");
    Token(&app, own.access).get("/how").refused(401, "login_ended");
}

#[test]
fn an_operator_lists_and_ends_logins() {
    let app = TestApp::start();
    let (first, _) = Browser::signed_in(&app, "panther", false);
    let (second, _) = Browser::signed_in(&app, "panther", false);
    let (stranger, _) = Browser::signed_in(&app, "batman", false);
    let id = LoginId::from(login_id(&first));
    let ask = || async {
        assert_eq!(app.bridge.logins_of("2").await.expect("a list").len(), 2);
        assert!(app.bridge.logins_of("2").await.expect("a list").iter().all(|login| !login.current));
        assert!(app.bridge.logins_of("77").await.expect("a list").is_empty());
        assert!(app.bridge.end_login(&id, &Act::of_application()).await.expect("an answer"));
        assert!(!app.bridge.end_login(&id, &Act::of_application()).await.expect("an answer"));
        assert!(
            !app.bridge
                .end_login(&LoginId::from("unknown".to_owned()), &Act::of_application())
                .await
                .expect("an answer")
        );
    };
    System::new().block_on(ask());
    first.get("/how").refused(401, "login_required");
    second.get("/how").expect(200);
    let end_all = || async {
        assert_eq!(app.bridge.end_logins_of("2", &Act::of_application()).await.expect("an answer"), 1);
        assert_eq!(app.bridge.end_logins_of("2", &Act::of_application()).await.expect("an answer"), 0);
    };
    System::new().block_on(end_all());
    second.get("/how").refused(401, "login_required");
    stranger.get("/how").expect(200);
    let reason = System::new().block_on(app.store().find(&id)).expect("the store").expect("the login").ended;
    assert_eq!(reason.map(|(_, reason)| reason), Some(EndReason::Revoked));
}

/// A store of users that knows nothing of logins only raises the epoch. The logins of before are over all the same.
#[test]
fn a_login_of_an_earlier_password_is_not_listed() {
    let app = TestApp::start();
    let (before, _) = Browser::signed_in(&app, "panther", false);
    let old = login_id(&before);
    app.world.users.change(2, |user| user.epoch += 1);
    let (after, _) = Browser::signed_in(&app, "panther", false);
    let ids: Vec<_> = listed(&after).iter().map(|login| login["id"].clone()).collect();
    assert_eq!(ids, [json!(login_id(&after))]);
    let of_user = System::new().block_on(app.bridge.logins_of("2")).expect("a list");
    assert!(of_user.iter().all(|login| login.id.as_str() != old), "{of_user:?}");
}

#[test]
fn the_oldest_login_ends_when_there_are_too_many() {
    let app = TestApp::with(|bridge| bridge.max_logins(2));
    let sign_in = || {
        app.advance(1);
        Browser::signed_in(&app, "panther", false)
    };
    let (first, pair) = sign_in();
    let (second, _) = sign_in();
    let (stranger, _) = Browser::signed_in(&app, "batman", false);
    // Its use does not make it younger.
    first.get("/how").expect(200);
    let (third, _) = sign_in();
    first.get("/how").refused(401, "login_required");
    Token(&app, pair.access).get("/how").refused(401, "login_ended");
    for live in [&second, &third, &stranger] {
        live.get("/how").expect(200);
    }
    second.post("/logout").expect(204);
    let (fourth, _) = sign_in();
    for live in [&third, &fourth] {
        live.get("/how").expect(200);
    }
}

#[test]
fn each_end_is_told() {
    let told = Told::new(|bridge| bridge);
    let (mine, _) = Browser::signed_in(&told.app, "panther", false);
    let (other, _) = Browser::signed_in(&told.app, "panther", false);
    let id = login_id(&other);
    told.take();
    mine.call("DELETE", &format!("/logins/{id}")).send().expect(200);
    assert!(told.take().contains(&json!({ "event": "login_ended", "user": "2", "login": id })));
    System::new().block_on(told.app.bridge.end_logins_of("2", &Act::of_application())).expect("an answer");
    assert_eq!(told.take(), [json!({ "event": "logins_ended", "user": "2", "ended": 1 })]);
}
