//! The claims of a new token, for serialization.

use serde::{Serialize, Serializer};

use crate::bridge::model::UnixTime;

/// The claims of a new token: first those of Flask-JWT-Extended in its order, then those of the bridge.
#[derive(Serialize)]
pub(super) struct WrittenClaims<'a> {
    pub(super) fresh: bool,
    pub(super) iat: UnixTime,
    pub(super) jti: &'a str,
    #[serde(rename = "type")]
    pub(super) token_type: &'static str,
    pub(super) sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nbf: Option<UnixTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) csrf: Option<&'a str>,
    pub(super) exp: UnixTime,
    pub(super) sid: &'a str,
    pub(super) auth_time: UnixTime,
    pub(super) iss: &'a str,
    #[serde(serialize_with = "one_or_many")]
    pub(super) aud: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<&'a str>,
    #[serde(rename = "gen", skip_serializing_if = "Option::is_none")]
    pub(super) generation: Option<i64>,
}

/// Serializes one audience as a string, several as an array (RFC 7519 section 4.1.3).
fn one_or_many<S: Serializer>(audiences: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    match audiences {
        [one] => one.serialize(serializer),
        all => all.serialize(serializer),
    }
}
