//! The database is gone: the server says so, and takes nobody for a stranger.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::app::{PASSWORD, TestApp};
use crate::clients::{Anonymous, Answer, Browser, Client, Token};
use crate::cluster::Cluster;
use crate::contract::assert_sealed;
use crate::database::TestDatabase;

#[track_caller]
fn assert_unavailable(answer: Answer, what: &str) {
    assert_sealed(&answer, what);
    let answer = answer.refused(503, "store_unavailable");
    assert_eq!(answer.header("retry-after"), "5", "{what}");
    assert!(answer.set_cookies().is_empty(), "{what}: nobody's cookies are taken: {:?}", answer.headers);
    let text = answer.text();
    assert!(
        !["users", "sql", "postgres", "/tmp"].iter().any(|word| text.to_lowercase().contains(word)),
        "{what}: {text}"
    );
}

/// A database that has just been away is tried again after a second.
#[track_caller]
fn await_recovery(app: &TestApp) {
    let began = Instant::now();
    while Anonymous(app).get("/readyz").status != 200 {
        assert!(began.elapsed() < Duration::from_secs(20), "it stays away");
    }
}

#[test]
fn nobody_is_taken_for_a_stranger() {
    let app = TestApp::start();
    let browser = Browser::new(&app);
    browser.sign_in("panther", true);
    let pair = Anonymous(&app).token_login("panther");
    Anonymous(&app).get("/readyz").expect(200);

    let made = Token(&app, pair.access.clone()).post_json("/tokens", &json!({ "name": "backup" })).expect(201).json();
    let api_token = made["token"].as_str().expect("a token").to_owned();

    app.place.take_away();
    let credentials = json!({ "username": "panther", "password": PASSWORD });
    // Each may wait for a connection for some seconds, so they wait side by side.
    std::thread::scope(|scope| {
        scope.spawn(|| assert_unavailable(Anonymous(&app).get("/readyz"), "/readyz"));
        scope.spawn(|| assert_unavailable(browser.get("/who_am_i"), "a session"));
        scope.spawn(|| assert_unavailable(Token(&app, pair.access.clone()).get("/who_am_i"), "a token"));
        scope.spawn(|| assert_unavailable(Token(&app, api_token.clone()).get("/who_am_i"), "an API token"));
        scope.spawn(|| assert_unavailable(Token(&app, pair.refresh.clone()).post("/refresh"), "/refresh"));
        scope.spawn(|| assert_unavailable(Token(&app, pair.access.clone()).post("/logout"), "/logout"));
        scope.spawn(|| assert_unavailable(Anonymous(&app).post_json("/login", &credentials), "/login"));
        scope.spawn(|| {
            let form = "username=panther&password=guess";
            let call = Anonymous(&app).call("POST", "/login").body("application/x-www-form-urlencoded", form).send();
            assert_sealed(&call, "the form");
            let page = call.expect(503).text();
            assert!(page.contains("The service is not available now."), "{page}");
        });
    });
    // What needs no database goes on, and what nobody issued is still refused as such.
    Anonymous(&app).get("/healthz").expect(200);
    Anonymous(&app).get("/login").expect(200);
    Token(&app, "zoo".to_owned()).get("/who_am_i").refused(401, "token_invalid");
    Anonymous(&app).get("/who_am_i").refused(401, "login_required");

    app.place.give_back();
    await_recovery(&app);
    browser.get("/who_am_i").expect(200);
    Token(&app, pair.access.clone()).get("/who_am_i").expect(200);
    Token(&app, api_token).get("/who_am_i").expect(200);
    Token(&app, pair.refresh).post("/refresh").expect(200);
}

#[test]
fn connections_that_were_cut_are_made_anew() {
    let app = TestApp::start();
    let pair = Anonymous(&app).token_login("panther");
    app.place.disconnect_all();
    for _ in 0..8 {
        Token(&app, pair.access.clone()).get("/who_am_i").expect(200);
        Anonymous(&app).get("/readyz").expect(200);
    }
    let metrics = Anonymous(&app).get("/metrics").text();
    assert!(metrics.contains(r#"tollbridge_http_responses_total{class="5xx"} 0"#), "{metrics}");
}

/// Two seconds, and what the machine may take for itself.
const IN_TIME: Duration = Duration::from_secs(4);

#[track_caller]
fn assert_unavailable_in_time(app: &TestApp, access: &str, what: &str) {
    std::thread::scope(|scope| {
        for _ in 0..2 {
            for path in ["/readyz", "/who_am_i", "/session"] {
                scope.spawn(move || {
                    let began = Instant::now();
                    assert_unavailable(Token(app, access.to_owned()).get(path), what);
                    assert!(began.elapsed() < IN_TIME, "{what}: {path} took {:?}", began.elapsed());
                });
            }
        }
    });
}

#[test]
fn a_file_that_is_removed_or_replaced_is_noticed() {
    let app = TestApp::at(TestDatabase::sqlite(), &[]);
    let pair = Anonymous(&app).token_login("panther");
    let file = std::path::PathBuf::from(app.place.url().trim_start_matches("sqlite://"));
    let kept = file.with_extension("kept");
    let assert_noticed = |what: &str| {
        let credentials = json!({ "username": "panther", "password": PASSWORD });
        assert_unavailable(Anonymous(&app).get("/readyz"), what);
        assert_unavailable(Token(&app, pair.access.clone()).get("/who_am_i"), what);
        assert_unavailable(Anonymous(&app).post_json("/login", &credentials), what);
        assert_unavailable(Token(&app, pair.access.clone()).post("/logout"), what);
    };
    std::fs::rename(&file, &kept).expect("the file is there");
    assert_noticed("removed");
    assert!(!file.exists(), "nothing is made in its place");
    std::fs::copy(&kept, &file).expect("a copy");
    assert_noticed("replaced");
    std::fs::rename(&kept, &file).expect("the file is there");
    Anonymous(&app).get("/readyz").expect(200);
    Token(&app, pair.access.clone()).get("/who_am_i").expect(200);
    Anonymous(&app).token_login("panther");
}

#[test]
fn readiness_waits_for_no_write() {
    let app = TestApp::at(TestDatabase::sqlite(), &[]);
    let held = app.place.hold("SELECT 1");
    let credentials = json!({ "username": "panther", "password": PASSWORD });
    std::thread::scope(|scope| {
        let write = scope.spawn(|| Anonymous(&app).post_json("/login", &credentials));
        Anonymous(&app).get("/readyz").expect(200);
        assert!(!write.is_finished(), "the login waits for whoever writes");
        let began = Instant::now();
        assert_unavailable(write.join().expect("an answer"), "a login that waited in vain");
        assert!(began.elapsed() < IN_TIME, "it took {:?}", began.elapsed());
    });
    drop(held);
    Anonymous(&app).token_login("panther");
}

#[test]
fn a_server_that_does_not_answer_is_not_waited_for() {
    let Some(cluster) = Cluster::start_new() else { return };
    let mut app = TestApp::at(TestDatabase::on_server(cluster.url()), &[]);
    let pair = Anonymous(&app).token_login("panther");
    let works = || {
        await_recovery(&app);
        Token(&app, pair.access.clone()).get("/who_am_i").expect(200);
        Anonymous(&app).token_login("panther");
    };

    cluster.suspend();
    assert_unavailable_in_time(&app, &pair.access, "suspended");
    assert_unavailable_in_time(&app, &pair.access, "still suspended");
    cluster.resume();
    works();

    cluster.stop();
    // A connection is not tried again for each of them.
    let began = Instant::now();
    for _ in 0..20 {
        assert_unavailable(Token(&app, pair.access.clone()).get("/who_am_i"), "stopped");
    }
    assert!(began.elapsed() < IN_TIME, "20 requests took {:?}", began.elapsed());
    cluster.start();
    works();

    // The end of the server waits for no thread that waits for the database.
    cluster.suspend();
    assert_unavailable_in_time(&app, &pair.access, "suspended again");
    app.tell_to_stop();
    app.ended().expect("it ends");
    cluster.resume();
}
