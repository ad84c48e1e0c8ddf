//! More logins than can be hashed: those that cannot be queued are refused at once, and the rest of the server goes on.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::app::TestApp;
use crate::clients::{Anonymous, Answer, Client};
use crate::contract::assert_sealed;

/// One thread and one place to wait, and a hash of some hundred milliseconds.
const SLOW: [(&str, &str); 4] = [
    ("PASSWORD__MEMORY_KIB", "65536"),
    ("PASSWORD__ITERATIONS", "6"),
    ("PASSWORD__THREADS", "1"),
    ("PASSWORD__QUEUE", "1"),
];

const CROWD: usize = 8;

#[test]
fn what_cannot_be_queued_is_refused_at_once() {
    let app = TestApp::with(&SLOW);
    let together = Barrier::new(CROWD);
    // An unknown user costs a hash with the parameters of the server.
    let attempt = || {
        together.wait();
        let began = Instant::now();
        let body = json!({ "username": "nobody", "password": "guess" });
        (Anonymous(&app).post_json("/login", &body), began.elapsed())
    };
    let answers: Vec<(Answer, Duration)> = std::thread::scope(|scope| {
        let attempt = &attempt;
        let crowd: Vec<_> = (0..CROWD).map(|_| scope.spawn(attempt)).collect();
        crowd.into_iter().map(|one| one.join().expect("an answer")).collect()
    });

    let (refused, heard): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(answer, _)| answer.status == 503);
    // One is hashed and one waits; who comes late may find the place of one that has ended.
    assert!((2..CROWD).contains(&heard.len()), "{} were heard", heard.len());
    let fastest = heard.iter().map(|(_, took)| *took).min().expect("at least two");
    for (answer, _) in heard {
        answer.refused(401, "invalid_credentials");
    }
    for (answer, took) in refused {
        assert_sealed(&answer, "an overloaded login");
        let answer = answer.refused(503, "overloaded");
        assert_eq!(answer.header("retry-after"), "2");
        assert!(took < fastest, "refused after {took:?}, and a hash takes {fastest:?}");
    }
    let metrics = Anonymous(&app).get("/metrics").text();
    assert!(!metrics.contains(r#"tollbridge_logins_total{outcome="shed"} 0"#), "{metrics}");
    Anonymous(&app).post_json("/login", &json!({ "username": "nobody", "password": "guess" })).expect(401);
}

#[test]
fn a_browser_gets_the_page_again() {
    let app = TestApp::with(&SLOW);
    let together = Barrier::new(CROWD);
    let attempt = || {
        together.wait();
        let form = "username=nobody&password=guess";
        Anonymous(&app).call("POST", "/login").body("application/x-www-form-urlencoded", form).send()
    };
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let attempt = &attempt;
        let crowd: Vec<_> = (0..CROWD).map(|_| scope.spawn(attempt)).collect();
        crowd.into_iter().map(|one| one.join().expect("an answer")).collect()
    });
    let page = answers.into_iter().find(|answer| answer.status == 503).expect("one is refused");
    assert_eq!(page.header("retry-after"), "2");
    assert!(page.text().contains("The service is busy.") && page.text().contains("nobody"), "{}", page.text());
}
