//! The database is gone: the server says so, and takes nobody for a stranger.

use serde_json::json;

use crate::app::{PASSWORD, TestApp};
use crate::clients::{Anonymous, Answer, Browser, Client, Token};
use crate::contract::assert_sealed;

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

#[test]
fn nobody_is_taken_for_a_stranger() {
    let app = TestApp::start();
    let browser = Browser::new(&app);
    browser.sign_in("panther", true);
    let pair = Anonymous(&app).token_login("panther");
    Anonymous(&app).get("/readyz").expect(200);

    app.place.take_away();
    let credentials = json!({ "username": "panther", "password": PASSWORD });
    // Each may wait for a connection for some seconds, so they wait side by side.
    std::thread::scope(|scope| {
        scope.spawn(|| assert_unavailable(Anonymous(&app).get("/readyz"), "/readyz"));
        scope.spawn(|| assert_unavailable(browser.get("/who_am_i"), "a session"));
        scope.spawn(|| assert_unavailable(Token(&app, pair.access.clone()).get("/who_am_i"), "a token"));
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
    Anonymous(&app).get("/readyz").expect(200);
    browser.get("/who_am_i").expect(200);
    Token(&app, pair.access.clone()).get("/who_am_i").expect(200);
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
