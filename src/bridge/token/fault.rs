//! The exact fault of an invalid token, for the log and for code that renders refusals. Clients do not get it.

use std::borrow::Cow;
use std::fmt;

use crate::bridge::model::CredentialLocation;

/// The reason why a token is not valid, in [`AuthError::TokenInvalid`](crate::AuthError::TokenInvalid).
///
/// The default response is the same for every fault of a token that may be forged: it must not tell an attacker which
/// check the token has passed. It tells that a genuine token is [not valid yet](Self::NotYetValid). The log has the [`Display`](fmt::Display) text. The only parts of the token in this text are names, which
/// are escaped and cut.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenFault {
    /// The value at this location does not have the form of a token there. Examples: a header without `Bearer` and one
    /// token, a JSON value that is not a string.
    NotAToken(CredentialLocation),
    /// The token does not have three parts, as a compact JWS has (RFC 7515 section 3.1).
    Segments,
    /// The token is longer than the limit of 8 KiB.
    TooLong,
    /// A part of the token cannot be decoded.
    Malformed {
        /// The part.
        part: TokenPart,
        /// The reason.
        why: Malformation,
    },
    /// The header has no algorithm.
    AlgorithmMissing,
    /// The algorithm in the header is unknown, or is not that of the key.
    AlgorithmNotAllowed,
    /// This member of the header has a value of the wrong type.
    HeaderType(&'static str),
    /// The header has this critical extension, which is not supported (RFC 7515 section 4.1.11).
    CriticalExtension(String),
    /// The `typ` in the header is not that of an access or refresh token (RFC 8725 section 3.11).
    MediaType,
    /// No key has the id in the header, or the header has no id.
    UnknownKey,
    /// The signature is not one of the key.
    Signature,
    /// The token is not valid yet: this claim, `nbf` or `iat`, is in the future.
    NotYetValid(&'static str),
    /// This claim is missing.
    MissingClaim(Cow<'static, str>),
    /// This claim has a value of the wrong type, or a time that is out of range.
    ClaimType(Cow<'static, str>),
    /// This claim has a value that is not allowed.
    ClaimValue(Cow<'static, str>),
    /// The token is for another audience: `aud` has none of the accepted audiences (RFC 7519 section 4.1.3).
    Audience,
    /// The token is from another issuer: `iss` is not an accepted issuer (RFC 7519 section 4.1.1).
    Issuer,
    /// The generation of the refresh token was never issued. This happens when the store was restored from an older
    /// copy.
    UnknownGeneration,
    /// The text begins as an API token and does not have its form: it is too short or too long, or has other characters.
    ApiTokenForm,
    /// The checksum of the API token is wrong: the token is mistyped or cut.
    Checksum,
    /// There is no API token with this id and this secret.
    UnknownApiToken,
    /// The API token is in a cookie. A browser would send it by itself, and it has no `csrf` claim.
    ApiTokenInCookie,
}

/// A part of a compact JWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenPart {
    /// The first part, with the key id and the algorithm.
    Header,
    /// The second part, with the claims.
    Payload,
    /// The third part.
    Signature,
}

/// The reason why a part of a token cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformation {
    /// The part is not base64url without padding.
    Base64,
    /// The part is not JSON. The text is the position of the error.
    Json(Cow<'static, str>),
    /// The part is JSON, but not an object.
    NotAnObject,
    /// A name occurs twice.
    RepeatedName,
}

impl fmt::Display for TokenFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAToken(location) => write!(f, "the {} does not have the form of a token", location.as_str()),
            Self::Segments => f.write_str("it does not have three parts"),
            Self::TooLong => f.write_str("it is too long"),
            Self::Malformed { part, why } => write!(f, "its {part} {why}"),
            Self::AlgorithmMissing => f.write_str("it has no algorithm"),
            Self::AlgorithmNotAllowed => f.write_str("its algorithm is not that of the key"),
            Self::HeaderType(name) => write!(f, "`{name}` in its header is of the wrong type"),
            Self::CriticalExtension(name) => write!(f, "the critical extension {} is not supported", Quoted(name)),
            Self::MediaType => f.write_str("its `typ` is not that of an access or refresh token"),
            Self::UnknownKey => f.write_str("no key has its `kid`"),
            Self::Signature => f.write_str("its signature is wrong"),
            Self::NotYetValid(claim) => write!(f, "it is not valid yet (`{claim}`)"),
            Self::MissingClaim(claim) => write!(f, "the claim {} is missing", Quoted(claim)),
            Self::ClaimType(claim) => write!(f, "the claim {} is of the wrong type", Quoted(claim)),
            Self::ClaimValue(claim) => write!(f, "the value of the claim {} is not allowed", Quoted(claim)),
            Self::Audience => f.write_str("it is for another audience"),
            Self::Issuer => f.write_str("it is from another issuer"),
            Self::UnknownGeneration => f.write_str("its generation was never issued"),
            Self::ApiTokenForm => f.write_str("it does not have the form of an API token"),
            Self::Checksum => f.write_str("the checksum of the API token is wrong"),
            Self::UnknownApiToken => f.write_str("there is no API token with its id and its secret"),
            Self::ApiTokenInCookie => f.write_str("it is an API token, which is not accepted in a cookie"),
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
            Self::NotAnObject => f.write_str("is not a JSON object"),
            Self::RepeatedName => f.write_str("has the same name twice"),
        }
    }
}

/// A name from a token, escaped and cut: it must not add a line to the log or fill the log.
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
