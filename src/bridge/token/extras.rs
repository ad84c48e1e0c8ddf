//! What an application adds to the claims and the header of its tokens.

use serde_json::{Map, Value};

use super::token_error::TokenError;

/// Additional claims and members of the header.
#[derive(Default)]
pub(crate) struct Extras {
    pub(crate) claims: Map<String, Value>,
    pub(crate) headers: Map<String, Value>,
}

macro_rules! reserved {
    ($what:literal: $($name:literal)*) => {
        [$(($name, concat!("the ", $what, " `", $name, "` of tokens is the bridge's own: choose another name"))),*]
    };
}

/// Who could set these could be anybody, for ever, or take the token out of its login.
const CLAIMS: [(&str, &str); 13] =
    reserved!("claim": "sub" "sid" "jti" "type" "fresh" "exp" "iat" "nbf" "iss" "aud" "auth_time" "gen" "csrf");

/// Who could set these could choose the key, or make the token one that nobody understands.
const HEADERS: [(&str, &str); 8] = reserved!("header": "alg" "kid" "typ" "crit" "jwk" "jku" "x5u" "x5c");

impl Extras {
    /// Adds these, in place of those of the same name.
    pub(super) fn extend(&mut self, other: Self) {
        self.claims.extend(other.claims);
        self.headers.extend(other.headers);
    }

    /// Leaves of a whole token what the application has added.
    pub(super) fn drop_reserved(&mut self) {
        self.claims.retain(|name, _| CLAIMS.iter().all(|(reserved, _)| reserved != name));
        self.headers.retain(|name, _| HEADERS.iter().all(|(reserved, _)| reserved != name));
    }

    /// Refuses names that are not the application's to use.
    pub(super) fn check(&self) -> Result<(), TokenError> {
        let refused = |names: &'static [(&str, &str)], members: &Map<String, Value>| {
            names.iter().find(|(name, _)| members.contains_key(*name)).map(|(_, why)| *why)
        };
        match refused(&CLAIMS, &self.claims).or_else(|| refused(&HEADERS, &self.headers)) {
            Some(why) => Err(TokenError::Misconfigured(why)),
            None => Ok(()),
        }
    }
}

/// Adds members to the end of an object that is written already and has some.
pub(super) fn append(object: &mut Vec<u8>, members: &Map<String, Value>) -> Result<(), serde_json::Error> {
    if !members.is_empty() {
        let more = serde_json::to_vec(members)?;
        object.pop();
        object.push(b',');
        object.extend_from_slice(&more[1..]);
    }
    Ok(())
}
