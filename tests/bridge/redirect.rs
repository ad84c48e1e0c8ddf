//! Where a browser may be sent after signing in.

use serde_json::json;
use tollbridge::{login_url, safe_next};
use url::Url;

use crate::app::{PASSWORD, TestApp};
use crate::clients::{Browser, Client};
use crate::vectors;

#[test]
fn no_known_payload_leaves_the_site() {
    let base = Url::parse("https://app.test/").expect("a URL");
    let (mut accepted, mut refused, mut off_origin) = (0, 0, 0);
    for vector in vectors::lines("open_redirect.jsonl") {
        let next = vector["next"].as_str().expect("next");
        let leaves = vector["off_origin"] == true;
        off_origin += usize::from(leaves);
        match safe_next(next) {
            None => refused += 1,
            Some(kept) => {
                accepted += 1;
                assert_eq!(kept, next, "it is passed on as it is or not at all");
                assert!(!leaves, "{next}");
                let landed = base.join(kept).unwrap_or_else(|error| panic!("{next}: {error}"));
                assert_eq!(landed.origin(), base.origin(), "{next}");
                // And when what the first parser made of it is read again.
                let again = base.join(landed.path()).unwrap_or_else(|error| panic!("{next}: {error}"));
                assert_eq!(again.origin(), base.origin(), "{next}");
            }
        }
    }
    assert_eq!(accepted + refused, 1099);
    assert!(off_origin > 500, "{off_origin} entries leave the site");
    assert!(accepted > 20, "{accepted} are accepted");
}

#[test]
fn a_link_to_the_login_view_stays_on_the_site_and_carries_only_a_safe_way_back() {
    let base = Url::parse("https://app.test/").expect("a URL");
    for vector in vectors::lines("open_redirect.jsonl") {
        let next = vector["next"].as_str().expect("next");
        let link = login_url("/login?lang=fr", next);
        assert!(link.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/?&=%._*+-".contains(&byte)), "{link}");
        let landed = base.join(&link).expect("a URL");
        assert_eq!((landed.origin(), landed.path()), (base.origin(), "/login"), "{next}");
        let told: Vec<_> = landed.query_pairs().into_owned().collect();
        let lang = ("lang".to_owned(), "fr".to_owned());
        let next = safe_next(next).map(|next| ("next".to_owned(), next.to_owned()));
        assert_eq!(told, [lang].into_iter().chain(next).collect::<Vec<_>>());
    }
    for (view, next, link) in [
        ("/login", "/a?b=c&next=//evil.example#top", "/login?next=%2Fa%3Fb%3Dc%26next%3D%2F%2Fevil.example%23top"),
        ("/login?next=/old&x=y#form", "/new", "/login?x=y&next=%2Fnew#form"),
        ("/login#form", "https://evil.example/", "/login#form"),
        ("/login", "", "/login"),
    ] {
        assert_eq!(login_url(view, next), link, "{view} and {next}");
    }
}

#[test]
fn ordinary_paths_are_followed() {
    let ordinary = [
        "/",
        "/account",
        "/account?tab=1&x=%2F%2F",
        "/a/b/c.html#top",
        "/search?q=https://example.org/",
        "/ü/日本",
        "/a//b",
        "/%2e/x",
        "/a/../b",
        "/@user",
        "/:8080",
        "/a:b",
        "/~x",
        "/?next=//evil.example",
        "/%0d%0aSet-Cookie:x",
    ];
    for next in ordinary {
        assert_eq!(safe_next(next), Some(next));
    }
    let others = [
        "",
        " ",
        "account",
        "?x",
        "#x",
        "./x",
        "../x",
        "//",
        "///",
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r/evil.example",
        " //evil.example",
        "\u{0}/x",
        "/x\u{0}",
        "/\u{7f}",
        "/\u{85}/evil.example",
        "https://evil.example",
        "https:evil.example",
        "https:/evil.example",
        "HTTPS://evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "/.//evil.example",
        "/..//evil.example",
        "/a/..//evil.example",
        "/%2e//evil.example",
        "/./\\evil.example",
        "/x\r\nSet-Cookie: a=b",
        "http:///evil.example",
        "//[",
        "//\u{ff0f}evil.example",
    ];
    for next in others {
        assert_eq!(safe_next(next), None, "{next:?}");
    }
    assert_eq!(safe_next(&format!("/{}", "x".repeat(2048))), None, "too long");
}

#[test]
fn the_login_of_an_embedder_stays_on_the_site() {
    let app = TestApp::start();
    let sent_to = |next: &str| {
        let form = json!({ "username": "panther", "password": PASSWORD, "next": next });
        Browser::new(&app).post_json("/login", &form).expect(303).header("location").to_owned()
    };
    assert_eq!(sent_to("/how?x=y"), "/how?x=y");
    assert_eq!(sent_to("//evil.example"), "/who_am_i");
}

/// Whatever else in the application writes into the session, the way back stays on the site.
#[test]
fn a_way_back_that_was_planted_in_the_session_leads_nowhere_else() {
    let app = TestApp::with(|bridge| bridge.login_view("/login").next_in_session(true));
    for (planted, kept) in [
        ("/how?a=b", json!("/how?a=b")),
        ("//evil.example", json!(null)),
        ("https://evil.example/", json!(null)),
        ("/\\evil.example", json!(null)),
        ("javascript:alert(1)", json!(null)),
    ] {
        let browser = Browser::new(&app);
        let plant = browser.call("POST", "/session-write/tollbridge.next").body("text/plain", planted);
        plant.send().expect(204);
        assert_eq!(browser.get("/next").expect(200).json(), kept, "{planted}");
        assert_eq!(browser.get("/next").expect(200).json(), json!(null), "it is gone: {planted}");
    }
}
