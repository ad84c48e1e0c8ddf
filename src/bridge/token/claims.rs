//! The claims of a token, for the embedder.

use std::fmt;

use serde_json::{Map, Value};

use super::token_type::TokenType;
use crate::bridge::model::UnixTime;

/// The claims and the header of a token: Flask-JWT-Extended's `get_jwt()` and `get_jwt_header()`.
///
/// As an extractor it gives the claims of the token that authenticated the request. It refuses requests without a
/// token. [`TokenBlocklist`](crate::TokenBlocklist) and [`check_claims`](crate::BridgeBuilder::check_claims) get the
/// claims of a verified token.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Claims {
    /// The type of the token.
    pub token_type: TokenType,
    /// The header of the token: Flask-JWT-Extended's `jwt_header`.
    pub header: Map<String, Value>,
    /// Whether the token is fresh: issued for a password, not by a refresh. An external token can limit its freshness
    /// to a time; after that time it is not fresh.
    pub fresh: bool,
    /// The time of issue. `None` only for external tokens.
    pub iat: Option<UnixTime>,
    /// The unique id of the token (`get_jti`). `None` only for external tokens.
    pub jti: Option<String>,
    /// The identity of the user: [`UserStore::identity`](crate::UserStore::identity).
    pub sub: String,
    /// The expiry. `None` only for external tokens, which can be without one.
    pub exp: Option<UnixTime>,
    /// The id of the login that the token belongs to. `None` for external tokens.
    pub sid: Option<String>,
    /// The time when the user last authenticated. For a token without this claim it is the time of issue.
    pub auth_time: UnixTime,
    /// All claims of the token, including those above: Flask-JWT-Extended's `jwt_payload`.
    pub all: Map<String, Value>,
}

impl Claims {
    /// The claim with this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.all.get(name)
    }

    /// The `csrf` claim (`get_csrf_token`), if the token has one. A request with the token in a cookie must repeat it.
    pub fn csrf(&self) -> Option<&str> {
        self.all.get("csrf").and_then(Value::as_str)
    }
}

/// Omits [`all`](Claims::all): `csrf` is a secret, and additional claims may be.
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
