//! Requests that another site makes a browser send.

use serde_json::json;

use crate::app::{PASSWORD, TestApp};
use crate::clients::{Anonymous, Browser, Client, SESSION, raw};

/// Headers that a browser adds, and whether a request with them and a session may do something.
fn situations(own: &str, host: &str) -> Vec<(Vec<(&'static str, String)>, bool)> {
    let (fetch, origin) = ("sec-fetch-site", "origin");
    let evil = || "https://evil.example".to_owned();
    vec![
        (vec![], true),
        (vec![(fetch, "same-origin".into())], true),
        (vec![(fetch, "none".into())], true),
        (vec![(fetch, "same-site".into())], false),
        (vec![(fetch, "cross-site".into())], false),
        (vec![(fetch, "".into())], false),
        (vec![(fetch, "Same-Origin".into())], false),
        (vec![(fetch, "same-origin, none".into())], false),
        (vec![(origin, own.into())], true),
        (vec![(origin, evil())], false),
        (vec![(origin, "null".into())], false),
        (vec![(origin, "".into())], false),
        (vec![(origin, format!("{own}.evil.example"))], false),
        (vec![(origin, format!("{own}/"))], false),
        (vec![(origin, format!("{own} https://evil.example"))], false),
        (vec![(origin, format!("ftp://{host}"))], false),
        (vec![(origin, host.into())], false),
        (vec![(origin, format!("https://evil.example@{host}"))], false),
        (vec![(fetch, "cross-site".into()), (origin, own.into())], false),
        (vec![(fetch, "same-origin".into()), (origin, own.into())], true),
        (vec![(fetch, "same-origin".into()), (fetch, "same-origin".into())], false),
        (vec![(fetch, "same-origin".into()), (fetch, "cross-site".into())], false),
        (vec![(fetch, "cross-site".into()), (fetch, "same-origin".into())], false),
        (vec![(origin, own.into()), (origin, own.into())], false),
        (vec![(origin, own.into()), (origin, evil())], false),
        (vec![(fetch, "same-origin".into()), (origin, own.into()), (origin, evil())], false),
    ]
}

#[test]
fn with_a_cookie_an_unsafe_method_must_come_from_our_own_pages() {
    for public_url in [None, Some("http://app.example:8080"), Some("https://app.example")] {
        let app = TestApp::with(|bridge| match public_url {
            Some(url) => bridge.public_url(url),
            None => bridge,
        });
        let (browser, pair) = Browser::signed_in(&app, "panther", false);
        let own = public_url.map_or_else(|| format!("http://{}", app.addr), str::to_owned);
        let host = own.split("://").nth(1).expect("a host").to_owned();
        let mut situations = situations(&own, &host);
        if public_url.is_some() {
            // The Host header is the client's to choose; a configured origin does not follow it.
            situations.push((vec![("origin", "http://evil.example".into()), ("host", "evil.example".into())], false));
        }
        for (headers, own_page) in &situations {
            for method in ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"] {
                let safe = matches!(method, "GET" | "HEAD" | "OPTIONS");
                let with = |mut call: crate::clients::Call<'_>| {
                    for (name, value) in headers {
                        call = call.header(name, value);
                    }
                    call.send().status
                };
                let case = format!("{public_url:?} {method} {headers:?}");
                let expected = if safe || *own_page { 200 } else { 403 };
                assert_eq!(with(browser.call(method, "/who_am_i")), expected, "{case}");
                assert_eq!(with(Anonymous(&app).call(method, "/who_am_i").bearer(&pair.access)), 200, "token: {case}");
                assert_eq!(with(browser.call(method, "/who_am_i").bearer(&pair.access)), 200, "both: {case}");
                assert_eq!(with(browser.call(method, "/who_am_i").bearer("junk")), 401, "junk token: {case}");
                assert_eq!(with(browser.call(method, "/maybe").bearer("junk")), 401, "junk token: {case}");
                assert_eq!(with(Anonymous(&app).call(method, "/maybe")), 200, "no credential: {case}");
            }
        }
    }
}

/// Any page can open a WebSocket to us, and the browser sends our cookies with it.
#[test]
fn with_a_cookie_another_protocol_must_be_asked_for_by_our_own_pages() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    let own = format!("http://{}", app.addr);
    let ask = |method: &str, path: &str, protocol: &str, headers: &[(&str, String)]| {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let host = app.addr;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: Upgrade\r\nupgrade: {protocol}\r\n{headers}\r\n"
        );
        let answer = raw(&app, request.as_bytes(), true).expect("an answer");
        String::from_utf8_lossy(&answer).split(' ').nth(1).expect("a status").to_owned()
    };
    for (method, protocol) in [("GET", "websocket"), ("GET", "WebSocket"), ("HEAD", "anything"), ("OPTIONS", "h2c")] {
        for (headers, own_page) in &situations(&own, &app.addr.to_string()) {
            let with = |name, value| [&headers[..], &[(name, value)]].concat();
            let case = format!("{protocol} {method} {headers:?}");
            let by_cookie = ask(method, "/who_am_i", protocol, &with("cookie", browser.cookie_header()));
            assert_eq!(by_cookie, if *own_page { "200" } else { "403" }, "{case}");
            let bearer = with("authorization", format!("Bearer {}", pair.access));
            assert_eq!(ask(method, "/who_am_i", protocol, &bearer), "200", "{case}");
            assert_eq!(ask(method, "/maybe", protocol, headers), "200", "no credential: {case}");
        }
    }
}

#[test]
fn a_refused_request_does_nothing() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", true);
    app.store().take_calls();
    for path in ["/session-write", "/logout", "/logout?scope=all", "/login", "/never-asks"] {
        let answer =
            browser.call("POST", path).header("origin", "https://evil.example").body("text/plain", "evil").send();
        assert_eq!(answer.set_cookies(), [""; 0]);
        answer.refused(403, "csrf_rejected");
    }
    assert!(app.store().take_calls().is_empty(), "the store was not even asked");
    assert_eq!(browser.get("/session-read").json(), json!({ "note": null, "user": 2 }));
    Anonymous(&app).call("GET", "/who_am_i").bearer(&pair.access).send().expect(200);
}

#[test]
fn a_remember_cookie_is_ambient_too() {
    let app = TestApp::start();
    let (browser, _) = Browser::signed_in(&app, "panther", true);
    browser.forget(SESSION);
    browser.call("POST", "/who_am_i").header("sec-fetch-site", "cross-site").send().refused(403, "csrf_rejected");
    browser.post("/who_am_i").expect(200);
}

#[test]
fn nobody_is_signed_in_to_another_account_by_another_site() {
    let app = TestApp::start();
    let form = json!({ "username": "batman", "password": PASSWORD });
    for (header, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let browser = Browser::new(&app);
        let answer = browser.call("POST", "/login").header(header, value).json(&form).send();
        assert_eq!(answer.set_cookies(), [""; 0], "{value}");
        answer.refused(403, "csrf_rejected");
    }
    let mut tokens = form.clone();
    tokens["tokens_only"] = true.into();
    let elsewhere = Anonymous(&app).call("POST", "/login").header("origin", "https://spa.example").json(&tokens).send();
    assert_eq!(elsewhere.expect(200).set_cookies(), [""; 0], "tokens are not ambient");
}

#[test]
fn with_https_the_cookies_are_bound_to_the_host() {
    let app = TestApp::with(|bridge| bridge.public_url("https://app.example"));
    let browser = Browser::new(&app);
    let answer = browser.sign_in("panther", true);
    assert_eq!(answer.set_cookies().len(), 2);
    for cookie in answer.set_cookies() {
        assert!(cookie.starts_with("__Host-tollbridge_"), "{cookie}");
        assert!(cookie.contains("; Secure") && cookie.contains("Path=/") && !cookie.contains("Domain"), "{cookie}");
    }
    browser.get("/who_am_i").expect(200);
    let value = browser.cookie("__Host-tollbridge_session").expect("a session");
    for name in [
        "tollbridge_session",
        "__%48ost-tollbridge_session",
        "__host-tollbridge_session",
        "__Host%2Dtollbridge_session",
    ] {
        let answer = Anonymous(&app).call("GET", "/who_am_i").header("cookie", format!("{name}={value}")).send();
        assert_eq!(answer.status, 401, "{name}");
    }
    let removals = browser.post("/logout").expect(204);
    for cookie in removals.set_cookies() {
        assert!(cookie.starts_with("__Host-") && cookie.contains("Secure") && cookie.contains("Max-Age=0"), "{cookie}");
    }
}

/// The page of a form behind a proxy that changes `Host` says which setting helps.
#[test]
fn another_origin_is_refused_with_both_addresses() {
    let evil = "https://evil.example";
    for (public_url, own) in [(None, "nas.local"), (Some("https://app.example"), "https://app.example")] {
        let app = TestApp::with(|bridge| match public_url {
            Some(url) => bridge.public_url(url),
            None => bridge,
        });
        let (browser, _) = Browser::signed_in(&app, "panther", false);
        let post = |headers: &[(&str, &str)]| {
            let call = browser.call("POST", "/who_am_i").header("host", "nas.local");
            headers
                .iter()
                .fold(call, |call, (name, value)| call.header(name, value))
                .send()
                .refused(403, "csrf_rejected")
        };
        let detail = |headers: &[(&str, &str)]| post(headers).json()["detail"].as_str().expect("a detail").to_owned();
        let named = detail(&[("origin", "https://nas.local:8443")]);
        for part in ["`public_url`", " https://nas.local:8443,", &format!(" {own}.")] {
            assert!(named.contains(part), "{part} in {named}");
        }
        // What only another site sends has nothing to do with the setting, and what is no origin is not repeated.
        for headers in [
            &[("origin", evil), ("sec-fetch-site", "cross-site")][..],
            &[("origin", "null")],
            &[("origin", "<b>")],
            &[("origin", "data:,<b>")],
        ] {
            assert_eq!(
                detail(headers),
                "The request came from another site. Use this site's own pages.",
                "{headers:?}"
            );
        }
        let long = format!("https://{}.example", "a".repeat(60_000));
        assert!(!detail(&[("origin", &long)]).contains("aaaa"));
    }
}
