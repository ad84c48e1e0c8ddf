//! The throttle as an embedder calls it: what is counted, how long the next attempt waits, and what is forgotten.

#![cfg(feature = "testing")]
#![expect(clippy::unwrap_used, reason = "a test ends where its world is not what it says")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use tollbridge::store::memory::MemoryStore;
use tollbridge::testing::FakeClock;
use tollbridge::{
    AttemptBy, AttemptChange, AttemptStore, Attempts, MAX_ATTEMPT_COUNTERS, StoreError, StoreFuture, Throttle,
    ThrottleError, ThrottleLimits,
};

const START: i64 = 1_800_000_000;
const SECRET: &[u8] = &[0x5e; 32];

fn throttle(clock: &FakeClock) -> Throttle {
    Throttle::new(MemoryStore::default(), SECRET).clock(clock.clone().into())
}

fn by<'a>(account: &'a str, address: &str) -> AttemptBy<'a> {
    AttemptBy { account, address: Some(address.parse().unwrap()), known_as: None }
}

/// Fails once. The waiting time, if it is refused.
async fn fail(throttle: &Throttle, by: AttemptBy<'_>) -> u32 {
    match throttle.begin(by).await {
        Ok(_stays_counted) => 0,
        Err(ThrottleError::TooMany { retry_after }) => retry_after,
        Err(error) => panic!("{error}"),
    }
}

/// How many of so many attempts at once may be made.
async fn admitted(throttle: &Throttle, attempts: impl IntoIterator<Item = AttemptBy<'_>>) -> usize {
    let results = join_all(attempts.into_iter().map(|by| fail(throttle, by))).await;
    results.into_iter().filter(|wait| *wait == 0).count()
}

#[actix_web::test]
async fn after_five_each_one_waits_twice_as_long() {
    let clock = FakeClock::at(START);
    let throttle = throttle(&clock);
    let mut address = (1..).map(|number| format!("192.0.2.{number}"));
    let mut ann = || by("ann", &address.next().unwrap());
    for _ in 0..5 {
        assert_eq!(fail(&throttle, ann()).await, 0);
    }
    for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900] {
        // What is refused is not counted.
        for _ in 0..3 {
            assert_eq!(fail(&throttle, ann()).await, wait);
        }
        assert_eq!(fail(&throttle, by("bob", "192.0.2.200")).await, 0, "another account");
        throttle.begin(by("bob", "192.0.2.200")).await.unwrap().succeeded().await.unwrap();
        clock.advance(Duration::from_secs(u64::from(wait) - 1));
        assert_eq!(fail(&throttle, ann()).await, 1);
        clock.advance(Duration::from_secs(1));
        assert_eq!(fail(&throttle, ann()).await, 0);
    }
    // One is forgotten in an hour, so the wait is half as long two hours later, and five are free after a day.
    clock.advance(Duration::from_secs(3 * 3600));
    assert_eq!(fail(&throttle, ann()).await, 0);
    assert_eq!(fail(&throttle, ann()).await, 256);
    clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(admitted(&throttle, (0..50).map(|_| ann()).collect::<Vec<_>>()).await, 5);
}

#[actix_web::test]
async fn a_clock_that_was_set_back_makes_nobody_wait_longer() {
    let clock = FakeClock::at(START);
    let throttle = throttle(&clock);
    for _ in 0..5 {
        fail(&throttle, by("ann", "192.0.2.1")).await;
    }
    let earlier = throttle.clone().clock(FakeClock::at(START - 400 * 86_400).into());
    assert_eq!(fail(&earlier, by("ann", "192.0.2.1")).await, 900);
    let limits = ThrottleLimits { longest_delay: Duration::from_secs(7), ..ThrottleLimits::default() };
    assert_eq!(fail(&earlier.limits(limits), by("ann", "192.0.2.1")).await, 7);
}

#[actix_web::test]
async fn whoever_is_right_starts_anew_but_not_their_network() {
    let clock = FakeClock::at(START);
    let throttle = throttle(&clock);
    let mut failures = 0;
    // Whoever has an account could otherwise guess at others between two sign-ins.
    'guessing: loop {
        for _ in 0..4 {
            if fail(&throttle, by("ann", "192.0.2.1")).await > 0 {
                break 'guessing;
            }
            failures += 1;
        }
        throttle.begin(by("ann", "192.0.2.1")).await.unwrap().succeeded().await.unwrap();
    }
    assert_eq!(failures, 30);
    assert_eq!(fail(&throttle, by("ann", "192.0.2.2")).await, 0, "the account itself is open");
}

#[actix_web::test]
async fn what_was_not_looked_at_is_forgiven() {
    let clock = FakeClock::at(START);
    let throttle = throttle(&clock);
    for _ in 0..100 {
        throttle.begin(by("ann", "192.0.2.1")).await.unwrap().forgive().await.unwrap();
    }
    assert_eq!(admitted(&throttle, [by("ann", "192.0.2.1"); 20]).await, 5);
    // Even the last free one, which has made the next wait.
    clock.advance(Duration::from_secs(1));
    throttle.begin(by("ann", "192.0.2.1")).await.unwrap().forgive().await.unwrap();
    throttle.begin(by("ann", "192.0.2.1")).await.unwrap().forgive().await.unwrap();
}

#[actix_web::test]
async fn a_network_is_an_address_or_a_64() {
    let clock = FakeClock::at(START);
    let accounts: Vec<_> = (0..100).map(|number| format!("user {number}")).collect();
    for (network, other) in [
        (["192.0.2.1", "::ffff:192.0.2.1"], "192.0.2.2"),
        (["2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"], "2001:db8:1:3::1"),
    ] {
        let throttle = throttle(&clock);
        let sprayed = accounts.iter().zip(network.iter().cycle()).map(|(account, address)| by(account, address));
        assert_eq!(admitted(&throttle, sprayed).await, 30);
        assert_eq!(fail(&throttle, by("ann", network[0])).await, 1);
        assert_eq!(fail(&throttle, by("ann", other)).await, 0);
        // A client without an address has an account all the same.
        let without = AttemptBy { address: None, ..by("bob", "192.0.2.9") };
        assert_eq!(admitted(&throttle, [without; 20]).await, 5);
    }
}

#[actix_web::test]
async fn one_password_over_many_names_from_many_networks_is_slowed() {
    let clock = FakeClock::at(START);
    let throttle = throttle(&clock);
    let names: Vec<_> =
        (0..1500).map(|number| (format!("user {number}"), format!("10.{}.{}.1", number / 250, number % 250))).collect();
    let sprayed = names.iter().map(|(name, address)| by(name, address));
    assert_eq!(admitted(&throttle, sprayed).await, 1000);
    // From then on one a second, whoever they are.
    for _ in 0..3 {
        clock.advance(Duration::from_secs(1));
        let late = names[1100..].iter().map(|(name, address)| by(name, address));
        assert_eq!(admitted(&throttle, late).await, 1);
    }
    // Devices that are known do not wait for them.
    let known = AttemptBy { known_as: Some("a device"), ..by("user 7", "10.0.7.1") };
    assert_eq!(fail(&throttle, known).await, 0);
}

#[actix_web::test]
async fn a_stranger_locks_no_known_device_out() {
    let clock = FakeClock::at(START);
    let throttle = throttle(&clock);
    assert_eq!(admitted(&throttle, [by("ann", "192.0.2.1"); 100]).await, 5);
    let token = throttle.device_token("ann");
    let device = throttle.device_of("ann", &token).unwrap();
    let ann = AttemptBy { known_as: Some(device), ..by("ann", "192.0.2.1") };
    throttle.begin(ann).await.unwrap().succeeded().await.unwrap();
    // A device that was stolen has no more attempts than a stranger, and those of another one are not touched.
    assert_eq!(admitted(&throttle, [ann; 100]).await, 5);
    let other = throttle.device_token("ann");
    assert_ne!(token, other);
    let other = AttemptBy { known_as: throttle.device_of("ann", &other), ..ann };
    assert_eq!(fail(&throttle, other).await, 0);
}

#[test]
fn a_device_token_is_of_one_account_and_cannot_be_made() {
    let clock = FakeClock::at(START);
    let (ours, theirs) = (throttle(&clock), Throttle::new(MemoryStore::default(), &[0x5f; 32]));
    let token = ours.device_token("ann");
    assert_eq!(throttle(&clock).device_of("ann", &token), Some(&*token), "another node with the same secret");
    assert_eq!(ours.device_of("bob", &token), None);
    assert_eq!(theirs.device_of("ann", &token), None);
    for index in 0..token.len() {
        let mut forged = token.clone().into_bytes();
        forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        assert_eq!(ours.device_of("ann", &forged), None, "{forged}");
    }
    for forged in
        ["", "A", &token[1..], &format!("{token}A"), &format!("{token}="), &format!(" {token}"), &"A".repeat(5000)]
    {
        assert_eq!(ours.device_of("ann", forged), None, "{forged}");
    }
}

/// Which counters were used.
#[derive(Clone, Default)]
struct Used {
    inner: MemoryStore,
    numbers: Arc<Mutex<BTreeSet<u32>>>,
}

impl AttemptStore for Used {
    fn read_attempts<'a>(&'a self, counters: &'a [u32]) -> StoreFuture<'a, Vec<Attempts>> {
        self.inner.read_attempts(counters)
    }

    fn change_attempts<'a>(&'a self, counters: &'a [u32], change: AttemptChange) -> StoreFuture<'a, Vec<Attempts>> {
        self.numbers.lock().unwrap().extend(counters);
        self.inner.change_attempts(counters, change)
    }
}

#[actix_web::test]
async fn a_million_names_and_networks_fill_no_store() {
    let clock = FakeClock::at(START);
    let used = Used::default();
    let limits = ThrottleLimits { account: 1000, network: 1000, overall: u32::MAX, ..ThrottleLimits::default() };
    let throttle = Throttle::new(used.clone(), SECRET).clock(clock.into()).limits(limits);
    for number in 0_u32..1_000_000 {
        let (account, device) = (format!("user {number}"), format!("device {number}"));
        let address = Some(std::net::Ipv4Addr::from(number).into());
        let known_as = (number % 3 == 0).then_some(&*device);
        let _stays_counted = throttle.begin(AttemptBy { account: &account, address, known_as }).await.unwrap();
    }
    let numbers = used.numbers.lock().unwrap();
    assert!(numbers.iter().all(|number| *number < MAX_ATTEMPT_COUNTERS));
    // And the counters are used evenly.
    assert!(numbers.len() > 350_000, "{}", numbers.len());
}

struct Broken;

impl AttemptStore for Broken {
    fn read_attempts<'a>(&'a self, _: &'a [u32]) -> StoreFuture<'a, Vec<Attempts>> {
        Box::pin(async { Err(StoreError::new("it is down")) })
    }

    fn change_attempts<'a>(&'a self, _: &'a [u32], _: AttemptChange) -> StoreFuture<'a, Vec<Attempts>> {
        Box::pin(async { Err(StoreError::new("it is down")) })
    }
}

#[actix_web::test]
async fn without_its_store_nothing_may_be_guessed() {
    let throttle = Throttle::new(Broken, SECRET);
    assert!(matches!(throttle.begin(by("ann", "192.0.2.1")).await, Err(ThrottleError::Store(_))));
    let shown = format!("{throttle:?}");
    assert!(!shown.contains("94") && !shown.contains("5e"), "{shown}");
}
