//! Several cookies of one name, and cookies of neighbours: the genuine one of ours counts, and nothing locks a user out.

use tollbridge::RememberCookie;

use crate::app::TestApp;
use crate::clients::{Anonymous, Answer, Browser, Client, REMEMBER, SESSION};

fn ask(app: &TestApp, method: &str, path: &str, cookies: impl AsRef<[u8]>) -> Answer {
    Anonymous(app).call(method, path).header("cookie", cookies).send()
}

#[track_caller]
fn username(answer: Answer) -> String {
    answer.expect(200).json()["username"].as_str().expect("a name").to_owned()
}

/// The session and the remember cookie of a new login.
fn cookies_of(app: &TestApp, user: &str) -> (String, String) {
    let (browser, _) = Browser::signed_in(app, user, true);
    (browser.cookie(SESSION).expect("a session"), browser.cookie(REMEMBER).expect("a remember cookie"))
}

/// Both orders, in one header and in two.
fn orders(one: &str, two: &str) -> Vec<Vec<String>> {
    vec![
        vec![format!("{one}; {two}")],
        vec![format!("{two}; {one}")],
        vec![format!("a=b; {one}; c=d; {two}; {one}")],
        vec![one.to_owned(), two.to_owned()],
        vec![two.to_owned(), one.to_owned()],
    ]
}

fn ask_lines(app: &TestApp, path: &str, lines: &[String]) -> Answer {
    let client = Anonymous(app);
    let call = client.call("GET", path);
    lines.iter().fold(call, |call, line| call.header("cookie", line)).send()
}

#[test]
fn of_several_session_cookies_the_genuine_one_counts() {
    let app = TestApp::start();
    let (good, _) = cookies_of(&app, "panther");
    let (ended, _) = cookies_of(&app, "batman");
    ask(&app, "POST", "/logout", format!("{SESSION}={ended}")).expect(204);
    let visitor = Browser::new(&app);
    visitor.call("POST", "/session-write").body("text/plain", "mine").send().expect(204);
    let anonymous = visitor.cookie(SESSION).expect("a session");
    let others = ["", "x", "%ff", "\"\"", &ended, &good[1..], &anonymous, &good];
    for other in others {
        for lines in orders(&format!("{SESSION}={good}"), &format!("{SESSION}={other}")) {
            assert_eq!(username(ask_lines(&app, "/who_am_i", &lines)), "panther", "{lines:?}");
        }
    }
    for lines in orders(&format!("{SESSION}={good}"), SESSION) {
        assert_eq!(username(ask_lines(&app, "/who_am_i", &lines)), "panther", "{lines:?}");
    }
    for lines in orders(&format!("{SESSION}={ended}"), &format!("{SESSION}=x")) {
        ask_lines(&app, "/who_am_i", &lines).refused(401, "login_required");
    }
}

#[test]
fn of_several_remember_cookies_the_genuine_one_counts() {
    let app = TestApp::start();
    let (_, ended) = cookies_of(&app, "batman");
    ask(&app, "POST", "/logout", format!("{REMEMBER}={ended}")).expect(204);
    let (_, good) = cookies_of(&app, "panther");
    let forged = format!("{}{}", &good[..good.len() - 1], if good.ends_with('A') { 'E' } else { 'A' });
    for other in ["x", "", &ended, &forged, &good] {
        for lines in orders(&format!("{REMEMBER}={good}"), &format!("{REMEMBER}={other}")) {
            assert_eq!(username(ask_lines(&app, "/who_am_i", &lines)), "panther", "{lines:?}");
            let freshness = ask_lines(&app, "/freshness", &lines).expect(200).json();
            assert_eq!(freshness["remembered"], true, "{lines:?}");
        }
    }
    for lines in orders(&format!("{REMEMBER}={ended}"), &format!("{REMEMBER}=x")) {
        let answer = ask_lines(&app, "/who_am_i", &lines);
        assert!(answer.set_cookies().iter().any(|set| set.starts_with(&format!("{REMEMBER}=;"))), "{answer:?}");
        answer.refused(401, "login_required");
    }
}

/// A copy from before the last rotation, at another path, is no theft while the current one is in the same browser.
#[test]
fn an_old_copy_beside_the_current_remember_cookie_ends_nothing() {
    let app = TestApp::start();
    let (_, old) = cookies_of(&app, "panther");
    let browser = Browser::new(&app);
    browser.set_cookie(REMEMBER, &old);
    browser.get("/who_am_i").expect(200);
    let current = browser.cookie(REMEMBER).expect("a cookie");
    assert_ne!(current, old);
    // The session that came with it is used, so the browser has received it.
    browser.get("/who_am_i").expect(200);
    app.store().wait_for("confirm_remember");
    app.advance(3600);
    assert_eq!(username(ask(&app, "GET", "/who_am_i", format!("{REMEMBER}={old}; {REMEMBER}={current}"))), "panther");
    app.advance(3600);
    // Alone, or beside what was never good, it is theft.
    ask(&app, "GET", "/who_am_i", format!("{REMEMBER}=x; {REMEMBER}={old}")).refused(401, "login_required");
    browser.get("/who_am_i").refused(401, "login_required");
}

#[test]
fn two_logins_are_refused_and_removed() {
    let app = TestApp::with(|bridge| {
        bridge.remember_cookie(RememberCookie::new().name(REMEMBER).domain("example.org").path("/app"))
    });
    let anew = || (cookies_of(&app, "panther"), cookies_of(&app, "batman"));
    for path in ["/who_am_i", "/maybe", "/never-asks"] {
        for order in 0..5 {
            let (one, other) = anew();
            let lines = orders(&format!("{SESSION}={}", one.0), &format!("{SESSION}={}", other.0)).swap_remove(order);
            let answer = ask_lines(&app, path, &lines);
            let removed = answer.set_cookies();
            assert!(matches!(&*removed, [set] if set.starts_with(&format!("{SESSION}=;"))), "{removed:?}");
            answer.refused(400, "invalid_request");
            // Their sessions have ended, wherever the browser keeps the cookies.
            for (session, _) in [&one, &other] {
                ask(&app, "GET", "/who_am_i", format!("{SESSION}={session}")).refused(401, "login_required");
            }
            // The logins have not.
            assert_eq!(username(ask(&app, "GET", "/who_am_i", format!("{REMEMBER}={}", one.1))), "panther");
            assert_eq!(username(ask(&app, "GET", "/who_am_i", format!("{REMEMBER}={}", other.1))), "batman");
        }
    }
    let (one, other) = anew();
    for lines in orders(&format!("{REMEMBER}={}", one.1), &format!("{REMEMBER}={}", other.1)) {
        let answer = ask_lines(&app, "/who_am_i", &lines);
        let removed = answer.set_cookies();
        assert_eq!(removed.len(), 2, "{removed:?}");
        assert!(removed.iter().all(|set| set.starts_with(&format!("{REMEMBER}=;")) && set.contains("Max-Age=0")));
        assert!(removed[0].contains("Domain=example.org") && removed[0].contains("Path=/app"), "{removed:?}");
        assert!(!removed[1].contains("Domain") && removed[1].ends_with("Path=/") || removed[1].contains("Path=/;"));
        answer.refused(400, "invalid_request");
    }
    // Another site cannot have them removed.
    let both = format!("{SESSION}={}; {SESSION}={}", one.0, other.0);
    let client = Anonymous(&app);
    let forged = client.call("POST", "/who_am_i").header("cookie", &both);
    let answer = forged.header("sec-fetch-site", "cross-site").send();
    assert_eq!(answer.set_cookies(), [""; 0]);
    answer.refused(403, "csrf_rejected");
    // A token decides before cookies do, as always.
    let token = Anonymous(&app).token_login("panther").access;
    Anonymous(&app).call("GET", "/who_am_i").header("cookie", &both).bearer(&token).send().expect(200);
    // In all this nothing was ended.
    assert_eq!(username(ask(&app, "GET", "/who_am_i", format!("{SESSION}={}", one.0))), "panther");
    app.store().fail(&["load_session"]);
    ask(&app, "GET", "/who_am_i", &both).refused(503, "store_unavailable");
}

#[test]
fn logout_ends_what_was_sent() {
    let app = TestApp::start();
    let junk = |name: &str| format!("{name}=x");
    for first in [true, false] {
        for (name, other) in [(SESSION, REMEMBER), (REMEMBER, SESSION)] {
            let (session, remember) = cookies_of(&app, "panther");
            let value = if name == SESSION { &session } else { &remember };
            let good = format!("{name}={value}");
            let cookies = if first { format!("{}; {good}", junk(name)) } else { format!("{good}; {}", junk(name)) };
            let answer = ask(&app, "POST", "/logout", cookies).expect(204);
            assert!(answer.set_cookies().iter().any(|set| set.starts_with(&format!("{name}=;"))), "{answer:?}");
            for (name, value) in [(SESSION, &session), (REMEMBER, &remember)] {
                let again = ask(&app, "GET", "/who_am_i", format!("{name}={value}"));
                assert_eq!(again.status, 401, "{name} after {other} too");
            }
        }
    }
    // A remember cookie of another login would sign in again.
    let (session, _) = cookies_of(&app, "panther");
    let (_, remember) = cookies_of(&app, "batman");
    ask(&app, "POST", "/logout", format!("{SESSION}={session}; {REMEMBER}={remember}; {REMEMBER}=x")).expect(204);
    ask(&app, "GET", "/who_am_i", format!("{REMEMBER}={remember}")).expect(401);
    // What opens no session is removed all the same.
    let answer =
        ask(&app, "POST", "/logout", format!("{SESSION}=x; {SESSION}=y; {REMEMBER}=x; {REMEMBER}=y")).expect(204);
    assert_eq!(answer.set_cookies().len(), 2, "{answer:?}");
}

/// Clients may quote a value (RFC 6265 section 4.1.1). actix-session reads it, so the bridge does too.
#[test]
fn a_quoted_cookie_is_the_same_cookie() {
    let app = TestApp::start();
    for name in [SESSION, REMEMBER] {
        let (session, remember) = cookies_of(&app, "panther");
        let value = if name == SESSION { session } else { remember };
        let quoted = format!("{name}=\"{value}\"");
        if name == SESSION {
            assert_eq!(username(ask(&app, "GET", "/who_am_i", &quoted)), "panther", "{name}");
        }
        ask(&app, "POST", "/logout", &quoted).expect(204);
        ask(&app, "GET", "/who_am_i", format!("{name}={value}")).refused(401, "login_required");
    }
    let (_, remember) = cookies_of(&app, "panther");
    assert_eq!(username(ask(&app, "GET", "/who_am_i", format!("{REMEMBER}=\"{remember}\""))), "panther");
}

/// What a browser can be made to send besides ours, by whoever may set cookies for its host.
#[test]
fn neighbours_hide_nothing() {
    let app = TestApp::start();
    let neighbours: [&[u8]; 18] = [
        b"name=caf\xe9",
        b"caf\xe9=1",
        b"\xff\xfe",
        b"a=%ff",
        b"%ff=a",
        b"=",
        b"=tollbridge_session=x",
        b"tollbridge_session",
        b"tollbridge_remember",
        b";;;",
        b"a=\"",
        b"\"a=b",
        b"$Version=1",
        b"a,b=c",
        "ключ=значение".as_bytes(),
        b"%74ollbridge_session=x",
        b"tollbridge%5Fremember=x",
        "\u{a0}tollbridge_session=x".as_bytes(),
    ];
    for neighbour in neighbours {
        // A login of its own for each: the sessions of one are bounded.
        let (session, remember) = cookies_of(&app, "panther");
        for (name, value) in [(SESSION, &session), (REMEMBER, &remember)] {
            let ours = format!("{name}={value}").into_bytes();
            for cookies in [[neighbour, b"; ", &ours].concat(), [&ours, &b"; "[..], neighbour].concat()] {
                let text = String::from_utf8_lossy(&cookies).into_owned();
                assert_eq!(username(ask(&app, "GET", "/who_am_i", &cookies)), "panther", "{text}");
                // The reader of the CSRF check sees it as well.
                let client = Anonymous(&app);
                let forged = client.call("POST", "/who_am_i").header("cookie", &cookies);
                let forged = forged.header("sec-fetch-site", "cross-site").send();
                assert_eq!(forged.outcome(), (403, "csrf_rejected".to_owned()), "{text}");
            }
        }
    }
}

/// A cookie of another path or domain, which the server cannot remove, is sent with every request.
#[test]
fn no_planted_cookie_locks_a_user_out() {
    let app = TestApp::start();
    let (ended_session, ended_remember) = cookies_of(&app, "batman");
    ask(&app, "POST", "/logout", format!("{SESSION}={ended_session}")).expect(204);
    let visitor = Browser::new(&app);
    visitor.call("POST", "/session-write").body("text/plain", "mine").send().expect(204);
    let anonymous = visitor.cookie(SESSION).expect("a session");
    let planted: Vec<Vec<u8>> = [
        format!("{SESSION}=x"),
        format!("{SESSION}={ended_session}"),
        format!("{SESSION}={anonymous}"),
        format!("{REMEMBER}=x"),
        format!("{REMEMBER}={ended_remember}"),
        format!("%74ollbridge_session={anonymous}"),
        SESSION.to_owned(),
    ]
    .into_iter()
    .map(String::into_bytes)
    .chain([b"name=caf\xe9".to_vec()])
    .collect();
    let client = Anonymous(&app);
    for planted in &planted {
        for remember in [false, true] {
            let browser = Browser::new(&app);
            let send = |method: &str, path: &str| {
                let own = browser.cookie_header().into_bytes();
                let cookies = if own.is_empty() { planted.clone() } else { [planted, &b"; "[..], &own].concat() };
                client.call(method, path).header("cookie", cookies)
            };
            let form =
                serde_json::json!({ "username": "panther", "password": crate::app::PASSWORD, "remember": remember });
            let answer = send("POST", "/login").json(&form).send().expect(200);
            for set in answer.set_cookies() {
                let (name, value) = set.split(';').next().and_then(|pair| pair.split_once('=')).expect("a pair");
                if !value.is_empty() {
                    browser.set_cookie(name, value);
                }
            }
            let text = String::from_utf8_lossy(planted);
            for _ in 0..2 {
                assert_eq!(username(send("GET", "/who_am_i").send()), "panther", "{text}");
            }
            if remember {
                browser.forget(SESSION);
                assert_eq!(username(send("GET", "/who_am_i").send()), "panther", "{text}, remembered");
            }
            send("POST", "/logout").send().expect(204);
            assert_eq!(send("GET", "/who_am_i").send().status, 401, "{text}, after logout");
        }
    }
}
