//! A token that has been verified.

use std::rc::Rc;

use serde_json::{Map, Value};

use super::claims::Claims;
use super::token_type::TokenType;
use crate::bridge::model::{LoginId, UnixTime};

/// A token whose signature is right, and all else that does not depend on the time. Whether its login lives is not
/// known yet.
pub(crate) struct VerifiedToken {
    pub(crate) token_type: TokenType,
    pub(crate) freshness: Freshness,
    pub(crate) sub: String,
    /// The login that it belongs to. Tokens that were issued elsewhere belong to none.
    pub(crate) sid: Option<String>,
    /// `None`: it never expires.
    pub(crate) exp: Option<UnixTime>,
    pub(crate) auth_time: UnixTime,
    /// The generation of a refresh token; 0 for access tokens.
    pub(crate) generation: i64,
    /// What a request that brings the token in a cookie must repeat.
    pub(crate) csrf: Option<String>,
    /// Not before this: the later of `iat` and `nbf`.
    pub(crate) not_before: UnixTime,
    pub(crate) issued_at: UnixTime,
    /// The key was found for this token alone, and may be another one or none the next time.
    pub(crate) key_was_found: bool,
    /// The header, as JSON.
    pub(crate) header: Vec<u8>,
    /// The claims, as JSON.
    pub(crate) payload: Vec<u8>,
}

/// What a token says of its freshness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    Bool(bool),
    /// Fresh up to and including this time: the `fresh=timedelta(…)` of Flask-JWT-Extended.
    Until(UnixTime),
}

/// A verified token, and whether its time is over: then it may still end its login, and nothing else.
pub(crate) struct Verification {
    pub(crate) token: Rc<VerifiedToken>,
    pub(crate) expired: bool,
}

impl Freshness {
    /// Whether the token counts as fresh now.
    pub(crate) fn holds(self, now: UnixTime) -> bool {
        match self {
            Self::Bool(fresh) => fresh,
            Self::Until(end) => now <= end,
        }
    }
}

impl VerifiedToken {
    /// The login that it belongs to.
    pub(crate) fn login_id(&self) -> Option<LoginId> {
        self.sid.clone().map(LoginId::from)
    }

    /// The header, read again.
    pub(crate) fn header_members(&self) -> Option<Map<String, Value>> {
        serde_json::from_slice(&self.header).ok()
    }

    /// All claims, as they are at this time.
    pub(crate) fn claims(&self, now: UnixTime) -> Option<Claims> {
        self.claims_when(self.freshness.holds(now))
    }

    /// All claims, of a token that is fresh or not.
    pub(crate) fn claims_when(&self, fresh: bool) -> Option<Claims> {
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
