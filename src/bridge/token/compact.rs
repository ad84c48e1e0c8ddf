//! The compact serialization (RFC 7515 section 3.1): three base64url parts, and a header that names one of our keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::TokenType;
use super::algorithm::Algorithm;
use super::claims::position;
use super::fault::{Malformation, TokenFault, TokenPart};
use super::key_set::KeySet;
use super::keys::TokenKey;

/// No token of ours is longer: nothing is decoded of one that is.
const MAX_LENGTH: usize = 8 * 1024;

/// The parts of a token whose signature has been verified.
pub(super) struct Opened {
    pub(super) token_type: TokenType,
    pub(super) payload: Vec<u8>,
}

/// Verifies the signature of a token and decodes its payload: an error for anything that is not exactly a token of ours.
pub(super) fn open(text: &str, keys: &KeySet) -> Result<Opened, TokenFault> {
    let parts = Parts::of(text)?;
    let (key, token_type) = match keys.by_usual_header(parts.header) {
        Some(found) => found,
        None => by_header(parts.header, keys)?,
    };
    parts.verify(key)?;
    Ok(Opened { token_type, payload: decode(TokenPart::Payload, parts.payload)? })
}

/// A token cut at its dots.
struct Parts<'a> {
    message: &'a str,
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Result<Self, TokenFault> {
        if text.len() > MAX_LENGTH {
            return Err(TokenFault::TooLong);
        }
        let (message, signature) = text.rsplit_once('.').ok_or(TokenFault::Segments)?;
        let (header, payload) = message.split_once('.').ok_or(TokenFault::Segments)?;
        if payload.contains('.') {
            return Err(TokenFault::Segments);
        }
        Ok(Self { message, header, payload, signature })
    }

    fn verify(&self, key: &TokenKey) -> Result<(), TokenFault> {
        let signature = decode(TokenPart::Signature, self.signature)?;
        if key.verify(self.message.as_bytes(), &signature) { Ok(()) } else { Err(TokenFault::Signature) }
    }
}

fn decode(part: TokenPart, text: &str) -> Result<Vec<u8>, TokenFault> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenFault::Malformed { part, why: Malformation::Base64 })
}

/// Whether a token, genuine or not, says that it is of one of our types.
pub(super) fn says_own_type(text: &str, keys: &KeySet) -> bool {
    let Some((header, _)) = text.split_once('.').filter(|_| text.len() <= MAX_LENGTH) else { return false };
    #[derive(Deserialize)]
    struct Typed {
        typ: String,
    }
    keys.by_usual_header(header).is_some()
        || URL_SAFE_NO_PAD
            .decode(header)
            .ok()
            .and_then(|json| serde_json::from_slice::<Typed>(&json).ok())
            .is_some_and(|header| token_type(&header.typ).is_some())
}

/// Whether this key signed a compact JWS, whatever the JWS is for.
pub(super) fn is_signed_by(text: &str, key: &TokenKey) -> bool {
    let Ok(parts) = Parts::of(text) else { return false };
    parse(parts.header).is_ok_and(|header| header.kid == key.id() && header.alg == key.algorithm())
        && decode(TokenPart::Payload, parts.payload).is_ok()
        && parts.verify(key).is_ok()
}

/// The key and type that are named by the header of a token that we did not write byte for byte.
fn by_header<'k>(header: &str, keys: &'k KeySet) -> Result<(&'k TokenKey, TokenType), TokenFault> {
    let header = parse(header)?;
    let key = keys.by_id(&header.kid).ok_or(TokenFault::UnknownKey)?;
    // One key, one algorithm (RFC 8725 section 3.1).
    if header.alg != key.algorithm() {
        return Err(TokenFault::AlgorithmNotAllowed);
    }
    Ok((key, header.typ.as_deref().and_then(token_type).ok_or(TokenFault::MediaType)?))
}

fn parse(header: &str) -> Result<Header, TokenFault> {
    let json = decode(TokenPart::Header, header)?;
    let members = Members::parse(&json)?;
    // No extension is understood here (RFC 7515 section 4.1.11).
    if let Some(crit) = members.0.get("crit") {
        return Err(TokenFault::CriticalExtension(crit.get(0).and_then(Value::as_str).unwrap_or_default().to_owned()));
    }
    let text = |name| match members.0.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(TokenFault::HeaderType(name)),
    };
    let alg = text("alg")?.ok_or(TokenFault::AlgorithmMissing)?;
    Ok(Header {
        alg: alg.parse().map_err(|_| TokenFault::AlgorithmNotAllowed)?,
        kid: text("kid")?.ok_or(TokenFault::UnknownKey)?.clone(),
        typ: text("typ")?.cloned(),
    })
}

/// Media types compare without case, and may omit `application/` (RFC 7515 section 4.1.9).
fn token_type(typ: &str) -> Option<TokenType> {
    let typ = typ.to_ascii_lowercase();
    let typ = typ.strip_prefix("application/").unwrap_or(&typ);
    [TokenType::Access, TokenType::Refresh].into_iter().find(|token_type| token_type.header() == typ)
}

/// Header members that we read. `jwk`, `jku`, `x5u` and `x5c` are ignored: keys come from the configuration alone.
struct Header {
    alg: Algorithm,
    typ: Option<String>,
    kid: String,
}

/// An object in which no name is there twice (RFC 7515 section 4).
pub(super) struct Members(pub(super) Map<String, Value>);

impl Members {
    pub(super) fn parse(json: &[u8]) -> Result<Self, TokenFault> {
        let malformed = |why| TokenFault::Malformed { part: TokenPart::Header, why };
        serde_json::from_slice(json).map_err(|error: serde_json::Error| match serde_json::from_slice(json) {
            Ok(Value::Object(_)) => malformed(Malformation::RepeatedName),
            Ok(_) => malformed(Malformation::NotAnObject),
            Err(_) => malformed(Malformation::Json(position(&error).into())),
        })
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Map::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if members.insert(name, value).is_some() {
                        return Err(A::Error::custom("a name is there twice"));
                    }
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Names)
    }
}
