//! JSON Web Keys (RFC 7517): those that come in verify and do not sign, those that go out are public.

use std::collections::BTreeMap;

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{CommonParameters, Jwk, KeyOperations, PublicKeyUse};
use serde_json::Value;

use super::algorithm::Algorithm;
use super::keys::{KeyError, TokenKey};
use super::thumbprint::key_members;

/// The members that make keys of all types, public and private (RFC 7518 section 6).
const KEY_MEMBERS: [&str; 13] = ["crv", "d", "dp", "dq", "e", "k", "n", "oth", "p", "q", "qi", "x", "y"];

impl TokenKey {
    /// A key that somebody publishes as a JSON Web Key (RFC 7517), or a secret in that form. It verifies and does not
    /// sign, so it is one for [`retired_token_key`](crate::BridgeBuilder::retired_token_key): this is how the tokens of
    /// an issuer that is being replaced stay good without its private key.
    ///
    /// The key must say its algorithm itself, because a token must not choose it (RFC 8725 section 3.1).
    ///
    /// # Errors
    ///
    /// When it is no key of an [`Algorithm`], is not for signatures, is not on its curve, or is too short.
    pub fn from_jwk(json: &str) -> Result<Self, KeyError> {
        let error = || KeyError::NotAPublicKey;
        let jwk = parse(json).ok_or_else(error)?;
        let (algorithm, kid) = purpose(&jwk.common).ok_or_else(error)?;
        let verifying = DecodingKey::from_jwk(&jwk).map_err(|_| error())?;
        if algorithm.is_symmetric() {
            return Self::from_named_secret(algorithm, verifying, kid);
        }
        let key = Self::from_pair(algorithm, None, verifying, Some(kid)).ok_or_else(error)?;
        // A number has one way to be written, and a point one curve.
        if key.public().is_none_or(|public| public.algorithm != jwk.algorithm) {
            return Err(error());
        }
        Ok(key)
    }
}

/// A key with all members that its type has and none that another type or a private key has. Members that jsonwebtoken
/// does not know are ignored; a known one twice is an error.
fn parse(json: &str) -> Option<Jwk> {
    let jwk: Jwk = serde_json::from_str(json).ok()?;
    let written: BTreeMap<String, Value> = serde_json::from_str(json).ok()?;
    let known = key_members(&jwk)?;
    KEY_MEMBERS.iter().all(|name| written.contains_key(*name) == known.contains_key(*name)).then_some(jwk)
}

/// The algorithm and the id of a key for verifying.
fn purpose(common: &CommonParameters) -> Option<(Algorithm, String)> {
    let kid = common.key_id.clone().filter(|kid| !kid.is_empty())?;
    let is_for_verifying = common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature)
        && common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify));
    let algorithm = common.key_algorithm?.to_string().parse().ok()?;
    is_for_verifying.then_some((algorithm, kid))
}
