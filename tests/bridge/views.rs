//! Where browsers are sent that are refused, what they are told there, and that nobody can bend either.

use serde_json::{Value, json};
use tollbridge::{BridgeBuilder, BuildError};

use crate::app::{PASSWORD, TestApp, World};
use crate::clients::{Anonymous, Answer, Browser, Client, Token, raw};

const HTML: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

fn browse(client: &impl Client, path: &str) -> Answer {
    client.call("GET", path).header("accept", HTML).send()
}

#[track_caller]
fn sent_to(answer: Answer) -> String {
    let answer = answer.expect(303);
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.header("location").to_owned()
}

/// Where a browser without a login is sent from `/how`.
fn location(configure: impl FnOnce(BridgeBuilder) -> BridgeBuilder) -> String {
    sent_to(browse(&Anonymous(&TestApp::with(configure)), "/how?a=b"))
}

#[test]
fn the_page_to_come_back_to_is_a_path_on_this_site_and_a_whole_url_elsewhere() {
    assert_eq!(location(|bridge| bridge.login_view("/login")), "/login?next=%2Fhow%3Fa%3Db");
    assert_eq!(
        location(|bridge| bridge.login_view("/login?lang=fr&next=/old#form")),
        "/login?lang=fr&next=%2Fhow%3Fa%3Db#form"
    );
    let public = |bridge: BridgeBuilder| bridge.public_url("https://app.example");
    assert_eq!(
        location(|bridge| public(bridge).login_view("https://app.example/login")),
        "https://app.example/login?next=%2Fhow%3Fa%3Db"
    );
    assert_eq!(
        location(|bridge| public(bridge).login_view("https://app.example:443/login")),
        "https://app.example:443/login?next=%2Fhow%3Fa%3Db"
    );
    for other in ["https://sso.example/login", "http://app.example/login", "https://app.example:8443/login"] {
        assert_eq!(
            location(|bridge| public(bridge).login_view(other)),
            format!("{other}?next=https%3A%2F%2Fapp.example%2Fhow%3Fa%3Db")
        );
    }
}

#[test]
fn no_header_of_the_request_bends_the_way() {
    let app = TestApp::with(|bridge| bridge.login_view("/login"));
    let elsewhere = TestApp::with(|bridge| bridge.login_view("https://sso.example/in"));
    let known = TestApp::with(|bridge| bridge.login_view("https://sso.example/in").public_url("https://app.example"));
    let lies = [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example;proto=https"),
        ("x-forwarded-proto", "https"),
        ("referer", "https://evil.example/"),
    ];
    for (name, value) in lies {
        let lied = |app: &TestApp| {
            sent_to(Anonymous(app).call("GET", "/how").header("accept", HTML).header(name, value).send())
        };
        assert_eq!(lied(&app), "/login?next=%2Fhow", "{name}");
        assert_eq!(lied(&known), "https://sso.example/in?next=https%3A%2F%2Fapp.example%2Fhow", "{name}");
        if name != "host" {
            let own = elsewhere.addr.to_string().replace(':', "%3A");
            assert_eq!(lied(&elsewhere), format!("https://sso.example/in?next=http%3A%2F%2F{own}%2Fhow"), "{name}");
        }
    }
    // A host that is none is not told to anybody.
    for host in ["evil.example/x", "a@evil.example", "evil.example?", "evil.example#", "[", "a b", ""] {
        let request = format!("GET /how HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\nConnection: close\r\n\r\n");
        let answer = raw(&elsewhere, request.as_bytes(), true).expect("an answer");
        let answer = String::from_utf8_lossy(&answer).to_lowercase();
        assert!(!answer.contains("next="), "{host}: {answer}");
        assert!(
            answer.starts_with("http/1.1 4") || answer.contains("location: https://sso.example/in\r\n"),
            "{answer}"
        );
    }
}

#[test]
fn a_path_that_another_parser_reads_as_a_host_is_no_way_back() {
    for configure in [
        |bridge: BridgeBuilder| bridge.login_view("/login"),
        |bridge: BridgeBuilder| bridge.login_view("/login").next_in_session(true),
        |bridge: BridgeBuilder| bridge.login_view("/login").refresh_view("/login").redirect_host("app.example"),
    ] {
        let app = TestApp::with(configure);
        let browser = Browser::new(&app);
        for path in ["//evil.example/x", "//evil.example/%2e%2e", "//[/"] {
            let location = sent_to(browse(&browser, path));
            assert!(matches!(location.as_str(), "/login" | "//app.example/login"), "{location}");
            assert_eq!(browser.get("/next").json(), Value::Null, "{path}");
        }
    }
}

#[test]
fn scopes_have_views_of_their_own() {
    let app = TestApp::with(|bridge| {
        bridge
            .login_view("/login")
            .scope_login_view("/admin", Some("/admin-login"))
            .scope_login_view("/admin/api/", None)
            .scope_login_view("/admin/sso", Some("https://sso.example/"))
    });
    let sent = |path: &str| sent_to(browse(&Anonymous(&app), path)).split('?').next().expect("a path").to_owned();
    assert_eq!(sent("/how"), "/login");
    assert_eq!(sent("/admin"), "/admin-login");
    assert_eq!(sent("/admin/x"), "/admin-login");
    assert_eq!(sent("/admin/apix"), "/admin-login");
    assert_eq!(sent("/admin/sso/x"), "https://sso.example/");
    assert_eq!(sent("/administrators"), "/login", "whole segments");
    browse(&Anonymous(&app), "/admin/api").refused(401, "login_required");
    browse(&Anonymous(&app), "/admin/api/x").refused(401, "login_required");
    let alone = TestApp::with(|bridge| bridge.scope_login_view("/admin", Some("/login")));
    assert_eq!(sent_to(browse(&Anonymous(&alone), "/admin/x")), "/login?next=%2Fadmin%2Fx");
    browse(&Anonymous(&alone), "/how").refused(401, "login_required");
    // Not in circles.
    let circle = TestApp::with(|bridge| bridge.login_view("/how?x=y"));
    browse(&Anonymous(&circle), "/how").refused(401, "login_required");
}

#[test]
fn who_must_prove_themselves_again_is_sent_there() {
    let app = TestApp::with(|bridge| bridge.login_view("/login").refresh_view("/reauth"));
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    browse(&browser, "/fresh").expect(200);
    app.advance(900);
    assert_eq!(sent_to(browse(&browser, "/fresh?x")), "/reauth?next=%2Ffresh%3Fx");
    browser.get("/fresh").refused(401, "reauth_required");
    assert_eq!(sent_to(browse(&Anonymous(&app), "/fresh")), "/login?next=%2Ffresh");
    let stale = Token(&app, Token(&app, pair.refresh).post("/refresh").expect(200).pair().access);
    browse(&stale, "/fresh").refused(401, "reauth_required");
    let without = TestApp::with(|bridge| bridge.login_view("/login"));
    let (browser, _) = Browser::signed_in(&without, "panther", false);
    without.advance(900);
    browse(&browser, "/fresh").refused(401, "reauth_required");
}

#[test]
fn the_page_to_come_back_to_can_wait_in_the_session() {
    let app = TestApp::with(|bridge| bridge.login_view("/login").refresh_view("/reauth").next_in_session(true));
    let browser = Browser::new(&app);
    assert_eq!(sent_to(browse(&browser, "/how?a=b")), "/login");
    assert_eq!(sent_to(browse(&browser, "/how?c=d")), "/login");
    browser.sign_in("panther", false);
    assert_eq!(browser.get("/next").expect(200).json(), "/how?c=d", "the last one, over the login");
    assert_eq!(browser.get("/next").json(), Value::Null, "once");
    app.advance(900);
    assert_eq!(sent_to(browse(&browser, "/fresh")), "/reauth");
    let form = browser.call("POST", "/fresh").header("accept", HTML).send();
    assert_eq!(sent_to(form), "/reauth");
    assert_eq!(browser.get("/next").json(), "/fresh", "a form that was sent cannot be come back to");
    // Of another user it is no business.
    assert_eq!(sent_to(browse(&browser, "/fresh?of=panther")), "/reauth");
    browser.post_json("/login", &json!({ "username": "batman", "password": PASSWORD })).expect(200);
    assert_eq!(browser.get("/next").json(), Value::Null);
    // Who brings a token, or wants no page, gets no session for it.
    let answer = Anonymous(&app).get("/how").refused(401, "login_required");
    assert!(answer.set_cookies().is_empty());
    let answer = browse(&Token(&app, "junk".to_owned()), "/how").refused(401, "token_invalid");
    assert!(answer.set_cookies().is_empty());
}

#[test]
fn redirects_go_to_the_forced_host_only() {
    let forced = |view: &str| location(|bridge| bridge.login_view(view).redirect_host("good.example:8443"));
    assert_eq!(forced("/login"), "//good.example:8443/login?next=%2Fhow%3Fa%3Db");
    assert!(forced("https://sso.example/in?x=y").starts_with("https://good.example:8443/in?x=y&next="));
    assert!(forced("https://sso.example").starts_with("https://good.example:8443?next="));
    let app = TestApp::with(|bridge| {
        bridge.login_view("/login").refresh_view("/reauth").next_in_session(true).redirect_host("good.example")
    });
    let lied = Anonymous(&app).call("GET", "/how").header("accept", HTML).header("host", "evil.example").send();
    assert_eq!(sent_to(lied), "//good.example/login");
}

fn said(browser: &Browser<'_>) -> Value {
    browser.get("/messages").expect(200).json()
}

#[test]
fn a_message_is_shown_once_to_whom_it_is_for() {
    let app = TestApp::with(|bridge| {
        bridge
            .login_view("/login")
            .refresh_view("/reauth")
            .login_message("Sign in <first>.", "info")
            .refresh_message("Prove it.", "warning")
    });
    let browser = Browser::new(&app);
    assert_eq!(said(&browser), json!([]));
    sent_to(browse(&browser, "/how"));
    assert_eq!(said(&browser), json!([{ "category": "info", "text": "Sign in <first>." }]));
    assert_eq!(said(&browser), json!([]), "once");
    sent_to(browse(&browser, "/how"));
    browser.sign_in("panther", false);
    app.advance(900);
    sent_to(browse(&browser, "/fresh"));
    let both = json!([
        { "category": "info", "text": "Sign in <first>." },
        { "category": "warning", "text": "Prove it." },
    ]);
    assert_eq!(said(&browser), both, "one that nobody has shown yet waits");
    sent_to(browse(&browser, "/fresh"));
    browser.post("/logout").expect(204);
    assert_eq!(said(&browser), json!([]), "it was for who has left");

    for _ in 0..40 {
        sent_to(browse(&browser, "/how"));
    }
    assert_eq!(said(&browser).as_array().map(Vec::len), Some(16), "nobody fills the store with them");
    for answer in [Anonymous(&app).get("/how"), browse(&Token(&app, "junk".to_owned()), "/how")] {
        assert!(answer.expect(401).set_cookies().is_empty());
    }
    let token = Anonymous(&app).token_login("panther").access;
    assert_eq!(Token(&app, token).get("/messages").expect(200).json(), json!([]));
}

#[test]
fn a_message_of_the_end_of_a_login_is_kept_too() {
    let app = TestApp::with(|bridge| {
        bridge
            .login_view("/login")
            .login_message("Again.", "info")
            .session_protection(tollbridge::SessionProtection::Strong)
    });
    let (browser, _) = Browser::signed_in(&app, "panther", false);
    let other = browser.call("GET", "/how").header("accept", HTML).header("user-agent", "another").send();
    sent_to(other);
    assert_eq!(said(&browser), json!([{ "category": "info", "text": "Again." }]));
    let (browser, _) = Browser::signed_in(&app, "panther", false);
    app.world.users.change(2, |user| user.epoch += 1);
    sent_to(browse(&browser, "/how"));
    assert_eq!(said(&browser), json!([{ "category": "info", "text": "Again." }]));
}

#[test]
fn messages_are_said_in_the_language_of_the_request() {
    let app = TestApp::with(|bridge| {
        bridge.login_view("/login").login_message("Sign in.", "info").localize(|req, text| {
            let language = req.headers().get("accept-language").and_then(|value| value.to_str().ok());
            if language == Some("fr") { "Connectez-vous.".to_owned() } else { text.to_owned() }
        })
    });
    let browser = Browser::new(&app);
    sent_to(browser.call("GET", "/how").header("accept", HTML).header("accept-language", "fr").send());
    sent_to(browse(&browser, "/how"));
    let texts = said(&browser);
    assert_eq!((&texts[0]["text"], &texts[1]["text"]), (&json!("Connectez-vous."), &json!("Sign in.")));
}

#[test]
fn no_request_puts_words_into_a_session() {
    let app =
        TestApp::with(|bridge| bridge.login_view("/login").login_message("Sign in.", "info").next_in_session(true));
    let browser = Browser::new(&app);
    let evil = "/how?next=//evil.example&tollbridge.messages=[{\"text\":\"owned\"}]&message=owned";
    sent_to(browser.call("GET", evil).header("accept", HTML).header("x-message", "owned").send());
    assert!(!said(&browser).to_string().contains("owned"));
    let next = browser.get("/next").json();
    assert!(next.as_str().is_some_and(|next| next.starts_with("/how?next=//evil.example")), "{next}");
    // A session cookie that was made up is none.
    browser.set_cookie("tollbridge_session", "%7B%22tollbridge.messages%22%3A%5B%5D%7D");
    assert_eq!((said(&browser), browser.get("/next").json()), (json!([]), Value::Null));
}

#[test]
fn what_is_no_view_is_refused_where_the_bridge_is_built() {
    let refused = |configure: &dyn Fn(BridgeBuilder) -> BridgeBuilder| {
        matches!(configure(World::default().bridge()).build(), Err(BuildError::View(_)))
    };
    let views = [
        "",
        "login",
        "//evil.example/login",
        "/\\evil.example",
        "javascript:alert(1)",
        "ftp://x/login",
        "https:/x",
        "https://user:pw@sso.example/",
        "https://sso.example/\r\nSet-Cookie: a=b",
        "/login\r\nSet-Cookie: a=b",
        "https://",
    ];
    for view in views {
        assert!(refused(&|bridge| bridge.login_view(view)), "{view}");
        assert!(refused(&|bridge| bridge.refresh_view(view)), "{view}");
        assert!(refused(&|bridge| bridge.scope_login_view("/x", Some(view))), "{view}");
    }
    for prefix in ["", "admin", "//x", "/a?b", "/a#b", "https://x/"] {
        assert!(refused(&|bridge| bridge.scope_login_view(prefix, None)), "{prefix}");
    }
    for host in ["", "a b", "good.example/x", "https://good.example", "a@b", "good.example:99999", "x?y", "a\r\nb: c"] {
        assert!(refused(&|bridge| bridge.redirect_host(host)), "{host}");
    }
    for view in ["/", "/login?x=y#z", "https://sso.example", "http://sso.example:8080/in?x"] {
        assert!(!refused(&|bridge| bridge.login_view(view).scope_login_view("/", Some(view))), "{view}");
    }
}

/// Signing in would not help there, and would lead back for ever.
#[test]
fn who_should_have_brought_a_token_is_not_sent_to_sign_in() {
    let app = TestApp::with(|bridge| bridge.login_view("/login"));
    let browser = Browser::new(&app);
    for path in ["/token", "/claims"] {
        browse(&Anonymous(&app), path).refused(401, "login_required");
    }
    browser.sign_in("panther", false);
    for path in ["/token", "/claims"] {
        browse(&browser, path).refused(401, "login_required");
    }
    assert_eq!(sent_to(browse(&Anonymous(&app), "/how")), "/login?next=%2Fhow");
}

#[test]
fn who_may_not_sign_in_is_told_so() {
    let app = TestApp::with(|bridge| bridge.login_view("/sign-in"));
    let (before, after) = (Browser::new(&app), Browser::new(&app));
    before.sign_in("panther", false);
    app.world.users.change(2, |user| user.active = false);
    let form = json!({ "username": "panther", "password": PASSWORD });
    let call = after.call("POST", "/login").header("accept", HTML).body("application/json", form.to_string());
    call.send().refused(401, "user_disabled");
    assert_eq!(sent_to(browse(&before, "/how")), "/sign-in?next=%2Fhow", "whose session is over may sign in again");
}

#[test]
fn only_navigations_are_redirected() {
    let app = TestApp::with(|bridge| bridge.login_view("/login"));
    let client = Anonymous(&app);
    let send = |headers: &[(&str, &str)]| {
        let call = headers.iter().fold(client.call("GET", "/how"), |call, (name, value)| call.header(name, value));
        call.send()
    };
    let navigations: &[&[(&str, &str)]] = &[
        &[("accept", HTML)],
        &[("accept", HTML), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")],
        &[("accept", HTML), ("sec-fetch-mode", "navigate")],
        &[("accept", "*/*"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")],
        &[("accept", "Text/HTML ; q=0.5")],
        &[("accept", "application/json;q=0.4, text/html;level=1;q=0.5")],
        &[("accept", "application/json"), ("accept", "text/html")],
    ];
    for headers in navigations {
        assert_eq!(sent_to(send(headers)), "/login?next=%2Fhow", "{headers:?}");
    }
    let others: &[&[(&str, &str)]] = &[
        // fetch and XMLHttpRequest, Turbo and jQuery with `dataType: "html"` among them.
        &[("accept", HTML), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")],
        &[("accept", HTML), ("sec-fetch-mode", "same-origin"), ("sec-fetch-dest", "empty")],
        &[("accept", "text/html, */*; q=0.01"), ("sec-fetch-mode", "cors")],
        &[("accept", HTML), ("sec-fetch-dest", "empty")],
        &[("accept", HTML), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")],
        &[("accept", HTML), ("sec-fetch-mode", "navigate"), ("sec-fetch-mode", "cors")],
        // Where a page without TLS has no `Sec-Fetch-Mode`.
        &[("accept", "text/html, */*; q=0.01"), ("x-requested-with", "XMLHttpRequest")],
        &[("accept", "text/html, */*; q=0.01"), ("x-pjax", "true")],
        &[("accept", HTML), ("turbo-frame", "messages")],
        &[("accept", HTML), ("x-turbo-request-id", "1")],
        &[("accept", "text/vnd.turbo-stream.html, text/html, application/xhtml+xml")],
        &[("accept", HTML), ("hx-request", "true")],
        // `Accept` means what it says.
        &[("accept", "text/html;q=0")],
        &[("accept", "text/html; Q=0.000, application/json")],
        &[("accept", "application/json, text/html;q=0.1")],
        &[("accept", "application/problem+json, text/html;q=0.9")],
        &[("accept", "text/html;q=x")],
        &[("accept", "*/*")],
        &[],
    ];
    for headers in others {
        let answer = send(headers);
        assert_eq!(answer.status, 401, "{headers:?}");
        assert_eq!(answer.header("location"), "", "{headers:?}");
    }
}

/// A form that is sent without a login leads to the page of the login, and not back to where it was sent to.
#[test]
fn the_way_back_is_a_page() {
    let app = TestApp::with(|bridge| bridge.login_view("/login"));
    let client = Anonymous(&app);
    for (method, location) in [("GET", "/login?next=%2Fhow"), ("HEAD", "/login"), ("POST", "/login")] {
        let navigation = client.call(method, "/how").header("accept", HTML).header("sec-fetch-mode", "navigate");
        assert_eq!(sent_to(navigation.header("sec-fetch-dest", "document").send()), location, "{method}");
    }
}
