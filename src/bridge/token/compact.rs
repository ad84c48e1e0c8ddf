//! The compact serialization (RFC 7515 section 3.1): splits a token, finds its key, and verifies its signature.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::fault::{Malformation, TokenFault, TokenPart};
use super::key_set::KeySet;
use super::keys::TokenKey;
use super::raw_claims::position;
use super::token_hooks::KeyFinder;
use super::token_type::TokenType;

/// The maximum length of a token in bytes. A longer one is refused before it is decoded.
pub(super) const MAX_LENGTH: usize = 8 * 1024;

/// The parts of a token whose signature has been verified.
pub(super) struct Opened {
    pub(super) token_type: TokenType,
    /// The header as JSON.
    pub(super) header: Vec<u8>,
    /// Whether the finder returned the key. The next time it can return another key or none.
    pub(super) key_from_finder: bool,
    /// The payload as JSON.
    pub(super) payload: Vec<u8>,
}

/// Verifies the signature of a token and decodes its header and payload.
pub(super) fn open(text: &str, keys: &KeySet, finder: Option<&KeyFinder>) -> Result<Opened, TokenFault> {
    let parts = Parts::of(text)?;
    if let Some((key, token_type)) = keys.by_encoded_header(parts.header) {
        return parts.open(key, token_type, false);
    }
    let header = parse(parts.header)?;
    let token_type = header.typ.as_deref().and_then(token_type).ok_or(TokenFault::MediaType)?;
    // A key has one algorithm (RFC 8725 section 3.1).
    let check_algorithm =
        |key: &TokenKey| if header.alg == key.algorithm() { Ok(()) } else { Err(TokenFault::AlgorithmNotAllowed) };
    if let Some(key) = keys.by_id(&header.kid) {
        check_algorithm(key)?;
        return parts.open(key, token_type, false);
    }
    let finder = finder.ok_or(TokenFault::UnknownKey)?;
    let claims = Members::parse(TokenPart::Payload, &decode(TokenPart::Payload, parts.payload)?)?;
    let key = finder(&header.members, &claims.0).ok_or(TokenFault::UnknownKey)?;
    check_algorithm(&key)?;
    parts.open(&key, token_type, true)
}

/// The header of a token. Nothing is verified.
pub(crate) fn unverified_header(text: &str) -> Result<Map<String, Value>, TokenFault> {
    header_members(Parts::of(text)?.header)
}

/// The members of an encoded header.
pub(super) fn header_members(encoded: &str) -> Result<Map<String, Value>, TokenFault> {
    Ok(Members::parse(TokenPart::Header, &decode(TokenPart::Header, encoded)?)?.0)
}

/// The parts of a token.
struct Parts<'a> {
    /// Header and payload with the dot between them: the bytes that are signed.
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

    /// Verifies the signature and decodes header and payload.
    fn open(&self, key: &TokenKey, token_type: TokenType, key_from_finder: bool) -> Result<Opened, TokenFault> {
        self.verify(key)?;
        let payload = decode(TokenPart::Payload, self.payload)?;
        let header = decode(TokenPart::Header, self.header)?;
        Ok(Opened { token_type, header, key_from_finder, payload })
    }

    fn verify(&self, key: &TokenKey) -> Result<(), TokenFault> {
        let signature = decode(TokenPart::Signature, self.signature)?;
        if key.verify(self.message.as_bytes(), &signature) { Ok(()) } else { Err(TokenFault::Signature) }
    }
}

fn decode(part: TokenPart, text: &str) -> Result<Vec<u8>, TokenFault> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_not_base64| TokenFault::Malformed { part, why: Malformation::Base64 })
}

/// Whether the header of a token has one of the bridge's own types. Nothing is verified.
pub(super) fn has_own_type(text: &str, keys: &KeySet) -> bool {
    let Some((header, _)) = text.split_once('.').filter(|_| text.len() <= MAX_LENGTH) else { return false };
    #[derive(Deserialize)]
    struct Typed {
        typ: String,
    }
    keys.by_encoded_header(header).is_some()
        || URL_SAFE_NO_PAD
            .decode(header)
            .ok()
            .and_then(|json| serde_json::from_slice::<Typed>(&json).ok())
            .is_some_and(|header| token_type(&header.typ).is_some())
}

impl TokenKey {
    /// Whether `compact` is a JWS (RFC 7515 section 3.1) that this key signed: its header has the id and the algorithm
    /// of this key, no part is malformed, and the signature is right.
    ///
    /// The claims are not checked, so the answer does not authenticate a user. Use it to examine a token that the
    /// bridge refuses.
    pub fn verifies(&self, compact: &str) -> bool {
        let Ok(parts) = Parts::of(compact) else { return false };
        parse(parts.header).is_ok_and(|header| header.kid == self.id() && header.alg == self.algorithm())
            && decode(TokenPart::Payload, parts.payload).is_ok()
            && parts.verify(self).is_ok()
    }
}

/// Parses a header.
fn parse(header: &str) -> Result<Header, TokenFault> {
    let members = header_members(header)?;
    // No critical extension is supported (RFC 7515 section 4.1.11).
    if let Some(crit) = members.get("crit") {
        return Err(TokenFault::CriticalExtension(crit.get(0).and_then(Value::as_str).unwrap_or_default().to_owned()));
    }
    let text = |name| match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(TokenFault::HeaderType(name)),
    };
    let alg = text("alg")?.ok_or(TokenFault::AlgorithmMissing)?;
    let alg = alg.parse().map_err(|_unknown_algorithm| TokenFault::AlgorithmNotAllowed)?;
    let kid = text("kid")?.ok_or(TokenFault::UnknownKey)?.clone();
    let typ = text("typ")?.cloned();
    Ok(Header { alg, typ, kid, members })
}

/// The token type for a `typ`. A media type is compared without case, and can omit `application/` (RFC 7515 section
/// 4.1.9).
fn token_type(typ: &str) -> Option<TokenType> {
    let typ = typ.to_ascii_lowercase();
    let typ = typ.strip_prefix("application/").unwrap_or(&typ);
    [TokenType::Access, TokenType::Refresh].into_iter().find(|token_type| token_type.header() == typ)
}

/// The header members that are used. `jwk`, `jku`, `x5u` and `x5c` are ignored, because a token must not supply its
/// key.
struct Header {
    alg: Algorithm,
    typ: Option<String>,
    kid: String,
    members: Map<String, Value>,
}

/// The members of a JSON object in which every name occurs only once (RFC 7515 section 4).
struct Members(Map<String, Value>);

impl Members {
    fn parse(part: TokenPart, json: &[u8]) -> Result<Self, TokenFault> {
        let malformed = |why| TokenFault::Malformed { part, why };
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
                        return Err(A::Error::custom("a name occurs twice"));
                    }
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Names)
    }
}
