//! Refreshes whose answers are lost, many at once, over a real database.

use std::sync::Barrier;

use crate::app::TestApp;
use crate::clients::{Anonymous, Answer, Client as _, Pair, Token};

const RACERS: usize = 50;

/// The answers to one refresh token that many connections send together.
fn race(app: &TestApp, refresh: &str) -> Vec<Answer> {
    let start = Barrier::new(RACERS);
    let refresh = || {
        start.wait();
        Token(app, refresh.to_owned()).post("/refresh")
    };
    std::thread::scope(|scope| {
        let racers: Vec<_> = (0..RACERS).map(|_| scope.spawn(refresh)).collect();
        racers.into_iter().map(|racer| racer.join().expect("an answer")).collect()
    })
}

#[test]
fn lost_answers_cost_no_login_and_a_copy_does() {
    let app = TestApp::start();
    let first = Anonymous(&app).token_login("panther");
    let mut successors: Vec<Pair> = Vec::new();
    for _ in 0..3 {
        successors.extend(race(&app, &first.refresh).into_iter().map(|answer| answer.expect(200).pair()));
        app.advance(60);
    }
    let second = successors.pop().expect("a pair");
    assert!(successors.iter().all(|pair| pair.refresh == second.refresh), "one successor");

    // The confirmation is written in the background, once for all who use the new pair at the same time.
    std::thread::scope(|scope| {
        for pair in successors.iter().rev().take(RACERS) {
            scope.spawn(|| Token(&app, pair.access.clone()).get("/who_am_i").expect(200));
        }
    });
    let reused = (0..10_000).map(|_| Token(&app, first.refresh.clone()).post("/refresh")).find(|it| it.status != 200);
    reused.expect("the previous token is spent some time").refused(401, "token_reused");
    for answer in race(&app, &second.refresh) {
        answer.refused(401, "login_ended");
    }
    Token(&app, second.access).get("/who_am_i").refused(401, "login_ended");
}

#[test]
fn of_many_copies_that_come_back_none_is_good() {
    let app = TestApp::start();
    let first = Anonymous(&app).token_login("panther");
    let second = Token(&app, first.refresh.clone()).post("/refresh").expect(200).pair();
    let third = Token(&app, second.refresh).post("/refresh").expect(200).pair();
    let answers = race(&app, &first.refresh);
    assert!(answers.iter().all(|answer| answer.status == 401));
    let reused = answers.iter().filter(|answer| answer.outcome().1 == "token_reused").count();
    assert!(reused >= 1, "the others come after the end");
    Token(&app, third.access).get("/who_am_i").refused(401, "login_ended");
}
