//! The session secret is replaced, and browsers stay signed in.

use tollbridge::Bridge;

use crate::app::{SESSION_SECRET, TestApp, World, token_key};
use crate::clients::{Browser, Client, REMEMBER, SESSION};

const NEW: &[u8] = b"another session secret that only these tests know";

fn node(world: &World, secret: &[u8], retired: &[&[u8]]) -> TestApp {
    let bridge = Bridge::builder(world.users.clone())
        .token_key(token_key())
        .session_secret(secret)
        .store(world.store.clone())
        .clock(&world.clock);
    let bridge = retired.iter().fold(bridge, |bridge, secret| bridge.retired_session_secret(secret));
    TestApp::serve(world.clone(), bridge.build().expect("the bridge is complete"), true)
}

/// The cookies of a browser that has signed in at this node.
fn signed_in(app: &TestApp) -> [String; 2] {
    let browser = Browser::new(app);
    browser.sign_in("panther", true);
    [SESSION, REMEMBER].map(|name| format!("{name}={}", browser.cookie(name).expect("a cookie")))
}

fn who(app: &TestApp, cookie: &str) -> (u16, Option<String>) {
    let answer = crate::clients::Anonymous(app).call("GET", "/how").header("cookie", cookie).send();
    let via = (answer.status == 200).then(|| answer.json()["via"].as_str().unwrap_or_default().to_owned());
    (answer.status, via)
}

#[test]
fn cookies_of_the_secret_before_are_read_and_new_ones_are_of_the_new() {
    let world = World::default();
    let old = node(&world, SESSION_SECRET, &[]);
    let [session, remember] = signed_in(&old);
    let without = node(&world, NEW, &[]);
    assert_eq!(who(&without, &session).0, 401);

    let new = node(&world, NEW, &[SESSION_SECRET]);
    assert_eq!(who(&new, &session), (200, Some("session".to_owned())));
    assert_eq!(who(&new, &format!("a=b; {session}; c=%41")), (200, Some("session".to_owned())));
    assert_eq!(who(&new, &remember), (200, Some("remember".to_owned())));
    let [fresh, _] = signed_in(&new);
    assert_eq!(who(&without, &fresh).0, 200, "it is of the new secret");
    assert_eq!(who(&old, &fresh).0, 401);
    // And the other way round, while some nodes have been changed and others not.
    let other = node(&world, SESSION_SECRET, &[NEW]);
    assert_eq!(who(&other, &fresh).0, 200);
}

#[test]
fn whoever_has_signed_with_neither_is_nobody() {
    let world = World::default();
    let [session, _] = signed_in(&node(&world, b"a third session secret that is nobody's, as it seems", &[]));
    let new = node(&world, NEW, &[SESSION_SECRET]);
    assert_eq!(who(&new, &session).0, 401);
    let [good, _] = signed_in(&node(&world, SESSION_SECRET, &[]));
    for index in (good.find('=').expect("a value") + 1)..good.len() {
        let mut forged = good.clone().into_bytes();
        forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).expect("text");
        assert_eq!(who(&new, &forged).0, 401, "{forged}");
    }
}

#[test]
fn a_logout_ends_a_session_of_the_secret_before() {
    let world = World::default();
    let old = node(&world, SESSION_SECRET, &[]);
    let [session, _] = signed_in(&old);
    let new = node(&world, NEW, &[SESSION_SECRET]);
    let logout = crate::clients::Anonymous(&new).call("POST", "/logout").header("cookie", &session).send();
    assert!(logout.status < 300, "{}", logout.text());
    assert_eq!((who(&new, &session).0, who(&old, &session).0), (401, 401));
}

/// A copy of a remember cookie that was made with the secret before is known to have been used.
#[test]
fn theft_is_noticed_across_the_change() {
    let world = World::default();
    let [_, stolen] = signed_in(&node(&world, SESSION_SECRET, &[]));
    let new = node(&world, NEW, &[SESSION_SECRET]);
    let rotate = |cookie: &str| {
        let answer = crate::clients::Anonymous(&new).call("GET", "/how").header("cookie", cookie).send();
        let set = answer.set_cookies().iter().find(|set| set.starts_with(REMEMBER)).map(|set| set.to_string());
        (answer.status, set.and_then(|set| set.split(';').next().map(str::to_owned)))
    };
    let (status, second) = rotate(&stolen);
    assert_eq!(status, 200);
    let second = second.expect("the next cookie");
    new.advance(3600);
    let (status, third) = rotate(&second);
    assert_eq!(status, 200, "what was set is what is read");
    new.advance(3600);
    assert_eq!(rotate(&stolen).0, 401);
    assert_eq!(rotate(&third.expect("the third")).0, 401, "the login has ended");
}

#[test]
fn a_short_secret_is_refused_here_too() {
    let built = World::default().bridge().retired_session_secret(b"short").build();
    assert!(built.expect_err("an error").to_string().contains("at least 32 random bytes"));
}
