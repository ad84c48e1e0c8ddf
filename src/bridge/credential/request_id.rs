//! The id of a request.

use actix_web::http::header::HeaderValue;

/// The id by which a request is found in the log. A middleware around the bridge puts it into the extensions of the request,
/// and the audit has it then ([`Act::request_id`](crate::Act::request_id)). It must not be what any client sends.
#[derive(Clone, Debug)]
pub struct RequestId(pub HeaderValue);
