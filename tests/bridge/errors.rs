//! Every refusal has one shape, says what to do next, and tells no secret.

use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};
use serde_json::{Value, json};
use tollbridge::{Algorithm, AuthError, StoreError, TokenKey};

use crate::app::{PASSWORD, SESSION_SECRET, TOKEN_SECRET, TestApp, World};
use crate::clients::{Anonymous, Answer, Browser, Client, REMEMBER, SESSION};
use crate::store::CAUSE;

#[track_caller]
fn assert_problem(answer: &Answer) {
    let problem = answer.json();
    let text = answer.text();
    assert_eq!(answer.header("content-type"), "application/problem+json", "{text}");
    assert_eq!(answer.header("cache-control"), "no-store", "{text}");
    let mut names: Vec<_> = problem.as_object().expect("an object").keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["code", "detail", "msg", "status", "title", "type"], "{text}");
    assert_eq!((&problem["type"], &problem["status"]), (&json!("about:blank"), &json!(answer.status)), "{text}");
    assert_eq!(problem["msg"], problem["detail"]);
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.ends_with('.')), "{text}");
}

#[test]
fn every_code_has_its_status_and_challenge() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", true);
    let by = |token: &str, path: &str| Anonymous(&app).call("POST", path).bearer(token).send();
    let wrong = |username: &str, password: &str| {
        Anonymous(&app).post_json("/login", &json!({ "username": username, "password": password }))
    };
    let none = "";
    let invalid = r#"Bearer error="invalid_token""#;
    let request = r#"Bearer error="invalid_request""#;
    let mut answers = vec![
        (Anonymous(&app).get("/who_am_i"), 401, "login_required", "Bearer"),
        (wrong("panther", "wrong"), 401, "invalid_credentials", "Bearer"),
        (wrong("nobody", PASSWORD), 401, "invalid_credentials", "Bearer"),
        (by("junk", "/who_am_i"), 401, "token_invalid", invalid),
        (by(&pair.refresh, "/who_am_i"), 401, "token_wrong_type", invalid),
        (by(&pair.access, "/browser"), 400, "credential_conflict", request),
        (
            browser.call("GET", "/how").header("authorization", "Bearer a").header("authorization", "Bearer b").send(),
            400,
            "invalid_request",
            request,
        ),
        (browser.call("POST", "/how").header("origin", "null").send(), 403, "csrf_rejected", none),
    ];
    app.advance(900 + 5);
    let expired = r#"Bearer error="invalid_token", error_description="The token has expired""#;
    answers.push((by(&pair.access, "/who_am_i"), 401, "token_expired", expired));
    let stale = r#"Bearer error="insufficient_user_authentication", error_description="A recent sign-in is needed", max_age="900""#;
    answers.push((browser.get("/fresh"), 401, "reauth_required", stale));
    let second = by(&pair.refresh, "/refresh").expect(200).pair();
    by(&second.refresh, "/refresh").expect(200);
    answers.push((by(&pair.refresh, "/refresh"), 401, "token_reused", invalid));
    answers.push((by(&second.access, "/who_am_i"), 401, "login_ended", invalid));
    let token = Anonymous(&app).token_login("batman").access;
    app.world.users.change(1, |user| user.active = false);
    answers.push((by(&token, "/who_am_i"), 401, "user_disabled", invalid));
    app.world.users.delete(1);
    answers.push((by(&token, "/who_am_i"), 401, "user_not_found", invalid));
    app.store().fail(&["find"]);
    answers.push((by(&token, "/who_am_i"), 503, "store_unavailable", none));
    answers.push((Anonymous(&TestApp::without_bridge()).get("/who_am_i"), 500, "internal_error", none));
    for (answer, status, code, challenge) in answers {
        assert_eq!((answer.status, answer.outcome().1.as_str()), (status, code));
        assert_eq!(answer.all("www-authenticate"), challenge, "{code}");
        assert_problem(&answer);
        let told = format!("{}{:?}", answer.text(), answer.headers);
        let cookies = [SESSION, REMEMBER].map(|name| browser.cookie(name).unwrap_or("none".to_owned()));
        for secret in
            [&pair.access, &pair.refresh, &second.access, &cookies[0], &cookies[1], PASSWORD, CAUSE, "panther"]
        {
            assert!(!told.contains(secret), "{code}: {told}");
        }
    }
}

#[test]
fn a_user_who_is_unknown_and_a_wrong_password_look_the_same() {
    let app = TestApp::start();
    let answers = [("panther", "wrong"), ("nobody", PASSWORD)].map(|(username, password)| {
        let answer = Anonymous(&app).post_json("/login", &json!({ "username": username, "password": password }));
        let mut headers = answer.headers.clone();
        headers.remove("date");
        (answer.status, headers, answer.body)
    });
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].0, 401);
}

#[test]
fn a_disabled_user_is_not_signed_in() {
    let app = TestApp::start();
    app.world.users.change(2, |user| user.active = false);
    app.store().take_calls();
    let answer = Browser::new(&app).post_json("/login", &json!({ "username": "panther", "password": PASSWORD }));
    assert_eq!(answer.set_cookies(), [""; 0]);
    answer.refused(401, "user_disabled");
    assert!(app.store().take_calls().is_empty());
}

#[test]
fn what_asks_for_patience_says_how_long() {
    use actix_web::ResponseError as _;
    let patient = [
        (AuthError::Overloaded { retry_after: 2 }, 503, "2"),
        (AuthError::TooManyAttempts { retry_after: 60 }, 429, "60"),
        (AuthError::from(StoreError::new(CAUSE)), 503, "5"),
    ];
    for (error, status, seconds) in patient {
        let response = error.error_response();
        assert_eq!((response.status().as_u16(), error.status().as_u16()), (status, status));
        let header = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        assert_eq!(header, Some(seconds), "{error}");
        assert!(!error.detail().contains(CAUSE));
    }
}

#[test]
fn debug_shows_no_secret() {
    let world = World::default();
    let app = TestApp::over(world.clone(), |bridge| bridge);
    let (browser, pair) = Browser::signed_in(&app, "panther", true);
    let remember = browser.cookie(REMEMBER).expect("a cookie");
    let claims = Anonymous(&app).call("GET", "/claims").bearer(&pair.access).send().json();
    let login = world.store.login(claims["sid"].as_str().expect("sid")).expect("a login");
    let key = TokenKey::hs256(TOKEN_SECRET).expect("a key");
    let pem = TokenKey::from_private_pem(Algorithm::EdDSA, include_bytes!("../fixtures/ed25519.pem")).expect("a key");
    let shown = format!("{:?} {login:?} {key:?} {pem:?} {:?}", app.bridge, login.remember);
    let bytes = |bytes: &[u8]| format!("{:?}", &bytes[..8]).trim_matches(['[', ']']).to_owned();
    let validator_hash = login.remember.as_ref().map(|remember| bytes(&remember.validator_hash)).expect("a cookie");
    let selector = remember.split('.').next().expect("a selector").to_owned();
    let text = |secret: &[u8]| String::from_utf8_lossy(secret).into_owned();
    for secret in [text(TOKEN_SECRET), text(SESSION_SECRET), bytes(TOKEN_SECRET), validator_hash, selector] {
        assert!(!shown.contains(&secret), "{secret} in {shown}");
    }
    assert!(shown.contains(key.id()), "it does show which key it is: {shown}");
}

#[test]
fn what_is_no_matter_of_ours_stays_as_it_is() {
    let app = TestApp::start();
    assert_eq!(Anonymous(&app).get("/not-there").expect(404).json(), Value::Null);
    assert_eq!(Anonymous(&app).get("/fail").expect(500).text(), "the handler failed");
    Anonymous(&app).get("/broken-middleware").expect(418);
}

/// Signing in again would not help: the next token comes from the same clock.
#[test]
fn a_token_of_a_clock_that_is_ahead_is_refused_for_that() {
    let app = TestApp::start();
    let pair = Anonymous(&app).token_login("panther");
    app.advance(-8);
    for (path, token) in [("/who_am_i", &pair.access), ("/refresh", &pair.refresh)] {
        let refused = Anonymous(&app).call("POST", path).bearer(token).send().refused(401, "token_invalid");
        let detail = refused.json()["detail"].as_str().expect("a detail").to_owned();
        assert!(detail.contains("clocks") && !detail.contains("Sign in again"), "{detail}");
    }
    // One that is not ours is refused as ever.
    let (message, _) = pair.access.rsplit_once('.').expect("a signature");
    let forged = Anonymous(&app).call("POST", "/who_am_i").bearer(&format!("{message}.AAAA")).send();
    assert_eq!(forged.expect(401).json()["detail"], "The token is not valid. Sign in again.");
}

pub(crate) fn routes(app: &mut ServiceConfig) {
    app.route("/counted", web::get().to(counted));
}

/// A handler of an application that has errors of its own, too.
async fn counted() -> actix_web::Result<HttpResponse> {
    Err::<u64, _>(StoreError::new(CAUSE))?;
    Ok(HttpResponse::Ok().finish())
}

#[test]
fn a_store_that_is_down_is_answered_alike_with_another_error_type() {
    let answer = Anonymous(&TestApp::start()).get("/counted").refused(503, "store_unavailable");
    assert_problem(&answer);
    assert_eq!(answer.header("retry-after"), "5");
    assert!(!answer.text().contains(CAUSE));
    let app = TestApp::with(|bridge| {
        bridge.on_refusal(|refusal| Some(HttpResponse::ImATeapot().body(refusal.error().code())))
    });
    assert_eq!(Anonymous(&app).get("/counted").expect(418).text(), "store_unavailable");
}
