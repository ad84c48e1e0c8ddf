//! Keys that are read from JSON Web Keys (RFC 7517). They verify and do not sign.

use std::collections::BTreeMap;

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{CommonParameters, Jwk, KeyOperations, PublicKeyUse};
use serde_json::Value;

use super::algorithm::Algorithm;
use super::keys::{KeyError, TokenKey};
use super::thumbprint::key_members;

/// The key members of all key types, public and private (RFC 7518 section 6).
const KEY_MEMBERS: [&str; 13] = ["crv", "d", "dp", "dq", "e", "k", "n", "oth", "p", "q", "qi", "x", "y"];

impl TokenKey {
    /// A public key or a secret from a JSON Web Key (RFC 7517). It verifies and does not sign. Pass it to
    /// [`retired_token_key`](crate::BridgeBuilder::retired_token_key) to accept the tokens of an issuer that the bridge
    /// replaces, without the private key of that issuer.
    ///
    /// The key must have the member `alg`, because a token must not choose its algorithm (RFC 8725 section 3.1).
    ///
    /// # Errors
    ///
    /// When the key is not for an [`Algorithm`], has no `kid`, is not for signatures, has members of a private key, is
    /// not on the curve of the algorithm, or is weak or too short.
    pub fn from_jwk(json: &str) -> Result<Self, KeyError> {
        let error = || KeyError::NotAPublicKey;
        let jwk = parse(json).ok_or_else(error)?;
        let (algorithm, kid) = purpose(&jwk.common).ok_or_else(error)?;
        let verifying = DecodingKey::from_jwk(&jwk).map_err(|_unsupported_key| error())?;
        if algorithm.is_symmetric() {
            return Self::from_named_secret(algorithm, verifying, kid);
        }
        let key = Self::from_pair(algorithm, None, verifying, Some(kid)).ok_or_else(error)?;
        // Other encodings of the same numbers, such as those with leading zeros, are refused.
        if key.public().is_none_or(|public| public.algorithm != jwk.algorithm) {
            return Err(error());
        }
        Ok(key)
    }
}

/// Parses a key. It must have all members of its type, and none of another type or of a private key. Members that
/// jsonwebtoken does not know are ignored. A known member must not occur twice.
fn parse(json: &str) -> Option<Jwk> {
    let jwk: Jwk = serde_json::from_str(json).ok()?;
    let written: BTreeMap<String, Value> = serde_json::from_str(json).ok()?;
    let known = key_members(&jwk)?;
    KEY_MEMBERS.iter().all(|name| written.contains_key(*name) == known.contains_key(*name)).then_some(jwk)
}

/// The algorithm and the id of a key that may verify signatures.
fn purpose(common: &CommonParameters) -> Option<(Algorithm, String)> {
    let kid = common.key_id.clone().filter(|kid| !kid.is_empty())?;
    let is_for_verifying = common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature)
        && common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify));
    let algorithm = common.key_algorithm?.to_string().parse().ok()?;
    is_for_verifying.then_some((algorithm, kid))
}
