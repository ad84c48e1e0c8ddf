//! A token and a browser's cookie in one request: what the policy of the application and of the route says.

use actix_web::web::{Json, ServiceConfig};
use actix_web::{HttpRequest, Responder, web};
use serde_json::json;
use tollbridge::store::memory::MemoryStore;
use tollbridge::{
    Auth, AuthError, ConflictPolicy, CurrentUser, FoundCredential, MaybeUser, NewApiToken, RequestLoader, Require,
    StoreError,
};

use crate::app::TestApp;
use crate::clients::{Anonymous, Answer, Browser, Client, Pair, REMEMBER, SESSION};
use crate::store::User;

pub(crate) fn routes(app: &mut ServiceConfig) {
    let who = async |user: CurrentUser<User>| Json(json!({ "id": user.id }));
    let policies = [
        ("prefer", ConflictPolicy::PreferToken),
        ("reject", ConflictPolicy::RejectBoth),
        ("same", ConflictPolicy::RequireSameUser),
    ];
    for (name, policy) in policies {
        let guard = || Require::login().conflict(policy);
        app.service(
            web::scope(&format!("/conflict/{name}"))
                .route("/who", web::route().to(who).wrap(guard()))
                .route("/optional", web::route().to(maybe).wrap(guard().optional()))
                .route("/refresh", web::post().to(refresh).wrap(Require::token().refresh_token().conflict(policy)))
                .service(
                    web::scope("/inside")
                        .wrap(guard())
                        .route("/who", web::route().to(who).wrap(Require::login()))
                        .route("/token", web::route().to(who).wrap(Require::token().unsearched_body()))
                        .route("/prefer", web::route().to(who).wrap(Require::login().conflict(policies[0].1)))
                        .route("/reject", web::route().to(who).wrap(Require::login().conflict(policies[1].1))),
                ),
        );
    }
}

async fn maybe(user: MaybeUser<User>) -> impl Responder {
    Json(json!({ "id": user.as_ref().map(|user| user.id) }))
}

async fn refresh(auth: Auth) -> Result<impl Responder, AuthError> {
    Ok(Json(auth.refresh().await?))
}

fn app(policy: ConflictPolicy) -> TestApp {
    TestApp::with(|bridge| bridge.conflict_policy(policy))
}

/// A request with both.
fn both(app: &TestApp, method: &str, path: &str, token: &str, cookies: &str) -> Answer {
    Anonymous(app).call(method, path).bearer(token).header("cookie", cookies).send()
}

#[track_caller]
fn conflict(answer: Answer, word: &str) {
    let answer = answer.refused(400, "credential_conflict");
    assert!(answer.set_cookies().is_empty(), "{answer:?}");
    let text = answer.text();
    assert!(text.contains(word) && !text.contains("panther"), "{text}");
}

const BOTH: &str = "a token and a cookie";
const DIFFERENT: &str = "different users";

/// Two users, each with a browser that is remembered, and tokens.
fn two_users(app: &TestApp) -> [(Browser<'_>, Pair); 2] {
    ["batman", "panther"].map(|username| Browser::signed_in(app, username, true))
}

#[test]
fn the_token_decides_and_the_cookies_cost_nothing_by_default() {
    let app = TestApp::start();
    let [(_, one), (other, _)] = two_users(&app);
    app.store().take_calls();
    let answer = both(&app, "GET", "/who_am_i", &one.access, &other.cookie_header()).expect(200);
    assert_eq!(answer.json()["id"], 1);
    assert_eq!(app.store().take_calls().into_iter().collect::<Vec<_>>(), [("find", 1)]);
    both(&app, "POST", "/refresh", &one.refresh, &other.cookie_header()).expect(200);
    both(&app, "POST", "/logout", &one.access, &other.cookie_header()).expect(204);
    other.get("/who_am_i").expect(200);
    both(&app, "GET", "/conflict/prefer/who", &one.access, &other.cookie_header()).refused(401, "login_ended");
}

#[test]
fn both_are_refused_whoever_they_belong_to_and_whether_they_hold() {
    let app = app(ConflictPolicy::RejectBoth);
    let [(own, one), (other, _)] = two_users(&app);
    app.store().take_calls();
    let junk = format!("{SESSION}=junk");
    for cookies in [&own.cookie_header(), &other.cookie_header(), &junk, &format!("{REMEMBER}=junk")] {
        for token in [&one.access, "junk"] {
            for (method, path) in [
                ("GET", "/who_am_i"),
                ("GET", "/maybe"),
                ("GET", "/how"),
                ("GET", "/browser"),
                ("POST", "/logout"),
                ("POST", "/confirm"),
                ("GET", "/freshness"),
                ("GET", "/conflict/reject/who"),
                ("GET", "/conflict/reject/optional"),
                ("OPTIONS", "/conflict/reject/who"),
            ] {
                conflict(both(&app, method, path, token, cookies), BOTH);
            }
        }
        conflict(both(&app, "POST", "/refresh", &one.refresh, cookies), BOTH);
    }
    assert!(app.store().take_calls().is_empty(), "nothing is looked up");
    // Each alone is as ever, and a route may be content.
    own.get("/who_am_i").expect(200);
    both(&app, "GET", "/who_am_i", &one.access, "theme=dark").expect(200);
    both(&app, "GET", "/conflict/prefer/who", &one.access, &other.cookie_header()).expect(200);
    both(&app, "GET", "/never-asks", &one.access, &other.cookie_header()).expect(200);
    both(&app, "POST", "/conflict/prefer/refresh", &one.refresh, &other.cookie_header()).expect(200);
}

#[test]
fn a_cookie_of_another_user_is_refused_on_reading_refreshing_and_signing_out() {
    let app = app(ConflictPolicy::RequireSameUser);
    let [(own, one), (other, two)] = two_users(&app);
    let (session, remember) = (other.cookie(SESSION).expect("a session"), other.cookie(REMEMBER).expect("a cookie"));
    let cookies = [
        other.cookie_header(),
        format!("{SESSION}={session}"),
        format!("{REMEMBER}={remember}"),
        format!("{SESSION}=junk; {REMEMBER}={remember}"),
    ];
    app.store().take_calls();
    for cookies in &cookies {
        for path in ["/who_am_i", "/maybe", "/how", "/conflict/same/who", "/conflict/same/optional", "/freshness"] {
            conflict(both(&app, "GET", path, &one.access, cookies), DIFFERENT);
        }
        conflict(both(&app, "POST", "/refresh", &one.refresh, cookies), DIFFERENT);
        conflict(both(&app, "POST", "/logout", &one.access, cookies), DIFFERENT);
        conflict(both(&app, "POST", "/logout", &one.refresh, cookies), DIFFERENT);
        conflict(both(&app, "POST", "/confirm", &one.access, cookies), DIFFERENT);
    }
    // It was only read: no session was loaded as the request's, and nothing was written.
    let calls: Vec<_> = app.store().take_calls().into_keys().collect();
    assert_eq!(calls, ["find", "find_remembered", "load_session"]);
    for (browser, pair) in [(&own, &one), (&other, &two)] {
        browser.get("/who_am_i").expect(200);
        let answer = both(&app, "GET", "/who_am_i", &pair.access, &browser.cookie_header()).expect(200);
        assert!(answer.set_cookies().is_empty(), "{answer:?}");
    }
    assert_eq!(other.cookie(REMEMBER), Some(remember), "the cookie was not used up");
    // The user is what counts, and not the login.
    let another = Anonymous(&app).token_login("batman");
    both(&app, "POST", "/refresh", &another.refresh, &own.cookie_header()).expect(200);
    both(&app, "POST", "/logout", &another.access, &own.cookie_header()).expect(204);
    own.get("/who_am_i").expect(200);
}

#[test]
fn a_cookie_that_belongs_to_nobody_is_no_conflict() {
    let app = app(ConflictPolicy::RequireSameUser);
    let [(_, one), (other, two)] = two_users(&app);
    let live = other.cookie_header();
    let anonymous = Browser::new(&app);
    anonymous.call("POST", "/session-write").body("text/plain", "x").send().expect(204);
    for cookies in [
        "theme=dark".to_owned(),
        format!("{SESSION}=; {REMEMBER}="),
        format!("{SESSION}=junk; {REMEMBER}=junk"),
        format!("{SESSION}=AAAA{}", other.cookie(SESSION).expect("a session")),
        anonymous.cookie_header(),
    ] {
        both(&app, "GET", "/who_am_i", &one.access, &cookies).expect(200);
    }
    conflict(both(&app, "GET", "/who_am_i", &one.access, &live), DIFFERENT);
    both(&app, "POST", "/logout", &two.access, "").expect(204);
    both(&app, "GET", "/who_am_i", &one.access, &live).expect(200);
    // A token that does not hold is refused as such.
    both(&app, "GET", "/who_am_i", "junk", &live).refused(401, "token_invalid");
    both(&app, "GET", "/who_am_i", &two.access, &live).refused(401, "login_ended");
}

/// Two genuine session cookies: none of them may hide the other.
#[test]
fn no_cookie_hides_behind_another() {
    let app = app(ConflictPolicy::RequireSameUser);
    let [(own, one), (other, _)] = two_users(&app);
    let [own, other] = [own, other].map(|browser| browser.cookie(SESSION).expect("a session"));
    for (first, second) in [(&own, &other), (&other, &own)] {
        let cookies = format!("{SESSION}={first}; {SESSION}={second}");
        conflict(both(&app, "GET", "/who_am_i", &one.access, &cookies), DIFFERENT);
        conflict(both(&app, "GET", "/conflict/reject/who", &one.access, &cookies), BOTH);
    }
    let twice = format!("{SESSION}={own}; {SESSION}={own}");
    both(&app, "GET", "/who_am_i", &one.access, &twice).expect(200);
    conflict(both(&app, "GET", "/conflict/reject/who", &one.access, &twice), BOTH);
}

#[test]
fn a_store_that_is_down_is_no_verdict_about_the_cookie() {
    let app = app(ConflictPolicy::RequireSameUser);
    let [(_, one), (other, _)] = two_users(&app);
    for calls in [&["load_session"][..], &["find_remembered"]] {
        app.store().fail(calls);
        let session = other.cookie(SESSION).filter(|_| calls[0] == "load_session").unwrap_or("junk".into());
        let cookies = format!("{SESSION}={session}; {REMEMBER}={}", other.cookie(REMEMBER).expect("a cookie"));
        both(&app, "GET", "/who_am_i", &one.access, &cookies).refused(503, "store_unavailable");
        both(&app, "POST", "/refresh", &one.refresh, &cookies).refused(503, "store_unavailable");
        both(&app, "POST", "/logout", &one.access, &cookies).refused(503, "store_unavailable");
        // Without the policy, and without cookies, nobody asks for it.
        both(&app, "GET", "/conflict/prefer/who", &one.access, &cookies).expect(200);
        both(&app, "GET", "/who_am_i", &one.access, "theme=dark").expect(200);
    }
}

#[test]
fn the_policy_of_a_route_stands_before_that_of_the_application() {
    let apps = [ConflictPolicy::PreferToken, ConflictPolicy::RejectBoth, ConflictPolicy::RequireSameUser].map(app);
    for app in &apps {
        let [(own, one), (other, _)] = two_users(app);
        let get = |path: &str, browser: &Browser<'_>| both(app, "GET", path, &one.access, &browser.cookie_header());
        get("/conflict/prefer/who", &other).expect(200);
        conflict(get("/conflict/reject/who", &own), BOTH);
        get("/conflict/same/who", &own).expect(200);
        conflict(get("/conflict/same/who", &other), DIFFERENT);
        // An inner guard keeps the policy, or brings its own; the outer one has had its say.
        for inner in ["who", "token"] {
            get(&format!("/conflict/prefer/inside/{inner}"), &other).expect(200);
            conflict(get(&format!("/conflict/reject/inside/{inner}"), &own), BOTH);
            conflict(get(&format!("/conflict/same/inside/{inner}"), &other), DIFFERENT);
        }
        conflict(get("/conflict/prefer/inside/reject", &own), BOTH);
        conflict(get("/conflict/same/inside/reject", &own), BOTH);
        conflict(get("/conflict/reject/inside/prefer", &own), BOTH);
        get("/conflict/same/inside/prefer", &own).expect(200);
        conflict(both(app, "OPTIONS", "/conflict/reject/inside/who", &one.access, &own.cookie_header()), BOTH);
        let refresh = |name: &str| {
            let path = format!("/conflict/{name}/refresh");
            both(app, "POST", &path, &one.refresh, &other.cookie_header())
        };
        conflict(refresh("reject"), BOTH);
        conflict(refresh("same"), DIFFERENT);
        refresh("prefer").expect(200);
    }
}

/// The key `k-2` is user 2's.
struct ApiKeys;

impl RequestLoader for ApiKeys {
    fn credential(&self, req: &HttpRequest) -> Option<String> {
        Some(req.headers().get("x-api-key")?.to_str().ok()?.to_owned())
    }

    async fn find(&self, credential: &str) -> Result<Option<FoundCredential>, StoreError> {
        Ok(credential.strip_prefix("k-").map(FoundCredential::of_user))
    }
}

#[test]
fn a_custom_credential_counts_as_a_token() {
    let app = TestApp::with(|bridge| bridge.request_loader(ApiKeys));
    let (browser, _) = Browser::signed_in(&app, "panther", false);
    let with_key = |path: &str, key: &str| browser.call("GET", path).header("x-api-key", key).send();
    conflict(with_key("/conflict/reject/who", "k-2"), BOTH);
    with_key("/conflict/same/who", "k-2").expect(200);
    conflict(with_key("/conflict/same/who", "k-1"), DIFFERENT);
    with_key("/conflict/same/who", "wrong").refused(401, "login_required");
    with_key("/conflict/prefer/who", "k-1").expect(200);
}

#[test]
fn an_api_token_counts_as_a_token() {
    let app = TestApp::with(|bridge| bridge.api_tokens(MemoryStore::default()));
    let (browser, _) = Browser::signed_in(&app, "panther", false);
    let cookies = browser.cookie_header();
    let [own, other] = ["panther", "batman"]
        .map(|name| crate::api_tokens::issue(&app, name, NewApiToken::named("backup")).into_text());
    conflict(both(&app, "GET", "/conflict/reject/who", &own, &cookies), BOTH);
    both(&app, "GET", "/conflict/same/who", &own, &cookies).expect(200);
    conflict(both(&app, "GET", "/conflict/same/who", &other, &cookies), DIFFERENT);
    let wrong = format!("{}x", &other[..other.len() - 1]);
    both(&app, "GET", "/conflict/same/who", &wrong, &cookies).refused(401, "token_invalid");
    both(&app, "GET", "/conflict/prefer/who", &other, &cookies).expect(200);
}
