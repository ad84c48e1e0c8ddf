//! Where signing in leads: never off the site, whatever `next` says.

use url::Url;

use crate::app::{PASSWORD, TestApp};
use crate::clients::{Anonymous, Browser, Client};
use crate::vectors;

const FORM: &str = "application/x-www-form-urlencoded";

/// The place where a browser lands that is sent to `location` by the server.
fn landing(app: &TestApp, location: &str) -> Url {
    Url::parse(&app.url("/login"))
        .and_then(|base| base.join(location))
        .unwrap_or_else(|error| panic!("{location}: {error}"))
}

#[track_caller]
fn assert_on_site(app: &TestApp, location: &str, next: &str) {
    assert!(location.starts_with('/'), "{next:?} leads to {location:?}");
    let landed = landing(app, location);
    assert_eq!(landed.origin(), landing(app, "/").origin(), "{next:?} leads to {location:?}");
    assert!(!landed.path().starts_with("//"), "{next:?} leads to {location:?}");
}

#[test]
fn no_known_payload_leads_off_the_site() {
    let app = TestApp::start();
    let vectors = vectors::lines("open_redirect.jsonl");
    assert_eq!(vectors.len(), 1099);
    let submit = |next: &str| {
        let pairs = [("username", "panther"), ("password", PASSWORD), ("next", next)];
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        Anonymous(&app).call("POST", "/login").body(FORM, form).send().expect(303).header("location").to_owned()
    };
    let followed = |chunk: &[serde_json::Value]| {
        let mut followed = 0;
        for vector in chunk {
            let next = vector["next"].as_str().expect("next");
            let location = submit(next);
            assert_on_site(&app, &location, next);
            let is_followed = location != "/account";
            // As it was, but for what no URI may hold as it is.
            let decoded = |text: &str| percent_encoding::percent_decode_str(text).collect::<Vec<u8>>();
            assert!(!is_followed || decoded(&location) == decoded(next), "{next:?} leads to {location:?}");
            assert!(location.is_ascii() && !location.contains(' '), "{next:?} leads to {location:?}");
            assert!(!is_followed || vector["off_origin"] == false, "{next:?} leads to {location:?}");
            followed += usize::from(is_followed);
        }
        followed
    };
    let followed: usize = std::thread::scope(|scope| {
        let followed = &followed;
        let chunks: Vec<_> = vectors.chunks(140).map(|chunk| scope.spawn(move || followed(chunk))).collect();
        chunks.into_iter().map(|chunk| chunk.join().expect("no bad answer")).sum()
    });
    assert!(followed > 20, "{followed} were followed");
}

/// The other places that put `next` into an address: the page for who is signed in, and the page's own form.
#[test]
fn the_page_leads_nowhere_else_either() {
    let app = TestApp::start();
    let browser = Browser::new(&app);
    browser.sign_in("panther", false);
    for vector in vectors::lines("open_redirect.jsonl").iter().step_by(7) {
        let next = vector["next"].as_str().expect("next");
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
        let path = format!("/login?{query}");
        let location = browser.get(&path).expect(303).header("location").to_owned();
        assert_on_site(&app, &location, next);
        if vector["off_origin"] == true {
            let page = Anonymous(&app).get(&path).expect(200).text();
            assert!(!page.contains(r#"name="next""#), "{next:?} is in the form");
        }
    }
}
