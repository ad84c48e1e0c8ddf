//! Tokens in cookies: ambient credentials, and what they need.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tollbridge::Location::{Cookie, Header, Json};
use tollbridge::{BridgeBuilder, TokenCookies, TokenLocations};

use crate::app::{PASSWORD, START, TestApp};
use crate::clients::{Anonymous, Answer, Browser, Call, Client, Pair};

const ACCESS: &str = "tollbridge_access";
const REFRESH: &str = "tollbridge_refresh";
const ACCESS_CSRF: &str = "tollbridge_access_csrf";
const REFRESH_CSRF: &str = "tollbridge_refresh_csrf";

fn locations(cookies: TokenCookies) -> TokenLocations {
    TokenLocations::new(&[Header, Cookie, Json]).cookies(cookies)
}

fn app(cookies: TokenCookies) -> TestApp {
    TestApp::with(|bridge| bridge.token_locations(locations(cookies)))
}

fn refreshing(bridge: BridgeBuilder) -> BridgeBuilder {
    bridge.token_locations(locations(TokenCookies::default())).implicit_refresh(Duration::from_secs(300))
}

#[track_caller]
fn sign_in(browser: &Browser<'_>, username: &str) -> Answer {
    browser.post_json("/cookies/login", &json!({ "username": username, "password": PASSWORD })).expect(200)
}

#[track_caller]
fn signed_in<'a>(app: &'a TestApp, username: &str) -> (Browser<'a>, Pair) {
    let browser = Browser::new(app);
    let pair = sign_in(&browser, username).pair();
    (browser, pair)
}

fn csrf(browser: &Browser<'_>) -> String {
    browser.cookie(ACCESS_CSRF).expect("a CSRF cookie")
}

/// As our own page sends it.
fn vouched<'a>(browser: &'a Browser<'_>, method: &str, path: &str) -> Call<'a> {
    browser.call(method, path).header("x-csrf-token", csrf(browser))
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a payload");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64url")).expect("JSON")
}

#[test]
fn signing_in_sets_cookies_that_scripts_cannot_read_and_values_that_they_can() {
    let app = app(TokenCookies::default());
    let browser = Browser::new(&app);
    let answer = sign_in(&browser, "panther");
    let mut cookies = answer.set_cookies();
    cookies.sort_unstable();
    let names: Vec<_> = cookies.iter().filter_map(|cookie| Some(cookie.split_once('=')?.0)).collect();
    assert_eq!(names, [ACCESS, ACCESS_CSRF, REFRESH, REFRESH_CSRF]);
    for cookie in &cookies {
        assert_eq!(cookie.contains("HttpOnly"), !cookie.contains("_csrf="), "{cookie}");
        assert!(cookie.contains("SameSite=Lax") && cookie.contains("Path=/"), "{cookie}");
        assert!(!cookie.contains("Max-Age") && !cookie.contains("Secure") && !cookie.contains("Domain"), "{cookie}");
    }
    let pair = answer.pair();
    assert_eq!(browser.cookie(ACCESS), Some(pair.access.clone()));
    assert_eq!(claims(&pair.access)["csrf"], csrf(&browser));
    assert_eq!(claims(&pair.refresh)["csrf"], browser.cookie(REFRESH_CSRF).expect("a cookie"));
    assert_ne!(csrf(&browser), browser.cookie(REFRESH_CSRF).expect("a cookie"));
    assert_eq!(answer.header("cache-control"), "no-store");
    let how = browser.get("/how").expect(200).json();
    assert_eq!((&how["via"], &how["location"]), (&json!("token"), &json!("cookie")));
}

#[test]
fn without_cookies_tokens_carry_no_csrf_claim() {
    for app in [TestApp::start(), app(TokenCookies::default().double_submit(false))] {
        let pair = Anonymous(&app).token_login("panther");
        assert_eq!((&claims(&pair.access)["csrf"], &claims(&pair.refresh)["csrf"]), (&Value::Null, &Value::Null));
    }
    let app = TestApp::start();
    let form = json!({ "username": "panther", "password": PASSWORD });
    Browser::new(&app).post_json("/cookies/login", &form).refused(500, "internal_error");
}

#[test]
fn with_https_they_are_bound_to_the_host() {
    let app = TestApp::with(|bridge| {
        bridge.public_url("https://app.example").token_locations(locations(TokenCookies::default()))
    });
    let browser = Browser::new(&app);
    let answer = sign_in(&browser, "panther");
    for cookie in answer.set_cookies() {
        assert!(cookie.starts_with("__Host-tollbridge_"), "{cookie}");
        assert!(cookie.contains("; Secure") && cookie.contains("Path=/") && !cookie.contains("Domain"), "{cookie}");
    }
    browser.get("/who_am_i").expect(200);
    let token = answer.pair().access;
    for name in [ACCESS, "__%48ost-tollbridge_access", "__host-tollbridge_access"] {
        let answer = Anonymous(&app).call("GET", "/who_am_i").header("cookie", format!("{name}={token}")).send();
        answer.refused(401, "login_required");
    }
}

#[test]
fn options_of_the_cookies_are_as_set() {
    let cookies = TokenCookies::default()
        .access_cookie("at", "/api")
        .refresh_cookie("rt", "/refresh")
        .access_csrf_cookie("at_csrf", "/a")
        .refresh_csrf_cookie("rt_csrf", "/r")
        .domain("example.org")
        .secure(true)
        .same_site(actix_web::cookie::SameSite::Strict)
        .max_age(Duration::from_secs(600));
    let app = app(cookies);
    let answer = sign_in(&Browser::new(&app), "panther");
    let cookies = answer.set_cookies();
    let find = |name: &str| *cookies.iter().find(|cookie| cookie.starts_with(&format!("{name}="))).expect("a cookie");
    for (name, path) in [("at", "/api"), ("rt", "/refresh"), ("at_csrf", "/a"), ("rt_csrf", "/r")] {
        let cookie = find(name);
        let has = |attribute: &str| cookie.split("; ").any(|one| one == attribute);
        assert!(has(&format!("Path={path}")) && has("Domain=example.org") && has("Secure"), "{cookie}");
        assert!(has("SameSite=Strict") && has("Max-Age=600"), "{cookie}");
    }
    let without = app_without_csrf_cookies();
    assert_eq!(sign_in(&Browser::new(&without), "panther").set_cookies().len(), 2);
}

fn app_without_csrf_cookies() -> TestApp {
    app(TokenCookies::default().csrf_cookies(false).same_site(None))
}

/// The attack that all of this is for: another page makes the browser send a request with the cookie.
#[test]
fn an_unsafe_request_must_repeat_the_claim() {
    let app = app(TokenCookies::default());
    let (browser, pair) = signed_in(&app, "panther");
    let (other, _) = signed_in(&app, "batman");
    let right = csrf(&browser);
    let wrong = [
        csrf(&other),
        browser.cookie(REFRESH_CSRF).expect("a cookie"),
        right[1..].to_owned(),
        format!("{right}x"),
        right.to_uppercase(),
        "junk".to_owned(),
        pair.access.clone(),
    ];
    for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"] {
        for path in ["/who_am_i", "/maybe", "/require/token", "/require/optional-token", "/require/login"] {
            let case = format!("{method} {path}");
            let bare = browser.call(method, path).send();
            assert_eq!(bare.outcome(), (403, "csrf_rejected".to_owned()), "{case}");
            let empty = browser.call(method, path).header("x-csrf-token", "").send();
            assert_eq!(empty.outcome(), (403, "csrf_rejected".to_owned()), "{case}");
            vouched(&browser, method, path).send().expect(200);
        }
        for value in &wrong {
            let answer = browser.call(method, "/who_am_i").header("x-csrf-token", value).send();
            assert_eq!(answer.outcome(), (403, "csrf_rejected".to_owned()), "{method} {value}");
        }
        let header = Anonymous(&app).call(method, "/who_am_i").bearer(&pair.access).send();
        assert_eq!(header.status, 200, "{method}: a header is not ambient");
    }
    for method in ["GET", "HEAD", "OPTIONS"] {
        browser.call(method, "/who_am_i").send().expect(200);
    }
    let bytes: [&[u8]; 2] = [b"\xff", b"caf\xe9"];
    for value in bytes {
        browser.call("POST", "/who_am_i").header("x-csrf-token", value).send().refused(403, "csrf_rejected");
    }
}

#[test]
fn the_right_claim_from_the_wrong_site_is_refused() {
    let app = app(TokenCookies::default());
    let (browser, _) = signed_in(&app, "panther");
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let answer = vouched(&browser, "POST", "/who_am_i").header(name, value).send();
        assert_eq!(answer.outcome(), (403, "csrf_rejected".to_owned()), "{name}: {value}");
    }
    vouched(&browser, "POST", "/who_am_i").header("sec-fetch-site", "same-origin").send().expect(200);
    let off = app_with_double_submit_off();
    let (browser, _) = signed_in(&off, "panther");
    browser.post("/who_am_i").expect(200);
    browser.call("POST", "/who_am_i").header("sec-fetch-site", "cross-site").send().refused(403, "csrf_rejected");
}

fn app_with_double_submit_off() -> TestApp {
    app(TokenCookies::default().double_submit(false))
}

#[test]
fn what_a_cookie_authenticates_is_refused_before_anything_is_done() {
    let app = app(TokenCookies::default());
    let (browser, _) = signed_in(&app, "panther");
    app.store().take_calls();
    app.world.users.take_finds();
    for path in ["/who_am_i", "/logout", "/logout?scope=all", "/refresh", "/cookies/refresh"] {
        let answer = browser.post(path);
        assert_eq!(answer.set_cookies(), [""; 0], "{path}");
        answer.refused(403, "csrf_rejected");
    }
    assert!(app.store().take_calls().is_empty(), "the store was not even asked");
    assert_eq!(app.world.users.take_finds(), 0);
}

#[test]
fn another_site_signs_nobody_in_with_cookies() {
    let app = app(TokenCookies::default());
    let form = json!({ "username": "batman", "password": PASSWORD });
    for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        let answer = Browser::new(&app).call("POST", "/cookies/login").header(name, value).json(&form).send();
        assert_eq!(answer.set_cookies(), [""; 0]);
        answer.refused(403, "csrf_rejected");
    }
}

#[test]
fn an_explicit_token_does_not_excuse_the_cookie() {
    let app = TestApp::with(|bridge| {
        let cookie_first = TokenLocations::new(&[Cookie, Header, Json]);
        bridge.token_locations(cookie_first.first_found())
    });
    let (browser, pair) = signed_in(&app, "panther");
    for token in ["junk", &pair.access] {
        browser.call("POST", "/who_am_i").bearer(token).send().refused(403, "csrf_rejected");
        browser.post_json("/who_am_i", &json!({ "access_token": token })).refused(403, "csrf_rejected");
        browser.call("POST", "/require/cookie").bearer(token).send().refused(403, "csrf_rejected");
    }
    vouched(&browser, "POST", "/who_am_i").bearer("junk").send().expect(200);
}

#[test]
fn a_header_beside_an_ambient_cookie() {
    let app = app(TokenCookies::default());
    let (browser, pair) = signed_in(&app, "panther");
    let other = Anonymous(&app).token_login("batman").access;
    browser.call("POST", "/who_am_i").bearer(&pair.access).send().expect(200);
    browser.call("POST", "/who_am_i").bearer(&other).send().refused(400, "invalid_request");
    browser.call("POST", "/who_am_i").bearer("junk").send().refused(400, "invalid_request");
    browser.call("POST", "/require/header").bearer(&other).send().expect(200);
    browser.call("POST", "/require/header").bearer("junk").send().refused(401, "token_invalid");
}

/// A sibling site can set cookies for the whole domain, and cannot know which one a browser sends first.
#[test]
fn of_two_cookies_of_one_name_neither_counts() {
    let app = app(TokenCookies::default());
    let (_, mine) = signed_in(&app, "panther");
    let (_, planted) = signed_in(&app, "batman");
    let send = |cookies: String| Anonymous(&app).call("GET", "/who_am_i").header("cookie", cookies).send().outcome();
    let nobody = (401, "login_required".to_owned());
    assert_eq!(send(format!("{ACCESS}={}; {ACCESS}={}", mine.access, planted.access)), nobody);
    assert_eq!(send(format!("{ACCESS}={}; x=y; {ACCESS}={}", planted.access, mine.access)), nobody);
    assert_eq!(send(format!("{ACCESS}={0}; {ACCESS}={0}", mine.access)), nobody);
    assert_eq!(send(format!("{ACCESS}={}; {ACCESS}=", mine.access)), nobody);
    assert_eq!(send(format!("{ACCESS}=")), nobody);
    assert_eq!(send(format!("tollbridge%5Faccess={}", mine.access)), nobody);
    assert_eq!(send(format!("x{ACCESS}={}", mine.access)), nobody);
    assert_eq!(send(format!("{ACCESS}=\"{}\"", mine.access)), (401, "token_invalid".to_owned()));
    let nobody = Anonymous(&app);
    let two_lines = nobody.call("GET", "/who_am_i").header("cookie", format!("{ACCESS}={}", mine.access));
    two_lines.header("cookie", format!("{ACCESS}={}", planted.access)).send().refused(401, "login_required");
    assert_eq!(send(format!("a=b; {ACCESS}={}; {ACCESS_CSRF}=x; {ACCESS_CSRF}=y", mine.access)), (200, String::new()));
}

#[test]
fn each_cookie_carries_its_type() {
    let app = app(TokenCookies::default());
    let (browser, pair) = signed_in(&app, "panther");
    browser.get("/require/token").expect(200);
    browser.get("/require/refresh").expect(200);
    let swapped = format!("{ACCESS}={}; {REFRESH}={}", pair.refresh, pair.access);
    for path in ["/require/token", "/require/refresh", "/who_am_i"] {
        let answer = Anonymous(&app).call("GET", path).header("cookie", &swapped).send();
        assert_eq!(answer.outcome(), (401, "token_wrong_type".to_owned()), "{path}");
    }
}

#[test]
fn refreshing_needs_the_refresh_tokens_claim() {
    let app = app(TokenCookies::default());
    let (browser, pair) = signed_in(&app, "panther");
    vouched(&browser, "POST", "/cookies/refresh").send().refused(403, "csrf_rejected");
    let refresh_csrf = browser.cookie(REFRESH_CSRF).expect("a cookie");
    let refreshed = browser.call("POST", "/cookies/refresh").header("x-csrf-token", &refresh_csrf).send().expect(200);
    assert_ne!(refreshed.pair(), pair);
    assert_eq!(browser.cookie(ACCESS), Some(refreshed.pair().access));
    // Racers get the same successor, with the same claim.
    let racer = Anonymous(&app);
    let late = racer.call("POST", "/cookies/refresh");
    let late = late.header("cookie", format!("{REFRESH}={}", pair.refresh)).header("x-csrf-token", refresh_csrf);
    let late = late.send().expect(200).pair();
    assert_eq!(late.refresh, refreshed.pair().refresh);
    vouched(&browser, "POST", "/who_am_i").send().expect(200);
}

#[test]
fn a_form_may_repeat_the_claim_where_that_is_asked_for() {
    const FORM: &str = "application/x-www-form-urlencoded";
    for check_form in [false, true] {
        let app = app(TokenCookies::default().check_form(check_form).csrf_fields("proof", "refresh_proof"));
        let (browser, _) = signed_in(&app, "panther");
        let right = csrf(&browser);
        let post = |content_type: &str, body: &str| browser.call("POST", "/who_am_i").body(content_type, body).send();
        let status = |content_type: &str, body: String| post(content_type, &body).status;
        let expected = if check_form { 200 } else { 403 };
        assert_eq!(status(FORM, format!("a=b&proof={right}")), expected);
        assert_eq!(status("Application/X-WWW-Form-Urlencoded; charset=utf-8", format!("proof={right}&a=b")), expected);
        for body in [
            "proof=junk".to_owned(),
            "proof=".to_owned(),
            String::new(),
            format!("csrf_token={right}"),
            format!("refresh_proof={right}"),
            format!("proof={right}&proof={right}"),
            format!("proof=junk&proof={right}"),
        ] {
            assert_eq!(status(FORM, body.clone()), 403, "{body}");
        }
        assert_eq!(status("text/plain", format!("proof={right}")), 403);
        // The header comes first, and a wrong one is not made good by the form.
        let wrong = browser.call("POST", "/who_am_i").header("x-csrf-token", "junk");
        wrong.body(FORM, format!("proof={right}")).send().refused(403, "csrf_rejected");
        let compressed = browser.call("POST", "/who_am_i").header("content-encoding", "gzip");
        compressed.body(FORM, format!("proof={right}")).send().refused(403, "csrf_rejected");
    }
}

#[test]
fn a_form_reaches_the_handler_as_it_was_sent_and_is_read_up_to_the_cap() {
    const CAP: usize = 1024;
    let app = TestApp::with(|bridge| {
        bridge.token_locations(locations(TokenCookies::default().check_form(true))).json_body_limit(CAP)
    });
    let (browser, _) = signed_in(&app, "panther");
    let proof = format!("csrf_token={}", csrf(&browser));
    for length in [proof.len() + 3, CAP - 1, CAP, CAP + 1, 10_000] {
        let body = format!("{proof}&p={}", "x".repeat(length - proof.len() - 3));
        let answer = browser.call("POST", "/echo-form").body("application/x-www-form-urlencoded", body).send();
        if length > CAP {
            answer.refused(403, "csrf_rejected");
            continue;
        }
        let fields = answer.expect(200).json();
        assert_eq!(fields[0], json!(["csrf_token", csrf(&browser)]));
        assert_eq!(fields[1][1].as_str().map(str::len), Some(length - proof.len() - 3));
    }
    // With the header the form may be of any size.
    let body = format!("p={}", "x".repeat(10_000));
    let large = vouched(&browser, "POST", "/echo-form").body("application/x-www-form-urlencoded", body).send();
    assert_eq!(large.expect(200).json()[0][1].as_str().map(str::len), Some(10_000));
}

#[test]
fn the_methods_that_need_the_claim_are_as_set() {
    let app = app(TokenCookies::default().csrf_methods(&[actix_web::http::Method::GET]).csrf_headers("X-Proof", "X-R"));
    let (browser, _) = signed_in(&app, "panther");
    browser.get("/who_am_i").refused(403, "csrf_rejected");
    browser.call("GET", "/who_am_i").header("x-proof", csrf(&browser)).send().expect(200);
    browser.call("GET", "/who_am_i").header("x-r", csrf(&browser)).send().refused(403, "csrf_rejected");
    browser.post("/who_am_i").expect(200);
    browser.call("POST", "/who_am_i").header("origin", "null").send().refused(403, "csrf_rejected");
}

#[test]
fn a_token_that_was_issued_without_the_claim_is_good_for_reading_only() {
    let world = crate::app::World::default();
    let before = TestApp::over(world.clone(), |bridge| bridge);
    let token = Anonymous(&before).token_login("panther").access;
    let app = TestApp::over(world, |bridge| bridge.token_locations(locations(TokenCookies::default())));
    let nobody = Anonymous(&app);
    let call = |method: &str| nobody.call(method, "/who_am_i").header("cookie", format!("{ACCESS}={token}"));
    call("GET").send().expect(200);
    call("POST").send().refused(403, "csrf_rejected");
    call("POST").header("x-csrf-token", "null").send().refused(403, "csrf_rejected");
}

#[test]
fn signing_out_ends_the_login_and_takes_the_cookies() {
    let app = app(TokenCookies::default());
    let (browser, pair) = signed_in(&app, "panther");
    let answer = vouched(&browser, "POST", "/logout").send().expect(204);
    assert_eq!(answer.set_cookies().len(), 4);
    for cookie in answer.set_cookies() {
        assert!(cookie.contains("Max-Age=0") && cookie.contains("Path=/"), "{cookie}");
    }
    assert_eq!(browser.cookie_header(), "");
    Anonymous(&app).call("GET", "/who_am_i").bearer(&pair.access).send().refused(401, "login_ended");
    // An expired token does it too; a token in the header leaves the cookies alone.
    let (browser, _) = signed_in(&app, "panther");
    app.advance(3600);
    browser.get("/who_am_i").refused(401, "token_expired");
    vouched(&browser, "POST", "/logout").send().expect(204);
    assert_eq!(browser.cookie_header(), "");
    let (browser, pair) = signed_in(&app, "panther");
    let by_header = browser.call("POST", "/logout").bearer(&pair.access).send().expect(204);
    assert_eq!(by_header.set_cookies(), [""; 0]);
    let (browser, _) = signed_in(&app, "panther");
    let others = vouched(&browser, "POST", "/logout?scope=others").send().expect(204);
    assert_eq!(others.set_cookies(), [""; 0]);
    browser.forget(ACCESS);
    let refresh_csrf = browser.cookie(REFRESH_CSRF).expect("a cookie");
    browser.call("POST", "/logout").header("x-csrf-token", refresh_csrf).send().expect(204);
    assert_eq!(browser.cookie(REFRESH), None, "a refresh cookie alone is enough");
}

#[test]
fn a_handler_can_take_the_cookies_back_and_sets_each_once() {
    let app = app(TokenCookies::default());
    let (browser, _) = signed_in(&app, "panther");
    let set = |what: &str| {
        let answer = browser.get(&format!("/cookies/set/{what}")).expect(200);
        answer.set_cookies().iter().map(|cookie| (*cookie).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(set("none"), [""; 0]);
    let once = set("unset-then-junk");
    assert_eq!(once.iter().filter(|cookie| cookie.starts_with("tollbridge_access=")).count(), 1, "{once:?}");
    assert!(once.iter().any(|cookie| cookie.starts_with("tollbridge_access=a.")), "{once:?}");
    let (browser, _) = signed_in(&app, "panther");
    for (what, names) in [
        ("unset-access", &[ACCESS, ACCESS_CSRF][..]),
        ("unset-refresh", &[REFRESH, REFRESH_CSRF]),
        ("unset", &[ACCESS, ACCESS_CSRF, REFRESH, REFRESH_CSRF]),
    ] {
        let (browser, _) = signed_in(&app, "panther");
        let answer = browser.get(&format!("/cookies/set/{what}")).expect(200);
        assert_eq!(answer.set_cookies().len(), names.len(), "{what}");
        assert!(names.iter().all(|name| browser.cookie(name).is_none()), "{what}");
    }
    let narrowed = browser.get("/cookies/set/narrowed").expect(200);
    assert!(narrowed.set_cookies().iter().all(|set| set.contains("Max-Age=60") && set.contains("Domain=example.org")));
    for what in ["no-token", "no-csrf"] {
        let (browser, _) = signed_in(&app, "panther");
        let answer = browser.get(&format!("/cookies/set/{what}"));
        assert_eq!(answer.set_cookies(), [""; 0]);
        answer.refused(500, "internal_error");
    }
}

#[test]
fn a_token_that_ends_soon_gets_a_successor() {
    let app = TestApp::with(refreshing);
    let (browser, pair) = signed_in(&app, "panther");
    app.advance(600);
    assert_eq!(browser.get("/how").expect(200).set_cookies(), [""; 0], "300 seconds are left, and that is enough");
    app.advance(1);
    assert_eq!(browser.get("/never-asks").set_cookies(), [""; 0], "nobody asked who it is");
    let answer = browser.get("/how").expect(200);
    assert_eq!(answer.json()["fresh"], true, "what is renewed is the next request's");
    assert_eq!(answer.set_cookies().len(), 2);
    assert_eq!(answer.header("cache-control"), "no-store");
    let (old, new) = (claims(&pair.access), claims(&browser.cookie(ACCESS).expect("a cookie")));
    assert_eq!((&new["fresh"], &new["iat"], &new["exp"]), (&json!(false), &json!(START + 601), &json!(START + 1501)));
    for kept in ["sub", "sid", "auth_time", "iss", "aud", "type"] {
        assert_eq!(new[kept], old[kept], "{kept}");
    }
    for made in ["jti", "csrf"] {
        assert_ne!(new[made], old[made], "{made}");
    }
    assert_eq!(new["csrf"], csrf(&browser));
    let how = vouched(&browser, "POST", "/how").send().expect(200);
    assert_eq!((&how.json()["fresh"], how.set_cookies().len()), (&json!(false), 0));
    app.advance(890);
    browser.get("/how").expect(200);
    app.advance(800);
    browser.get("/how").expect(200);
}

#[test]
fn only_a_cookie_that_authenticated_the_request_is_renewed() {
    let app = TestApp::with(refreshing);
    let (browser, pair) = signed_in(&app, "panther");
    app.advance(601);
    let not_renewed = |answer: Answer| assert_eq!(answer.set_cookies(), [""; 0]);
    not_renewed(Anonymous(&app).call("GET", "/how").bearer(&pair.access).send().expect(200));
    not_renewed(Anonymous(&app).post_json("/how", &json!({ "access_token": pair.access })).expect(200));
    not_renewed(browser.call("GET", "/how").bearer(&pair.access).send().expect(200));
    not_renewed(browser.get("/require/refresh").expect(200));
    not_renewed(browser.post("/how").refused(403, "csrf_rejected"));
    app.world.users.change(2, |user| user.active = false);
    not_renewed(browser.get("/how").refused(401, "user_disabled"));
    app.world.users.change(2, |user| user.active = true);
    app.advance(600);
    not_renewed(browser.get("/how").refused(401, "token_expired"));
}

/// The fault of the example that Flask-JWT-Extended gives: the response to signing out signs in again.
#[test]
fn signing_out_is_not_undone_by_renewal() {
    let app = TestApp::with(refreshing);
    for path in ["/logout", "/logout?scope=all"] {
        let (browser, _) = signed_in(&app, "panther");
        app.advance(601);
        vouched(&browser, "POST", path).send().expect(204);
        assert_eq!(browser.cookie_header(), "", "{path}");
    }
    for what in ["unset", "unset-access", "unset-then-junk"] {
        let (browser, _) = signed_in(&app, "panther");
        app.advance(601);
        let answer = browser.get(&format!("/cookies/set/{what}")).expect(200);
        let access: Vec<_> =
            answer.set_cookies().into_iter().filter(|set| set.starts_with("tollbridge_access=")).collect();
        assert_eq!(access.len(), 1, "{what}");
        assert!(access[0].contains("Max-Age=0") || access[0].starts_with("tollbridge_access=a."), "{what}: {access:?}");
    }
    let (browser, _) = signed_in(&app, "panther");
    app.advance(601);
    let refreshed = browser.get("/cookies/set/unset-refresh").expect(200);
    assert!(browser.cookie(ACCESS).is_some() && refreshed.set_cookies().len() == 4, "the access token is renewed");
}

#[test]
fn a_renewed_token_does_not_outlive_its_login() {
    let app = TestApp::with(|bridge| refreshing(bridge).refresh_ttl(Duration::from_secs(1000)));
    let (browser, _) = signed_in(&app, "panther");
    app.advance(601);
    browser.get("/how").expect(200);
    assert_eq!(claims(&browser.cookie(ACCESS).expect("a cookie"))["exp"], json!(START + 1000));
}
