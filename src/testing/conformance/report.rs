//! Runs the checks, and reports the broken requirements.

use std::fmt;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;

use super::fixture::Fixture;
use crate::StoreError;

/// A requirement and its check.
pub(super) struct Check<S> {
    pub(super) promise: &'static str,
    pub(super) run: fn(Fixture<S>) -> LocalBoxFuture<'static, Outcome>,
}

macro_rules! checks {
    ($($promise:literal => $check:ident,)*) => {
        vec![$($crate::testing::conformance::report::Check {
            promise: $promise,
            run: |fixture| Box::pin($check(fixture)),
        }),*]
    };
}
pub(super) use checks;

/// The result of a check.
pub(super) type Outcome<T = ()> = Result<T, Violation>;

/// The observed behavior of a store that breaks a requirement.
#[derive(Debug)]
pub(super) struct Violation(String);

impl Violation {
    pub(super) fn new(seen: impl Into<String>) -> Self {
        Self(seen.into())
    }
}

impl From<StoreError> for Violation {
    fn from(error: StoreError) -> Self {
        Self(format!("it answers an error: {error}"))
    }
}

/// Checks a condition; otherwise reports the observed behavior.
pub(super) fn ensure(met: bool, otherwise: impl Into<String>) -> Outcome {
    if met { Ok(()) } else { Err(Violation::new(otherwise)) }
}

/// Checks that a value equals the expected one.
pub(super) fn ensure_eq<T: PartialEq + fmt::Debug>(what: &str, seen: &T, expected: &T) -> Outcome {
    ensure(seen == expected, format!("{what} is {seen:?}, and should be {expected:?}"))
}

/// Runs the checks one after the other, and panics with a report of the broken requirements.
pub(super) async fn run<S>(what: &str, checks: Vec<Check<S>>, make: impl AsyncFn() -> Fixture<S>) {
    let count = checks.len();
    let mut broken = Vec::new();
    for check in checks {
        let fixture = make().await;
        let outcome = AssertUnwindSafe((check.run)(fixture)).catch_unwind().await;
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(Violation(seen))) => broken.push(format!(" * {}\n   but {seen}", check.promise)),
            Err(_panic) => broken.push(format!(" * {}\n   but it panics; the message is above", check.promise)),
        }
    }
    assert!(broken.is_empty(), "the {what} breaks {} of {count} promises:\n{}", broken.len(), broken.join("\n"));
}
