//! Reads a token as PyJWT 2.15 and Flask-JWT-Extended 4.7 do. The checks have the same order, so a token with several
//! faults gets the same error.
//!
//! These deviations from the standards are accepted: base64url with padding; any `kid` and `typ`; times as fractions or as
//! texts of digits; no required claim except the identity; repeated members, of which the last one counts. The signature
//! is always checked with a configured key and a configured algorithm of that key.
//!
//! For two tokens PyJWT answers 500, and here they are refused: an allowed algorithm that differs from that of the key, and
//! a `csrf` claim that is not a text.

use std::borrow::Cow;

use aws_lc_rs::constant_time;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::config::DecodeSettings;
use super::python_json::{self, Json, Object};
use crate::bridge::error::{AuthError, CsrfFault};
use crate::bridge::model::UnixTime;
use crate::bridge::token::{Malformation, TokenFault, TokenKey, TokenPart};

/// The maximal length in bytes. Flask-JWT-Extended has no limit.
const MAX_LENGTH: usize = 8 * 1024;

/// A decoded token. Nothing in it is verified.
pub(super) struct UnverifiedToken<'a> {
    pub(super) header: Object,
    pub(super) claims: Object,
    message: &'a str,
    signature: Vec<u8>,
}

/// The rules for the claims of a token.
pub(super) struct ClaimRules<'a> {
    pub(super) decode: &'a DecodeSettings,
    pub(super) identity_claim: &'a str,
    /// The CSRF value of the request, if the double submit is required.
    pub(super) csrf: Option<&'a [u8]>,
    pub(super) now: UnixTime,
    pub(super) verify_exp: bool,
}

/// A token that is valid, except that it may have expired.
#[derive(Debug)]
pub(super) struct CheckedToken {
    pub(super) header: Object,
    pub(super) claims: Object,
    pub(super) expired: bool,
}

impl<'a> UnverifiedToken<'a> {
    /// `jwt.decode(…, options={"verify_signature": False})` and `jwt.get_unverified_header`.
    pub(super) fn read(text: &'a str) -> Result<Self, TokenFault> {
        if text.len() > MAX_LENGTH {
            return Err(TokenFault::TooLong);
        }
        let (message, signature) = text.rsplit_once('.').ok_or(TokenFault::Segments)?;
        let (header, payload) = message.split_once('.').ok_or(TokenFault::Segments)?;
        let header = read_object(TokenPart::Header, &decode_segment(TokenPart::Header, header)?)?;
        let payload = decode_segment(TokenPart::Payload, payload)?;
        let signature = decode_segment(TokenPart::Signature, signature)?;
        if header.get("kid").is_some_and(|kid| kid.as_text().is_none()) {
            return Err(TokenFault::HeaderType("kid"));
        }
        check_critical(&header)?;
        Ok(Self { claims: read_object(TokenPart::Payload, &payload)?, header, message, signature })
    }

    /// The name of the algorithm, if it is allowed.
    pub(super) fn algorithm(&self, allowed: impl Fn(&str) -> bool) -> Result<&str, TokenFault> {
        let alg = self.header.get("alg").ok_or(TokenFault::AlgorithmMissing)?;
        alg.as_text().filter(|alg| allowed(alg)).ok_or(TokenFault::AlgorithmNotAllowed)
    }

    pub(super) fn is_signed_by(&self, key: &TokenKey) -> bool {
        key.verify(self.message.as_bytes(), &self.signature)
    }

    /// Checks the claims: `_validate_claims` of PyJWT, then the checks and defaults of Flask-JWT-Extended. An expired token
    /// is checked to the end, because its other faults are reported first.
    pub(super) fn check(self, rules: &ClaimRules<'_>) -> Result<CheckedToken, AuthError> {
        let Self { header, mut claims, .. } = self;
        let (now, leeway) = (as_float(rules.now.into()), rules.decode.leeway);
        for claim in ["iat", "nbf"] {
            if read_time(&claims, claim)?.is_some_and(|time| as_float(time) > now + leeway) {
                return Err(AuthError::TokenInvalid(TokenFault::NotYetValid(claim)));
            }
        }
        let expired = rules.verify_exp && read_time(&claims, "exp")?.is_some_and(|exp| as_float(exp) <= now - leeway);
        check_issuer(&claims, rules.decode.issuer.as_deref()).map_err(AuthError::TokenInvalid)?;
        check_audience(&claims, rules.decode.audience.as_deref()).map_err(AuthError::TokenInvalid)?;
        if rules.decode.verify_sub {
            check_text(&claims, "sub")?;
        }
        check_text(&claims, "jti")?;
        if !claims.contains(rules.identity_claim) {
            return Err(AuthError::TokenInvalid(TokenFault::MissingClaim(rules.identity_claim.to_owned().into())));
        }
        for (name, default) in [("type", Json::from("access")), ("fresh", Json::Bool(false)), ("jti", Json::None)] {
            if !claims.contains(name) {
                claims.insert(name, default);
            }
        }
        if let Some(presented) = rules.csrf.filter(|csrf| !csrf.is_empty()) {
            check_double_submit(&claims, presented)?;
        }
        Ok(CheckedToken { header, claims, expired })
    }
}

/// `_decode_base64url_segment`: the padding is optional, but must be correct.
fn decode_segment(part: TokenPart, text: &str) -> Result<Vec<u8>, TokenFault> {
    let fault = || TokenFault::Malformed { part, why: Malformation::Base64 };
    let bare = text.trim_end_matches('=');
    let padding = text.len() - bare.len();
    if padding > 2 || (padding > 0 && !text.len().is_multiple_of(4)) {
        return Err(fault());
    }
    URL_SAFE_NO_PAD.decode(bare).map_err(|_not_base64| fault())
}

fn read_object(part: TokenPart, json: &[u8]) -> Result<Object, TokenFault> {
    let malformed = |why| TokenFault::Malformed { part, why };
    match python_json::read(json) {
        Ok(Json::Object(members)) => Ok(members),
        Ok(_) => Err(malformed(Malformation::NotAnObject)),
        Err(fault) => Err(malformed(Malformation::Json(fault.to_string().into()))),
    }
}

/// Refuses every critical extension. PyJWT knows `b64`, but needs the detached payload for it, which Flask-JWT-Extended
/// does not pass.
fn check_critical(header: &Object) -> Result<(), TokenFault> {
    let name = match header.get("crit") {
        None if header.get("b64") == Some(&Json::Bool(false)) => "b64",
        None => return Ok(()),
        Some(Json::List(names)) => {
            let first = names.first().ok_or(TokenFault::HeaderType("crit"))?;
            first.as_text().ok_or(TokenFault::HeaderType("crit[0]"))?
        }
        Some(_) => return Err(TokenFault::HeaderType("crit")),
    };
    Err(TokenFault::CriticalExtension(name.to_owned()))
}

/// A time as a float. Python also compares an `int` with a `float`. Times above 2⁵³ seconds are rounded.
fn as_float(time: i128) -> f64 {
    time as f64
}

fn read_time(claims: &Object, name: &'static str) -> Result<Option<i128>, AuthError> {
    let read = |value: &Json| value.to_int().ok_or(AuthError::TokenInvalid(TokenFault::ClaimType(name.into())));
    claims.get(name).map(read).transpose()
}

fn check_issuer(claims: &Object, expected: Option<&[String]>) -> Result<(), TokenFault> {
    let Some(expected) = expected else { return Ok(()) };
    let issuer = claims.get("iss").ok_or(TokenFault::MissingClaim("iss".into()))?;
    let issuer = issuer.as_text().ok_or(TokenFault::ClaimType("iss".into()))?;
    if expected.iter().any(|expected| expected == issuer) { Ok(()) } else { Err(TokenFault::Issuer) }
}

fn check_audience(claims: &Object, expected: Option<&[String]>) -> Result<(), TokenFault> {
    let Some(expected) = expected else { return Ok(()) };
    let audience = claims.get("aud").filter(|aud| aud.is_truthy()).ok_or(TokenFault::MissingClaim("aud".into()))?;
    let names = match audience {
        Json::List(names) => names,
        one => std::slice::from_ref(one),
    };
    let names = names.iter().map(Json::as_text).collect::<Option<Vec<_>>>();
    let names = names.ok_or(TokenFault::ClaimType("aud".into()))?;
    if expected.iter().any(|expected| names.contains(&expected.as_str())) { Ok(()) } else { Err(TokenFault::Audience) }
}

fn check_text(claims: &Object, name: &'static str) -> Result<(), AuthError> {
    match claims.get(name) {
        Some(value) if value.as_text().is_none() => {
            Err(AuthError::TokenInvalid(TokenFault::ClaimType(Cow::Borrowed(name))))
        }
        _ => Ok(()),
    }
}

fn check_double_submit(claims: &Object, presented: &[u8]) -> Result<(), AuthError> {
    let own = claims.get("csrf").ok_or(AuthError::TokenInvalid(TokenFault::MissingClaim("csrf".into())))?;
    let own = own.as_text().unwrap_or_default();
    constant_time::verify_slices_are_equal(own.as_bytes(), presented)
        .map_err(|_differs| AuthError::CsrfRejected(CsrfFault::Mismatch))
}
