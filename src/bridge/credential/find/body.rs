//! Looking into a body before the handler does. It is read raw, up to a cap and for a limited time, and put back as it
//! came. A body that is larger than the cap streams on and is not searched.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_web::rt::time::timeout;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{HttpMessage as _, HttpRequest};
use futures_util::stream::{self, StreamExt as _};

/// How far and for how long a body is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyLimits {
    /// A JSON body or form that is larger, in bytes, is not searched.
    pub(crate) searched: usize,
    /// How long a body may take that is searched, and how long any body may pause.
    pub(crate) time: Duration,
}

/// The body did not arrive in time.
#[derive(Debug)]
pub(crate) struct BodyTimeout;

/// Whether the request has a body at all.
pub(super) fn is_there(req: &ServiceRequest) -> bool {
    let headers = req.headers();
    headers.contains_key(TRANSFER_ENCODING)
        || headers.get(CONTENT_LENGTH).is_some_and(|length| length.as_bytes() != b"0")
}

/// What was read of a body.
#[derive(Clone, Copy)]
pub(super) enum Seen<'b> {
    /// All of it.
    Whole(&'b [u8]),
    /// It goes on, or broke off.
    Beginning(&'b [u8]),
}

/// Reads at most `limit` bytes of the body, shows them to `look`, and puts them back. A body that announces more
/// is not read at all, unless its beginning is of use.
pub(super) async fn peek<T>(
    req: &mut ServiceRequest,
    limits: BodyLimits,
    beginning_will_do: bool,
    look: impl FnOnce(Seen<'_>) -> T,
) -> Result<T, BodyTimeout> {
    let BodyLimits { searched: limit, time } = limits;
    let mut payload = req.take_payload();
    let announced = req.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) && !beginning_will_do {
        req.set_payload(payload);
        limit_pauses(req, time);
        return Ok(look(Seen::Beginning(b"")));
    }
    let Ok(read) = timeout(time, read_up_to(&mut payload, limit)).await else { return Err(BodyTimeout) };
    let seen = match &read.end {
        End::Complete => look(Seen::Whole(&read.bytes)),
        End::Larger | End::Broken(_) => look(Seen::Beginning(&read.bytes[..limit.min(read.bytes.len())])),
    };
    put_back(req, read, payload, time);
    Ok(seen)
}

/// What was read, and why reading stopped.
struct Read {
    bytes: Bytes,
    end: End,
}

enum End {
    Complete,
    Larger,
    Broken(PayloadError),
}

async fn read_up_to(payload: &mut Payload, limit: usize) -> Read {
    // Most bodies are one chunk, which is kept without copying it.
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    let end = loop {
        match payload.next().await {
            None => break End::Complete,
            Some(Err(error)) => break End::Broken(error),
            Some(Ok(chunk)) if first.is_empty() && all.is_empty() => first = chunk,
            Some(Ok(chunk)) => {
                if all.is_empty() {
                    all.extend_from_slice(&first);
                }
                all.extend_from_slice(&chunk);
            }
        }
        if first.len().max(all.len()) > limit {
            break End::Larger;
        }
    };
    Read { bytes: if all.is_empty() { first } else { all.freeze() }, end }
}

fn put_back(req: &mut ServiceRequest, read: Read, rest: Payload, time: Duration) {
    let bytes = read.bytes;
    match read.end {
        End::Complete => req.set_payload(Payload::from(bytes)),
        End::Broken(error) => req.set_payload(stream_of(stream::iter([Ok(bytes), Err(error)]))),
        End::Larger => {
            req.set_payload(stream_of(stream::iter([Ok(bytes)]).chain(rest)));
            limit_pauses(req, time);
        }
    }
}

/// Whether the handler's reading of the body ended because the body paused for too long.
pub(crate) fn body_paused(req: &HttpRequest) -> bool {
    req.extensions().get::<Paused>().is_some_and(|Paused(paused)| paused.get())
}

/// In the extensions of a request whose body is limited: set when the limit is reached.
struct Paused(Rc<Cell<bool>>);

/// Ends a body that pauses for longer than `time`: without this a client could hold a handler for ever.
pub(super) fn limit_pauses(req: &mut ServiceRequest, time: Duration) {
    let payload = req.take_payload();
    let paused = Rc::new(Cell::new(false));
    req.extensions_mut().insert(Paused(Rc::clone(&paused)));
    let limited = stream::unfold(Some((payload, paused)), move |reading| async move {
        let (mut payload, paused) = reading?;
        match timeout(time, payload.next()).await {
            Ok(Some(Ok(chunk))) => Some((Ok(chunk), Some((payload, paused)))),
            Ok(Some(Err(error))) => Some((Err(error), None)),
            Ok(None) => None,
            Err(_) => {
                paused.set(true);
                Some((Err(PayloadError::Io(std::io::ErrorKind::TimedOut.into())), None))
            }
        }
    });
    req.set_payload(stream_of(limited));
}

/// Fused, because readers such as actix-multipart poll a body again after its end, and few streams allow that.
fn stream_of(stream: impl futures_util::Stream<Item = Result<Bytes, PayloadError>> + 'static) -> Payload {
    Payload::Stream { payload: Box::pin(stream.fuse()) }
}
