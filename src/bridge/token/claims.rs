//! The claims of a token, as an application sees them.

use std::fmt;

use serde_json::{Map, Value};

use super::token_type::TokenType;
use crate::bridge::model::UnixTime;

/// What a token says: Flask-JWT-Extended's `get_jwt()`, with its header, `get_jwt_header()`.
///
/// As an extractor it is the token that authenticated the request, and refuses requests that bring none.
/// [`TokenBlocklist`](crate::TokenBlocklist) and [`check_claims`](crate::BridgeBuilder::check_claims) are given the
/// claims of a token that has been verified.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Claims {
    /// What the token is for.
    pub token_type: TokenType,
    /// The token's header: Flask-JWT-Extended's `jwt_header`.
    pub header: Map<String, Value>,
    /// Whether the token was issued for a password just given: not by refreshing. One that says until when it counts as
    /// fresh is not after that time.
    pub fresh: bool,
    /// When it was issued. Our own tokens always say so.
    pub iat: Option<UnixTime>,
    /// Its unique id (`get_jti`). Our own tokens always have one.
    pub jti: Option<String>,
    /// Whose it is: [`UserStore::identity`](crate::UserStore::identity).
    pub sub: String,
    /// When it expires. Our own tokens always do.
    pub exp: Option<UnixTime>,
    /// The login that it belongs to. A token that was issued elsewhere belongs to none.
    pub sid: Option<String>,
    /// When the user last proved who they are; where the token does not say, when it was issued.
    pub auth_time: UnixTime,
    /// Every claim of the token, these included: Flask-JWT-Extended's `jwt_payload`.
    pub all: Map<String, Value>,
}

impl Claims {
    /// A claim.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.all.get(name)
    }

    /// What a request that brings the token in a cookie must repeat (`get_csrf_token`), if it has such a claim.
    pub fn csrf(&self) -> Option<&str> {
        self.all.get("csrf").and_then(Value::as_str)
    }
}

/// Without the claims of [`all`](Claims::all), of which `csrf` is a secret and others may be.
impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("token_type", &self.token_type)
            .field("fresh", &self.fresh)
            .field("iat", &self.iat)
            .field("jti", &self.jti)
            .field("sub", &self.sub)
            .field("exp", &self.exp)
            .field("sid", &self.sid)
            .field("auth_time", &self.auth_time)
            .finish_non_exhaustive()
    }
}
