//! The claims and header members that the application adds to its tokens.

use serde_json::{Map, Value};

use super::token_error::TokenError;

/// Additional claims and header members.
#[derive(Default)]
pub(crate) struct Extras {
    pub(crate) claims: Map<String, Value>,
    pub(crate) headers: Map<String, Value>,
}

macro_rules! reserved {
    ($what:literal: $($name:literal)*) => {
        [$(($name, concat!("the ", $what, " `", $name, "` is reserved for the bridge: choose another name"))),*]
    };
}

/// The reserved claims. A token with other values could be for another user, never expire, or belong to no login.
const RESERVED_CLAIMS: [(&str, &str); 14] =
    reserved!("claim": "sub" "sid" "jti" "type" "fresh" "exp" "iat" "nbf" "iss" "aud" "auth_time" "gen" "csrf" "scope");

/// Whether the bridge writes this claim itself.
pub(super) fn is_reserved_claim(name: &str) -> bool {
    RESERVED_CLAIMS.iter().any(|(reserved, _)| *reserved == name)
}

/// The reserved header members. They determine the key, or make verifiers refuse the token.
const RESERVED_HEADERS: [(&str, &str); 8] = reserved!("header": "alg" "kid" "typ" "crit" "jwk" "jku" "x5u" "x5c");

impl Extras {
    /// Adds the members of `other`, which replace those of the same name.
    pub(super) fn extend(&mut self, other: Self) {
        self.claims.extend(other.claims);
        self.headers.extend(other.headers);
    }

    /// Removes the reserved names. Of all members of a token, those that the application has added remain.
    pub(super) fn remove_reserved(&mut self) {
        self.claims.retain(|name, _| !is_reserved_claim(name));
        self.headers.retain(|name, _| RESERVED_HEADERS.iter().all(|(reserved, _)| reserved != name));
    }

    /// Refuses reserved names.
    pub(super) fn check(&self) -> Result<(), TokenError> {
        let refused = |names: &'static [(&str, &str)], members: &Map<String, Value>| {
            names.iter().find(|(name, _)| members.contains_key(*name)).map(|(_, why)| *why)
        };
        match refused(&RESERVED_CLAIMS, &self.claims).or_else(|| refused(&RESERVED_HEADERS, &self.headers)) {
            Some(why) => Err(TokenError::Misconfigured(why)),
            None => Ok(()),
        }
    }
}

/// Appends members to a JSON object that is serialized already and is not empty.
pub(super) fn append(object: &mut Vec<u8>, members: &Map<String, Value>) -> Result<(), serde_json::Error> {
    if !members.is_empty() {
        let more = serde_json::to_vec(members)?;
        object.pop();
        object.push(b',');
        object.extend_from_slice(&more[1..]);
    }
    Ok(())
}
