//! The request loader: finds the token that a request presents, if any, and leaves the request as it was.
//!
//! The `Authorization` header is read first, then a JSON body. A body is touched only if it says that it is JSON, is
//! not compressed and belongs to a method that has one; its bytes are handed on unchanged whatever is found in them.

mod bearer;
mod json_body;

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::dev::ServiceRequest;

use super::credential::{Location, Presented};

/// What the loader may read.
#[derive(Clone, Debug)]
pub(crate) struct LoaderConfig {
    pub(crate) locations: Vec<Location>,
    pub(crate) json_body_limit: usize,
    pub(crate) body_timeout: Duration,
}

/// The body did not arrive in time.
#[derive(Debug)]
pub(crate) struct BodyTimeout;

/// Whether this request was refused because its body did not arrive in time while the handler read it.
pub(crate) fn body_paused(req: &HttpRequest) -> bool {
    json_body::has_paused(req)
}

/// Finds the token of a request.
pub(crate) async fn find(req: &mut ServiceRequest, config: &LoaderConfig) -> Result<Presented, BodyTimeout> {
    let mut presented = Presented::Nothing;
    if config.locations.contains(&Location::Header) {
        presented = bearer::from_headers(req.headers());
    }
    let reads_body = config.locations.contains(&Location::Json) && json_body::may_carry_token(req);
    if reads_body {
        presented = presented.and(json_body::peek(req, config.json_body_limit, config.body_timeout).await?);
    } else if json_body::has_body(req) {
        json_body::limit_pauses(req, config.body_timeout);
    }
    Ok(presented)
}
