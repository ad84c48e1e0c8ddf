//! The remember cookie: rotated at each use, worth nothing when forged, the end of the login when it comes back.

use serde_json::json;

use crate::app::{PASSWORD, TestApp};
use crate::clients::{Anonymous, Browser, Client, REMEMBER, SESSION};

const DAY: i64 = 24 * 60 * 60;

/// A browser that has only this remember cookie.
fn with_cookie<'a>(app: &'a TestApp, value: &str) -> Browser<'a> {
    let browser = Browser::new(app);
    browser.set_cookie(REMEMBER, value);
    browser
}

fn remembered(app: &TestApp) -> (Browser<'_>, crate::clients::Pair, String) {
    let (browser, pair) = Browser::signed_in(app, "panther", true);
    let value = browser.cookie(REMEMBER).expect("a remember cookie");
    (browser, pair, value)
}

#[test]
fn it_opens_a_session_and_is_rotated() {
    let app = TestApp::start();
    let (browser, _, first) = remembered(&app);
    app.advance(2 * DAY);
    browser.forget(SESSION);
    let answer = browser.get("/how").expect(200);
    assert_eq!(answer.json()["via"], "remember");
    assert_eq!(answer.json()["fresh"], false);
    assert_eq!(answer.set_cookies().len(), 2, "{:?}", answer.set_cookies());
    let second = browser.cookie(REMEMBER).expect("a remember cookie");
    assert_ne!(first, second);
    app.store().take_calls();
    let answer = browser.get("/how").expect(200);
    assert_eq!(
        (answer.json()["via"].as_str(), answer.set_cookies().len()),
        (Some("session"), 0),
        "from here on by session"
    );
    assert!(!app.store().take_calls().contains_key("find_remembered"));
    browser.get("/fresh").refused(401, "reauth_required");
    browser.sign_in("panther", false);
    browser.get("/fresh").expect(200);
}

#[test]
fn its_cookie_says_what_it_is() {
    let app = TestApp::start();
    let browser = Browser::new(&app);
    let answer = browser.sign_in("panther", true);
    let cookies = answer.set_cookies();
    let cookie = |name: &str| *cookies.iter().find(|cookie| cookie.starts_with(name)).expect("a cookie");
    for name in [SESSION, REMEMBER] {
        for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie(name).contains(attribute), "{}", cookie(name));
        }
        assert!(!cookie(name).contains("Secure") && !cookie(name).contains("Domain"), "{}", cookie(name));
    }
    assert!(cookie(REMEMBER).contains("Max-Age=2592000"), "{}", cookie(REMEMBER));
    assert!(!cookie(SESSION).contains("Max-Age"), "{}", cookie(SESSION));
}

#[test]
fn racers_get_the_same_successor() {
    let app = TestApp::start();
    let (_, _, value) = remembered(&app);
    let race = || {
        let browser = with_cookie(&app, &value);
        browser.get("/who_am_i").expect(200);
        browser.cookie(REMEMBER).expect("a successor")
    };
    let successors: Vec<String> = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..16).map(|_| scope.spawn(race)).collect();
        racers.into_iter().map(|racer| racer.join().expect("an answer")).collect()
    });
    assert!(successors.iter().all(|successor| *successor == successors[0] && *successor != value), "{successors:?}");
    app.advance(30);
    assert_eq!(race(), successors[0]);
}

#[test]
fn a_used_one_that_comes_back_ends_the_login() {
    // Right away when two generations old, after the grace when one.
    for (uses, pause, ends) in [(1, 30, false), (1, 31, true), (2, 0, true), (3, 0, true)] {
        let app = TestApp::start();
        let (browser, pair, stolen) = remembered(&app);
        for _ in 0..uses {
            browser.forget(SESSION);
            browser.get("/who_am_i").expect(200);
        }
        use_and_confirm(&app, &browser);
        app.advance(pause);
        let thief = with_cookie(&app, &stolen);
        let answer = thief.get("/who_am_i");
        let by_token = Anonymous(&app).call("GET", "/who_am_i").bearer(&pair.access).send();
        if ends {
            answer.refused(401, "login_required");
            assert_eq!(thief.cookie(REMEMBER), None, "it is taken away");
            by_token.refused(401, "login_ended");
            browser.get("/who_am_i").expect(401);
            Anonymous(&app).call("POST", "/refresh").bearer(&pair.refresh).send().refused(401, "login_ended");
        } else {
            answer.expect(200);
            by_token.expect(200);
        }
    }
}

/// Uses the session that came with the current cookie, and returns when the store knows of it.
fn use_and_confirm(app: &TestApp, browser: &Browser<'_>) {
    browser.get("/who_am_i").expect(200);
    app.store().wait_for("confirm_remember");
}

/// A browser that got no answer can only send the same cookie again.
#[test]
fn who_lost_the_answer_gets_the_same_successor_however_late() {
    for pause in [31, 3600, 9 * DAY] {
        let app = TestApp::start();
        let (_, _, first) = remembered(&app);
        let restore = || {
            let browser = with_cookie(&app, &first);
            browser.get("/who_am_i").expect(200);
            browser
        };
        let lost = restore().cookie(REMEMBER).expect("a successor");
        for _ in 0..2 {
            app.advance(pause);
            assert_eq!(restore().cookie(REMEMBER).expect("a successor"), lost, "{pause} s");
        }
        let browser = restore();
        use_and_confirm(&app, &browser);
        with_cookie(&app, &first).get("/who_am_i").refused(401, "login_required");
        browser.get("/who_am_i").refused(401, "login_required");
    }
}

/// The session that came with the sign-in shows nothing of a later cookie, and one use is noted once.
#[test]
fn only_the_session_that_came_with_a_cookie_confirms_it_and_once() {
    let app = TestApp::start();
    let (signed_in, _, first) = remembered(&app);
    let restored = with_cookie(&app, &first);
    restored.get("/who_am_i").expect(200);
    app.store().take_calls();
    signed_in.get("/who_am_i").expect(200);
    assert!(!app.store().take_calls().contains_key("confirm_remember"));
    use_and_confirm(&app, &restored);
    app.store().take_calls();
    restored.get("/who_am_i").expect(200);
    assert!(!app.store().take_calls().contains_key("confirm_remember"), "it is confirmed already");
    app.advance(31);
    with_cookie(&app, &first).get("/who_am_i").refused(401, "login_required");
    signed_in.get("/who_am_i").refused(401, "login_required");
}

/// The clock was an hour ahead at the rotation. An age below zero is no grace.
#[test]
fn a_clock_that_was_ahead_prolongs_nothing() {
    let app = TestApp::start();
    let (_, _, first) = remembered(&app);
    app.advance(3600);
    let browser = with_cookie(&app, &first);
    browser.get("/who_am_i").expect(200);
    use_and_confirm(&app, &browser);
    app.advance(-3600);
    with_cookie(&app, &first).get("/who_am_i").refused(401, "login_required");
}

/// The grace begins when the rotation has been written, which a slow store does late.
#[test]
fn the_time_of_a_rotation_is_that_of_its_write() {
    let app = TestApp::start();
    let (_, _, first) = remembered(&app);
    let clock = app.world.clock.clone();
    app.store().delay("rotate_remember", move || clock.advance(std::time::Duration::from_secs(40)));
    let browser = with_cookie(&app, &first);
    browser.get("/who_am_i").expect(200);
    use_and_confirm(&app, &browser);
    app.advance(30);
    with_cookie(&app, &first).get("/who_am_i").expect(200);
    app.advance(1);
    with_cookie(&app, &first).get("/who_am_i").refused(401, "login_required");
}

#[test]
fn a_forged_one_changes_nothing() {
    let app = TestApp::start();
    let (browser, pair, value) = remembered(&app);
    let [selector, generation, validator] = value.split('.').collect::<Vec<_>>()[..] else { panic!("{value}") };
    assert_eq!(generation, "0");
    let zero = "A".repeat(43);
    let other = Browser::signed_in(&app, "batman", true).0.cookie(REMEMBER).expect("a cookie");
    let [others, _, others_validator] = other.split('.').collect::<Vec<_>>()[..] else { panic!("{other}") };
    let forged = [
        format!("{selector}.0.{zero}"),
        format!("{selector}.1.{zero}"),
        format!("{selector}.-1.{validator}"),
        format!("{selector}.0.{others_validator}"),
        format!("{others}.0.{validator}"),
        format!("{selector}.0"),
        format!("{}.0.{validator}", "A".repeat(22)),
        format!("{selector}.0.{validator}A"),
        format!("{selector}.0.{validator}="),
        format!("{selector}.0.{validator}.x"),
        format!("{selector}..{validator}"),
        format!("{selector}.99999999999999999999.{zero}"),
        format!("{selector}.0x0.{validator}"),
        format!("{selector}.0.{}", validator.to_uppercase()),
        "..".into(),
        "x".into(),
        format!("'; DROP TABLE logins; --.0.{validator}"),
        "%00.0.x".into(),
    ];
    app.store().take_calls();
    for value in &forged {
        let forger = with_cookie(&app, value);
        assert_eq!(forger.get("/who_am_i").outcome(), (401, "login_required".to_owned()), "{value}");
        assert_eq!(forger.cookie(REMEMBER), None, "{value} is taken away");
        assert_eq!(forger.cookie(SESSION), None, "{value}");
    }
    let calls: Vec<_> = app.store().take_calls().into_keys().collect();
    assert_eq!(calls, ["find_remembered"], "nothing was written");
    Anonymous(&app).call("GET", "/who_am_i").bearer(&pair.access).send().expect(200);
    browser.forget(SESSION);
    browser.get("/who_am_i").expect(200);
}

/// The cookies before the current one are known by their MAC alone: without it a guess would get the current one, or
/// end the login.
#[test]
fn a_forged_one_of_an_older_generation_changes_nothing() {
    let app = TestApp::start();
    let (browser, pair, first) = remembered(&app);
    let (selector, zero) = (first.split('.').next().expect("a selector"), "A".repeat(43));
    let validator = first.rsplit('.').next().expect("a validator");
    for generation in 1..4 {
        browser.forget(SESSION);
        browser.get("/who_am_i").expect(200);
        for pause in [0, 31] {
            app.advance(pause);
            let of = |generation: i64, validator: &str| format!("{selector}.{generation}.{validator}");
            let forged = (0..generation).map(|older| of(older, &zero));
            let forged = forged.chain((1..=generation).map(|later| of(later, validator)));
            for value in forged {
                let forger = with_cookie(&app, &value);
                assert_eq!(forger.get("/who_am_i").outcome(), (401, "login_required".to_owned()), "{value}");
                assert_eq!((forger.cookie(REMEMBER), forger.cookie(SESSION)), (None, None), "{value}");
            }
        }
    }
    Anonymous(&app).call("GET", "/who_am_i").bearer(&pair.access).send().expect(200);
    browser.forget(SESSION);
    browser.get("/who_am_i").expect(200);
}

#[test]
fn it_expires() {
    let app = TestApp::with(|bridge| bridge.remember_ttl(std::time::Duration::from_secs(3600)));
    let (_, _, value) = remembered(&app);
    app.advance(3599);
    let browser = with_cookie(&app, &value);
    browser.get("/who_am_i").expect(200);
    let next = browser.cookie(REMEMBER).expect("a successor");
    app.advance(1);
    with_cookie(&app, &next).get("/who_am_i").refused(401, "login_required");
}

#[test]
fn it_restores_no_login_that_is_over() {
    type End = fn(&TestApp, &Browser<'_>, &crate::clients::Pair);
    let ends: [(&str, End); 5] = [
        ("logout by cookie", |_, browser, _| drop(browser.post("/logout").expect(204))),
        ("logout by token", |app, _, pair| {
            drop(Anonymous(app).call("POST", "/logout").bearer(&pair.access).send().expect(204));
        }),
        ("disabled", |app, _, _| app.world.users.change(2, |user| user.active = false)),
        ("password changed", |app, _, _| app.world.users.change(2, |user| user.epoch += 1)),
        ("deleted", |app, _, _| app.world.users.delete(2)),
    ];
    for (case, end) in ends {
        let app = TestApp::start();
        let (browser, pair, value) = remembered(&app);
        end(&app, &browser, &pair);
        for _ in 0..2 {
            let browser = with_cookie(&app, &value);
            assert_eq!(browser.get("/who_am_i").outcome(), (401, "login_required".to_owned()), "{case}");
            assert_eq!((browser.cookie(REMEMBER), browser.cookie(SESSION)), (None, None), "{case}");
        }
    }
}

#[test]
fn signing_in_without_it_takes_it_away() {
    let app = TestApp::start();
    let (browser, _, _) = remembered(&app);
    browser.sign_in("batman", false);
    assert_eq!(browser.cookie(REMEMBER), None);
    browser.forget(SESSION);
    browser.get("/who_am_i").refused(401, "login_required");
}

#[test]
fn signing_out_with_it_alone_ends_the_login() {
    let app = TestApp::start();
    let (_, pair, value) = remembered(&app);
    let browser = with_cookie(&app, &value);
    browser.post("/logout").expect(204);
    assert_eq!((browser.cookie(REMEMBER), browser.cookie(SESSION)), (None, None));
    Anonymous(&app).call("GET", "/who_am_i").bearer(&pair.access).send().refused(401, "login_ended");
}

#[test]
fn a_restart_forgets_nobody() {
    let app = TestApp::start();
    let (_, _, value) = remembered(&app);
    let restarted = TestApp::over(app.world.clone(), |bridge| bridge);
    drop(app);
    let browser = with_cookie(&restarted, &value);
    assert_eq!(browser.get("/who_am_i").expect(200).json()["username"], "panther");
    let tokens_only = json!({ "username": "batman", "password": PASSWORD, "tokens_only": true });
    browser.post_json("/login", &tokens_only).expect(200);
    assert_eq!(browser.get("/who_am_i").json()["username"], "panther", "tokens for another are no session for them");
}

/// The cookie was rotated before the store went away, and whoever comes back with the one before is taken for a thief.
#[test]
fn a_store_that_fails_after_the_rotation_costs_nobody_their_login() {
    let app = TestApp::start();
    let (browser, _, first) = remembered(&app);
    browser.forget(SESSION);
    app.store().fail(&["insert_session"]);
    browser.get("/who_am_i").refused(503, "store_unavailable");
    app.store().fail(&[]);
    assert_ne!(browser.cookie(REMEMBER), Some(first), "the successor came with the failure");
    app.advance(3600);
    browser.get("/who_am_i").expect(200);
}

/// A client that keeps the remember cookie only gets a new session with each request.
#[test]
fn a_remember_cookie_opens_a_limited_number_of_sessions() {
    let app = TestApp::start();
    let (_, _, value) = remembered(&app);
    let elsewhere = Browser::signed_in(&app, "panther", false).0;
    let sessions: Vec<String> = (0..100)
        .map(|_| {
            // One after the other, so that it is clear which are the oldest.
            app.advance(1);
            let browser = with_cookie(&app, &value);
            browser.get("/who_am_i").expect(200);
            browser.cookie(SESSION).expect("a session")
        })
        .collect();
    let is_live = |session: &String| {
        let browser = Browser::new(&app);
        browser.set_cookie(SESSION, session);
        browser.get("/who_am_i").status == 200
    };
    assert_eq!(sessions.iter().filter(|session| is_live(session)).count(), tollbridge::MAX_SESSIONS_OF_LOGIN);
    assert!(is_live(&sessions[99]), "the latest");
    elsewhere.get("/who_am_i").expect(200);
}
