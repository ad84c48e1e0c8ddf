//! Exchanges of faces that are released together with each other, and with the end of their login.

use serde_json::json;

use tollbridge::Act;

use crate::app::{PANTHER, PASSWORD, TestApp, cheap, hash, wait};
use crate::clients::{Anonymous, Browser, Client as _, REMEMBER, SESSION, Token};
use crate::handoff::link;
use crate::races::{RACERS, ROUNDS, race, start};

#[test]
fn of_all_who_redeem_a_link_one_is_signed_in() {
    let app = start();
    for _ in 0..ROUNDS {
        let path = link(&app, &Anonymous(&app).token_login("panther").access);
        let browsers: Vec<Browser<'_>> = (0..RACERS).map(|_| Browser::new(&app)).collect();
        let answers = race(browsers.iter().map(|browser| || browser.post(&path)));
        assert_eq!(answers.iter().filter(|answer| answer.status == 303).count(), 1);
        for answer in answers.into_iter().filter(|answer| answer.status != 303) {
            assert!(answer.refused(410, "code_invalid").set_cookies().is_empty());
        }
        assert_eq!(browsers.iter().filter(|browser| browser.get("/who_am_i").status == 200).count(), 1);
    }
}

#[test]
fn of_all_who_make_links_ten_get_one() {
    let app = start();
    for _ in 0..ROUNDS {
        let access = Anonymous(&app).token_login("panther").access;
        let answers = race((0..RACERS).map(|_| || Token(&app, access.clone()).post("/handoff")));
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        answers.into_iter().filter(|answer| answer.status != 201).for_each(|answer| {
            answer.refused(429, "too_many_attempts");
        });
        assert_eq!(made, 10);
    }
}

/// What a racer has got.
enum Got<'a> {
    Nothing,
    Tokens(String),
    Session(Browser<'a>),
}

/// Once the end of a login is acknowledged, nothing that was exchanged beside it is alive.
#[test]
fn an_exchange_beside_the_end_of_its_login_leaves_nothing_alive() {
    let app = start();
    for round in 0..ROUNDS {
        let pair = Anonymous(&app).token_login("panther");
        let links: Vec<String> = (0..9).map(|_| link(&app, &pair.access)).collect();
        let first = Browser::new(&app);
        first.post(&links[0]).expect(303);
        let cookies = first.cookie_header();
        let racer = |number: usize| {
            let (app, cookies, links, access) = (&app, &cookies, &links, &pair.access);
            move || {
                if number == RACERS / 2 {
                    end(app, round, cookies, access);
                    return Got::Nothing;
                }
                if let Some(path) = links.get(number + 1) {
                    let browser = Browser::new(app);
                    return if browser.post(path).status == 303 { Got::Session(browser) } else { Got::Nothing };
                }
                let answer = Anonymous(app).call("POST", "/token").header("cookie", cookies).send();
                if answer.status == 200 { Got::Tokens(answer.pair().access) } else { Got::Nothing }
            }
        };
        for got in race((0..RACERS).map(racer)) {
            match got {
                Got::Nothing => {}
                Got::Tokens(token) => drop(Token(&app, token).get("/who_am_i").refused(401, "login_ended")),
                Got::Session(browser) => drop(browser.get("/who_am_i").expect(401)),
            }
        }
    }
}

/// Ends the login, by one face or the other.
fn end(app: &TestApp, round: usize, cookies: &str, access: &str) {
    let anonymous = Anonymous(app);
    let by = anonymous.call("POST", "/logout");
    let by = if round.is_multiple_of(2) { by.header("cookie", cookies) } else { by.bearer(access) };
    by.send().expect(204);
}

/// A change of password keeps its login, and voids what was made with the credentials of before. A link is that too.
#[test]
fn a_link_redeemed_beside_a_change_of_password_leaves_nothing_alive() {
    let app = start();
    let change = json!({ "current_password": PASSWORD, "new_password": "a new and longer staple" });
    let hashed = hash(cheap(), PASSWORD);
    for _ in 0..ROUNDS {
        let pair = Anonymous(&app).token_login("panther");
        let links: Vec<String> = (0..10).map(|_| link(&app, &pair.access)).collect();
        let changed = std::sync::Mutex::new(None);
        let racer = |number: usize| {
            let (app, links, change, changed, access) = (&app, &links, &change, &changed, &pair.access);
            move || {
                let Some(path) = links.get(number) else {
                    let answer = Token(app, access.clone()).post_json("/account/password", change).expect(200);
                    *changed.lock().expect("one writes") = Some(answer.pair());
                    return None;
                };
                let browser = Browser::new(app);
                // In step with the change, which hashes a password before it writes.
                for _ in 0..number / 2 {
                    browser.get(path);
                }
                (browser.post(path).status == 303).then_some(browser)
            }
        };
        for browser in race((0..=links.len()).map(racer)).into_iter().flatten() {
            browser.get("/who_am_i").expect(401);
        }
        let pair = changed.into_inner().expect("one has written").expect("the password was changed");
        Token(&app, pair.access).get("/who_am_i").expect(200);
        assert!(
            wait(app.database.reset_password(PANTHER, &hashed, &Act::of_application(), app.clock.now()))
                .expect("an answer")
        );
    }
}

/// Nor do tokens for a session of before.
#[test]
fn an_exchange_beside_a_change_of_password_leaves_nothing_alive() {
    let app = start();
    let change = json!({ "current_password": PASSWORD, "new_password": "a new and longer staple" });
    let hashed = hash(cheap(), PASSWORD);
    for _ in 0..2 * ROUNDS {
        let pair = Anonymous(&app).token_login("panther");
        let first = Browser::new(&app);
        first.post(&link(&app, &pair.access)).expect(303);
        let cookies = first.cookie_header();
        let racer = |number: usize| {
            let (app, change, cookies, access) = (&app, &change, &cookies, &pair.access);
            move || {
                if number == 0 {
                    Token(app, access.clone()).post_json("/account/password", change).expect(200);
                    return Vec::new();
                }
                let exchange = || Anonymous(app).call("POST", "/token").header("cookie", cookies).send();
                (0..8).map(|_| exchange()).filter(|answer| answer.status == 200).map(|answer| answer.pair()).collect()
            }
        };
        for pair in race((0..12).map(racer)).into_iter().flatten() {
            Token(&app, pair.access).get("/who_am_i").refused(401, "token_revoked");
            Token(&app, pair.refresh).post("/refresh").refused(401, "token_revoked");
        }
        assert!(
            wait(app.database.reset_password(PANTHER, &hashed, &Act::of_application(), app.clock.now()))
                .expect("an answer")
        );
    }
}

/// Nor does a remember cookie of before open a session, or become the one that replaces it.
#[test]
fn a_remember_cookie_used_beside_a_change_of_password_leaves_nothing_alive() {
    let app = start();
    let change = json!({ "current_password": PASSWORD, "new_password": "a new and longer staple" });
    let hashed = hash(cheap(), PASSWORD);
    for _ in 0..2 * ROUNDS {
        let owner = Browser::new(&app);
        owner.sign_in("panther", true);
        let stolen = owner.cookie(REMEMBER).expect("a remember cookie");
        let racer = |number: usize| {
            let (app, owner, change, stolen) = (&app, &owner, &change, &stolen);
            move || {
                if number == 0 {
                    owner.post_json("/account/password", change).expect(204);
                    return None;
                }
                let thief = Browser::new(app);
                thief.set_cookie(REMEMBER, stolen);
                // In step with the change, which hashes a password before it writes.
                for _ in 0..number / 2 {
                    app.http().get(app.url("/healthz")).send().expect("an answer");
                }
                thief.get("/session");
                Some(thief)
            }
        };
        for thief in race((0..16).map(racer)).into_iter().flatten() {
            thief.get("/session").expect(401);
        }
        owner.get("/session").expect(200);
        owner.forget(SESSION);
        owner.get("/session").expect(200);
        assert!(
            wait(app.database.reset_password(PANTHER, &hashed, &Act::of_application(), app.clock.now()))
                .expect("an answer")
        );
    }
}
