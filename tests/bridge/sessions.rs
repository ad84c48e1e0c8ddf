//! Browser sessions: keys, timeouts, writes, and what one user leaves to the next.

use std::time::Instant;

use serde_json::{Value, json};

use crate::app::{START, TestApp};
use crate::clients::{Anonymous, Answer, Browser, Client, REMEMBER, SESSION};

const DAY: i64 = 24 * 60 * 60;

#[track_caller]
fn is_signed_in(browser: &Browser<'_>) -> bool {
    match browser.get("/who_am_i").outcome() {
        (200, _) => true,
        (401, _) => false,
        other => panic!("{other:?}"),
    }
}

/// A browser with these cookies and no others.
fn with_cookies<'a>(app: &'a TestApp, cookies: &[(&str, &str)]) -> Browser<'a> {
    let browser = Browser::new(app);
    for (name, value) in cookies {
        browser.set_cookie(name, value);
    }
    browser
}

#[test]
fn signing_in_gives_the_session_a_new_key() {
    let app = TestApp::start();
    let browser = Browser::new(&app);
    browser.call("POST", "/session-write").body("text/plain", "mine").send().expect(204);
    let planted = browser.cookie(SESSION).expect("a session");
    let victim = with_cookies(&app, &[(SESSION, &planted)]);
    victim.sign_in("panther", false);
    let key = victim.cookie(SESSION).expect("a session");
    assert_ne!(key, planted);
    assert_eq!(
        victim.get("/session-read").json(),
        json!({ "note": "mine", "user": 2 }),
        "a visitor's values stay theirs"
    );
    assert_eq!(with_cookies(&app, &[(SESSION, &planted)]).get("/session-read").json()["user"], Value::Null);
    assert!(!is_signed_in(&with_cookies(&app, &[(SESSION, &planted)])), "who planted the key has nothing");

    victim.sign_in("panther", false);
    assert!(!is_signed_in(&with_cookies(&app, &[(SESSION, &key)])), "signing in again renews it too");
}

#[test]
fn a_cookie_that_was_not_signed_here_never_reaches_the_store() {
    let app = TestApp::start();
    let (browser, _) = Browser::signed_in(&app, "panther", false);
    let cookie = browser.cookie(SESSION).expect("a session");
    app.store().take_calls();
    let made_up = [
        "",
        "x",
        &"A".repeat(87),
        &cookie[1..],
        &cookie[..cookie.len() - 1],
        &format!("{cookie}A"),
        &format!("A{cookie}"),
    ];
    let mut tampered: Vec<String> = made_up.map(str::to_owned).to_vec();
    for (index, old) in cookie.char_indices() {
        let new = if old == 'A' { 'B' } else { 'A' };
        tampered.push(format!("{}{new}{}", &cookie[..index], &cookie[index + old.len_utf8()..]));
    }
    for value in &tampered {
        let answer = Anonymous(&app).call("GET", "/who_am_i").header("cookie", format!("{SESSION}={value}")).send();
        assert_eq!(answer.outcome(), (401, "login_required".to_owned()), "{value}");
    }
    assert!(app.store().take_calls().is_empty());
    assert!(is_signed_in(&browser));
}

#[test]
fn only_the_raw_name_counts() {
    let app = TestApp::start();
    let (browser, _) = Browser::signed_in(&app, "panther", false);
    let (victim, _) = Browser::signed_in(&app, "batman", false);
    let cookie = browser.cookie(SESSION).expect("a session");
    let own = victim.cookie(SESSION).expect("a session");
    let ask = |header: String| Anonymous(&app).call("GET", "/who_am_i").header("cookie", header.clone()).send();
    for alias in [
        "%74ollbridge_session",
        "tollbridge%5Fsession",
        "tollbridge_sessio%6E",
        "Tollbridge_session",
        "\u{a0}tollbridge_session",
        "tollbridge_session\u{2003}",
        "%20tollbridge_session",
        "tollbridge_session%20",
    ] {
        assert_eq!(ask(format!("{alias}={cookie}")).status, 401, "{alias} alone");
        let both = ask(format!("{alias}={cookie}; {SESSION}={own}; a=b"));
        assert!(!both.text().contains("panther"), "{alias} first");
    }
    assert_eq!(ask(format!("a=b; {SESSION}={own}; x%79=z")).expect(200).json()["username"], "batman");
}

#[test]
fn a_session_runs_out_when_it_is_not_used() {
    let app = TestApp::with(|bridge| bridge.idle_ttl(std::time::Duration::from_secs(3600)));
    let (browser, _) = Browser::signed_in(&app, "panther", false);
    for _ in 0..10 {
        app.advance(3599);
        assert!(is_signed_in(&browser), "use keeps it alive");
    }
    app.advance(3600);
    assert!(!is_signed_in(&browser));
    assert!(!is_signed_in(&browser), "and it stays so");
}

#[test]
fn a_session_ends_however_much_it_is_used() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    for _ in 0..60 {
        assert!(is_signed_in(&browser));
        app.advance(DAY / 2 - 1);
    }
    app.advance(60);
    assert!(!is_signed_in(&browser));
    Anonymous(&app).call("POST", "/refresh").bearer(&pair.refresh).send().expect(401);
}

#[test]
fn reading_costs_no_write() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    let reads = || {
        app.store().take_calls();
        assert_eq!(browser.get("/who_am_i").expect(200).set_cookies(), [""; 0]);
        let by_session = app.store().take_calls();
        Anonymous(&app).call("GET", "/who_am_i").bearer(&pair.access).send().expect(200);
        (by_session.into_keys().collect::<Vec<_>>(), app.store().take_calls().into_keys().collect::<Vec<_>>())
    };
    for _ in 0..5 {
        app.advance(10);
        assert_eq!(reads(), (vec!["find", "load_session"], vec!["find"]));
    }
    app.advance(10);
    app.store().take_calls();
    browser.get("/who_am_i").expect(200);
    // Once a minute both are noted, beside the request.
    app.store().wait_for("touch_session");
    app.store().wait_for("touch");
    assert_eq!(reads(), (vec!["find", "load_session"], vec!["find"]), "and once only");
}

/// It is noted beside the request, so this looks until it is there.
#[test]
fn when_a_login_was_last_seen_is_noted_once_a_minute() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    let id = browser.get("/how").expect(200).json()["login_id"].as_str().expect("a login").to_owned();
    let last_seen = || app.store().login(&id).expect("a login").last_seen_at;
    let by_session = || browser.get("/who_am_i").expect(200);
    let by_token = || Anonymous(&app).call("GET", "/who_am_i").bearer(&pair.access).send().expect(200);
    for (now, use_it) in [(60, &by_session as &dyn Fn() -> Answer), (120, &by_token), (180, &by_session)] {
        app.advance(59);
        app.store().take_calls();
        use_it();
        assert_eq!(last_seen(), START + now - 60, "not yet");
        app.advance(1);
        use_it();
        let deadline = Instant::now() + std::time::Duration::from_secs(10);
        while last_seen() != START + now {
            assert!(Instant::now() < deadline, "it was last seen at {}", last_seen() - START);
            std::thread::yield_now();
        }
        use_it();
        assert_eq!(app.store().take_calls().get("touch"), Some(&1), "once");
    }
}

/// The bridge's own values are of this version or none: what it cannot read is not for the browser's good.
#[test]
fn a_session_whose_flag_cannot_be_read_is_not_fresh() {
    let app = TestApp::start();
    let (browser, _) = Browser::signed_in(&app, "panther", false);
    browser.get("/fresh").expect(200);
    browser.call("POST", "/session-write/tollbridge.face").body("text/plain", "of another version").send().expect(204);
    browser.get("/fresh").refused(401, "reauth_required");
    assert_eq!(browser.get("/freshness").json()["fresh"], false);
    assert_eq!(browser.get("/how").expect(200).json()["fresh"], false, "and it is still a session");
    browser.post("/confirm").expect(200);
    browser.get("/fresh").expect(200);
}

#[test]
fn of_a_long_user_agent_the_beginning_is_kept() {
    let app = TestApp::start();
    for (sent, kept) in [(1, 1), (255, 255), (256, 256), (257, 256), (4000, 256)] {
        let agent: String = ('a'..='z').cycle().take(sent).collect();
        let form = json!({ "username": "panther", "password": crate::app::PASSWORD });
        let login = Browser::new(&app);
        login.call("POST", "/login").header("user-agent", &agent).json(&form).send().expect(200);
        let id = login.get("/how").expect(200).json()["login_id"].as_str().expect("a login").to_owned();
        let login = app.store().login(&id).expect("a login");
        assert_eq!(login.user_agent.as_deref(), Some(&agent[..kept]), "{sent} bytes");
    }
}

#[test]
fn a_request_in_flight_does_not_bring_an_ended_session_back() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    let (session, header) = (browser.cookie(SESSION).expect("a session"), browser.cookie_header());
    std::thread::scope(|scope| {
        let in_flight = scope.spawn(|| Anonymous(&app).call("POST", "/slow").header("cookie", header).send());
        app.slow.wait_until_entered();
        Anonymous(&app).call("POST", "/logout").bearer(&pair.access).send().expect(204);
        app.slow.go_on();
        in_flight.join().expect("an answer").expect(200);
    });
    let again = with_cookies(&app, &[(SESSION, &session)]);
    assert_eq!(again.get("/session-read").json(), json!({ "note": null, "user": null }));
    assert!(!is_signed_in(&again));
}

#[test]
fn what_one_user_left_is_not_for_the_next() {
    type Between = fn(&TestApp, &Browser<'_>);
    let ways: [(&str, Between); 5] = [
        ("over a live login", |_, _| ()),
        ("after signing out", |_, browser| drop(browser.post("/logout").expect(204))),
        ("after the password changed", |app, _| app.world.users.change(2, |user| user.epoch += 1)),
        ("after the user was disabled", |app, _| app.world.users.change(2, |user| user.active = false)),
        ("after the login's end", |app, browser| {
            for _ in 0..31 {
                browser.call("POST", "/session-write").body("text/plain", "of panther").send().expect(204);
                app.advance(DAY - 1);
            }
        }),
    ];
    for (case, between) in ways {
        for look_first in [false, true] {
            let app = TestApp::start();
            let (browser, _) = Browser::signed_in(&app, "panther", false);
            browser.call("POST", "/session-write").body("text/plain", "of panther").send().expect(204);
            between(&app, &browser);
            if look_first {
                browser.get("/maybe").expect(200);
            }
            browser.sign_in("batman", false);
            let seen = browser.get("/session-read").expect(200).json();
            assert_eq!(seen, json!({ "note": null, "user": 1 }), "{case}, look first: {look_first}");
        }
    }
}

#[test]
fn a_store_that_is_down_is_a_503_and_nobody_is_anonymous() {
    let app = TestApp::start();
    let (browser, pair) = Browser::signed_in(&app, "panther", true);
    let remembered = with_cookies(&app, &[(REMEMBER, &browser.cookie(REMEMBER).expect("a cookie"))]);
    for failing in ["find", "session", ""] {
        app.store().fail(&[failing]);
        for path in ["/who_am_i", "/maybe", "/how", "/browser", "/fresh"] {
            let mut answers = vec![browser.get(path)];
            if failing != "session" {
                answers.push(remembered.get(path));
                answers.push(Anonymous(&app).call("GET", path).bearer(&pair.access).send());
            }
            for answer in answers {
                let text = answer.text();
                assert_eq!(answer.header("retry-after"), "5", "{failing}: {path}: {text}");
                assert!(!text.contains("db-7"), "{text}");
                assert_eq!(answer.set_cookies(), [""; 0]);
                answer.refused(503, "store_unavailable");
            }
        }
    }
    for failing in ["insert", "find_remembered", "rotate"] {
        app.store().fail(&[failing]);
        let answer = match failing {
            "insert" => Browser::new(&app)
                .post_json("/login", &json!({ "username": "panther", "password": crate::app::PASSWORD })),
            "find_remembered" => remembered.get("/maybe"),
            _ => Anonymous(&app).call("POST", "/refresh").bearer(&pair.refresh).send(),
        };
        assert_eq!(answer.set_cookies(), [""; 0], "{failing}");
        answer.refused(503, "store_unavailable");
    }
    for (failing, token) in [("end", &pair.access), ("find", &pair.refresh)] {
        app.store().fail(&[failing]);
        Anonymous(&app).call("POST", "/logout").bearer(token).send().refused(503, "store_unavailable");
        browser.post("/logout").refused(503, "store_unavailable");
    }
    app.store().fail(&[]);
    for answer in [browser.get("/who_am_i"), remembered.get("/who_am_i")] {
        assert_eq!(answer.expect(200).json()["username"], "panther", "nothing was lost");
    }
}

/// actix-web keeps the cookies that it has read: what an embedder's middleware around the bridge has read is what the
/// session layer would see, aliases of our names from a sibling site included.
#[actix_web::test]
async fn cookies_that_were_read_before_the_bridge_plant_no_session() {
    use actix_web::http::header::{COOKIE, SET_COOKIE};
    use actix_web::middleware::{Next, from_fn};
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, HttpResponse, dev, web};
    use tollbridge::{Auth, AuthError, CurrentUser};

    use crate::app::World;
    use crate::store::User;

    async fn reads_cookies<B: actix_web::body::MessageBody>(
        req: dev::ServiceRequest,
        next: Next<B>,
    ) -> Result<dev::ServiceResponse<B>, actix_web::Error> {
        let _ = req.cookie("theme");
        next.call(req).await
    }

    let world = World::default();
    let bridge = world.bridge().public_url("https://app.example").build().expect("the bridge is complete");
    let panther = world.users.by_name("panther").expect("a user");
    let login = move |auth: Auth| {
        let panther = panther.clone();
        async move { auth.login_user(&panther).await.map(|_| HttpResponse::Ok().finish()) }
    };
    let who_am_i = async |_: CurrentUser<User>| Ok::<_, AuthError>(HttpResponse::Ok().finish());
    let app = App::new().wrap(bridge).wrap(from_fn(reads_cookies));
    let app = app.route("/login", web::post().to(login)).route("/who_am_i", web::get().to(who_am_i));
    let app = init_service(app).await;
    let signed_in = call_service(&app, TestRequest::post().uri("/login").to_request()).await;
    let cookie = signed_in.headers().get(SET_COOKIE).and_then(|cookie| cookie.to_str().ok()).expect("a cookie");
    let cookie = cookie.split(';').next().expect("a pair").to_owned();
    let alias = cookie.replace("__Host-", "__%48ost-");
    for (cookies, status) in [
        (cookie.clone(), 200),
        (alias.clone(), 400),
        (format!("{alias}x; {cookie}"), 400),
        (format!("{alias}; {cookie}"), 200),
        (format!("{cookie}; {cookie}"), 200),
        (format!("{cookie}x; {cookie}"), 400),
        (format!("{cookie}; {cookie}x"), 200),
        ("theme=dark; theme=light".to_owned(), 401),
    ] {
        let request = TestRequest::get().uri("/who_am_i").insert_header((COOKIE, cookies.clone()));
        assert_eq!(call_service(&app, request.to_request()).await.status(), status, "{cookies}");
    }
}
