//! Reads a body before the handler does. The raw bytes are read up to a size limit and a time limit, and are put back
//! unchanged. A body above the size limit is streamed to the handler and is not searched.

mod arriving_body;

use std::time::Duration;

use actix_web::HttpMessage as _;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_web::rt::time::timeout;
use actix_web::web::{Bytes, BytesMut};
use futures_util::stream::{self, StreamExt as _};

pub(crate) use arriving_body::ArrivingBody;

/// The limits for reading a body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyLimits {
    /// The maximum size of a body that is searched, in bytes.
    pub(crate) max_bytes: usize,
    /// The maximum time to receive a body that is searched, and the time after which any other must keep the minimum
    /// rate.
    pub(crate) time: Duration,
}

/// The body did not arrive in time.
#[derive(Debug)]
pub(crate) struct BodyTimeout;

/// Whether the request has a body.
pub(super) fn has_body(req: &ServiceRequest) -> bool {
    let headers = req.headers();
    headers.contains_key(TRANSFER_ENCODING)
        || headers.get(CONTENT_LENGTH).is_some_and(|length| length.as_bytes() != b"0")
}

/// The part of a body that was read.
#[derive(Clone, Copy)]
pub(super) enum Seen<'b> {
    /// The whole body.
    Whole(&'b [u8]),
    /// The beginning of a body that is larger than the limit.
    Beginning(&'b [u8]),
    /// The beginning of a body that broke off.
    Broken(&'b [u8]),
}

/// Reads the body up to the limits, passes the bytes to `look`, and puts them back. A body whose `Content-Length` is
/// above the limit is read only with `accept_beginning`.
pub(super) async fn peek<T>(
    req: &mut ServiceRequest,
    limits: BodyLimits,
    accept_beginning: bool,
    look: impl FnOnce(Seen<'_>) -> T,
) -> Result<T, BodyTimeout> {
    let BodyLimits { max_bytes: limit, time } = limits;
    let mut payload = req.take_payload();
    let announced = req.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) && !accept_beginning {
        req.set_payload(payload);
        limit_time(req, time).await;
        return Ok(look(Seen::Beginning(b"")));
    }
    let Ok(read) = timeout(time, read_up_to(&mut payload, limit)).await else {
        ArrivingBody::new(req, payload).await;
        return Err(BodyTimeout);
    };
    let seen = match &read.end {
        End::Complete => look(Seen::Whole(&read.bytes)),
        End::Larger => look(Seen::Beginning(&read.bytes[..limit.min(read.bytes.len())])),
        End::Broken(_) => look(Seen::Broken(&read.bytes)),
    };
    put_back(req, read, payload, time).await;
    Ok(seen)
}

/// The bytes that were read, and why reading stopped.
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
    // Most bodies are one chunk. It is kept without a copy.
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

async fn put_back(req: &mut ServiceRequest, read: Read, rest: Payload, time: Duration) {
    let bytes = read.bytes;
    match read.end {
        End::Complete => req.set_payload(Payload::from(bytes)),
        End::Broken(error) => req.set_payload(fused_payload(stream::iter([Ok(bytes), Err(error)]))),
        End::Larger => {
            let rest = ArrivingBody::new(req, rest).await.with_min_rate(time);
            req.set_payload(fused_payload(stream::iter([Ok(bytes)]).chain(rest)));
        }
    }
}

/// Lets the handler read the body while it arrives, at a minimum rate. Without it a client could block a handler for
/// ever.
pub(super) async fn limit_time(req: &mut ServiceRequest, time: Duration) {
    let payload = req.take_payload();
    let body = ArrivingBody::new(req, payload).await;
    req.set_payload(fused_payload(body.with_min_rate(time)));
}

/// A payload that may be polled after its end. Readers such as actix-multipart do that, and few streams allow it.
fn fused_payload(stream: impl futures_util::Stream<Item = Result<Bytes, PayloadError>> + 'static) -> Payload {
    Payload::Stream { payload: Box::pin(stream.fuse()) }
}
