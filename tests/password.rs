//! Passwords: what is hashed, what verifies, and what happens when too many come at once.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, PasswordVerifier, Version};
use futures_util::future::{join, join_all};
use secrecy::SecretString;
use tollbridge::{PasswordError, PasswordHasher, PasswordParams, PasswordVerification};

const PASSWORD: &str = "correct horse battery staple";

/// A stored hash whose verification takes hundreds of milliseconds: the most work that is allowed.
const SLOW: &str = "$argon2id$v=19$m=4096,t=256,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn cheap() -> PasswordParams {
    PasswordParams { memory_kib: 64, iterations: 1, parallelism: 1, threads: 1, queue: 8 }
}

fn hasher(params: PasswordParams) -> PasswordHasher {
    PasswordHasher::new(params).expect("the parameters are valid")
}

fn secret(password: &str) -> SecretString {
    SecretString::from(password.to_owned())
}

/// Polls once: a call that waits for its turn is in the queue afterwards.
fn start<F: Future + Unpin>(call: &mut F) -> Poll<F::Output> {
    std::pin::Pin::new(call).poll(&mut Context::from_waker(Waker::noop()))
}

/// A PHC string as another program would have stored it.
fn foreign(algorithm: Algorithm, version: Version, params: &Params, output_len: usize) -> String {
    let salt = *b"sixteen byte sal";
    let mut output = vec![0; output_len];
    Argon2::new(algorithm, version, params.clone())
        .hash_password_into(PASSWORD.as_bytes(), &salt, &mut output)
        .expect("a hash");
    PasswordHash {
        algorithm: algorithm.ident(),
        version: Some(version.into()),
        params: ParamsString::try_from(params).expect("parameters"),
        salt: Some(Salt::new(&salt).expect("a salt")),
        hash: Some(Output::new(&output).expect("an output")),
    }
    .to_string()
}

#[actix_web::test]
async fn what_was_hashed_verifies_and_nothing_else_does() {
    let hasher = hasher(cheap());
    let phc = hasher.hash(secret(PASSWORD)).await.expect("a hash");
    assert_ne!(phc, hasher.hash(secret(PASSWORD)).await.expect("a hash"), "each hash has a salt of its own");

    let verify = async |password| hasher.verify(secret(password), Some(phc.clone())).await;
    assert_eq!(verify(PASSWORD).await, Ok(PasswordVerification::Yes));
    for wrong in ["", "correct horse battery staplf", "correct horse battery stapl", "correct horse battery staple "] {
        assert_eq!(verify(wrong).await, Ok(PasswordVerification::No), "{wrong:?}");
    }
}

#[actix_web::test]
async fn the_default_is_argon2id_as_owasp_recommends_and_others_can_read_it() {
    let hasher = hasher(PasswordParams::default());
    let phc = hasher.hash(secret(PASSWORD)).await.expect("a hash");

    let (parameters, tail) = phc.split_at("$argon2id$v=19$m=19456,t=2,p=1$".len());
    assert_eq!(parameters, "$argon2id$v=19$m=19456,t=2,p=1$");
    let (salt, output) = tail.split_once('$').expect("salt and output");
    assert_eq!((salt.len(), output.len()), (22, 43), "16 and 32 bytes in base64");

    Argon2::default().verify_password(PASSWORD.as_bytes(), phc.as_str()).expect("the crate's own verifier agrees");
    assert_eq!(hasher.verify(secret(PASSWORD), Some(phc)).await, Ok(PasswordVerification::Yes));
}

/// The vectors of the reference implementation (github.com/P-H-C/phc-winner-argon2, CC0 or Apache-2.0): argon2i and
/// argon2id, version 1.0 (without a version field) and 1.3, one and two lanes, 256 KiB to 1 GiB.
#[actix_web::test]
async fn the_vectors_of_the_reference_implementation_verify() {
    let hasher = hasher(PasswordParams { memory_kib: 256, ..cheap() });
    let (mut verified, mut refused, mut wrong) = (0, 0, 0);
    for line in include_str!("vectors/public/argon2_phc.jsonl").lines() {
        let vector: serde_json::Value = serde_json::from_str(line).expect("a JSON line");
        let text = |key| vector[key].as_str().unwrap_or_else(|| panic!("{key} in {line}")).to_owned();
        let phc = text("phc");
        let answer = hasher.verify(SecretString::from(text("password")), Some(phc.clone())).await;
        if vector["log2_m"] == 20 {
            assert!(matches!(answer, Err(PasswordError::UnusableHash(_))), "1 GiB is over the bound: {phc}");
            refused += 1;
            continue;
        }
        let Ok(PasswordVerification::Rehashed(new)) = answer else { panic!("{phc}: {answer:?}") };
        assert!(new.starts_with("$argon2id$v=19$m=256,t=1,p=1$"), "{new}");
        verified += 1;
        if vector["log2_m"] == 8 {
            let answer = hasher.verify(secret("Password"), Some(phc.clone())).await;
            assert_eq!(answer, Ok(PasswordVerification::No), "{phc}");
            wrong += 1;
        }
    }
    assert_eq!((verified, refused, wrong), (24, 2, 6), "every vector is accounted for");
}

#[actix_web::test]
async fn a_hash_made_otherwise_than_today_is_made_anew() {
    let now = Params::new(64, 1, 1, None).expect("parameters");
    let params = |memory, iterations, lanes| Params::new(memory, iterations, lanes, None).expect("parameters");
    let today = foreign(Algorithm::Argon2id, Version::V0x13, &now, 32);
    let others = [
        foreign(Algorithm::Argon2i, Version::V0x13, &now, 32),
        foreign(Algorithm::Argon2d, Version::V0x13, &now, 32),
        foreign(Algorithm::Argon2id, Version::V0x10, &now, 32),
        foreign(Algorithm::Argon2id, Version::V0x13, &params(128, 1, 1), 32),
        foreign(Algorithm::Argon2id, Version::V0x13, &params(32, 1, 1), 32),
        foreign(Algorithm::Argon2id, Version::V0x13, &params(64, 2, 1), 32),
        foreign(Algorithm::Argon2id, Version::V0x13, &params(64, 1, 2), 32),
        foreign(Algorithm::Argon2id, Version::V0x13, &now, 16),
        foreign(Algorithm::Argon2id, Version::V0x13, &now, 64),
    ];
    let hasher = hasher(cheap());
    assert_eq!(hasher.verify(secret(PASSWORD), Some(today)).await, Ok(PasswordVerification::Yes));
    for phc in others {
        let wrong = hasher.verify(secret("something else"), Some(phc.clone())).await;
        assert_eq!(wrong, Ok(PasswordVerification::No), "only the right password is hashed anew: {phc}");
        let before = hasher.activity().computed;
        let Ok(PasswordVerification::Rehashed(new)) = hasher.verify(secret(PASSWORD), Some(phc.clone())).await else {
            panic!("{phc} was not made anew");
        };
        assert_eq!(hasher.activity().computed, before + 2, "both in one job: {phc}");
        assert_eq!(hasher.verify(secret(PASSWORD), Some(new)).await, Ok(PasswordVerification::Yes), "{phc}");
    }
}

#[actix_web::test]
async fn a_short_salt_is_a_reason_to_hash_anew() {
    let same_cost = PasswordParams { memory_kib: 256, iterations: 2, ..cheap() };
    let phc = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    let answer = hasher(same_cost).verify(secret("password"), Some(phc.to_owned())).await;
    assert!(matches!(answer, Ok(PasswordVerification::Rehashed(_))), "{answer:?}");
}

#[actix_web::test]
async fn a_stored_hash_that_can_not_be_used_is_named_but_not_shown_and_costs_a_hash() {
    const OUTPUT: &str = "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    let good = |parameters: &str| format!("$argon2id{parameters}$c29tZXNhbHQ${OUTPUT}");
    let unusable = [
        String::new(),
        "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4".to_owned(),
        format!("$2b$12${OUTPUT}"),
        format!("$argon2xx$v=19$m=64,t=1,p=1$c29tZXNhbHQ${OUTPUT}"),
        "$argon2id$v=19$m=64,t=1,p=1".to_owned(),
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ".to_owned(),
        format!("$argon2id$v=19$m=64,t=1,p=1$c29t${OUTPUT}"),
        format!("$argon2id$v=19$m=64,t=1,p=1${}${OUTPUT}", "c".repeat(100_000)),
        format!("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ${}", OUTPUT.repeat(3)),
        format!("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ${OUTPUT}$"),
        format!("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHé${OUTPUT}"),
        good("$v=18$m=64,t=1,p=1"),
        good("$v=19$m=7,t=1,p=1"),
        good("$v=19$m=64,t=0,p=1"),
        good("$v=19$m=64,t=1,p=0"),
        good("$v=19$m=64,t=1,p=9"),
        good("$v=19$m=64,t=1,p=16777215"),
        good("$v=19$m=64,t=1,p=4294967295"),
        good("$v=19$m=64,t=1,p=1,x=1"),
        good("$v=19$m=-64,t=1,p=1"),
        good("$v=19$m=4294967296,t=1,p=1"),
        // More memory or more work than a login may cost.
        good("$v=19$m=262145,t=1,p=1"),
        good("$v=19$m=4294967295,t=1,p=1"),
        good("$v=19$m=64,t=4294967295,p=1"),
        good("$v=19$m=4096,t=257,p=1"),
    ];
    let hasher = hasher(cheap());
    for phc in unusable {
        let before = hasher.activity().computed;
        let answer = hasher.verify(secret(PASSWORD), Some(phc.clone())).await;
        let Err(PasswordError::UnusableHash(reason)) = answer else { panic!("{phc:.200}: {answer:?}") };
        assert!(!reason.contains("nf65EOgL") && !reason.contains("c29tZX"), "{reason}");
        assert_eq!(hasher.activity().computed, before + 1, "{phc:.200}");
    }
}

#[actix_web::test]
async fn what_the_configuration_asks_for_is_never_too_much() {
    let costly = PasswordParams { memory_kib: 64, iterations: 20_000, ..cheap() };
    let hasher = hasher(costly);
    let phc = hasher.hash(secret(PASSWORD)).await.expect("a hash");
    assert_eq!(hasher.verify(secret(PASSWORD), Some(phc)).await, Ok(PasswordVerification::Yes));
}

#[actix_web::test]
async fn an_unknown_user_costs_what_a_wrong_password_costs() {
    let params = PasswordParams { memory_kib: 4096, iterations: 64, threads: 1, queue: 0, ..cheap() };
    let hasher = hasher(params);
    let phc = hasher.hash(secret(PASSWORD)).await.expect("a hash");
    assert_eq!(hasher.activity().computed, 1);

    for (stored, computed) in [(Some(phc), 2), (None, 3)] {
        let mut first = pin!(hasher.verify(secret("wrong"), stored.clone()));
        assert!(start(&mut first).is_pending());
        let mut second = pin!(hasher.verify(secret("wrong"), stored));
        assert_eq!(start(&mut second), Poll::Ready(Err(PasswordError::Overloaded)), "the only thread is taken");
        assert_eq!(first.await, Ok(PasswordVerification::No));
        assert_eq!(hasher.activity().computed, computed);
    }
}

#[actix_web::test]
async fn a_full_queue_refuses_at_once_and_recovers() {
    let hasher = hasher(PasswordParams { threads: 1, queue: 2, ..cheap() });
    let mut slow = pin!(hasher.verify(secret(PASSWORD), Some(SLOW.to_owned())));
    assert!(start(&mut slow).is_pending());
    let mut one = Box::pin(hasher.hash(secret(PASSWORD)));
    assert!(start(&mut one).is_pending());
    let mut two = Box::pin(hasher.hash(secret(PASSWORD)));
    assert!(start(&mut two).is_pending());

    let refused = PasswordError::Overloaded;
    assert_eq!(start(&mut pin!(hasher.hash(secret(PASSWORD)))), Poll::Ready(Err(refused.clone())));
    assert_eq!(start(&mut pin!(hasher.clone().verify(secret(PASSWORD), None))), Poll::Ready(Err(refused)));

    drop(one);
    let mut three = Box::pin(hasher.hash(secret(PASSWORD)));
    assert!(start(&mut three).is_pending(), "who has gone away keeps nobody out");

    let (slow, (two, three)) = join(slow, join(two, three)).await;
    assert_eq!(slow, Ok(PasswordVerification::No));
    assert!(two.is_ok() && three.is_ok());
    assert_eq!(hasher.activity().waiting, 0);
    assert!(hasher.hash(secret(PASSWORD)).await.is_ok(), "there is room again");
}

#[actix_web::test]
async fn a_request_that_went_away_is_not_hashed() {
    let hasher = hasher(cheap());
    let mut slow = pin!(hasher.verify(secret(PASSWORD), Some(SLOW.to_owned())));
    assert!(start(&mut slow).is_pending());
    let mut gone = [Box::pin(hasher.verify(secret(PASSWORD), None)), Box::pin(hasher.verify(secret("x"), None))];
    assert!(gone.iter_mut().all(|call| start(call).is_pending()));
    drop(gone);
    let mut last = pin!(hasher.hash(secret(PASSWORD)));
    assert!(start(&mut last).is_pending());

    assert_eq!(slow.await, Ok(PasswordVerification::No));
    assert!(last.await.is_ok());
    assert_eq!(hasher.activity().computed, 2, "the slow one and the last one");
}

#[actix_web::test]
async fn no_more_hashes_run_than_there_are_threads() {
    let hasher = hasher(PasswordParams { memory_kib: 256, iterations: 40, threads: 2, queue: 38, ..cheap() });
    let mut calls: Vec<_> = (0..41).map(|_| Box::pin(hasher.hash(secret(PASSWORD)))).collect();
    let started: Vec<_> = calls.iter_mut().map(start).collect();
    assert_eq!(started.iter().filter(|poll| poll.is_pending()).count(), 40, "two run and 38 wait");
    assert_eq!(started.last(), Some(&Poll::Ready(Err(PasswordError::Overloaded))));
    calls.pop();

    let mut most = 0;
    while hasher.activity().computed < 40 {
        most = most.max(hasher.activity().running);
        std::thread::yield_now();
    }
    assert!((1..=2).contains(&most), "{most} ran at a time");
    assert!(join_all(calls).await.iter().all(Result::is_ok));
}

#[actix_web::test]
async fn a_password_of_a_mebibyte_counts_to_its_last_byte() {
    let hasher = hasher(cheap());
    let long = "ä".repeat(1 << 19);
    let phc = hasher.hash(secret(&long)).await.expect("a hash");
    assert_eq!(hasher.verify(secret(&long), Some(phc.clone())).await, Ok(PasswordVerification::Yes));
    let shorter = &long[..long.len() - 2];
    assert_eq!(hasher.verify(secret(&format!("{shorter}å")), Some(phc.clone())).await, Ok(PasswordVerification::No));
    assert_eq!(hasher.verify(secret(shorter), Some(phc)).await, Ok(PasswordVerification::No));
}

#[actix_web::test]
async fn debug_shows_no_secret() {
    let hasher = hasher(cheap());
    let phc = hasher.hash(secret(PASSWORD)).await.expect("a hash");
    let salt = phc.split('$').nth(4).expect("a salt");
    let call = hasher.verify(secret(PASSWORD), Some(phc.clone()));
    let shown = format!("{hasher:?} {:?} {:?}", PasswordVerification::Rehashed(phc.clone()), call.await);
    assert!(shown.contains("memory_kib: 64") && shown.contains("Rehashed(..)"), "{shown}");
    assert!(!shown.contains(PASSWORD) && !shown.contains(salt), "{shown}");
}

#[test]
fn parameters_that_can_not_work_are_refused_by_name() {
    let refused = [
        (PasswordParams { threads: 0, ..cheap() }, "threads"),
        (PasswordParams { iterations: 0, ..cheap() }, "iterations"),
        (PasswordParams { parallelism: 0, ..cheap() }, "parallelism"),
        (PasswordParams { parallelism: 1 << 24, ..cheap() }, "parallelism"),
        (PasswordParams { memory_kib: 7, ..cheap() }, "memory_kib is 7: use at least 8"),
        (PasswordParams { memory_kib: 31, parallelism: 4, ..cheap() }, "memory_kib is 31: use at least 32"),
    ];
    for (params, named) in refused {
        let error = PasswordHasher::new(params).expect_err("refused").to_string();
        assert!(error.contains(named), "{error}");
    }
    hasher(PasswordParams { memory_kib: 32, parallelism: 4, ..cheap() });
}

#[cfg(target_os = "linux")]
mod threads {
    use std::fs;
    use std::time::{Duration, Instant};

    use super::*;

    /// The nice values of this process's threads of that name.
    fn nice_values(name: &str) -> Vec<i32> {
        let tasks = fs::read_dir("/proc/self/task").expect("the threads of this process");
        let stats = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("stat")).ok());
        stats
            .filter(|stat| stat.contains(&format!("({name})")))
            .filter_map(|stat| stat.rsplit_once(')')?.1.split_whitespace().nth(16)?.parse().ok())
            .collect()
    }

    #[actix_web::test]
    async fn they_have_a_name_and_a_low_priority_and_end_with_the_last_clone() {
        // No other test has that many, so the name is this test's own.
        let hasher = hasher(PasswordParams { threads: 12, ..cheap() });
        let clone = hasher.clone();
        drop(hasher);
        wait_until(|| nice_values("password-11") == [10]);
        assert!(clone.hash(secret(PASSWORD)).await.is_ok(), "a clone keeps them alive");
        drop(clone);
        wait_until(|| nice_values("password-11").is_empty());
    }

    /// A value of this process in KiB.
    fn memory(name: &str) -> u64 {
        let status = fs::read_to_string("/proc/self/status").expect("the state of this process");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line of that name");
        line.trim_matches([':', '\t', ' ', 'k', 'B']).parse().expect("a number")
    }

    /// A stored hash may ask for more memory than the configuration does, and must not keep it: a thread lives as long
    /// as the server.
    #[actix_web::test]
    async fn the_memory_of_an_expensive_hash_is_given_back() {
        const ALONE: &str = "TOLLBRIDGE_TEST_IS_ALONE";
        const EXPENSIVE: &str =
            "$argon2id$v=19$m=131072,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        if std::env::var_os(ALONE).is_none() {
            // What the other tests need would be measured too, so this runs once more in a process of its own.
            let name = "threads::the_memory_of_an_expensive_hash_is_given_back";
            let this = std::env::current_exe().expect("the path of this binary");
            let run = std::process::Command::new(this).args(["--exact", name]).env(ALONE, "1").output();
            let run = run.expect("a process");
            let said = String::from_utf8_lossy(&run.stdout);
            assert!(run.status.success() && said.contains("1 passed"), "{said}");
            return;
        }
        let hasher = hasher(cheap());
        assert!(hasher.hash(secret(PASSWORD)).await.is_ok());
        let before = memory("VmRSS");
        assert_eq!(hasher.verify(secret(PASSWORD), Some(EXPENSIVE.to_owned())).await, Ok(PasswordVerification::No));
        // The only thread gives back before it takes the next.
        assert!(hasher.hash(secret(PASSWORD)).await.is_ok());
        let (peak, after) = (memory("VmHWM"), memory("VmRSS"));
        assert!(peak > before + 120 * 1024, "128 MiB were needed: {before} and at most {peak}");
        assert!(after < before + 32 * 1024, "{before} before, {after} after, of {peak} KiB");
    }

    /// The kernel tells nobody when a thread's entry changes, so this looks again and again.
    fn wait_until(met: impl Fn() -> bool) {
        let end = Instant::now() + Duration::from_secs(20);
        while !met() {
            assert!(Instant::now() < end, "not within 20 seconds");
            std::thread::yield_now();
        }
    }
}
