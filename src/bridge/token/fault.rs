//! What exactly is wrong with a token: for the log and for who renders refusals, not for who sent the token.

use std::borrow::Cow;
use std::fmt;

use crate::bridge::model::CredentialLocation;

/// Why a token is not valid: what [`AuthError::TokenInvalid`](crate::AuthError::TokenInvalid) carries.
///
/// The default answer to every one of these is the same, because it is nobody's business how close a forgery came. The
/// log has the [`Display`](fmt::Display) of it, which quotes nothing of the token but names, escaped and cut.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenFault {
    /// What stands at this place is not written as a token is there: no `Bearer` with one token after it, no text.
    NotAToken(CredentialLocation),
    /// It has not as many parts as a compact JWS has (RFC 7515 section 3.1), which is three.
    Segments,
    /// It is longer than any token that is looked at.
    TooLong,
    /// A part of it cannot be read.
    Malformed {
        /// Which.
        part: TokenPart,
        /// What it is instead.
        why: Malformation,
    },
    /// The header names no algorithm.
    AlgorithmMissing,
    /// The header names an algorithm that is none, or not the key's.
    AlgorithmNotAllowed,
    /// This member of the header has a value of the wrong type.
    HeaderType(&'static str),
    /// The header marks this extension as critical, and it is not understood (RFC 7515 section 4.1.11).
    CriticalExtension(String),
    /// The header's `typ` is not that of a token of ours (RFC 8725 section 3.11).
    MediaType,
    /// No key has the id that the header names, or the header names none.
    UnknownKey,
    /// The signature is not the key's.
    Signature,
    /// The token is for later: this claim, `nbf` or `iat`, lies in the future.
    NotYetValid(&'static str),
    /// This claim is missing.
    MissingClaim(Cow<'static, str>),
    /// This claim has a value of the wrong type, or a time that is out of range.
    ClaimType(Cow<'static, str>),
    /// This claim has a value that no token of ours has there.
    ClaimValue(Cow<'static, str>),
    /// The token is for somebody else: `aud` does not name us (RFC 7519 section 4.1.3).
    Audience,
    /// The token is from somebody else: `iss` is not who issues ours (RFC 7519 section 4.1.1).
    Issuer,
    /// A refresh token of a generation that was never issued: the store is older than the token.
    UnknownGeneration,
}

/// A part of a compact JWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenPart {
    /// The first: which key and algorithm.
    Header,
    /// The second: the claims.
    Payload,
    /// The third.
    Signature,
}

/// Why a part of a token cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformation {
    /// It is not base64url without padding.
    Base64,
    /// It is not JSON; the text says where.
    Json(Cow<'static, str>),
    /// It is JSON, but no object.
    NotAnObject,
    /// The same name is there twice.
    RepeatedName,
}

impl fmt::Display for TokenFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAToken(location) => write!(f, "no token is written like this ({})", location.as_str()),
            Self::Segments => f.write_str("it has not three parts"),
            Self::TooLong => f.write_str("it is too long"),
            Self::Malformed { part, why } => write!(f, "its {part} {why}"),
            Self::AlgorithmMissing => f.write_str("it names no algorithm"),
            Self::AlgorithmNotAllowed => f.write_str("its algorithm is not the key's"),
            Self::HeaderType(name) => write!(f, "`{name}` in its header is of the wrong type"),
            Self::CriticalExtension(name) => write!(f, "the critical extension {} is not understood", Quoted(name)),
            Self::MediaType => f.write_str("its `typ` is not that of an access or refresh token"),
            Self::UnknownKey => f.write_str("no key has its `kid`"),
            Self::Signature => f.write_str("its signature is wrong"),
            Self::NotYetValid(claim) => write!(f, "it is not valid yet (`{claim}`)"),
            Self::MissingClaim(claim) => write!(f, "the claim {} is missing", Quoted(claim)),
            Self::ClaimType(claim) => write!(f, "the claim {} is of the wrong type", Quoted(claim)),
            Self::ClaimValue(claim) => write!(f, "the claim {} is not as ours are", Quoted(claim)),
            Self::Audience => f.write_str("it is for another audience"),
            Self::Issuer => f.write_str("it is from another issuer"),
            Self::UnknownGeneration => f.write_str("its generation was never issued"),
        }
    }
}

impl fmt::Display for TokenPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Payload => "payload",
            Self::Signature => "signature",
        })
    }
}

impl fmt::Display for Malformation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base64 => f.write_str("is not base64url"),
            Self::Json(_) => f.write_str("is not JSON"),
            Self::NotAnObject => f.write_str("is no JSON object"),
            Self::RepeatedName => f.write_str("has a name twice"),
        }
    }
}

/// A name out of a token, such that it cannot forge a line of the log or fill it.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`")?;
        for character in self.0.chars().take(32) {
            write!(f, "{}", character.escape_debug())?;
        }
        f.write_str("`")
    }
}
