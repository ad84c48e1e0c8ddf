//! How the places that hold tokens are read.

use std::fmt;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{HeaderMap, HeaderName};

use super::presented::{ByType, Found};

/// A way of reading the places: the strict one of the bridge, or that of a product whose clients are to be kept.
pub(crate) trait TokenGrammar: fmt::Debug + Send + Sync {
    /// The token of the headers.
    fn header(&self, headers: &HeaderMap, place: &HeaderPlace) -> Found;

    /// Whether a token is looked for in the body of this request.
    fn may_carry_json(&self, req: &ServiceRequest) -> bool;

    /// The tokens of a complete body. One that is no JSON object presents nothing: it is the handler's to judge.
    fn json(&self, body: &[u8], place: &JsonPlace) -> ByType;

    /// The token of the query.
    fn query(&self, query: &str, place: &QueryPlace) -> Found;
}

/// The header that holds a token.
#[derive(Clone, Debug)]
pub(crate) struct HeaderPlace {
    pub(crate) name: HeaderName,
    /// The name as it was configured, with its capitals.
    pub(crate) written: String,
    pub(crate) scheme: String,
}

/// The parameter of the query that holds a token.
#[derive(Clone, Debug)]
pub(crate) struct QueryPlace {
    pub(crate) name: String,
    pub(crate) prefix: String,
}

/// The members of a JSON body that hold tokens.
#[derive(Clone, Debug)]
pub(crate) struct JsonPlace {
    pub(crate) access: String,
    pub(crate) refresh: String,
}
