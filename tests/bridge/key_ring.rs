//! Keys that change while the bridge runs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tollbridge::{Algorithm, Bridge, KeyRing, KeyRingError, KeySource, RingKey, StoreFuture, TokenKey};

use crate::app::{SESSION_SECRET, START, TestApp, World};
use crate::clients::{Anonymous, Client, Pair, Token};

const ED25519: &[u8] = include_bytes!("../fixtures/ed25519.pem");

fn secret(byte: u8) -> TokenKey {
    TokenKey::hs256(&[byte; 32]).expect("a key")
}

fn pair() -> TokenKey {
    TokenKey::from_private_pem(Algorithm::EdDSA, ED25519).expect("a key")
}

fn node(world: &World, ring: &KeyRing) -> TestApp {
    let bridge = Bridge::builder(world.users.clone())
        .key_ring(ring.clone())
        .session_secret(SESSION_SECRET)
        .store(world.store.clone())
        .clock(&world.clock);
    TestApp::serve(world.clone(), bridge.build().expect("the bridge is complete"), true)
}

fn app(ring: &KeyRing) -> TestApp {
    node(&World::default(), ring)
}

fn kid(token: &str) -> String {
    Bridge::unverified_headers(token).expect("a header")["kid"].as_str().expect("text").to_owned()
}

fn sign_in(app: &TestApp) -> Pair {
    Anonymous(app).token_login("panther")
}

fn who_am_i(app: &TestApp, token: &str) -> u16 {
    Token(app, token.to_owned()).get("/who_am_i").status
}

fn refresh(app: &TestApp, token: &str) -> crate::clients::Answer {
    Token(app, token.to_owned()).post("/refresh")
}

#[test]
fn a_new_key_is_published_first_then_signs_and_the_old_one_verifies_until_it_goes() {
    let (old, new) = (secret(1), pair());
    let ring = KeyRing::new([RingKey::from(old.clone())]).expect("a ring");
    let app = app(&ring);
    let first = sign_in(&app);
    assert_eq!((kid(&first.access), kid(&first.refresh)), (old.id().to_owned(), old.id().to_owned()));
    assert_eq!(who_am_i(&app, &first.access), 200);

    ring.replace([RingKey::from(old.clone()), RingKey::signs_from(new.clone(), START + 600)]).expect("published");
    assert_eq!(kid(&sign_in(&app).access), old.id());
    app.advance(599);
    assert_eq!(kid(&sign_in(&app).access), old.id());
    app.advance(1);
    let second = sign_in(&app);
    assert_eq!((kid(&second.access), kid(&second.refresh)), (new.id().to_owned(), new.id().to_owned()));
    assert_eq!(who_am_i(&app, &first.access), 200);
    // The refresh token of the old key becomes one of the new.
    let third = refresh(&app, &first.refresh).expect(200).pair();
    assert_eq!(kid(&third.refresh), new.id());

    ring.replace([RingKey::from(new.clone())]).expect("the old one has gone");
    assert_eq!(who_am_i(&app, &first.access), 401);
    assert_eq!((who_am_i(&app, &second.access), who_am_i(&app, &third.access)), (200, 200));
}

/// Whatever the workers remember of it.
#[test]
fn a_key_that_is_left_out_is_gone_on_the_very_next_request() {
    let (stolen, next) = (pair(), secret(2));
    let ring =
        KeyRing::new([RingKey::from(stolen.clone()), RingKey::signs_from(next.clone(), START + 9999)]).expect("a ring");
    let app = app(&ring);
    let pairs: Vec<_> = (0..4).map(|_| sign_in(&app)).collect();
    for _ in 0..8 {
        for pair in &pairs {
            assert_eq!(who_am_i(&app, &pair.access), 200);
        }
    }
    ring.replace([RingKey::from(next.clone())]).expect("retired");
    for pair in &pairs {
        Token(&app, pair.access.clone()).get("/who_am_i").refused(401, "token_invalid");
        refresh(&app, &pair.refresh).refused(401, "token_invalid");
    }
    // Nor does it end a login.
    Token(&app, pairs[0].access.clone()).post("/logout").refused(401, "token_invalid");
    // And it comes back if it is put back.
    ring.replace([RingKey::from(next), RingKey::verifies(stolen)]).expect("put back");
    for pair in &pairs {
        assert_eq!(who_am_i(&app, &pair.access), 200);
    }
}

#[test]
fn what_cannot_sign_is_no_ring() {
    assert_eq!(KeyRing::new([]).err(), Some(KeyRingError::NoneSigns));
    assert_eq!(KeyRing::new([RingKey::verifies(secret(1))]).err(), Some(KeyRingError::NoneSigns));
    let twice = [RingKey::from(secret(1)), RingKey::verifies(secret(1))];
    assert_eq!(KeyRing::new(twice).err(), Some(KeyRingError::SameId(secret(1).id().to_owned())));
    let ring = KeyRing::new([RingKey::from(secret(1))]).expect("a ring");
    ring.replace([]).expect_err("nothing");
    // It has kept its key.
    let app = app(&ring);
    assert_eq!(who_am_i(&app, &sign_in(&app).access), 200);
    let shown = format!("{ring:?}");
    assert!(shown.contains(secret(1).id()) && !shown.contains("[1, 1"), "{shown}");
}

/// Before the first of its times a ring signs all the same.
#[test]
fn a_clock_that_is_slow_signs_with_the_first() {
    let (first, second) = (secret(1), secret(2));
    let keys = [RingKey::signs_from(second, START + 200), RingKey::signs_from(first.clone(), START + 100)];
    let app = app(&KeyRing::new(keys).expect("a ring"));
    assert_eq!(kid(&sign_in(&app).access), first.id());
}

/// The keys of a database that another node has changed.
#[derive(Clone, Default)]
struct Shared {
    keys: Arc<Mutex<Vec<TokenKey>>>,
    asked: Arc<AtomicUsize>,
}

impl KeySource for Shared {
    fn refresh<'a>(&'a self, ring: &'a KeyRing) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.asked.fetch_add(1, Ordering::Relaxed);
            let keys = self.keys.lock().expect("no panic").clone();
            if keys.iter().any(|key| !format!("{ring:?}").contains(key.id())) {
                let latest = keys.iter().zip(0_i64..).map(|(key, at)| RingKey::signs_from(key.clone(), START + at));
                ring.replace(latest).expect("good keys");
            }
            Ok(())
        })
    }
}

#[test]
fn a_key_of_another_node_is_learned_from_its_first_token() {
    let (old, new) = (secret(1), secret(2));
    let source = Shared::default();
    *source.keys.lock().expect("no panic") = vec![old.clone()];
    let ring = KeyRing::from_source([RingKey::from(old.clone())], source.clone()).expect("a ring");
    let world = World::default();
    let here = node(&world, &ring);
    let first = sign_in(&here);
    let asked = source.asked.load(Ordering::Relaxed);
    assert_eq!(who_am_i(&here, &first.access), 200);
    assert_eq!(source.asked.load(Ordering::Relaxed), asked, "a known key is not asked for");
    // A token that nobody has signed asks once, and is refused.
    let stranger = node(&world, &KeyRing::new([RingKey::from(secret(9))]).expect("a ring"));
    assert_eq!(who_am_i(&here, &sign_in(&stranger).access), 401);
    assert_eq!(source.asked.load(Ordering::Relaxed), asked + 1);

    *source.keys.lock().expect("no panic") = vec![old.clone(), new.clone()];
    here.advance(10);
    let there = node(&world, &KeyRing::new([RingKey::from(new.clone())]).expect("a ring"));
    assert_eq!(who_am_i(&here, &sign_in(&there).access), 200);
    // A sign-in does not sign with a key that others have replaced.
    assert_eq!(kid(&sign_in(&here).access), new.id());
}

#[test]
fn a_ring_and_a_key_are_one_too_many() {
    let built = World::default().bridge().key_ring(KeyRing::new([RingKey::from(secret(1))]).expect("a ring")).build();
    let error = built.expect_err("an error").to_string();
    assert!(error.contains("put the key into the ring"), "{error}");
}
