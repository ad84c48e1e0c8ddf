//! The strict grammar: every location is read as RFC 6750 and RFC 8259 define it.

use actix_web::dev::ServiceRequest;
use actix_web::http::header::HeaderMap;

use super::{header, json, kind, query};
use crate::bridge::credential::grammar::{BodyKind, HeaderPlace, JsonPlace, QueryPlace, TokenGrammar};
use crate::bridge::credential::presented::{ByType, Found};
use crate::bridge::error::BodyFault;

/// The grammar of the RFCs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strict;

impl TokenGrammar for Strict {
    fn header(&self, headers: &HeaderMap, place: &HeaderPlace) -> Found {
        header::find(headers, place)
    }

    fn body_kind(&self, req: &ServiceRequest) -> Option<BodyKind> {
        kind::of(req)
    }

    fn json(&self, body: &[u8], place: Option<&JsonPlace>) -> Result<ByType, BodyFault> {
        let text = json::text(body)?;
        Ok(place.map(|place| json::find(text, place)).unwrap_or_default())
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn query(&self, query: &str, place: &QueryPlace) -> Found {
        query::find(query, place)
    }
}
