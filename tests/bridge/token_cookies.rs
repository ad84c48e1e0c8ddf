//! Tokens in cookies: ambient credentials, and what they need.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tollbridge::CredentialLocation::{Cookie, Header, Json};
use tollbridge::{BuildError, TokenCookies, TokenLocations};

use crate::app::{PASSWORD, TestApp, World};
use crate::clients::{Anonymous, Answer, Browser, Call, Client, Pair};

pub(crate) const ACCESS: &str = "tollbridge_access";
const REFRESH: &str = "tollbridge_refresh";
const ACCESS_CSRF: &str = "tollbridge_access_csrf";
pub(crate) const REFRESH_CSRF: &str = "tollbridge_refresh_csrf";

pub(crate) fn locations(cookies: TokenCookies) -> TokenLocations {
    TokenLocations::new(&[Header, Cookie, Json]).cookies(cookies)
}

pub(crate) fn app(cookies: TokenCookies) -> TestApp {
    TestApp::with(|bridge| bridge.token_locations(locations(cookies)))
}

#[track_caller]
pub(crate) fn sign_in(browser: &Browser<'_>, username: &str) -> Answer {
    browser.post_json("/cookies/login", &json!({ "username": username, "password": PASSWORD })).expect(200)
}

#[track_caller]
pub(crate) fn signed_in<'a>(app: &'a TestApp, username: &str) -> (Browser<'a>, Pair) {
    let browser = Browser::new(app);
    let pair = sign_in(&browser, username).pair();
    (browser, pair)
}

pub(crate) fn csrf(browser: &Browser<'_>) -> String {
    browser.cookie(ACCESS_CSRF).expect("a CSRF cookie")
}

/// As our own page sends it.
pub(crate) fn vouched<'a>(browser: &'a Browser<'_>, method: &str, path: &str) -> Call<'a> {
    browser.call(method, path).header("x-csrf-token", csrf(browser))
}

pub(crate) fn claims(token: &str) -> Value {
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

/// A sibling site can set cookies for the whole domain, and an earlier deployment may have left one.
#[test]
fn of_several_cookies_of_one_name_the_genuine_one_counts() {
    let app = app(TokenCookies::default());
    let (browser, mine) = signed_in(&app, "panther");
    let (other, ended) = signed_in(&app, "batman");
    vouched(&other, "POST", "/logout").send().expect(204);
    let visitor = Anonymous(&app);
    let send = |path: &str, lines: &[&str]| {
        let call = visitor.call("GET", path);
        lines.iter().fold(call, |call, line| call.header("cookie", line)).send()
    };
    let (good, ok) = (format!("{ACCESS}={}", mine.access), (200, String::new()));
    let forged = format!("{}AAAA", &mine.access[..mine.access.len() - 4]);
    for other in ["", "x", "a.b.c", "%ff", &forged, &mine.refresh, &mine.access, &ended.access] {
        let other = format!("{ACCESS}={other}");
        for lines in [vec![&*good, &other], vec![&other, &good], vec![&format!("{other}; x=y; {good}; {other}")]] {
            assert_eq!(send("/who_am_i", &lines).outcome(), ok, "{lines:?}");
        }
    }
    let refused = send("/who_am_i", &[&format!("{ACCESS}=x; {ACCESS}=y")]);
    assert_eq!(refused.outcome(), (401, "token_invalid".to_owned()));
    let over = send("/who_am_i", &[&format!("{ACCESS}=x; {ACCESS}={}", ended.access)]);
    assert_eq!(over.outcome(), (401, "login_ended".to_owned()));
    for nothing in [format!("{ACCESS}="), format!("tollbridge%5Faccess={}", mine.access), format!("x{good}")] {
        assert_eq!(send("/who_am_i", &[&nothing]).outcome(), (401, "login_required".to_owned()), "{nothing}");
    }
    let quoted = send("/who_am_i", &[&format!("{ACCESS}=\"{}\"", mine.access)]);
    assert_eq!(quoted.outcome(), (401, "token_invalid".to_owned()));
    let csrf_twice = format!("a=b; {good}; {ACCESS_CSRF}=x; {ACCESS_CSRF}=y");
    assert_eq!(send("/who_am_i", &[&csrf_twice]).outcome(), ok);

    // Of several tokens of one login the newest counts: an older refresh token would end the login as reused.
    let refresh_csrf = browser.cookie(REFRESH_CSRF).expect("a cookie");
    let refreshed = browser.call("POST", "/cookies/refresh").header("x-csrf-token", &refresh_csrf).send().expect(200);
    let new = refreshed.pair();
    send("/who_am_i", &[&format!("{ACCESS}={}", new.access)]).expect(200);
    app.advance(60);
    let both = format!("{REFRESH}={}; {REFRESH}={}", mine.refresh, new.refresh);
    let call = visitor.call("POST", "/cookies/refresh").header("cookie", both);
    call.header("x-csrf-token", browser.cookie(REFRESH_CSRF).expect("a cookie")).send().expect(200);
}

#[test]
fn cookies_of_two_logins_are_refused_and_removed() {
    let with = |cookies: TokenCookies| {
        let app = app(cookies);
        let pairs = ["panther", "batman"].map(|user| Anonymous(&app).token_login(user));
        let [one, other] = pairs;
        [(ACCESS, one.access, other.access), (REFRESH, one.refresh, other.refresh)].map(|(name, one, other)| {
            let cookies = format!("{name}={one}; {name}={other}");
            let refused = Anonymous(&app).call("GET", "/who_am_i").header("cookie", cookies).send();
            let refused = refused.refused(400, "invalid_request");
            assert_eq!(refused.header("cache-control"), "no-store");
            let removed = refused.set_cookies().into_iter().map(str::to_owned).collect::<Vec<_>>();
            assert!(removed.iter().all(|cookie| cookie.contains("=;") && cookie.contains("Max-Age=0")), "{removed:?}");
            removed
        })
    };
    let all = [ACCESS, ACCESS_CSRF, REFRESH, REFRESH_CSRF];
    let count = |removed: &[String], name: &str, attributes: &[&str], without: &str| {
        let is = |cookie: &&String| {
            let has = attributes.iter().all(|attribute| cookie.contains(attribute));
            cookie.starts_with(&format!("{name}=")) && has && !cookie.contains(without)
        };
        removed.iter().filter(is).count()
    };
    for removed in with(TokenCookies::default()) {
        for name in all {
            assert_eq!(count(&removed, name, &["Path=/;"], "Domain"), 1, "{name}: {removed:?}");
        }
        assert_eq!(removed.len(), 4);
    }
    for removed in with(TokenCookies::default().domain("example.org")) {
        for name in all {
            assert_eq!(count(&removed, name, &["Path=/;"], "Domain"), 1, "{name}: {removed:?}");
            assert_eq!(count(&removed, name, &["Path=/;", "Domain=example.org"], "nothing"), 1, "{name}: {removed:?}");
        }
        assert_eq!(removed.len(), 8);
    }
}

#[test]
fn a_store_that_is_down_removes_no_cookie() {
    let app = app(TokenCookies::default());
    let pairs = ["panther", "batman"].map(|user| Anonymous(&app).token_login(user));
    let cookies = format!("{ACCESS}={}; {ACCESS}={}", pairs[0].access, pairs[1].access);
    app.store().fail(&["find"]);
    let answer = Anonymous(&app).call("GET", "/who_am_i").header("cookie", cookies).send();
    assert!(answer.refused(503, "store_unavailable").set_cookies().is_empty());
}

/// Cookies of two logins, as after a sign-in that could replace only one of them.
#[test]
fn signing_out_ends_the_logins_of_both_cookies() {
    let app = app(TokenCookies::default());
    for scope in ["this", "all"] {
        let (browser, pair) = signed_in(&app, "panther");
        let (_, other) = signed_in(&app, "batman");
        browser.set_cookie(REFRESH, &other.refresh);
        let kept = vouched(&browser, "POST", "/logout?scope=others").send().expect(204);
        assert!(kept.set_cookies().is_empty(), "{kept:?}");
        Anonymous(&app).call("GET", "/who_am_i").bearer(&other.access).send().expect(200);
        vouched(&browser, "POST", &format!("/logout?scope={scope}")).send().expect(204);
        for token in [&pair.access, &other.access] {
            Anonymous(&app).call("GET", "/who_am_i").bearer(token).send().refused(401, "login_ended");
        }
        Anonymous(&app).call("POST", "/refresh").bearer(&other.refresh).send().refused(401, "login_ended");
    }
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
    let (stuck, _) = signed_in(&app, "panther");
    stuck.set_cookie(ACCESS, "junk");
    stuck.call("POST", "/logout").header("origin", "null").header("x-csrf-token", "x").send().expect(403);
    assert!(stuck.cookie(ACCESS).is_some());
    stuck.call("POST", "/logout").header("x-csrf-token", "x").send().refused(401, "token_invalid");
    assert_eq!(stuck.cookie_header(), "", "what is worth nothing is not kept");
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

/// Who keeps the settings and uses them as they are would send tokens in clear, under names that any host may set.
#[test]
fn settings_that_no_bridge_has_read_write_no_cookie() {
    let mut response = actix_web::HttpResponse::Ok().finish();
    let written = TokenCookies::default().double_submit(false).set_access(&mut response, "a.b.c");
    assert!(matches!(written, Err(tollbridge::AuthError::Misconfigured(_))), "{written:?}");
    assert!(response.headers().is_empty());
}

#[test]
fn with_https_no_token_goes_out_in_clear() {
    let build = |url: &str| {
        let cookies = TokenCookies::default().secure(false);
        World::default().bridge().public_url(url).token_locations(locations(cookies)).build().map(drop)
    };
    assert!(matches!(build("https://app.example"), Err(BuildError::TokenLocations(_))));
    assert!(build("http://app.example").is_ok());
}
