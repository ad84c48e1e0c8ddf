//! The answers that clients of a Flask application know, where the configuration asks for them.

use crate::app::TestApp;
use crate::clients::{Anonymous, Client};

#[test]
fn clients_of_flask_get_the_answers_that_they_know() {
    let app = TestApp::with(&[("SERVER__ERROR_PROFILE", "flask_jwt_extended")]);
    let anonymous = Anonymous(&app);
    let ask = |path: &str| anonymous.call("GET", path);
    for (answer, status, body) in [
        (
            ask("/who_am_i").send(),
            401,
            "{\"msg\":\"Missing JWT in headers or json (Missing Authorization Header; Invalid content-type. Must be \
             application/json.)\"}\n",
        ),
        (ask("/who_am_i").bearer("zoo").send(), 422, "{\"msg\":\"Not enough segments\"}\n"),
    ] {
        assert_eq!((answer.status, answer.text().as_str()), (status, body));
        assert_eq!((answer.header("content-type"), answer.header("www-authenticate")), ("application/json", ""));
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    // What Flask-JWT-Extended has no answer for stays a problem, and people have their pages.
    let wrong = anonymous.post_json("/login", &serde_json::json!({ "username": "panther", "password": "no" }));
    wrong.refused(401, "invalid_credentials");
    let page = ask("/account").header("accept", "text/html").send().expect(303);
    assert_eq!(page.header("location"), "/login?next=%2Faccount");
}
