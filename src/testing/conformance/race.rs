//! Races, with a thread for each racer, so that stores whose futures never wait race too.

use std::sync::{Arc, Barrier};
use std::thread;

use futures_util::future::{LocalBoxFuture, try_join_all};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::report::{Outcome, Violation};
use crate::StoreError;

/// The number of racers.
pub(super) const RACERS: usize = 8;

/// The number of races: a race condition does not show in every one.
pub(super) const ROUNDS: i64 = 20;

/// The work of a racer, in its thread.
pub(super) type Racer<T> = Box<dyn FnOnce() -> LocalBoxFuture<'static, T> + Send>;

/// Makes a [`Racer`] from a function that returns a future.
pub(super) fn racer<T, F: Future<Output = T> + 'static>(ask: impl FnOnce() -> F + Send + 'static) -> Racer<T> {
    Box::new(move || Box::pin(ask()))
}

/// Starts all racers at once, and returns their results in order.
pub(super) async fn race<T: Send + 'static>(racers: Vec<Racer<T>>) -> Outcome<Vec<T>> {
    let start = Arc::new(Barrier::new(racers.len()));
    let answers = racers.into_iter().map(|ask| {
        let (start, runtime, (tell, told)) = (Arc::clone(&start), Handle::current(), oneshot::channel());
        thread::spawn(move || {
            start.wait();
            // The receiver is dropped only when another racer has failed.
            let _ = tell.send(runtime.block_on(ask()));
        });
        told
    });
    let answers: Vec<_> = answers.collect();
    try_join_all(answers).await.map_err(|_racer_gone| Violation::new("it panics when it is asked by several at once"))
}

/// The number of racers whose result is `true`.
pub(super) fn winners(results: Vec<Result<bool, StoreError>>) -> Outcome<usize> {
    let results = results.into_iter().collect::<Result<Vec<bool>, _>>()?;
    Ok(results.into_iter().filter(|won| *won).count())
}
