//! A token that has been verified.

use std::rc::Rc;

use serde_json::{Map, Value};

use super::claims::Claims;
use super::token_type::TokenType;
use crate::bridge::model::{Abilities, LoginId, UnixTime};

/// A token that has passed every check that does not depend on the time. Its login is not checked yet.
pub(crate) struct VerifiedToken {
    pub(crate) token_type: TokenType,
    pub(crate) freshness: Freshness,
    pub(crate) sub: String,
    /// The id of the login that the token belongs to. `None` for external tokens.
    pub(crate) sid: Option<String>,
    /// The expiry. `None` for a token that never expires.
    pub(crate) exp: Option<UnixTime>,
    pub(crate) auth_time: UnixTime,
    /// The generation of the token pair. `None` for external tokens and for access tokens of an earlier version.
    pub(crate) generation: Option<i64>,
    /// What the token may do, if it is narrowed.
    pub(crate) scope: Option<Abilities>,
    /// The value that a request with the token in a cookie must repeat.
    pub(crate) csrf: Option<String>,
    /// The start of the validity: the later of `iat` and `nbf`.
    pub(crate) not_before: UnixTime,
    pub(crate) issued_at: UnixTime,
    /// Whether the finder returned the key. The next time it can return another key or none.
    pub(crate) key_from_finder: bool,
    /// The version of the keys that it was verified with. `None` for external tokens.
    pub(crate) keys_version: Option<u64>,
    /// The header as JSON.
    pub(crate) header: Vec<u8>,
    /// The claims as JSON.
    pub(crate) payload: Vec<u8>,
}

/// The freshness of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    Bool(bool),
    /// The token is fresh up to and including this time: Flask-JWT-Extended's `fresh=timedelta(…)`.
    Until(UnixTime),
}

/// A verified token, and whether it has expired. An expired token can only be used to sign out.
pub(crate) struct Verification {
    pub(crate) token: Rc<VerifiedToken>,
    pub(crate) expired: bool,
}

impl Freshness {
    /// Whether the token is fresh at this time.
    pub(crate) fn is_fresh_at(self, now: UnixTime) -> bool {
        match self {
            Self::Bool(fresh) => fresh,
            Self::Until(end) => now <= end,
        }
    }
}

impl VerifiedToken {
    /// The id of the login that the token belongs to.
    pub(crate) fn login_id(&self) -> Option<LoginId> {
        self.sid.clone().map(LoginId::from)
    }

    /// The id of the token, if it has one.
    pub(crate) fn id(&self) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct Named {
            jti: String,
        }
        serde_json::from_slice::<Named>(&self.payload).ok().map(|named| named.jti)
    }

    /// The members of the header.
    pub(crate) fn header_members(&self) -> Option<Map<String, Value>> {
        serde_json::from_slice(&self.header).ok()
    }

    /// The claims, with the freshness at this time.
    pub(crate) fn claims(&self, now: UnixTime) -> Option<Claims> {
        self.claims_with_freshness(self.freshness.is_fresh_at(now))
    }

    /// The claims, with the given freshness.
    pub(crate) fn claims_with_freshness(&self, fresh: bool) -> Option<Claims> {
        let all: Map<String, Value> = serde_json::from_slice(&self.payload).ok()?;
        Some(Claims {
            token_type: self.token_type,
            header: self.header_members()?,
            fresh,
            iat: all.get("iat").and_then(Value::as_i64),
            jti: all.get("jti").and_then(Value::as_str).map(str::to_owned),
            sub: self.sub.clone(),
            exp: self.exp,
            sid: self.sid.clone(),
            auth_time: self.auth_time,
            all,
        })
    }
}
