//! Tokens that are revoked one by one, and what others may know of a token, in the layer.

use tollbridge::store::memory::MemoryStore;
use tollbridge::{Act, Bridge, Revoked};

use crate::app::{SESSION_SECRET, TestApp, World, token_key};
use crate::clients::{Anonymous, Client, Token};

fn wait<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

fn node(world: &World, revoked: Option<&MemoryStore>) -> TestApp {
    let bridge = Bridge::builder(world.users.clone())
        .token_key(token_key())
        .session_secret(SESSION_SECRET)
        .store(world.store.clone())
        .clock(&world.clock);
    let bridge = match revoked {
        Some(store) => bridge.revoked_tokens(store.clone()),
        None => bridge,
    };
    TestApp::serve(world.clone(), bridge.build().expect("the bridge is complete"), true)
}

#[test]
fn an_access_token_is_revoked_alone_where_there_is_a_store() {
    let (world, store) = (World::default(), MemoryStore::default());
    let app = node(&world, Some(&store));
    let pair = Anonymous(&app).token_login("panther");
    assert_eq!(
        wait(app.bridge.revoke(&pair.access, &Act::of_application())).expect("an answer"),
        Some(Revoked::AccessToken)
    );
    Token(&app, pair.access.clone()).get("/who_am_i").refused(401, "token_revoked");
    let next = Token(&app, pair.refresh.clone()).post("/refresh").expect(200).pair();
    Token(&app, next.access.clone()).get("/who_am_i").expect(200);

    // Another node learns of it when it is told.
    let other = node(&world, Some(&store));
    Token(&other, pair.access.clone()).get("/who_am_i").expect(200);
    wait(other.bridge.learn_revoked_tokens()).expect("learned");
    Token(&other, pair.access.clone()).get("/who_am_i").refused(401, "token_revoked");
    assert_eq!(wait(other.bridge.introspect(&pair.access)).expect("an answer"), None);
    assert_eq!(
        wait(app.bridge.revoke(&next.refresh, &Act::of_application())).expect("an answer"),
        Some(Revoked::Login)
    );
    assert_eq!(wait(app.bridge.revoke(&next.refresh, &Act::of_application())).expect("an answer"), None);
}

#[test]
fn without_a_store_the_login_of_the_token_ends() {
    let world = World::default();
    let app = node(&world, None);
    let pair = Anonymous(&app).token_login("panther");
    assert_eq!(wait(app.bridge.revoke(&pair.access, &Act::of_application())).expect("an answer"), Some(Revoked::Login));
    Token(&app, pair.refresh).post("/refresh").refused(401, "login_ended");
}

/// Who asks about a token does not use it: nothing is written, and no theft is seen.
#[test]
fn to_ask_is_not_to_use() {
    let world = World::default();
    let app = node(&world, None);
    let first = Anonymous(&app).token_login("panther");
    let second = Token(&app, first.refresh.clone()).post("/refresh").expect(200).pair();
    let third = Token(&app, second.refresh.clone()).post("/refresh").expect(200).pair();
    app.advance(120);
    app.store().take_calls();
    let active = |token: &str| wait(app.bridge.introspect(token)).expect("an answer").is_some();
    assert_eq!([&first, &second, &third].map(|pair| active(&pair.refresh)), [false, true, true]);
    assert_eq!([&first, &second, &third].map(|pair| active(&pair.access)), [true, true, true]);
    let calls: Vec<_> = app.store().take_calls().into_keys().collect();
    assert_eq!(calls, ["find"]);
    Token(&app, third.access).get("/who_am_i").expect(200);
}
