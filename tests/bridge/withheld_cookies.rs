//! Requests of other sites, from which a browser withholds our cookies.

use serde_json::json;

use crate::app::{PASSWORD, TestApp};
use crate::clients::{Anonymous, Answer, Browser, Client, SESSION};

type Headers = &'static [(&'static str, &'static str)];

const WITHHELD: &[Headers] = &[
    &[("sec-fetch-site", "cross-site")],
    &[("sec-fetch-site", "same-site")],
    &[("origin", "https://evil.example")],
    &[("origin", "null")],
    // A form of another site, a frame, an image and a script.
    &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")],
    &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")],
    &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")],
];

const LINK: Headers =
    &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];

const HTML: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

fn app() -> TestApp {
    TestApp::with(|bridge| bridge.login_view("/login").next_in_session(true))
}

fn send(client: &impl Client, method: &str, path: &str, headers: Headers) -> Answer {
    let call = client.call(method, path).header("accept", HTML);
    headers.iter().fold(call, |call, (name, value)| call.header(name, value)).send()
}

fn starts_session(answer: &Answer) -> bool {
    answer.set_cookies().iter().any(|set| set.starts_with(SESSION))
}

#[test]
fn their_answers_replace_no_session() {
    let app = app();
    for headers in WITHHELD {
        // The redirect to the login page has a message and the page to come back to.
        for (method, path) in
            [("GET", "/who_am_i"), ("POST", "/who_am_i"), ("POST", "/session-write"), ("GET", "/fail")]
        {
            app.store().take_calls();
            let answer = send(&Anonymous(&app), method, path, headers);
            assert!([204, 303, 401, 500].contains(&answer.status), "{method} {path} {headers:?}: {answer:?}");
            assert!(!starts_session(&answer), "{method} {path} {headers:?}: {answer:?}");
            assert!(app.store().take_calls().is_empty(), "{method} {path} {headers:?}");
        }
    }
    assert!(!starts_session(&send(&Anonymous(&app), "POST", "/session-write", LINK)), "a form, not a link");
}

#[test]
fn other_requests_without_cookies_start_one() {
    let app = app();
    let ours: [Headers; 4] = [&[], &[("sec-fetch-site", "same-origin")], &[("sec-fetch-site", "none")], LINK];
    for headers in ours {
        assert!(starts_session(&send(&Anonymous(&app), "GET", "/who_am_i", headers)), "{headers:?}");
        if headers != LINK {
            assert!(starts_session(&send(&Anonymous(&app), "POST", "/session-write", headers)), "{headers:?}");
        }
    }
}

#[test]
fn with_cookies_they_are_what_they_were() {
    let app = app();
    let (browser, pair) = Browser::signed_in(&app, "panther", false);
    for headers in WITHHELD {
        assert_eq!(send(&browser, "GET", "/session-read", headers).expect(200).json()["user"], 2, "{headers:?}");
        let client = Anonymous(&app);
        let call = client.call("GET", "/who_am_i").bearer(&pair.access);
        headers.iter().fold(call, |call, (name, value)| call.header(name, value)).send().expect(200);
    }
}

#[test]
fn they_sign_nobody_in() {
    let app = app();
    let form = json!({ "username": "panther", "password": PASSWORD });
    for headers in WITHHELD {
        let client = Anonymous(&app);
        let call = headers.iter().fold(client.call("POST", "/login"), |call, (name, value)| call.header(name, value));
        let answer = call.json(&form).send();
        assert_eq!(answer.set_cookies(), [""; 0], "{headers:?}");
        answer.refused(403, "csrf_rejected");
    }
}

/// A safe method may sign in too, where the user has followed a link: single sign-on and links in a mail do.
#[actix_web::test]
async fn a_get_signs_in_only_where_a_link_was_followed() {
    use actix_web::http::header::SET_COOKIE;
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, HttpResponse, web};
    use tollbridge::Auth;

    use crate::app::World;

    let world = World::default();
    let bridge = world.bridge().build().expect("the bridge is complete");
    let panther = world.users.by_name("panther").expect("a user");
    let callback = move |auth: Auth| {
        let panther = panther.clone();
        async move { auth.login_user(&panther).await.map(|_| HttpResponse::Ok().finish()) }
    };
    let app = init_service(App::new().wrap(bridge).route("/callback", web::get().to(callback))).await;
    for headers in WITHHELD.iter().chain([&LINK]) {
        let request = TestRequest::get().uri("/callback");
        let request = headers.iter().fold(request, |request, header| request.insert_header(*header));
        let answer = call_service(&app, request.to_request()).await;
        let (status, starts) = if *headers == LINK { (200, true) } else { (403, false) };
        assert_eq!(
            (answer.status().as_u16(), answer.headers().contains_key(SET_COOKIE)),
            (status, starts),
            "{headers:?}"
        );
    }
}
