//! Decodes a body as actix-web's extractors do, with a bound on the decoded size.

use std::borrow::Cow;

use actix_web::HttpMessage as _;
use actix_web::dev::{Decompress, Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_ENCODING, ContentEncoding, HeaderMap};
use actix_web::web::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, stream};

use super::body::Seen;
use crate::bridge::error::BodyFault;

/// The size of the pieces that are decoded at once. actix-http decodes up to 2048 bytes without a thread. A piece can
/// decode to a thousand times its size.
const PIECE: usize = 1024;

/// The `Content-Encoding` of a body.
#[derive(Clone, Copy)]
pub(super) enum Encoding {
    Plain,
    Coded(ContentEncoding),
    /// Unknown, or several.
    Unknown,
}

impl Encoding {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(CONTENT_ENCODING);
        let Some(value) = values.next() else { return Self::Plain };
        match value.to_str().map(str::trim) {
            _ if values.next().is_some() => Self::Unknown,
            Ok("") => Self::Plain,
            Ok(name) => match name.parse() {
                Ok(ContentEncoding::Identity) => Self::Plain,
                Ok(coding) => Self::Coded(coding),
                Err(_unknown) => Self::Unknown,
            },
            Err(_not_text) => Self::Unknown,
        }
    }
}

/// The whole body, decoded.
pub(super) fn whole(seen: Seen<'_>, encoding: Encoding, limit: usize) -> Result<Cow<'_, [u8]>, BodyFault> {
    match (seen, encoding) {
        (_, Encoding::Unknown) => Err(BodyFault::Encoding),
        (Seen::Beginning(_), _) => Err(BodyFault::TooLarge { limit }),
        (Seen::Broken(_), _) => Err(BodyFault::Incomplete),
        (Seen::Whole(body), Encoding::Plain) => Ok(Cow::Borrowed(body)),
        (Seen::Whole(body), Encoding::Coded(coding)) => decode(body, coding, limit).map(Cow::Owned),
    }
}

fn decode(body: &[u8], coding: ContentEncoding, limit: usize) -> Result<Vec<u8>, BodyFault> {
    let pieces = body.chunks(PIECE).map(|piece| Ok::<_, PayloadError>(Bytes::copy_from_slice(piece)));
    let mut decoder = Decompress::new(stream::iter(pieces), coding);
    let mut decoded = Vec::new();
    // The decoder never waits, because its pieces are there and small.
    while let Some(Some(piece)) = decoder.next().now_or_never() {
        decoded.extend_from_slice(&piece.map_err(|_corrupt| BodyFault::Corrupt)?);
        if decoded.len() > limit {
            return Err(BodyFault::TooLarge { limit });
        }
    }
    // actix-http leaves a body as it is if the application was built without the feature of its encoding.
    if decoded == body { Err(BodyFault::Encoding) } else { Ok(decoded) }
}

/// Hands an encoded body on in small pieces. A reader that decodes one whole piece at once, as actix-http does, then
/// notices its own limit before it has much in memory.
pub(super) fn hand_on_in_pieces(req: &mut ServiceRequest) {
    let pieces = req.take_payload().flat_map(|chunk| {
        let pieces: Vec<_> = match chunk {
            Ok(chunk) => {
                (0..chunk.len()).step_by(PIECE).map(|at| Ok(chunk.slice(at..chunk.len().min(at + PIECE)))).collect()
            }
            Err(error) => vec![Err(error)],
        };
        stream::iter(pieces)
    });
    req.set_payload(Payload::Stream { payload: Box::pin(pieces.fuse()) });
}
