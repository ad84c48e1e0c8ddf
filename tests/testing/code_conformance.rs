//! The suite for stores of one-time codes can fail: each fault is found, and each promise can be found broken.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use tollbridge::testing::conformance::{self, Fixture};

use crate::wrong_codes::{CodeFault, WrongCodes};

/// Which fault breaks which promise: a part of the sentence.
const FAULTS: &[(CodeFault, &str)] = &[
    (CodeFault::LosesAField, "`insert_code`: keeps a new code"),
    (CodeFault::OverwritesCodes, "`insert_code`: a hash that exists already is an error"),
    (CodeFault::KeepsEveryCode, "`insert_code`: `false` when the login has"),
    (CodeFault::ForgetsUsedCodes, "`insert_code`: `false` when the login has"),
    (CodeFault::CountsInTwoSteps, "`insert_code`: is one atomic step"),
    (CodeFault::FindTakes, "`find_code`: leaves the code as it is"),
    (CodeFault::FindsExpired, "`find_code`: leaves the code as it is"),
    (CodeFault::TakesAgain, "`take_code`: the code, once"),
    (CodeFault::TakesExpired, "`take_code`: `None` from `expires_at` on"),
    (CodeFault::TakesInTwoSteps, "`take_code`: of any number of racers exactly one"),
];

async fn report(fault: CodeFault) -> Option<String> {
    let make = async || Fixture::new(WrongCodes::new(fault));
    let panicked = AssertUnwindSafe(conformance::code_store(make)).catch_unwind().await.err()?;
    Some(*panicked.downcast::<String>().expect("it fails with a report"))
}

#[actix_web::test]
async fn every_fault_of_codes_is_found_and_every_promise_can_be_broken() {
    assert_eq!(report(CodeFault::Nothing).await, None);
    let mut broken = BTreeSet::new();
    for (fault, promise) in FAULTS {
        let report = report(*fault).await.unwrap_or_else(|| panic!("{fault:?} is not found"));
        assert!(report.contains(promise), "{fault:?} breaks: {promise}\n{report}");
        assert!(report.contains("of 8 promises"), "{report}");
        broken.extend(report.lines().filter(|line| line.starts_with(" * ")).map(str::to_owned));
    }
    assert_eq!(broken.len(), 8, "some check never failed; these did: {broken:#?}");
}
