//! The thumbprint of a JSON Web Key (RFC 7638). It is the id of a key pair.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use serde_json::Value;

use crate::bridge::model::sha256;

/// The thumbprint (RFC 7638 section 3): the hash of the required members in the order of their names.
///
/// `Jwk::thumbprint` is not used: it calls the default provider of the process, which can panic.
pub(super) fn thumbprint(jwk: &Jwk) -> Option<String> {
    let json = serde_json::to_vec(&key_members(jwk)?).ok()?;
    Some(URL_SAFE_NO_PAD.encode(sha256(&json)))
}

/// The member `kty` and the members that this key type requires.
pub(super) fn key_members(jwk: &Jwk) -> Option<BTreeMap<String, Value>> {
    serde_json::from_value(serde_json::to_value(&jwk.algorithm).ok()?).ok()
}
