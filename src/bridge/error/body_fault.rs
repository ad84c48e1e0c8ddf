//! The reason why a body could not be searched for a token.

use std::borrow::Cow;

use actix_web::http::StatusCode;

/// The reason why a body that says it is JSON or a form could not be searched for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyFault {
    /// The body is larger than [`json_body_limit`](crate::BridgeBuilder::json_body_limit), as sent or decoded.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The body has a `Content-Encoding` that cannot be decoded.
    Encoding,
    /// The body is not what its `Content-Encoding` says.
    Corrupt,
    /// The body ended too early.
    Incomplete,
    /// The body is not UTF-8.
    NotUtf8,
    /// The body begins with a byte order mark.
    ByteOrderMark,
    /// The request has more than one `Content-Type`.
    ContentTypes,
}

impl BodyFault {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Encoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    pub(super) fn code(self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "payload_too_large",
            Self::Encoding => "unsupported_media_type",
            _ => "invalid_request",
        }
    }

    pub(super) fn detail(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::TooLarge { limit } => {
                return Cow::Owned(format!(
                    "The body is larger than {limit} bytes and cannot be searched for a token. Send less, or send a token \
                     in a header."
                ));
            }
            Self::Encoding => {
                "The body has a Content-Encoding that cannot be decoded. Send it without, or as one gzip or deflate."
            }
            Self::Corrupt => "The body is not encoded as its Content-Encoding says.",
            Self::Incomplete => "The body ended too early.",
            Self::NotUtf8 => "The body is not UTF-8. Send it as UTF-8.",
            Self::ByteOrderMark => "The body begins with a byte order mark. Send it without.",
            Self::ContentTypes => "Send one Content-Type only.",
        })
    }
}
