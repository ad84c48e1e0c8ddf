//! The suite for revoked tokens can fail: each fault is found, and each promise can be found broken.

use std::collections::{BTreeSet, HashMap};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use tollbridge::testing::conformance::{self, Fixture};
use tollbridge::{Act, RevokedToken, RevokedTokenStore, StoreFuture, UnixTime};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Nothing,
    AddsNothing,
    AddsTwice,
    LosesTheTime,
    NeverForgets,
    ForgetsTooEarly,
}

/// Which fault breaks which promise: a part of the sentence.
const FAULTS: &[(Fault, &str)] = &[
    (Fault::AddsNothing, "`revoke_token`: adds the token"),
    (Fault::AddsTwice, "`revoke_token`: adds the token"),
    (Fault::LosesTheTime, "`revoke_token`: adds the token"),
    (Fault::NeverForgets, "`revoked_tokens`: no token from"),
    (Fault::ForgetsTooEarly, "`revoked_tokens`: no token from"),
];

/// A store in memory with a fault.
#[derive(Clone)]
struct WrongStore {
    fault: Fault,
    tokens: Arc<Mutex<HashMap<String, UnixTime>>>,
}

impl RevokedTokenStore for WrongStore {
    fn revoke_token<'a>(
        &'a self,
        token: &'a RevokedToken,
        _identity: &'a str,
        _act: &'a Act,
        _now: UnixTime,
    ) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let expires_at = token.expires_at + i64::from(self.fault == Fault::LosesTheTime);
            if self.fault != Fault::AddsNothing {
                self.tokens.lock().expect("no panic").insert(token.id.clone(), expires_at);
            }
            Ok(())
        })
    }

    fn revoked_tokens(&self, now: UnixTime) -> StoreFuture<'_, Vec<RevokedToken>> {
        Box::pin(async move {
            let now = match self.fault {
                Fault::NeverForgets => UnixTime::MIN,
                Fault::ForgetsTooEarly => now + 1,
                _ => now,
            };
            let stored = self.tokens.lock().expect("no panic");
            let live = stored.iter().filter(|(_, expires_at)| **expires_at > now);
            let live = live.map(|(id, expires_at)| RevokedToken { id: id.clone(), expires_at: *expires_at });
            let mut tokens: Vec<_> = live.collect();
            if self.fault == Fault::AddsTwice {
                tokens.extend(tokens.clone());
            }
            Ok(tokens)
        })
    }
}

async fn report(fault: Fault) -> Option<String> {
    let make = async || Fixture::new(WrongStore { fault, tokens: Arc::default() });
    let panicked = AssertUnwindSafe(conformance::revoked_token_store(make)).catch_unwind().await.err()?;
    Some(*panicked.downcast::<String>().expect("it fails with a report"))
}

#[actix_web::test]
async fn every_fault_of_revoked_tokens_is_found_and_every_promise_can_be_broken() {
    assert_eq!(report(Fault::Nothing).await, None);
    let mut broken = BTreeSet::new();
    for (fault, promise) in FAULTS {
        let report = report(*fault).await.unwrap_or_else(|| panic!("{fault:?} is not found"));
        assert!(report.contains(promise), "{fault:?} breaks: {promise}\n{report}");
        broken.extend(report.lines().filter(|line| line.starts_with(" * ")).map(str::to_owned));
    }
    assert_eq!(broken.len(), 2, "some check never failed; these did: {broken:#?}");
}
