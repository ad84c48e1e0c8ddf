//! The compact serialization (RFC 7515 section 3.1): three base64url parts, and a header that names one of our keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

use super::TokenType;
use super::keys::{KeySet, TokenKey};

/// No token of ours is longer: nothing is decoded of one that is.
const MAX_LENGTH: usize = 8 * 1024;

/// The parts of a token whose signature has been verified.
pub(super) struct Opened {
    pub(super) token_type: TokenType,
    pub(super) payload: Vec<u8>,
}

/// Verifies the signature of a token and decodes its payload. `None` for anything that is not exactly a token of ours.
pub(super) fn open(text: &str, keys: &KeySet) -> Option<Opened> {
    if text.len() > MAX_LENGTH {
        return None;
    }
    let (message, signature) = text.rsplit_once('.')?;
    let (header, payload) = message.split_once('.')?;
    if payload.is_empty() || signature.is_empty() {
        return None;
    }
    let (key, token_type) = keys.by_usual_header(header).or_else(|| by_header(header, keys))?;
    if !key.verify(message.as_bytes(), signature) {
        return None;
    }
    // A second dot in the payload is no base64url, so four parts fail here at the latest.
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    Some(Opened { token_type, payload })
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
    let Some((message, signature)) = text.rsplit_once('.') else { return false };
    let Some((encoded, payload)) = message.split_once('.') else { return false };
    text.len() <= MAX_LENGTH
        && parse(encoded).is_some_and(|header| header.kid == key.id() && header.alg == key.algorithm())
        && !payload.is_empty()
        && URL_SAFE_NO_PAD.decode(payload).is_ok()
        && key.verify(message.as_bytes(), signature)
}

/// The key and type that are named by the header of a token that we did not write byte for byte.
fn by_header<'k>(header: &str, keys: &'k KeySet) -> Option<(&'k TokenKey, TokenType)> {
    let header = parse(header)?;
    // One key, one algorithm (RFC 8725 section 3.1).
    let key = keys.by_id(&header.kid).filter(|key| header.alg == key.algorithm())?;
    Some((key, token_type(&header.typ?)?))
}

fn parse(header: &str) -> Option<Header> {
    let json = URL_SAFE_NO_PAD.decode(header).ok()?;
    let UniqueNames = serde_json::from_slice(&json).ok()?;
    // No extension is understood here (RFC 7515 section 4.1.11).
    serde_json::from_slice(&json).ok().filter(|header: &Header| header.crit.is_none())
}

/// Media types compare without case, and may omit `application/` (RFC 7515 section 4.1.9).
fn token_type(typ: &str) -> Option<TokenType> {
    let typ = typ.to_ascii_lowercase();
    let typ = typ.strip_prefix("application/").unwrap_or(&typ);
    [TokenType::Access, TokenType::Refresh].into_iter().find(|token_type| token_type.header() == typ)
}

/// Header members that we read. `jwk`, `jku`, `x5u` and `x5c` are ignored: keys come from the configuration alone.
#[derive(Deserialize)]
struct Header {
    alg: Algorithm,
    typ: Option<String>,
    kid: String,
    #[serde(default, deserialize_with = "present")]
    crit: Option<()>,
}

/// `crit` counts when it is there, whatever its value, `null` included.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<()>, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| Some(()))
}

/// An object in which no name is there twice (RFC 7515 section 4).
struct UniqueNames;

impl<'de> Deserialize<'de> for UniqueNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = UniqueNames;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut names = HashSet::new();
                while let Some((name, IgnoredAny)) = map.next_entry::<String, _>()? {
                    if !names.insert(name) {
                        return Err(A::Error::custom("a name is there twice"));
                    }
                }
                Ok(UniqueNames)
            }
        }
        deserializer.deserialize_map(Names)
    }
}
