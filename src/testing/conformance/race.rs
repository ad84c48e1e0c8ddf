//! Racers, each in a thread of its own, so that stores are raced that never wait as well as those that do.

use std::sync::{Arc, Barrier};
use std::thread;

use futures_util::future::{LocalBoxFuture, try_join_all};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::report::{Broken, Outcome};

/// How many ask at once.
pub(super) const RACERS: usize = 8;

/// How often, because not every race is lost.
pub(super) const ROUNDS: i64 = 20;

/// What a racer does, in its thread.
pub(super) type Racer<T> = Box<dyn FnOnce() -> LocalBoxFuture<'static, T> + Send>;

/// Makes a [`Racer`] of a function without arguments that answers a future.
pub(super) fn racer<T, F: Future<Output = T> + 'static>(ask: impl FnOnce() -> F + Send + 'static) -> Racer<T> {
    Box::new(move || Box::pin(ask()))
}

/// Starts all racers at once, and answers what they got, in their order.
pub(super) async fn race<T: Send + 'static>(racers: Vec<Racer<T>>) -> Outcome<Vec<T>> {
    let start = Arc::new(Barrier::new(racers.len()));
    let answers = racers.into_iter().map(|ask| {
        let (start, runtime, (tell, told)) = (Arc::clone(&start), Handle::current(), oneshot::channel());
        thread::spawn(move || {
            start.wait();
            // Nobody listens any more only when another racer has failed.
            let _ = tell.send(runtime.block_on(ask()));
        });
        told
    });
    let answers: Vec<_> = answers.collect();
    try_join_all(answers).await.map_err(|_| Broken::new("it panics when it is asked by several at once"))
}
