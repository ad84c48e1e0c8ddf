//! The strict parser for the claims of the bridge's own tokens.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::fault::{Malformation, TokenFault, TokenPart};
use super::readable::Readable;
use crate::bridge::model::UnixTime;

/// The latest accepted time: the greatest that a double holds exactly.
const MAX_TIME: u64 = 1 << 53;

/// The parsed claims of an access or refresh token, not checked yet.
pub(super) struct RawClaims<'a> {
    pub(super) fresh: bool,
    pub(super) iat: UnixTime,
    pub(super) jti: Cow<'a, str>,
    pub(super) token_type: Cow<'a, str>,
    pub(super) sub: Cow<'a, str>,
    pub(super) nbf: Option<UnixTime>,
    pub(super) exp: UnixTime,
    pub(super) sid: Cow<'a, str>,
    pub(super) auth_time: UnixTime,
    pub(super) iss: Cow<'a, str>,
    pub(super) aud: Audience<'a>,
    /// The generation of the token pair. Access tokens that were issued by an earlier version have none.
    pub(super) generation: Option<i64>,
    /// What the token may do. Without it: all that its user may.
    pub(super) scope: Option<Cow<'a, str>>,
    /// The value that a request with the token in a cookie must repeat.
    pub(super) csrf: Option<Cow<'a, str>>,
}

/// The `aud` claim: one or several audiences (RFC 7519 section 4.1.3).
pub(super) struct Audience<'a>(Vec<Cow<'a, str>>);

impl Audience<'_> {
    /// Whether the token is for one of these audiences.
    pub(super) fn includes_any(&self, audiences: &[String]) -> bool {
        self.0.iter().any(|one| audiences.iter().any(|audience| audience == one))
    }
}

impl<'a> RawClaims<'a> {
    /// Parses a payload.
    pub(super) fn parse(payload: &'a [u8]) -> Result<Self, TokenFault> {
        serde_json::from_slice(payload).map_err(|_unspecific| find_fault(payload))
    }
}

/// The fault of a payload that could not be parsed. It parses the payload again, which valid tokens do not pay for.
fn find_fault(payload: &[u8]) -> TokenFault {
    let malformed = |why| TokenFault::Malformed { part: TokenPart::Payload, why };
    let claims = match serde_json::from_slice(payload) {
        Ok(Value::Object(claims)) => claims,
        Ok(_) => return malformed(Malformation::NotAnObject),
        Err(error) => return malformed(Malformation::Json(position(&error).into())),
    };
    let texts = ["jti", "type", "sub", "sid", "iss"].map(|name| (name, Value::is_string as fn(&Value) -> bool));
    let times = ["iat", "exp", "auth_time"].map(|name| (name, is_time as fn(&Value) -> bool));
    let required = [("fresh", Value::is_boolean as fn(&Value) -> bool), ("aud", is_audience)];
    for (name, has_type) in required.into_iter().chain(texts).chain(times) {
        match claims.get(name) {
            None => return TokenFault::MissingClaim(name.into()),
            Some(value) if !has_type(value) => return TokenFault::ClaimType(name.into()),
            Some(_) => {}
        }
    }
    if claims.get("scope").is_some_and(|scope| !scope.is_string()) {
        return TokenFault::ClaimType("scope".into());
    }
    match ["nbf", "gen"].into_iter().find(|name| claims.get(*name).is_some_and(|value| !is_time(value))) {
        Some(name) => TokenFault::ClaimType(name.into()),
        None => malformed(Malformation::RepeatedName),
    }
}

fn is_time(value: &Value) -> bool {
    value.as_u64().is_some_and(|seconds| seconds <= MAX_TIME)
}

fn is_audience(value: &Value) -> bool {
    value.is_string() || value.as_array().is_some_and(|all| all.iter().all(Value::is_string))
}

/// The position of a JSON error, without any of the text.
pub(super) fn position(error: &serde_json::Error) -> String {
    format!("line {} column {}", error.line(), error.column())
}

impl<'de> Deserialize<'de> for RawClaims<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ClaimsVisitor)
    }
}

struct ClaimsVisitor;

impl<'de> Visitor<'de> for ClaimsVisitor {
    type Value = RawClaims<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JWT claims set")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut fresh, mut iat, mut jti, mut token_type, mut sub, mut nbf) = (None, None, None, None, None, None);
        let (mut exp, mut sid, mut auth_time, mut iss, mut aud, mut generation) = (None, None, None, None, None, None);
        let (mut csrf, mut scope) = (None, None);
        // Every name may occur only once (RFC 7519 section 4), also an unknown one.
        let mut unknown: Vec<Cow<'de, str>> = Vec::new();
        while let Some(Text(name)) = map.next_key()? {
            match &*name {
                "fresh" => set_once(&mut fresh, map.next_value()?)?,
                "iat" => set_once(&mut iat, map.next_value::<Time>()?.0)?,
                "jti" => set_once(&mut jti, map.next_value::<Text<'de>>()?.0)?,
                "type" => set_once(&mut token_type, map.next_value::<Text<'de>>()?.0)?,
                "sub" => set_once(&mut sub, map.next_value::<Text<'de>>()?.0)?,
                "nbf" => set_once(&mut nbf, map.next_value::<Time>()?.0)?,
                "exp" => set_once(&mut exp, map.next_value::<Time>()?.0)?,
                "sid" => set_once(&mut sid, map.next_value::<Text<'de>>()?.0)?,
                "auth_time" => set_once(&mut auth_time, map.next_value::<Time>()?.0)?,
                "iss" => set_once(&mut iss, map.next_value::<Text<'de>>()?.0)?,
                "aud" => set_once(&mut aud, map.next_value()?)?,
                "csrf" => set_once(&mut csrf, map.next_value::<Text<'de>>()?.0)?,
                "scope" => set_once(&mut scope, map.next_value::<Text<'de>>()?.0)?,
                "gen" => set_once(&mut generation, map.next_value::<Time>()?.0)?,
                _ => {
                    // Not skipped but read, because the application gets it: what no `Value` can hold is refused here.
                    map.next_value::<Readable>()?;
                    if unknown.contains(&name) {
                        return Err(A::Error::custom("a claim occurs twice"));
                    }
                    unknown.push(name);
                }
            }
        }
        Ok(RawClaims {
            fresh: required(fresh, "fresh")?,
            iat: required(iat, "iat")?,
            jti: required(jti, "jti")?,
            token_type: required(token_type, "type")?,
            sub: required(sub, "sub")?,
            nbf,
            exp: required(exp, "exp")?,
            sid: required(sid, "sid")?,
            auth_time: required(auth_time, "auth_time")?,
            iss: required(iss, "iss")?,
            aud: required(aud, "aud")?,
            generation,
            scope,
            csrf,
        })
    }
}

fn set_once<T, E: serde::de::Error>(slot: &mut Option<T>, value: T) -> Result<(), E> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::custom("a claim occurs twice")),
    }
}

fn required<T, E: serde::de::Error>(claim: Option<T>, name: &'static str) -> Result<T, E> {
    claim.ok_or_else(|| E::missing_field(name))
}

#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A `NumericDate` that is a whole number from 0 to `MAX_TIME`.
struct Time(UnixTime);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = u64::deserialize(deserializer)?;
        match UnixTime::try_from(seconds) {
            Ok(time) if seconds <= MAX_TIME => Ok(Self(time)),
            _ => Err(D::Error::custom("a time is out of range")),
        }
    }
}

impl<'de> Deserialize<'de> for Audience<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Audience<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an array of strings")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Audience(vec![Cow::Borrowed(text)]))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Audience(vec![Cow::Owned(text.to_owned())]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(Text(one)) = seq.next_element()? {
                    all.push(one);
                }
                Ok(Audience(all))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}
