//! Requests that are released together, on connections of their own. What one of them decided must hold where it is
//! carried out.

use std::sync::Barrier;
use std::thread::scope;

use serde_json::json;

use tollbridge::Act;

use crate::app::{PANTHER, PASSWORD, TestApp, cheap, hash, new_user, wait};
use crate::clients::{Anonymous, Answer, Browser, Client as _, REMEMBER, Token};

/// The connections of a race.
pub(crate) const RACERS: usize = 50;

/// A race condition does not show in every race.
pub(crate) const ROUNDS: usize = 4;

/// A server with room for every racer.
pub(crate) fn start() -> TestApp {
    TestApp::with(&[("PASSWORD__QUEUE", "128")])
}

/// Releases all racers together, and returns their results in order.
pub(crate) fn race<T: Send, R: FnOnce() -> T + Send>(racers: impl IntoIterator<Item = R>) -> Vec<T> {
    let racers: Vec<R> = racers.into_iter().collect();
    let together = Barrier::new(racers.len());
    scope(|scope| {
        let start = |racer: R| {
            let together = &together;
            scope.spawn(move || {
                together.wait();
                racer()
            })
        };
        let threads: Vec<_> = racers.into_iter().map(start).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    })
}

fn sign_in(app: &TestApp, username: &str) -> Answer {
    Anonymous(app).post_json("/login", &json!({ "username": username, "password": PASSWORD }))
}

/// Signs a user in many times while `change` is made to the user, and returns the tokens of those who got some.
fn sign_in_during(app: &TestApp, username: &str, change: impl Fn() + Send + Sync) -> Vec<String> {
    let racer = |number: usize| {
        let change = &change;
        move || {
            if number == RACERS / 2 {
                change();
                return None;
            }
            let answer = sign_in(app, username);
            if answer.status == 200 {
                return Some(answer.pair().access);
            }
            answer.refused(401, "invalid_credentials");
            None
        }
    };
    race((0..RACERS).map(racer)).into_iter().flatten().collect()
}

#[test]
fn a_sign_in_beside_disable_is_dead_after_enable() {
    let app = start();
    for _ in 0..ROUNDS {
        let set_active = |active| {
            assert!(
                wait(app.database.set_active(PANTHER, active, &Act::of_application(), app.clock.now()))
                    .expect("an answer")
            )
        };
        let tokens = sign_in_during(&app, "panther", || set_active(false));
        set_active(true);
        for token in tokens {
            Token(&app, token).get("/who_am_i").refused(401, "login_ended");
        }
        sign_in(&app, "panther").expect(200);
    }
}

#[test]
fn a_sign_in_beside_delete_is_refused_as_unknown() {
    let app = start();
    let hashed = hash(cheap(), PASSWORD);
    for round in 0..ROUNDS {
        let username = format!("mayfly_{round}");
        let user =
            wait(app.database.create_user(new_user(None, &username, "Mayfly", hashed.clone()), &Act::of_application()))
                .expect("a user");
        let delete = || {
            assert!(
                wait(app.database.delete_user(user.id, &Act::of_application(), app.clock.now())).expect("an answer")
            )
        };
        for token in sign_in_during(&app, &username, delete) {
            let (status, code) = Token(&app, token).get("/who_am_i").outcome();
            assert!(status == 401 && ["login_ended", "user_not_found"].contains(&code.as_str()), "{status} {code}");
        }
    }
}

#[test]
fn of_all_who_end_the_others_one_is_left() {
    let app = start();
    for _ in 0..ROUNDS {
        let tokens: Vec<String> = (0..RACERS).map(|_| Anonymous(&app).token_login("panther").access).collect();
        let end_others = |token: &String| {
            let token = Token(&app, token.clone());
            move || token.post_json("/logout", &json!({ "scope": "others" }))
        };
        let answers = race(tokens.iter().map(end_others));
        let won = answers.iter().filter(|answer| answer.status == 204).count();
        let lives = |token: &&String| Token(&app, (*token).clone()).get("/who_am_i").status == 200;
        assert_eq!((won, tokens.iter().filter(lives).count()), (1, 1));
        answers.into_iter().filter(|answer| answer.status != 204).for_each(|answer| {
            answer.refused(401, "login_ended");
        });
    }
}

const NEW: &str = "a new and longer staple";

fn change_password(app: &TestApp, token: &str, new: &str) -> Answer {
    let form = json!({ "current_password": PASSWORD, "new_password": new });
    Token(app, token.to_owned()).post_json("/account/password", &form)
}

/// Checks that this is the user's password, and gives the user the one that every test begins with.
fn assert_password(app: &TestApp, password: &str) {
    let sign_in = |password: &str| {
        Anonymous(app).post_json("/login", &json!({ "username": "panther", "password": password })).status
    };
    assert_eq!((sign_in(password), sign_in("another one")), (200, 401));
    let hashed = hash(cheap(), PASSWORD);
    assert!(
        wait(app.database.reset_password(PANTHER, &hashed, &Act::of_application(), app.clock.now()))
            .expect("an answer")
    );
}

#[test]
fn of_all_who_change_the_password_one_wins() {
    let app = start();
    for _ in 0..ROUNDS {
        let tokens: Vec<String> = (0..RACERS).map(|_| Anonymous(&app).token_login("panther").access).collect();
        let new = |number: usize| format!("{NEW} {number}");
        let racer = |(number, token): (usize, &String)| {
            let (app, token, new) = (&app, token.clone(), new(number));
            move || change_password(app, &token, &new)
        };
        let answers = race(tokens.iter().enumerate().map(racer));
        let won: Vec<usize> = (0..RACERS).filter(|&number| answers[number].status == 200).collect();
        let [winner] = won[..] else { panic!("{won:?} have changed the password") };
        for (number, answer) in answers.iter().enumerate() {
            let token = Token(&app, tokens[number].clone());
            if number == winner {
                token.get("/who_am_i").refused(401, "token_revoked");
                Token(&app, answer.pair().access).get("/who_am_i").expect(200);
                Token(&app, answer.pair().refresh).post("/refresh").expect(200);
            } else {
                let (status, code) = answer.outcome();
                assert!(status == 401 && ["login_ended", "invalid_credentials"].contains(&code.as_str()), "{code}");
                token.get("/who_am_i").refused(401, "login_ended");
            }
        }
        assert_password(&app, &new(winner));
    }
}

#[test]
fn of_a_change_of_password_and_logouts_everywhere_one_wins() {
    let app = start();
    for _ in 0..ROUNDS {
        let tokens: Vec<String> = (0..RACERS).map(|_| Anonymous(&app).token_login("panther").access).collect();
        let changes = |number: usize| number.is_multiple_of(2);
        let racer = |(number, token): (usize, &String)| {
            let (app, token) = (&app, token.clone());
            move || match changes(number) {
                true => change_password(app, &token, NEW),
                false => Token(app, token).post_json("/logout", &json!({ "scope": "all" })),
            }
        };
        let answers = race(tokens.iter().enumerate().map(racer));
        let won: Vec<usize> = (0..RACERS).filter(|&number| answers[number].status < 300).collect();
        let [winner] = won[..] else { panic!("{won:?} have won") };
        for (number, token) in tokens.iter().enumerate() {
            Token(&app, token.clone()).get("/who_am_i").expect(401);
            if number == winner && changes(number) {
                Token(&app, answers[number].pair().access).get("/who_am_i").expect(200);
            }
        }
        assert_password(&app, if changes(winner) { NEW } else { PASSWORD });
    }
}

#[test]
fn of_the_changes_of_one_login_one_wins() {
    let app = start();
    for _ in 0..ROUNDS {
        let token = Anonymous(&app).token_login("panther").access;
        let new = |number: usize| format!("{NEW} {number}");
        let racer = |number| {
            let (app, token, new) = (&app, token.clone(), new(number));
            move || change_password(app, &token, &new)
        };
        let answers = race((0..RACERS).map(racer));
        let won: Vec<usize> = (0..RACERS).filter(|&number| answers[number].status == 200).collect();
        let [winner] = won[..] else { panic!("{won:?} have changed the password") };
        let pair = answers[winner].pair();
        for (_, answer) in answers.into_iter().enumerate().filter(|(number, _)| *number != winner) {
            let (status, code) = answer.outcome();
            assert!(status == 401 && ["token_revoked", "invalid_credentials"].contains(&code.as_str()), "{code}");
        }
        Token(&app, token).get("/who_am_i").refused(401, "token_revoked");
        Token(&app, pair.access).get("/who_am_i").expect(200);
        Token(&app, pair.refresh).post("/refresh").expect(200);
        assert_password(&app, &new(winner));
    }
}

#[test]
fn an_api_token_beside_the_logout_of_everything_is_dead() {
    let app = start();
    for _ in 0..ROUNDS {
        let makers: Vec<_> = (0..RACERS / 10).map(|_| Anonymous(&app).token_login("panther").access).collect();
        let racer = |number: usize| {
            let (app, maker) = (&app, makers[number % makers.len()].clone());
            move || {
                if number == RACERS / 2 {
                    Token(app, maker).post_json("/logout", &json!({ "scope": "all" })).expect(204);
                    return None;
                }
                let answer = Token(app, maker).post_json("/tokens", &json!({ "name": "x" }));
                if answer.status == 201 {
                    return answer.json()["token"].as_str().map(str::to_owned);
                }
                answer.refused(401, "login_ended");
                None
            }
        };
        let made = race((0..RACERS).map(racer));
        for token in made.into_iter().flatten() {
            Token(&app, token).get("/who_am_i").refused(401, "token_revoked");
        }
    }
}

#[test]
fn an_api_token_beside_disable_or_a_new_password_is_dead() {
    let app = start();
    let hash = hash(cheap(), PASSWORD);
    for round in 0..ROUNDS {
        let maker = Anonymous(&app).token_login("panther").access;
        let racer = |number: usize| {
            let (app, maker, hash) = (&app, maker.clone(), &hash);
            move || {
                let now = app.clock.now();
                if number == RACERS / 2 && round % 2 == 0 {
                    assert!(
                        wait(app.database.set_active(PANTHER, false, &Act::of_application(), now)).expect("an answer")
                    );
                    assert!(
                        wait(app.database.set_active(PANTHER, true, &Act::of_application(), now)).expect("an answer")
                    );
                    return None;
                }
                if number == RACERS / 2 {
                    assert!(
                        wait(app.database.reset_password(PANTHER, hash, &Act::of_application(), now))
                            .expect("an answer")
                    );
                    return None;
                }
                let answer = Token(app, maker).post_json("/tokens", &json!({ "name": "x" }));
                (answer.status == 201).then(|| answer.json()["token"].as_str().unwrap_or_default().to_owned())
            }
        };
        for token in race((0..RACERS).map(racer)).into_iter().flatten() {
            Token(&app, token).get("/who_am_i").refused(401, "token_revoked");
        }
    }
}

#[test]
fn racers_never_get_more_api_tokens_than_the_bound() {
    let app = start();
    let maker = Anonymous(&app).token_login("panther").access;
    let make = || Token(&app, maker.clone()).post_json("/tokens", &json!({ "name": "x" })).status;
    (0..90).for_each(|_| assert_eq!(make(), 201));
    let made = race((0..RACERS).map(|_| make)).into_iter().filter(|status| *status == 201).count();
    assert_eq!(made, 10);
}

#[test]
fn racers_never_have_more_logins_than_the_bound() {
    let app = TestApp::with(&[("PASSWORD__QUEUE", "128"), ("LOGIN__MAX_LOGINS", "10")]);
    for _ in 0..ROUNDS {
        // The logins of the round before are older.
        app.advance(1);
        let answers = race((0..RACERS).map(|_| || sign_in(&app, "panther")));
        let tokens: Vec<_> = answers.into_iter().map(|answer| answer.expect(200).pair().access).collect();
        let lives = |token: &&String| Token(&app, (*token).clone()).get("/who_am_i").status == 200;
        assert_eq!(tokens.iter().filter(lives).count(), 10);
    }
}

/// Whatever the login got while it was being ended is dead with it.
#[test]
fn of_a_login_that_another_ends_nothing_lives_on() {
    let app = start();
    let mine = Token(&app, Anonymous(&app).token_login("panther").access);
    for _ in 0..ROUNDS {
        let other = Browser::new(&app);
        let form = json!({ "username": "panther", "password": PASSWORD, "mode": "both", "remember": true });
        let pair = other.post_json("/login", &form).expect(200).pair();
        let id = other.get("/session").json()["login_id"].as_str().expect("a login").to_owned();
        let remember = format!("{REMEMBER}={}", other.cookie(REMEMBER).expect("a remember cookie"));
        let racer = |number: usize| {
            let (app, mine, other, id) = (&app, &mine, &other, &id);
            let (refresh, remember) = (pair.refresh.clone(), remember.clone());
            move || {
                if number == RACERS / 2 {
                    mine.call("DELETE", &format!("/logins/{id}")).send().expect(204);
                    return Vec::new();
                }
                match number % 3 {
                    0 => {
                        let answer = Token(app, refresh).post("/refresh");
                        let pair = (answer.status == 200).then(|| answer.pair());
                        pair.map(|pair| vec![pair.access, pair.refresh]).unwrap_or_default()
                    }
                    1 => {
                        let answer = other.post("/token");
                        let pair = (answer.status == 200).then(|| answer.pair());
                        pair.map(|pair| vec![pair.access, pair.refresh]).unwrap_or_default()
                    }
                    // Cookies of a session that the remember cookie has opened.
                    _ => {
                        let anonymous = Anonymous(app);
                        let call = anonymous.call("GET", "/who_am_i").header("cookie", remember);
                        call.send().set_cookies().iter().map(|cookie| format!("cookie {cookie}")).collect()
                    }
                }
            }
        };
        for got in race((0..RACERS).map(racer)).into_iter().flatten() {
            match got.strip_prefix("cookie ") {
                Some(cookie) => {
                    let pair = cookie.split(';').next().unwrap_or_default().to_owned();
                    let answer = Anonymous(&app).call("GET", "/who_am_i").header("cookie", pair).send();
                    assert_eq!(answer.status, 401, "{cookie}");
                }
                None => {
                    assert_eq!(Token(&app, got.clone()).get("/who_am_i").status, 401);
                    assert_eq!(Token(&app, got).post("/refresh").status, 401);
                }
            }
        }
        other.get("/who_am_i").refused(401, "login_required");
        mine.get("/who_am_i").expect(200);
    }
}
