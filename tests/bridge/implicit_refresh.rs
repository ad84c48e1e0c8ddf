//! Access tokens in cookies that are renewed before they end.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tollbridge::{BridgeBuilder, Claims, StoreError, TokenBlocklist, TokenCookies};

use crate::app::{PASSWORD, START, TestApp};
use crate::clients::{Anonymous, Answer, Browser, Client};
use crate::hooks::List;
use crate::token_cookies::{ACCESS, claims, csrf, locations, signed_in, vouched};

fn refreshing(bridge: BridgeBuilder) -> BridgeBuilder {
    bridge.token_locations(locations(TokenCookies::default())).implicit_refresh(Duration::from_secs(300))
}

#[test]
fn a_token_that_ends_soon_gets_a_successor() {
    let app = TestApp::with(refreshing);
    let (browser, pair) = signed_in(&app, "panther");
    app.advance(600);
    assert_eq!(browser.get("/how").expect(200).set_cookies(), [""; 0], "300 seconds are left, and that is enough");
    app.advance(1);
    assert_eq!(browser.get("/never-asks").set_cookies(), [""; 0], "nobody asked who it is");
    let answer = browser.get("/how").expect(200);
    assert_eq!(answer.json()["fresh"], true, "what is renewed is the next request's");
    assert_eq!(answer.set_cookies().len(), 2);
    assert_eq!(answer.header("cache-control"), "no-store");
    let (old, new) = (claims(&pair.access), claims(&browser.cookie(ACCESS).expect("a cookie")));
    assert_eq!((&new["fresh"], &new["iat"], &new["exp"]), (&json!(false), &json!(START + 601), &json!(START + 1501)));
    for kept in ["sub", "sid", "auth_time", "iss", "aud", "type"] {
        assert_eq!(new[kept], old[kept], "{kept}");
    }
    for made in ["jti", "csrf"] {
        assert_ne!(new[made], old[made], "{made}");
    }
    assert_eq!(new["csrf"], csrf(&browser));
    let how = vouched(&browser, "POST", "/how").send().expect(200);
    assert_eq!((&how.json()["fresh"], how.set_cookies().len()), (&json!(false), 0));
    app.advance(890);
    browser.get("/how").expect(200);
    app.advance(800);
    browser.get("/how").expect(200);
}

#[test]
fn what_a_token_says_of_its_own_is_said_again() {
    let app = TestApp::with(refreshing);
    let browser = Browser::new(&app);
    let form = json!({ "username": "panther", "password": PASSWORD, "role": "admin" });
    browser.post_json("/cookies/login", &form).expect(200);
    for _ in 0..2 {
        app.advance(601);
        assert_eq!(browser.get("/claims").expect(200).set_cookies().len(), 2);
        assert_eq!(claims(&browser.cookie(ACCESS).expect("a cookie"))["role"], "admin");
    }
}

#[test]
fn only_a_cookie_that_authenticated_the_request_is_renewed() {
    let app = TestApp::with(refreshing);
    let (browser, pair) = signed_in(&app, "panther");
    app.advance(601);
    let not_renewed = |answer: Answer| assert_eq!(answer.set_cookies(), [""; 0]);
    not_renewed(Anonymous(&app).call("GET", "/how").bearer(&pair.access).send().expect(200));
    not_renewed(Anonymous(&app).post_json("/how", &json!({ "access_token": pair.access })).expect(200));
    not_renewed(browser.call("GET", "/how").bearer(&pair.access).send().expect(200));
    not_renewed(browser.get("/require/refresh").expect(200));
    not_renewed(browser.post("/how").refused(403, "csrf_rejected"));
    app.world.users.change(2, |user| user.active = false);
    not_renewed(browser.get("/how").refused(401, "user_disabled"));
    app.world.users.change(2, |user| user.active = true);
    app.advance(600);
    not_renewed(browser.get("/how").refused(401, "token_expired"));
}

/// The fault of the example that Flask-JWT-Extended gives: the response to signing out signs in again.
#[test]
fn signing_out_is_not_undone_by_renewal() {
    let app = TestApp::with(refreshing);
    for path in ["/logout", "/logout?scope=all"] {
        let (browser, _) = signed_in(&app, "panther");
        app.advance(601);
        vouched(&browser, "POST", path).send().expect(204);
        assert_eq!(browser.cookie_header(), "", "{path}");
    }
    for what in ["unset", "unset-access", "unset-then-junk"] {
        let (browser, _) = signed_in(&app, "panther");
        app.advance(601);
        let answer = browser.get(&format!("/cookies/set/{what}")).expect(200);
        let access: Vec<_> =
            answer.set_cookies().into_iter().filter(|set| set.starts_with("tollbridge_access=")).collect();
        assert_eq!(access.len(), 1, "{what}");
        assert!(access[0].contains("Max-Age=0") || access[0].starts_with("tollbridge_access=a."), "{what}: {access:?}");
    }
    let (browser, _) = signed_in(&app, "panther");
    app.advance(601);
    let refreshed = browser.get("/cookies/set/unset-refresh").expect(200);
    assert!(browser.cookie(ACCESS).is_some() && refreshed.set_cookies().len() == 4, "the access token is renewed");
}

/// A successor has another id, which no list names: whoever gets one for a revoked token has undone the revocation.
#[test]
fn a_revoked_token_gets_no_successor() {
    let list = List::default();
    let app = TestApp::with(|bridge| refreshing(bridge).token_blocklist(list.clone()));
    let (browser, pair) = signed_in(&app, "panther");
    app.advance(601);
    list.revoke(&pair.access);
    assert_eq!(browser.get("/even-revoked").expect(200).set_cookies(), [""; 0]);
    // Nor one that nobody can say of whether it is revoked.
    let (browser, _) = signed_in(&app, "panther");
    app.advance(601);
    list.set_down(true);
    assert_eq!(browser.get("/even-revoked").expect(200).set_cookies(), [""; 0]);
    list.set_down(false);
    assert_eq!(browser.get("/even-revoked").expect(200).set_cookies().len(), 2);
}

/// As by a handler that signs out with the list alone.
#[test]
fn a_token_that_is_revoked_while_its_request_is_handled_gets_no_successor() {
    struct AtSecondSight(AtomicUsize);
    impl TokenBlocklist for AtSecondSight {
        async fn is_revoked(&self, _: &Claims) -> Result<bool, StoreError> {
            Ok(self.0.fetch_add(1, Ordering::Relaxed) > 0)
        }
    }
    let app = TestApp::with(|bridge| refreshing(bridge).token_blocklist(AtSecondSight(AtomicUsize::new(0))));
    let (browser, _) = signed_in(&app, "panther");
    app.advance(601);
    assert_eq!(browser.get("/who_am_i").expect(200).set_cookies(), [""; 0]);
}

#[test]
fn a_renewed_token_does_not_outlive_its_login() {
    let app = TestApp::with(|bridge| refreshing(bridge).refresh_ttl(Duration::from_secs(1000)));
    let (browser, _) = signed_in(&app, "panther");
    app.advance(601);
    browser.get("/how").expect(200);
    assert_eq!(claims(&browser.cookie(ACCESS).expect("a cookie"))["exp"], json!(START + 1000));
}
