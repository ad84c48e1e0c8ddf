//! Where tokens are looked for.

use serde_json::json;
use tollbridge::CredentialLocation::{self, Cookie, Header, Json, Query};
use tollbridge::{BuildError, TokenCookies, TokenLocations};

use crate::app::{TestApp, World};
use crate::clients::{Anonymous, Answer, Browser, Call, Client};

const EVERYWHERE: [CredentialLocation; 4] = [Header, Cookie, Query, Json];

fn everywhere() -> TokenLocations {
    TokenLocations::new(&EVERYWHERE)
}

fn app(locations: TokenLocations) -> TestApp {
    TestApp::with(|bridge| bridge.token_locations(locations))
}

/// A request with a token in each of these places.
fn present<'a>(client: &'a impl Client, method: &str, path: &str, tokens: &[(CredentialLocation, &str)]) -> Call<'a> {
    let query = tokens.iter().find(|(location, _)| *location == Query);
    let path = query.map_or_else(|| path.to_owned(), |(_, token)| format!("{path}?access_token={token}"));
    let mut call = client.call(method, &path);
    for (location, token) in tokens {
        call = match location {
            Header => call.bearer(token),
            Cookie => call.header("cookie", format!("tollbridge_access={token}")),
            Json => call.json(&json!({ "access_token": token })),
            _ => call,
        };
    }
    call
}

fn outcome(answer: &Answer) -> (u16, String) {
    answer.outcome()
}

#[test]
fn a_token_is_found_in_every_place_and_its_place_is_told() {
    let app = TestApp::with(|bridge| {
        bridge.token_locations(everywhere().cookies(TokenCookies::default().double_submit(false)))
    });
    let token = Anonymous(&app).token_login("panther").access;
    for location in EVERYWHERE {
        let how = present(&Anonymous(&app), "POST", "/how", &[(location, &token)]).send().expect(200).json();
        assert_eq!((&how["via"], &how["location"]), (&json!("token"), &json!(location.as_str())));
        let junk = present(&Anonymous(&app), "POST", "/maybe", &[(location, "junk")]).send();
        assert_eq!(outcome(&junk), (401, "token_invalid".to_owned()), "{location:?}");
    }
}

/// Presence decides, in every place and whatever its token is worth: the session is not there.
#[test]
fn a_token_in_any_place_keeps_the_session_out() {
    let app = app(everywhere());
    let (browser, _) = Browser::signed_in(&app, "panther", true);
    let pair = Anonymous(&app).token_login("batman");
    let (session, nobody) = (browser.cookie_header(), Anonymous(&app));
    for location in EVERYWHERE {
        for token in [&*pair.access, &pair.refresh, "junk", "a.b.c"] {
            for path in ["/who_am_i", "/maybe", "/never-asks", "/session-write", "/not-there", "/fail"] {
                app.store().take_calls();
                let case = format!("{path} with {token} in {location:?}");
                let with_session = match location {
                    Cookie => {
                        nobody.call("POST", path).header("cookie", format!("{session}; tollbridge_access={token}"))
                    }
                    _ => present(&browser, "POST", path, &[(location, token)]),
                };
                let answer = with_session.send();
                let calls = app.store().take_calls();
                assert!(!calls.keys().any(|name| name.ends_with("_session")), "{case}: {calls:?}");
                assert_eq!(answer.set_cookies(), [""; 0], "{case}");
                assert_eq!(answer.all("cache-control"), "no-store", "{case}");
                assert!(answer.all("vary").contains("Cookie"), "{case}");
                assert!(!answer.text().contains("panther"), "{case}: the session's user");
            }
        }
    }
}

#[test]
fn a_refresh_cookie_alone_keeps_the_session_out_too() {
    let app = app(everywhere());
    let (browser, pair) = Browser::signed_in(&app, "panther", true);
    let cookies = format!("{}; tollbridge_refresh={}", browser.cookie_header(), pair.refresh);
    app.store().take_calls();
    let answer = Anonymous(&app).call("GET", "/who_am_i").header("cookie", cookies).send();
    answer.refused(401, "login_required");
    assert!(app.store().take_calls().is_empty());
}

#[test]
fn two_different_tokens_are_refused_wherever_they_are() {
    let app = app(everywhere());
    let (one, other) = (Anonymous(&app).token_login("panther").access, Anonymous(&app).token_login("batman").access);
    for (at, first) in EVERYWHERE.into_iter().enumerate() {
        for second in EVERYWHERE.into_iter().skip(at + 1) {
            let both = |here: &str, there: &str| {
                present(&Anonymous(&app), "POST", "/maybe", &[(first, here), (second, there)]).send().outcome()
            };
            let two = (400, "invalid_request".to_owned());
            assert_eq!(both(&one, &other), two, "{first:?} {second:?}");
            assert_eq!(both(&other, &one), two, "{first:?} {second:?}");
            assert_eq!(both("junk", &one), two, "{first:?} {second:?}");
            assert_eq!(both(&one, "junk"), two, "{first:?} {second:?}");
            let same = present(&Anonymous(&app), "PUT", "/how", &[(first, &one), (second, &one)]).send();
            match first {
                // The cookie came first, and a cookie must be vouched for.
                Cookie => same.refused(403, "csrf_rejected"),
                _ => same.expect(200),
            };
        }
    }
}

#[test]
fn with_first_found_the_first_place_decides_good_or_bad() {
    for (order, first, later) in [
        ([Header, Query], Header, Query),
        ([Query, Header], Query, Header),
        ([Json, Header], Json, Header),
        ([Header, Cookie], Header, Cookie),
        ([Query, Json], Query, Json),
    ] {
        let app = app(TokenLocations::new(&order).first_found());
        let (one, other) =
            (Anonymous(&app).token_login("panther").access, Anonymous(&app).token_login("batman").access);
        let ask = |tokens: &[(CredentialLocation, &str)]| present(&Anonymous(&app), "POST", "/how", tokens).send();
        let how = ask(&[(first, &one), (later, &other)]).expect(200).json();
        assert_eq!((&how["identity"], &how["location"]), (&json!("2"), &json!(first.as_str())));
        ask(&[(first, "junk"), (later, &one)]).refused(401, "token_invalid");
        ask(&[(first, &one), (later, "junk")]).expect(200);
        if later != Cookie {
            assert_eq!(ask(&[(later, &one)]).expect(200).json()["location"], later.as_str());
        }
    }
}

/// With the first rule a body's keys mean what they say; with the other the token's own type tells.
#[test]
fn a_body_has_a_key_for_each_type() {
    for first_found in [false, true] {
        let locations = TokenLocations::new(&[Json]).json_keys("at", "rt");
        let app = app(if first_found { locations.first_found() } else { locations });
        let pair = Anonymous(&app).token_login("panther");
        let post = |path: &str, body| Anonymous(&app).post_json(path, &body).outcome();
        let ok = (200, String::new());
        let refused = |code: &str| (401, code.to_owned());
        assert_eq!(post("/how", json!({ "at": pair.access })), ok);
        assert_eq!(post("/require/refresh", json!({ "rt": pair.refresh })), ok);
        assert_eq!(post("/how", json!({ "access_token": pair.access })), refused("login_required"));
        let wrong = if first_found { "login_required" } else { "token_wrong_type" };
        assert_eq!(post("/how", json!({ "rt": pair.refresh })), refused(wrong));
        assert_eq!(post("/how", json!({ "at": pair.refresh })), refused("token_wrong_type"));
        let both = json!({ "at": pair.access, "rt": pair.refresh });
        assert_eq!(post("/how", both), ok, "two tokens of one login");
        assert_eq!(post("/refresh", json!({ "rt": pair.refresh })), ok);
    }
    let app = app(TokenLocations::new(&[Json]).json_keys("token", "token"));
    let pair = Anonymous(&app).token_login("panther");
    Anonymous(&app).post_json("/how", &json!({ "token": pair.access })).expect(200);
    Anonymous(&app).post_json("/require/refresh", &json!({ "token": pair.refresh })).expect(200);
}

#[test]
fn names_and_schemes_are_as_configured() {
    let named = app(TokenLocations::new(&[Header]).header("X-Token", "JWT"));
    let token = Anonymous(&named).token_login("panther").access;
    let send = |app, name: &str, value: String| Anonymous(app).call("GET", "/how").header(name, value).send().outcome();
    let (ok, nothing) = ((200, String::new()), (401, "login_required".to_owned()));
    let invalid = (401, "token_invalid".to_owned());
    assert_eq!(send(&named, "x-token", format!("JWT {token}")), ok);
    assert_eq!(send(&named, "x-token", format!("jwt {token}")), ok);
    assert_eq!(send(&named, "x-token", format!("Bearer {token}")), nothing);
    assert_eq!(send(&named, "x-token", format!("JWTX {token}")), nothing);
    assert_eq!(send(&named, "x-token", "JWT".to_owned()), invalid);
    assert_eq!(send(&named, "authorization", format!("JWT {token}")), nothing);

    let bare = app(TokenLocations::new(&[Header]).header("Authorization", ""));
    let token = Anonymous(&bare).token_login("panther").access;
    assert_eq!(send(&bare, "authorization", token.clone()), ok);
    assert_eq!(send(&bare, "authorization", format!("Bearer {token}")), nothing, "somebody else's scheme");
    assert_eq!(send(&bare, "authorization", "a,b".to_owned()), invalid);

    let query = app(TokenLocations::new(&[Query]).query("jwt").query_prefix("Bearer "));
    let token = Anonymous(&query).token_login("panther").access;
    let ask = |query_string: String| Anonymous(&query).get(&format!("/how?{query_string}")).outcome();
    assert_eq!(ask(format!("jwt=Bearer%20{token}")), ok);
    assert_eq!(ask(format!("a=b&jwt=Bearer+{token}&c")), ok);
    assert_eq!(ask(format!("%6Awt=Bearer+{token}")), ok);
    assert_eq!(ask(format!("jwt={token}")), invalid, "without its prefix");
    assert_eq!(ask(format!("access_token={token}")), nothing);
    assert_eq!(ask(format!("JWT=Bearer+{token}")), nothing);
    assert_eq!(ask("jwt=".to_owned()), invalid);
    let twice = (400, "invalid_request".to_owned());
    assert_eq!(ask(format!("jwt=Bearer+{token}&jwt=Bearer+{token}")), twice);
    assert_eq!(ask(format!("jwt=Bearer+{token}&jwt=")), twice);
}

#[test]
fn a_place_that_is_not_declared_is_not_looked_at() {
    for location in EVERYWHERE {
        let others: Vec<CredentialLocation> = EVERYWHERE.into_iter().filter(|other| *other != location).collect();
        let app = app(TokenLocations::new(&others));
        let token = Anonymous(&app).token_login("panther").access;
        let answer = present(&Anonymous(&app), "POST", "/who_am_i", &[(location, &token)]).send();
        assert_eq!(outcome(&answer), (401, "login_required".to_owned()), "{location:?}");
        let (browser, _) = Browser::signed_in(&app, "panther", false);
        if location != Cookie {
            // A body that names another user is no body for a cookie to decide.
            let expected = if location == Json { 401 } else { 200 };
            present(&browser, "POST", "/browser", &[(location, &token)]).send().expect(expected);
        }
    }
}

#[test]
fn a_route_may_have_places_of_its_own() {
    let app = app(TokenLocations::new(&[Header]).also(&[Query, Json]));
    let token = Anonymous(&app).token_login("panther").access;
    let ask = |path: &str, location| present(&Anonymous(&app), "POST", path, &[(location, &token)]).send().outcome();
    let (ok, nothing) = ((200, String::new()), (401, "login_required".to_owned()));
    assert_eq!(ask("/how", Query), nothing, "only for routes that ask for it");
    assert_eq!(ask("/require/query", Query), ok);
    assert_eq!(ask("/require/query", Header), nothing);
    assert_eq!(ask("/require/query", Json), nothing);
    assert_eq!(ask("/require/body-header", Json), ok);
    assert_eq!(ask("/require/body-header", Header), ok);
    assert_eq!(ask("/require/body-header", Query), nothing);
    // What is elsewhere does not count there, good or bad.
    let elsewhere = [(Header, token.as_str()), (Query, "junk")];
    present(&Anonymous(&app), "POST", "/require/header", &elsewhere).send().expect(200);
    present(&Anonymous(&app), "POST", "/require/query", &elsewhere).send().refused(401, "token_invalid");
    // No session either: a token was presented.
    let (browser, _) = Browser::signed_in(&app, "panther", false);
    present(&browser, "POST", "/require/login-by-header", &[(Query, &token)]).send().refused(401, "login_required");
    present(&browser, "POST", "/require/login-by-header", &[]).send().expect(200);
}

#[test]
fn a_route_with_a_place_that_nobody_declared_is_the_servers_mistake() {
    let app = TestApp::start();
    let token = Anonymous(&app).token_login("panther").access;
    for path in ["/require/query", "/require/cookie"] {
        Anonymous(&app).get(path).refused(500, "internal_error");
        Anonymous(&app).call("GET", path).bearer(&token).send().refused(500, "internal_error");
    }
}

#[test]
fn names_that_cannot_be_are_refused_when_the_bridge_is_built() {
    let wrong = |locations| {
        let built = World::default().bridge().token_locations(locations).build();
        matches!(built, Err(BuildError::TokenLocations(_)))
    };
    let cookies = |cookies| wrong(TokenLocations::new(&[Cookie]).cookies(cookies));
    let default = TokenCookies::default;
    assert!(wrong(TokenLocations::new(&[Header]).header("", "Bearer")));
    assert!(wrong(TokenLocations::new(&[Header]).header("X Token", "Bearer")));
    assert!(wrong(TokenLocations::new(&[Query]).query("")));
    let host = |name: &str, path: &str| default().access_cookie(name, path).secure(true);
    assert!(!cookies(host("__Host-at", "/")) && !cookies(host("__Secure-at", "/api").domain("example.org")));
    assert!(cookies(host("__Host-at", "/api")) && cookies(host("__host-at", "/").domain("example.org")));
    assert!(cookies(host("__Host-at", "/").secure(false)) && cookies(host("__Secure-at", "/").secure(false)));
    assert!(wrong(TokenLocations::new(&[Json]).json_keys("access_token", "")));
    assert!(cookies(default().access_cookie("a b", "/")));
    assert!(cookies(default().access_cookie("", "/")));
    assert!(cookies(default().access_cookie("a%20b", "/")));
    assert!(cookies(default().domain("example.org; Path=/")));
    assert!(cookies(default().access_cookie("a#b", "/")));
    assert!(cookies(default().access_cookie("a", "api")));
    assert!(cookies(default().access_cookie("a", "/\r\nSet-Cookie: b=c")));
    assert!(cookies(default().access_cookie("a", "/; Domain=evil.example")));
    assert!(cookies(default().access_cookie("a", "/").refresh_cookie("a", "/refresh")));
    assert!(cookies(default().csrf_headers("X-CSRF-TOKEN", "x y")));
    assert!(cookies(default().same_site(actix_web::cookie::SameSite::None)));
    assert!(!cookies(default().same_site(actix_web::cookie::SameSite::None).secure(true)));
    assert!(!cookies(default()));
    let renewed = World::default().bridge().implicit_refresh(std::time::Duration::from_secs(60));
    assert!(matches!(renewed.build(), Err(BuildError::TokenLocations(_))), "nothing would be renewed");
}
