//! The suite for counters of attempts can fail: each fault is found, and each promise can be found broken.

use std::collections::{BTreeSet, HashMap};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use tollbridge::testing::conformance::{self, Fixture};
use tollbridge::{AttemptChange, AttemptStore, Attempts, StoreError, StoreFuture};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Nothing,
    ReadsInAnotherOrder,
    WritesTheFirst,
    AnswersWhatIsAfter,
    WritesWhatWasRefused,
    ChangesInTwoSteps,
    RefusesRacers,
}

/// Which fault breaks which promise: a part of the sentence.
const FAULTS: &[(Fault, &str)] = &[
    (Fault::ReadsInAnotherOrder, "`read_attempts`: the counters in the order"),
    (Fault::WritesTheFirst, "`change_attempts`: writes all counters"),
    (Fault::AnswersWhatIsAfter, "`change_attempts`: writes all counters"),
    (Fault::WritesWhatWasRefused, "`change_attempts`: writes nothing if"),
    (Fault::ChangesInTwoSteps, "`change_attempts`: is one atomic step"),
    (Fault::RefusesRacers, "`change_attempts`: of racers with counters in common"),
];

/// A store in memory with a fault.
#[derive(Clone)]
struct WrongAttempts {
    fault: Fault,
    counters: Arc<Mutex<HashMap<u32, Attempts>>>,
    changing: Arc<Mutex<()>>,
}

impl WrongAttempts {
    fn read(&self, counters: &[u32]) -> Vec<Attempts> {
        let stored = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        counters.iter().map(|counter| stored.get(counter).copied().unwrap_or_default()).collect()
    }

    fn write(&self, counters: &[u32], attempts: &[Attempts]) {
        let mut stored = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        stored.extend(counters.iter().copied().zip(attempts.iter().copied()));
    }

    fn change(&self, counters: &[u32], change: &AttemptChange) -> Result<Vec<Attempts>, StoreError> {
        let guard = match self.fault {
            Fault::ChangesInTwoSteps => None,
            // What a database does with two that wait for each other.
            Fault::RefusesRacers => {
                Some(self.changing.try_lock().map_err(|_busy| StoreError::new("deadlock detected"))?)
            }
            _ => Some(self.changing.lock().unwrap_or_else(PoisonError::into_inner)),
        };
        let before = self.read(counters);
        for _ in 0..100 {
            std::thread::yield_now();
        }
        let mut after = before.clone();
        if change(&mut after) || self.fault == Fault::WritesWhatWasRefused {
            let written = if self.fault == Fault::WritesTheFirst { counters.len().min(1) } else { counters.len() };
            self.write(&counters[..written], &after);
        }
        drop(guard);
        Ok(if self.fault == Fault::AnswersWhatIsAfter { after } else { before })
    }
}

impl AttemptStore for WrongAttempts {
    fn read_attempts<'a>(&'a self, counters: &'a [u32]) -> StoreFuture<'a, Vec<Attempts>> {
        let mut sorted = counters.to_vec();
        if self.fault == Fault::ReadsInAnotherOrder {
            sorted.sort_unstable();
        }
        Box::pin(async move { Ok(self.read(&sorted)) })
    }

    fn change_attempts<'a>(&'a self, counters: &'a [u32], change: AttemptChange) -> StoreFuture<'a, Vec<Attempts>> {
        Box::pin(async move { self.change(counters, &change) })
    }
}

async fn report(fault: Fault) -> Option<String> {
    let make = async || Fixture::new(WrongAttempts { fault, counters: Arc::default(), changing: Arc::default() });
    let panicked = AssertUnwindSafe(conformance::attempt_store(make)).catch_unwind().await.err()?;
    Some(*panicked.downcast::<String>().expect("it fails with a report"))
}

#[actix_web::test]
async fn every_fault_of_attempts_is_found_and_every_promise_can_be_broken() {
    assert_eq!(report(Fault::Nothing).await, None);
    let mut broken = BTreeSet::new();
    for (fault, promise) in FAULTS {
        let report = report(*fault).await.unwrap_or_else(|| panic!("{fault:?} is not found"));
        assert!(report.contains(promise), "{fault:?} breaks: {promise}\n{report}");
        assert!(report.contains("of 5 promises"), "{report}");
        broken.extend(report.lines().filter(|line| line.starts_with(" * ")).map(str::to_owned));
    }
    assert_eq!(broken.len(), 5, "some check never failed; these did: {broken:#?}");
}
