//! Refresh tokens: each good for one use, with the same answer for who races or loses the answer, and the end for a copy.

use std::time::Duration;

use actix_web::rt::System;
use serde_json::json;
use tollbridge::{Act, Login, LoginStore as _};

use crate::app::{START, TestApp, World};
use crate::clients::{Anonymous, Answer, Browser, Client, Pair};
use crate::store::CountingStore;

fn refresh(app: &TestApp, token: &str) -> Answer {
    Anonymous(app).call("POST", "/refresh").bearer(token).send()
}

fn who(app: &TestApp, token: &str) -> Answer {
    Anonymous(app).call("GET", "/who_am_i").bearer(token).send()
}

/// The login of a pair, as it is kept.
fn login_of(app: &TestApp, pair: &Pair) -> Login {
    let claims = Anonymous(app).call("GET", "/claims").bearer(&pair.access).send().expect(200).json();
    app.store().login(claims["sid"].as_str().expect("sid")).expect("a login")
}

/// The rotations that the store was asked for.
fn rotations(app: &TestApp, pair: &Pair) -> i64 {
    login_of(app, pair).refresh_generation
}

#[test]
fn a_refresh_token_is_exchanged_for_a_new_pair() {
    let app = TestApp::start();
    let first = Anonymous(&app).token_login("panther");
    app.advance(60);
    let answer = refresh(&app, &first.refresh).expect(200);
    assert_eq!((&answer.json()["token_type"], &answer.json()["expires_in"]), (&json!("Bearer"), &json!(900)));
    assert_eq!((answer.header("cache-control"), answer.set_cookies().len()), ("no-store", 0));
    let second = answer.pair();
    assert_ne!(first.refresh, second.refresh);
    for access in [&first.access, &second.access] {
        assert_eq!(who(&app, access).expect(200).json()["username"], "panther");
    }
    let in_body = Anonymous(&app).post_json("/refresh", &json!({ "refresh_token": second.refresh })).expect(200);
    assert_ne!(in_body.pair().refresh, second.refresh);
    Anonymous(&app).post("/refresh").refused(401, "login_required");
    Browser::signed_in(&app, "panther", true).0.post("/refresh").refused(401, "login_required");
}

#[test]
fn what_is_refreshed_is_not_fresh() {
    let app = TestApp::start();
    let first = Anonymous(&app).token_login("panther");
    let fresh = |token: &str| Anonymous(&app).call("GET", "/fresh").bearer(token).send();
    fresh(&first.access).expect(200);
    let second = refresh(&app, &first.refresh).pair();
    let answer = fresh(&second.access).refused(401, "reauth_required");
    assert!(answer.header("www-authenticate").contains("insufficient_user_authentication"), "{:?}", answer.headers);
    assert!(answer.header("www-authenticate").contains(r#"max_age="900""#), "{:?}", answer.headers);
    fresh(&first.access).expect(200);
    let how = Anonymous(&app).call("GET", "/how").bearer(&second.access).send().json();
    assert_eq!((&how["fresh"], &how["auth_time"]), (&json!(false), &json!(START)));
}

#[test]
fn of_many_at_once_one_rotates_and_all_get_the_same() {
    let app = TestApp::start();
    let first = Anonymous(&app).token_login("panther");
    let successors: Vec<Pair> = std::thread::scope(|scope| {
        let racers: Vec<_> =
            (0..32).map(|_| scope.spawn(|| refresh(&app, &first.refresh).expect(200).pair())).collect();
        racers.into_iter().map(|racer| racer.join().expect("an answer")).collect()
    });
    assert!(successors.iter().all(|pair| pair.refresh == successors[0].refresh), "one successor");
    assert_eq!(rotations(&app, &first), 1);
    for pair in &successors {
        who(&app, &pair.access).expect(200);
    }
    refresh(&app, &successors[0].refresh).expect(200);
    assert_eq!(rotations(&app, &first), 2);
}

/// Uses an access token, and returns when the store knows that its generation has been used.
fn use_and_confirm(app: &TestApp, pair: &Pair) {
    who(app, &pair.access).expect(200);
    app.store().wait_for("confirm_refresh");
    assert!(login_of(app, pair).refresh_confirmed);
}

#[test]
fn after_the_successor_was_used_the_grace_is_ten_seconds_and_one_generation() {
    for (pause, status) in [(0, 200), (9, 200), (10, 401), (1000, 401)] {
        let app = TestApp::start();
        let first = Anonymous(&app).token_login("panther");
        let second = refresh(&app, &first.refresh).expect(200).pair();
        use_and_confirm(&app, &second);
        app.advance(pause);
        let again = refresh(&app, &first.refresh);
        match status {
            200 => assert_eq!(again.expect(200).pair().refresh, second.refresh, "{pause} s"),
            _ => drop(again.refused(401, "token_reused")),
        }
    }
    let app = TestApp::start();
    let first = Anonymous(&app).token_login("panther");
    let second = refresh(&app, &first.refresh).pair();
    refresh(&app, &second.refresh).expect(200);
    refresh(&app, &first.refresh).refused(401, "token_reused");
}

/// supabase/auth#1318: a client that got no answer can only send the same token again.
#[test]
fn who_lost_the_answer_gets_the_same_successor_however_late() {
    for pause in [11, 3600, 9 * 24 * 3600] {
        let app = TestApp::start();
        let first = Anonymous(&app).token_login("panther");
        let lost = refresh(&app, &first.refresh).expect(200).pair();
        for _ in 0..3 {
            app.advance(pause);
            let again = refresh(&app, &first.refresh).expect(200).pair();
            assert_eq!(again.refresh, lost.refresh, "{pause} s");
            Anonymous(&app).call("GET", "/require/refresh").bearer(&first.refresh).send().expect(200);
        }
        let again = refresh(&app, &first.refresh).expect(200).pair();
        // What was used before the answer was lost proves nothing.
        if pause == 11 {
            who(&app, &first.access).expect(200);
            refresh(&app, &first.refresh).expect(200);
        }
        use_and_confirm(&app, &again);
        refresh(&app, &first.refresh).refused(401, "token_reused");
        who(&app, &again.access).refused(401, "login_ended");
    }
}

#[test]
fn the_refresh_token_confirms_its_generation_too() {
    let app = TestApp::start();
    let first = Anonymous(&app).token_login("panther");
    let second = refresh(&app, &first.refresh).expect(200).pair();
    app.advance(11);
    Anonymous(&app).call("GET", "/require/refresh").bearer(&second.refresh).send().expect(200);
    app.store().wait_for("confirm_refresh");
    Anonymous(&app).call("GET", "/require/refresh").bearer(&first.refresh).send().refused(401, "token_reused");
    who(&app, &second.access).refused(401, "login_ended");
}

#[test]
fn a_generation_is_confirmed_once() {
    let app = TestApp::start();
    let first = Anonymous(&app).token_login("panther");
    app.store().take_calls();
    who(&app, &first.access).expect(200);
    let second = refresh(&app, &first.refresh).expect(200).pair();
    who(&app, &first.access).expect(200);
    assert!(!app.store().take_calls().contains_key("confirm_refresh"), "there is nothing to confirm");
    use_and_confirm(&app, &second);
    app.store().take_calls();
    for access in [&first.access, &second.access, &second.access] {
        who(&app, access).expect(200);
    }
    assert!(!app.store().take_calls().contains_key("confirm_refresh"), "it is confirmed already");
}

/// It is no part of the request, and the next use makes up for it.
#[test]
fn a_confirmation_that_fails_fails_no_request() {
    let app = TestApp::start();
    let first = Anonymous(&app).token_login("panther");
    let second = refresh(&app, &first.refresh).expect(200).pair();
    app.store().fail(&["confirm_refresh"]);
    who(&app, &second.access).expect(200);
    app.store().wait_for("confirm_refresh");
    assert!(!login_of(&app, &second).refresh_confirmed);
    app.store().fail(&[]);
    // The failed one may be pending still, and there is one at a time.
    assert!((0..10_000).any(|_| login_of(&app, &second).refresh_confirmed));
}

#[test]
fn without_a_grace_no_predecessor_is_good() {
    let app = TestApp::with(|bridge| bridge.refresh_grace(Duration::ZERO));
    let first = Anonymous(&app).token_login("panther");
    let second = refresh(&app, &first.refresh).expect(200).pair();
    refresh(&app, &first.refresh).refused(401, "token_reused");
    who(&app, &second.access).refused(401, "login_ended");
}

/// The clock was an hour ahead at the rotation. An age below zero is no grace.
#[test]
fn a_clock_that_was_ahead_prolongs_nothing() {
    let app = TestApp::with(|bridge| bridge.leeway(Duration::from_secs(2 * 3600)));
    let first = Anonymous(&app).token_login("panther");
    app.advance(3600);
    let second = refresh(&app, &first.refresh).expect(200).pair();
    use_and_confirm(&app, &second);
    app.advance(-3600);
    refresh(&app, &first.refresh).refused(401, "token_reused");
}

/// And it leaves nobody with tokens that begin later.
#[test]
fn after_a_clock_was_ahead_a_lost_answer_can_be_had_again() {
    let app = TestApp::start();
    let first = Anonymous(&app).token_login("panther");
    app.advance(3600);
    let lost = refresh(&app, &first.refresh).expect(200).pair();
    app.advance(-3600);
    who(&app, &lost.access).refused(401, "token_invalid");
    let again = refresh(&app, &first.refresh).expect(200).pair();
    who(&app, &again.access).expect(200);
    refresh(&app, &again.refresh).expect(200);
}

/// The grace begins when the rotation has been written, which a slow store does late.
#[test]
fn the_time_of_a_rotation_is_that_of_its_write() {
    let app = TestApp::start();
    let first = Anonymous(&app).token_login("panther");
    let clock = app.world.clock.clone();
    app.store().delay("rotate_refresh", move || clock.advance(Duration::from_secs(14)));
    let second = refresh(&app, &first.refresh).expect(200).pair();
    assert_eq!(login_of(&app, &second).refresh_rotated_at, START + 14);
    use_and_confirm(&app, &second);
    app.advance(9);
    assert_eq!(refresh(&app, &first.refresh).expect(200).pair().refresh, second.refresh);
    app.advance(1);
    refresh(&app, &first.refresh).refused(401, "token_reused");
}

#[test]
fn a_copy_ends_the_login_with_both_faces() {
    let app = TestApp::start();
    let (browser, first) = Browser::signed_in(&app, "panther", true);
    let bystander = Anonymous(&app).token_login("panther");
    let second = refresh(&app, &first.refresh).expect(200).pair();
    use_and_confirm(&app, &second);
    app.advance(11);
    refresh(&app, &first.refresh).refused(401, "token_reused");
    for access in [&first.access, &second.access] {
        who(&app, access).refused(401, "login_ended");
    }
    for token in [&first.refresh, &second.refresh] {
        refresh(&app, token).refused(401, "login_ended");
    }
    browser.get("/who_am_i").refused(401, "login_required");
    who(&app, &bystander.access).expect(200);
}

#[test]
fn rotation_survives_a_restart() {
    let app = TestApp::start();
    let first = Anonymous(&app).token_login("panther");
    let second = refresh(&app, &first.refresh).pair();
    let restarted = TestApp::over(app.world.clone(), |bridge| bridge);
    drop(app);
    assert_eq!(refresh(&restarted, &first.refresh).expect(200).pair().refresh, second.refresh, "in the grace");
    restarted.advance(10);
    let third = refresh(&restarted, &second.refresh).expect(200).pair();
    who(&restarted, &third.access).expect(200);
    refresh(&restarted, &first.refresh).refused(401, "token_reused");
    refresh(&restarted, &third.refresh).refused(401, "login_ended");
}

/// Of the same users, with the logins as they were before.
fn restored_from_a_backup(app: &TestApp, logins: &[Login]) -> TestApp {
    let store = CountingStore::default();
    System::new().block_on(async {
        for login in logins {
            store.insert(login, usize::MAX, &Act::of_application()).await.expect("a store");
        }
    });
    TestApp::over(World { store, ..app.world.clone() }, |bridge| bridge)
}

/// A token that is ahead of its row was copied by nobody, so it ends nothing; but nobody knows what came after it either.
#[test]
fn a_generation_that_the_store_never_issued_is_refused_and_ends_nothing() {
    let app = TestApp::start();
    let first = Anonymous(&app).token_login("panther");
    let backup = login_of(&app, &first);
    let second = refresh(&app, &first.refresh).expect(200).pair();
    let third = refresh(&app, &second.refresh).expect(200).pair();
    let restored = restored_from_a_backup(&app, &[backup]);
    for pause in [0, 11] {
        restored.advance(pause);
        for ahead in [&second.refresh, &third.refresh] {
            refresh(&restored, ahead).refused(401, "token_invalid");
            let by_itself = Anonymous(&restored).call("GET", "/require/refresh").bearer(ahead).send();
            by_itself.refused(401, "token_invalid");
        }
        let login = login_of(&restored, &first);
        assert_eq!((login.ended, login.refresh_generation), (None, 0));
    }
    refresh(&restored, &first.refresh).expect(200);
}

#[test]
fn who_may_not_sign_in_may_not_refresh() {
    type Change = fn(&TestApp);
    let changes: [(&str, Change); 3] = [
        ("user_disabled", |app| app.world.users.change(2, |user| user.active = false)),
        ("login_ended", |app| app.world.users.change(2, |user| user.epoch += 1)),
        ("user_not_found", |app| app.world.users.delete(2)),
    ];
    for (code, change) in changes {
        let app = TestApp::start();
        let pair = Anonymous(&app).token_login("panther");
        change(&app);
        app.store().take_calls();
        refresh(&app, &pair.refresh).refused(401, code);
        who(&app, &pair.access).refused(401, code);
        assert!(!app.store().take_calls().contains_key("rotate_refresh"), "{code}");
    }
}

#[test]
fn no_token_outlives_its_login() {
    let app =
        TestApp::with(|bridge| bridge.refresh_ttl(Duration::from_secs(1000)).access_ttl(Duration::from_secs(600)));
    let exp =
        |token: &str| Anonymous(&app).call("GET", "/claims").bearer(token).send().expect(200).json()["exp"].clone();
    let first = Anonymous(&app).token_login("panther");
    assert_eq!(exp(&first.access), START + 600);
    app.advance(500);
    let answer = refresh(&app, &first.refresh).expect(200);
    assert_eq!(answer.json()["expires_in"], 500, "the login ends sooner than the token would");
    let second = answer.pair();
    assert_eq!(exp(&second.access), START + 1000);
    app.advance(499);
    who(&app, &second.access).expect(200);
    app.advance(1);
    who(&app, &second.access).refused(401, "login_ended");
    refresh(&app, &second.refresh).refused(401, "login_ended");
    app.advance(5);
    refresh(&app, &second.refresh).refused(401, "token_expired");
}

const HOUR: i64 = 3600;

fn with_idle_ttl(hours: i64) -> TestApp {
    let idle = Duration::from_secs(hours.unsigned_abs() * HOUR.unsigned_abs());
    TestApp::with(move |bridge| bridge.refresh_idle_ttl(idle))
}

#[test]
fn a_refresh_token_that_is_not_used_ends_before_its_login() {
    let app = with_idle_ttl(48);
    let first = Anonymous(&app).token_login("panther");
    app.advance(47 * HOUR);
    let second = refresh(&app, &first.refresh).expect(200).pair();
    // Each use begins the time anew, and the login goes on.
    app.advance(47 * HOUR);
    let third = refresh(&app, &second.refresh).expect(200).pair();
    app.advance(48 * HOUR + 5);
    refresh(&app, &third.refresh).refused(401, "token_expired");
    // It is expired and not reused, so that whoever has an old copy ends nothing.
    refresh(&app, &second.refresh).refused(401, "token_expired");
    refresh(&app, &first.refresh).refused(401, "token_expired");
}

/// The answer to the refresh was lost, and the client was away.
#[test]
fn a_lost_answer_is_repeated_until_the_token_has_been_idle_for_too_long() {
    let app = with_idle_ttl(48);
    let first = Anonymous(&app).token_login("panther");
    app.advance(40 * HOUR);
    let lost = refresh(&app, &first.refresh).expect(200).pair();
    app.advance(7 * HOUR);
    let repeated = refresh(&app, &first.refresh).expect(200).pair();
    assert_eq!(repeated.refresh, lost.refresh, "the successor is the same, with the same end");
    app.advance(HOUR + 5);
    refresh(&app, &first.refresh).refused(401, "token_expired");
    // The successor has its own time, from its rotation on.
    refresh(&app, &repeated.refresh).expect(200);
}

#[test]
fn an_idle_time_longer_than_the_lifetime_prolongs_nothing() {
    let app = TestApp::with(|bridge| {
        bridge.refresh_ttl(Duration::from_secs(1000)).refresh_idle_ttl(Duration::from_secs(2000))
    });
    let pair = Anonymous(&app).token_login("panther");
    app.advance(1005);
    refresh(&app, &pair.refresh).refused(401, "token_expired");
}

/// "For ever" is a wish that embedders write as the longest duration there is.
#[test]
fn no_lifetime_is_too_long() {
    let app = TestApp::with(|bridge| {
        let bridge = bridge.access_ttl(Duration::MAX).refresh_ttl(Duration::MAX).refresh_grace(Duration::MAX);
        let bridge = bridge.idle_ttl(Duration::MAX).absolute_ttl(Duration::MAX).remember_ttl(Duration::MAX);
        bridge.fresh_window(Duration::MAX).leeway(Duration::MAX)
    });
    let (browser, pair) = Browser::signed_in(&app, "panther", true);
    for pair in [pair, Anonymous(&app).token_login("panther")] {
        Anonymous(&app).call("GET", "/fresh").bearer(&pair.access).send().expect(200);
        let next = Anonymous(&app).call("POST", "/refresh").bearer(&pair.refresh).send().expect(200).pair();
        Anonymous(&app).call("GET", "/who_am_i").bearer(&next.access).send().expect(200);
    }
    app.advance(10 * 365 * 24 * 60 * 60);
    browser.get("/fresh").expect(200);
}
