//! Reads a token as PyJWT 2.15 and Flask-JWT-Extended 4.7 do: in their order, so that of several faults the same one is
//! told, and with their leniences.
//!
//! The leniences: base64url with padding, `kid` and `typ` not looked at, times as fractions or texts of digits, no
//! claim required but the identity, the last of two members of one name. They end here: what comes out is a
//! signature of a configured key with a configured algorithm of that key.
//!
//! Where PyJWT breaks off with a 500, a fault is told instead: an algorithm that is allowed and that the key is not for,
//! and a `csrf` claim that is no text.

use std::borrow::Cow;

use aws_lc_rs::constant_time;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::config::DecodeSettings;
use super::python_json::{self, Json, Object};
use crate::bridge::error::{AuthError, CsrfFault};
use crate::bridge::model::UnixTime;
use crate::bridge::token::{Malformation, TokenFault, TokenKey, TokenPart};

/// Nothing is decoded of a longer token. Those of Flask-JWT-Extended have no limit but the server's on headers.
const MAX_LENGTH: usize = 8 * 1024;

/// A token cut and decoded: nothing in it is verified yet.
pub(super) struct Unverified<'a> {
    pub(super) header: Object,
    pub(super) claims: Object,
    message: &'a str,
    signature: Vec<u8>,
}

/// What is asked of a verified token.
pub(super) struct Rules<'a> {
    pub(super) decode: &'a DecodeSettings,
    pub(super) identity_claim: &'a str,
    /// The value of the double submit, if one was asked of the request.
    pub(super) csrf: Option<&'a [u8]>,
    pub(super) now: UnixTime,
    pub(super) verify_exp: bool,
}

/// The claims of a token that is right but for its time.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) header: Object,
    pub(super) claims: Object,
    pub(super) expired: bool,
}

impl<'a> Unverified<'a> {
    /// `jwt.decode(…, options={"verify_signature": False})` and `jwt.get_unverified_header`.
    pub(super) fn read(text: &'a str) -> Result<Self, TokenFault> {
        if text.len() > MAX_LENGTH {
            return Err(TokenFault::TooLong);
        }
        let (message, signature) = text.rsplit_once('.').ok_or(TokenFault::Segments)?;
        let (header, payload) = message.split_once('.').ok_or(TokenFault::Segments)?;
        let header = object(TokenPart::Header, &segment(TokenPart::Header, header)?)?;
        let payload = segment(TokenPart::Payload, payload)?;
        let signature = segment(TokenPart::Signature, signature)?;
        if header.get("kid").is_some_and(|kid| kid.as_text().is_none()) {
            return Err(TokenFault::HeaderType("kid"));
        }
        critical(&header)?;
        Ok(Self { claims: object(TokenPart::Payload, &payload)?, header, message, signature })
    }

    /// The name of its algorithm, if it is one that is allowed.
    pub(super) fn algorithm(&self, allowed: impl Fn(&str) -> bool) -> Result<&str, TokenFault> {
        let alg = self.header.get("alg").ok_or(TokenFault::AlgorithmMissing)?;
        alg.as_text().filter(|alg| allowed(alg)).ok_or(TokenFault::AlgorithmNotAllowed)
    }

    pub(super) fn is_signed_by(&self, key: &TokenKey) -> bool {
        key.verify(self.message.as_bytes(), &self.signature)
    }

    /// Verifies all else: `_validate_claims`, then what Flask-JWT-Extended asks for and adds. An expired token is
    /// checked to the end, and whatever else is wrong with it is told first.
    pub(super) fn check(self, rules: &Rules<'_>) -> Result<Checked, AuthError> {
        let Self { header, mut claims, .. } = self;
        let (now, leeway) = (as_float(rules.now.into()), rules.decode.leeway);
        for claim in ["iat", "nbf"] {
            if time(&claims, claim)?.is_some_and(|time| as_float(time) > now + leeway) {
                return Err(AuthError::TokenInvalid(TokenFault::NotYetValid(claim)));
            }
        }
        let expired = rules.verify_exp && time(&claims, "exp")?.is_some_and(|exp| as_float(exp) <= now - leeway);
        issuer(&claims, rules.decode.issuer.as_deref()).map_err(AuthError::TokenInvalid)?;
        audience(&claims, rules.decode.audience.as_deref()).map_err(AuthError::TokenInvalid)?;
        if rules.decode.verify_sub {
            text_if_there(&claims, "sub")?;
        }
        text_if_there(&claims, "jti")?;
        if !claims.contains(rules.identity_claim) {
            return Err(AuthError::TokenInvalid(TokenFault::MissingClaim(rules.identity_claim.to_owned().into())));
        }
        for (name, default) in [("type", Json::from("access")), ("fresh", Json::Bool(false)), ("jti", Json::None)] {
            if !claims.contains(name) {
                claims.insert(name, default);
            }
        }
        if let Some(presented) = rules.csrf.filter(|csrf| !csrf.is_empty()) {
            double_submit(&claims, presented)?;
        }
        Ok(Checked { header, claims, expired })
    }
}

/// `_decode_base64url_segment`: padding may be there, and must be right then.
fn segment(part: TokenPart, text: &str) -> Result<Vec<u8>, TokenFault> {
    let fault = || TokenFault::Malformed { part, why: Malformation::Base64 };
    let bare = text.trim_end_matches('=');
    let padding = text.len() - bare.len();
    if padding > 2 || (padding > 0 && !text.len().is_multiple_of(4)) {
        return Err(fault());
    }
    URL_SAFE_NO_PAD.decode(bare).map_err(|_| fault())
}

fn object(part: TokenPart, json: &[u8]) -> Result<Object, TokenFault> {
    let malformed = |why| TokenFault::Malformed { part, why };
    match python_json::read(json) {
        Ok(Json::Object(members)) => Ok(members),
        Ok(_) => Err(malformed(Malformation::NotAnObject)),
        Err(fault) => Err(malformed(Malformation::Json(fault.to_string().into()))),
    }
}

/// No extension is understood. PyJWT knows `b64`, whose tokens it then refuses: Flask-JWT-Extended has no place for the
/// payload that they leave out.
fn critical(header: &Object) -> Result<(), TokenFault> {
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

/// Python compares an `int` with a `float`, and so does this: an error of less than a second in times that are more
/// than 2⁵³ seconds away.
fn as_float(time: i128) -> f64 {
    time as f64
}

fn time(claims: &Object, name: &'static str) -> Result<Option<i128>, AuthError> {
    let read = |value: &Json| value.to_int().ok_or(AuthError::TokenInvalid(TokenFault::ClaimType(name.into())));
    claims.get(name).map(read).transpose()
}

fn issuer(claims: &Object, expected: Option<&[String]>) -> Result<(), TokenFault> {
    let Some(expected) = expected else { return Ok(()) };
    let issuer = claims.get("iss").ok_or(TokenFault::MissingClaim("iss".into()))?;
    let issuer = issuer.as_text().ok_or(TokenFault::ClaimType("iss".into()))?;
    if expected.iter().any(|expected| expected == issuer) { Ok(()) } else { Err(TokenFault::Issuer) }
}

fn audience(claims: &Object, expected: Option<&[String]>) -> Result<(), TokenFault> {
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

fn text_if_there(claims: &Object, name: &'static str) -> Result<(), AuthError> {
    match claims.get(name) {
        Some(value) if value.as_text().is_none() => {
            Err(AuthError::TokenInvalid(TokenFault::ClaimType(Cow::Borrowed(name))))
        }
        _ => Ok(()),
    }
}

fn double_submit(claims: &Object, presented: &[u8]) -> Result<(), AuthError> {
    let own = claims.get("csrf").ok_or(AuthError::TokenInvalid(TokenFault::MissingClaim("csrf".into())))?;
    let own = own.as_text().unwrap_or_default();
    constant_time::verify_slices_are_equal(own.as_bytes(), presented)
        .map_err(|_| AuthError::CsrfRejected(CsrfFault::Mismatch))
}
