//! The grammar for reading the locations that hold tokens.

use std::fmt;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{HeaderMap, HeaderName};

use super::presented::{ByType, Found};
use crate::bridge::error::BodyFault;

/// A grammar for reading tokens: the strict one of the bridge, or one that is compatible with another product.
pub(crate) trait TokenGrammar: fmt::Debug + Send + Sync {
    /// The token in the headers.
    fn header(&self, headers: &HeaderMap, place: &HeaderPlace) -> Found;

    /// The kind of body, if a body of this kind is searched. A strict grammar is asked only if there is a body.
    fn body_kind(&self, req: &ServiceRequest) -> Option<BodyKind>;

    /// The tokens in a complete body, or the fault for which it cannot be searched. A body that is not a JSON object holds
    /// no token. Without a place nothing is searched for.
    fn json(&self, body: &[u8], place: Option<&JsonPlace>) -> Result<ByType, BodyFault>;

    /// Whether a token of ours in a place that is not read is refused, and a body must be decoded before it is searched.
    fn is_strict(&self) -> bool;

    /// The token in the query.
    fn query(&self, query: &str, place: &QueryPlace) -> Found;
}

/// The kind of a body that is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyKind {
    Json,
    UrlEncodedForm,
    /// JSON or a form, of a request with several types.
    Ambiguous,
}

/// The header that holds a token.
#[derive(Clone, Debug)]
pub(crate) struct HeaderPlace {
    pub(crate) name: HeaderName,
    /// The name with the configured letter case, for messages.
    pub(crate) configured_name: String,
    pub(crate) scheme: String,
}

/// The query parameter that holds a token.
#[derive(Clone, Debug)]
pub(crate) struct QueryPlace {
    pub(crate) name: String,
    /// The text before the token in the value. It may be empty.
    pub(crate) prefix: String,
}

/// The members of a JSON body that hold tokens.
#[derive(Clone, Debug)]
pub(crate) struct JsonPlace {
    pub(crate) access: String,
    pub(crate) refresh: String,
}
