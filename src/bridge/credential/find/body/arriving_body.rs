//! A body that the handler reads while it arrives. It must keep a minimum rate, and the service can tell afterwards
//! whether it timed out and whether all of it was read.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use actix_web::HttpMessage as _;
use actix_web::HttpRequest;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::rt::time::{Instant, Sleep, sleep};
use actix_web::web::Bytes;
use futures_util::Stream;
use tokio::runtime::Handle;

/// The minimum rate of a body, in bytes a second.
const MIN_RATE: u64 = 1024;

/// The time after which the connection of an unread body is polled once more.
const LAST_POLL: Duration = Duration::from_secs(1);

/// The payload of a request whose body may not have arrived yet. It is a request extension.
///
/// It outlives the stream that the handler reads. actix-http drains the body that nobody holds any more, and waits for
/// it without a time limit.
#[derive(Clone)]
pub(crate) struct ArrivingBody(Rc<Arrival>);

struct Arrival {
    /// `None` once the body has been read to its end.
    payload: RefCell<Option<Payload>>,
    timed_out: Cell<bool>,
    /// The task of the connection.
    connection: Waker,
}

/// The connection is closing when its unread body is dropped, and actix-http 3.20 may have lost the deadline for that. Its
/// clock is behind when the worker was held up, and a deadline that is over when it is set wakes nobody. The task sees
/// it when it is polled once more.
impl Drop for Arrival {
    fn drop(&mut self) {
        if self.payload.get_mut().is_none() {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            let connection = self.connection.clone();
            runtime.spawn(async move {
                sleep(LAST_POLL).await;
                connection.wake();
            });
        }
    }
}

impl ArrivingBody {
    /// Makes the payload an extension of its request. The calling task must be that of the connection.
    pub(super) async fn new(req: &ServiceRequest, payload: Payload) -> Self {
        let connection = poll_fn(|ctx| Poll::Ready(ctx.waker().clone())).await;
        let arrival = Arrival { payload: RefCell::new(Some(payload)), timed_out: Cell::default(), connection };
        let body = Self(Rc::new(arrival));
        req.extensions_mut().insert(body.clone());
        body
    }

    /// The body of a request. `None` if there is none, or if it was read before the handler was called.
    pub(crate) fn of(req: &HttpRequest) -> Option<Self> {
        req.extensions().get::<Self>().cloned()
    }

    /// Whether some of the body has not been read.
    pub(crate) fn is_unread(&self) -> bool {
        self.0.payload.borrow().is_some()
    }

    /// Whether the body ended with an error because the client was too slow.
    pub(crate) fn has_timed_out(&self) -> bool {
        self.0.timed_out.get()
    }

    /// The bytes of the body. The stream ends with an error when the client is slower than the minimum rate.
    ///
    /// The client may make the stream wait for `time` in total. Every byte adds to that what it takes at the minimum
    /// rate, up to `time` again: a fast beginning does not pay for a long pause.
    pub(super) fn with_min_rate(self, time: Duration) -> impl Stream<Item = Result<Bytes, PayloadError>> + 'static {
        MinRate { body: self, time, allowance: time, wait: None }
    }
}

struct MinRate {
    body: ArrivingBody,
    time: Duration,
    /// The time that the client may still make the stream wait.
    allowance: Duration,
    wait: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl MinRate {
    fn credit(&mut self, bytes: usize) {
        let Some((since, _)) = self.wait.take() else { return };
        let earned = (bytes as u64).saturating_mul(1_000_000_000 / MIN_RATE);
        let left = self.allowance.saturating_sub(since.elapsed());
        self.allowance = left.saturating_add(Duration::from_nanos(earned)).min(self.time);
    }
}

impl Stream for MinRate {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let arrival = Rc::clone(&self.body.0);
        let mut payload = arrival.payload.borrow_mut();
        let Some(arriving) = payload.as_mut().filter(|_| !arrival.timed_out.get()) else { return Poll::Ready(None) };
        match Pin::new(arriving).poll_next(ctx) {
            Poll::Ready(Some(Ok(chunk))) => {
                self.credit(chunk.len());
                Poll::Ready(Some(Ok(chunk)))
            }
            Poll::Ready(end) => {
                *payload = None;
                Poll::Ready(end)
            }
            Poll::Pending => {
                let allowance = self.allowance;
                let (_, wait) = self.wait.get_or_insert_with(|| (Instant::now(), Box::pin(sleep(allowance))));
                ready!(wait.as_mut().poll(ctx));
                arrival.timed_out.set(true);
                Poll::Ready(Some(Err(PayloadError::Io(std::io::ErrorKind::TimedOut.into()))))
            }
        }
    }
}
