//! The hook that answers refusals: what it sees, and what becomes of its answer.

use actix_web::HttpResponse;
use actix_web::cookie::Cookie;
use actix_web::http::StatusCode;
use serde_json::{Value, json};
use tollbridge::{AuthError, BridgeBuilder, Refusal};

use crate::app::{PASSWORD, TestApp};
use crate::clients::{Anonymous, Browser, Client, SESSION, Token};

/// Everything that the hook can see, as the response's body.
fn tell(refusal: &Refusal<'_>) -> Option<HttpResponse> {
    Some(HttpResponse::build(refusal.error().status()).json(json!({
        "code": refusal.error().code(),
        "path": refusal.request().path(),
        "token": refusal.presents_token(),
        "identity": refusal.identity(),
        "typ": refusal.token_header().map(|header| header["typ"].clone()),
        "type": refusal.claims().map(|claims| claims["type"].clone()),
        "sub": refusal.claims().map(|claims| claims["sub"].clone()),
    })))
}

fn telling() -> TestApp {
    TestApp::with(|bridge| bridge.login_view("/login").error_page(|_, _| panic!("the hook is first")).on_refusal(tell))
}

fn seen(code: &str, path: &str, identity: Option<&str>) -> Value {
    json!({ "code": code, "path": path, "token": false, "identity": identity, "typ": null, "type": null, "sub": null })
}

fn seen_with_token(code: &str, path: &str, token_type: &str) -> Value {
    let typ = if token_type == "access" { "at+jwt" } else { "rt+jwt" };
    json!({ "code": code, "path": path, "token": true, "identity": "2", "typ": typ, "type": token_type, "sub": "2" })
}

const HTML: &str = "text/html,*/*;q=0.8";

#[test]
fn it_sees_every_refusal_whoever_raised_it() {
    let app = telling();
    let anonymous = Anonymous(&app);
    let extractor = anonymous.call("GET", "/how").header("accept", HTML).send().expect(401);
    assert_eq!(extractor.json(), seen("login_required", "/how", None));
    assert_eq!(extractor.header("cache-control"), "no-store");
    assert!(extractor.all("vary").contains("Cookie"));
    let handler = anonymous.post_json("/login", &json!({ "username": "panther", "password": "wrong" })).expect(401);
    assert_eq!(handler.json(), seen("invalid_credentials", "/login", None));

    let (browser, _) = Browser::signed_in(&app, "panther", false);
    let forged = browser.call("POST", "/how").header("origin", "https://evil.example").send().expect(403);
    assert_eq!(forged.json(), seen("csrf_rejected", "/how", None));
    app.advance(900);
    assert_eq!(browser.get("/fresh").expect(401).json(), seen("reauth_required", "/fresh", Some("2")));
    app.store().fail(&["find"]);
    assert_eq!(browser.get("/how").expect(503).json(), seen("store_unavailable", "/how", None));
}

#[test]
fn it_is_given_what_a_token_of_ours_says_and_nothing_of_another() {
    let app = telling();
    let pair = Anonymous(&app).token_login("panther");
    let how = |token: &str| Token(&app, token.to_owned()).get("/how").expect(401).json();
    assert_eq!(how(&pair.refresh), seen_with_token("token_wrong_type", "/how", "refresh"));

    let (message, _) = pair.access.rsplit_once('.').expect("a signature");
    let nothing = json!({ "token": true, "identity": null, "typ": null, "type": null, "sub": null });
    let foreign = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.eyJzdWIiOiIyIiwidHlwZSI6ImFjY2VzcyJ9.";
    for bad in ["junk", foreign, &format!("{message}."), &format!("{message}.AAAA"), &format!("{message}x.AAAA")] {
        let seen = how(bad);
        for (name, value) in nothing.as_object().expect("an object") {
            assert_eq!(&seen[name], value, "{name} of {bad}");
        }
    }

    app.advance(900 + 5);
    assert_eq!(how(&pair.access), seen_with_token("token_expired", "/how", "access"));
    let ended = Anonymous(&app).token_login("panther").access;
    Token(&app, ended.clone()).post("/logout").expect(204);
    assert_eq!(how(&ended), seen_with_token("login_ended", "/how", "access"));
}

#[test]
fn an_error_of_a_handler_does_not_make_a_forged_token_speak() {
    let app = telling();
    let (message, _) = &Anonymous(&app)
        .token_login("panther")
        .access
        .rsplit_once('.')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .expect("a signature");
    // The handler refuses before anybody has looked at the token.
    let form = json!({ "username": "panther", "password": "wrong" });
    let refused = Anonymous(&app).call("POST", "/login").bearer(&format!("{message}.AAAA")).json(&form).send();
    assert_eq!(refused.expect(401).json()["identity"], Value::Null);
}

#[test]
fn its_answer_is_as_silent_as_every_other() {
    let app = TestApp::with(|bridge: BridgeBuilder| {
        bridge.on_refusal(|refusal| {
            let mut answer = HttpResponse::Ok();
            answer.cookie(Cookie::new(SESSION, "planted")).cookie(Cookie::new("own", refusal.error().code()));
            Some(answer.insert_header(("cache-control", "public")).finish())
        })
    });
    let answer = Token(&app, "junk".to_owned()).get("/how").expect(200);
    assert_eq!(answer.set_cookies(), ["own=token_invalid"]);
    assert_eq!(answer.header("cache-control"), "no-store");
    let answer = Anonymous(&app).get("/how").expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[test]
fn what_the_session_got_meanwhile_stays() {
    // The session's cookie is set by a layer outside of the refusal's.
    let app = TestApp::with(|bridge| {
        bridge.on_refusal(|refusal| {
            actix_session::SessionExt::get_session(refusal.request()).insert("note", "of the hook").ok()?;
            Some(HttpResponse::Forbidden().body("no"))
        })
    });
    let browser = Browser::new(&app);
    assert_eq!(browser.get("/how").expect(403).text(), "no");
    assert_eq!(browser.get("/session-read").expect(200).json()["note"], "of the hook");
}

#[test]
fn the_last_is_asked_first_and_the_first_answer_counts() {
    let answering = |status: u16, codes: &'static [&'static str]| {
        move |refusal: &Refusal<'_>| {
            let status = StatusCode::from_u16(status).expect("a status");
            codes.contains(&refusal.error().code()).then(|| HttpResponse::build(status).finish())
        }
    };
    let app = TestApp::with(|bridge| {
        bridge
            .on_refusal(answering(451, &["login_required", "token_invalid"]))
            .on_refusal(answering(418, &["token_invalid"]))
    });
    Token(&app, "junk".to_owned()).get("/how").expect(418);
    Anonymous(&app).get("/how").expect(451);
    let wrong = json!({ "username": "panther", "password": "wrong" });
    Anonymous(&app).post_json("/login", &wrong).refused(401, "invalid_credentials");
}

#[test]
fn none_leaves_all_as_it_is() {
    let app = TestApp::with(|bridge| {
        bridge.login_view("/login").on_refusal(|refusal| {
            matches!(refusal.error(), AuthError::InvalidCredentials).then(|| HttpResponse::ImATeapot().finish())
        })
    });
    let sent = Anonymous(&app).call("GET", "/how").header("accept", HTML).send().expect(303);
    assert_eq!(sent.header("location"), "/login?next=%2Fhow");
    Anonymous(&app).get("/how").refused(401, "login_required");
    Anonymous(&app).post_json("/login", &json!({ "username": "panther", "password": "wrong" })).expect(418);
    Anonymous(&app).post_json("/login", &json!({ "username": "panther", "password": PASSWORD })).expect(200);
}

/// Headers that a middleware inside the bridge sets on every answer, as one for CORS does.
const OF_INNER: [(&str, &str); 3] =
    [("access-control-allow-origin", "https://spa.example"), ("x-inner", "of the middleware"), ("vary", "Origin")];

#[test]
fn the_challenge_and_the_headers_of_inner_middleware_stay_whoever_answers() {
    let unchanged = TestApp::with(|bridge| bridge);
    let hook = TestApp::with(|bridge| {
        let answer = |_: &Refusal<'_>| {
            let mut answer = HttpResponse::Unauthorized();
            Some(answer.insert_header(("x-own", "of the hook")).content_type("text/plain").body("no"))
        };
        bridge.on_refusal(answer)
    });
    let page = TestApp::with(|bridge| {
        bridge.error_page(|_, error| {
            HttpResponse::build(error.status())
                .insert_header(("x-inner", "of the page"))
                .content_type("text/html")
                .body("no")
        })
    });
    let redirect = TestApp::with(|bridge| bridge.login_view("/login"));
    for (app, status, content_type) in [
        (&unchanged, 401, "application/problem+json"),
        (&hook, 401, "text/plain"),
        (&page, 401, "text/html"),
        (&redirect, 303, ""),
    ] {
        let answer = Anonymous(app).call("GET", "/who_am_i").header("accept", HTML).header("x-headers", "set").send();
        let answer = answer.expect(status);
        assert_eq!(answer.all("www-authenticate"), if status == 401 { "Bearer" } else { "" }, "{content_type}");
        let etag = if content_type == "application/problem+json" { "\"of the problem document\"" } else { "" };
        assert_eq!(answer.all("etag"), etag, "{content_type}");
        for (name, value) in OF_INNER {
            let value = if content_type == "text/html" && name == "x-inner" { "of the page" } else { value };
            assert!(answer.all(name).contains(value), "{name} of {status} {content_type}: {:?}", answer.headers);
        }
        assert_eq!(answer.all("content-type"), content_type);
        assert_eq!(answer.all("cache-control"), "no-store");
        assert!(answer.all("vary").contains("Cookie"), "{:?}", answer.headers);
    }
    // Of a token, and of a re-authentication, it is what RFC 6750 and RFC 9470 say.
    let refused = Token(&hook, "junk".to_owned()).get("/who_am_i").expect(401);
    assert_eq!(refused.all("www-authenticate"), r#"Bearer error="invalid_token""#);
    let (browser, _) = Browser::signed_in(&hook, "panther", false);
    hook.advance(900);
    let stale = browser.get("/fresh").expect(401);
    assert!(stale.all("www-authenticate").contains("insufficient_user_authentication"), "{:?}", stale.headers);
    assert_eq!(stale.all("x-own"), "of the hook");
    hook.store().fail(&["find"]);
    assert_eq!(browser.get("/how").expect(401).all("retry-after"), "5");
}
