//! The two members of a JSON object that carry tokens.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::bridge::credential::{Location, Presented, PresentedToken};
use crate::bridge::error::AuthError;
use crate::bridge::token::TokenFault;

/// The token in a complete body. A body that is no JSON object presents nothing: it is the handler's to judge.
pub(super) fn token(body: &[u8]) -> Presented {
    match serde_json::from_slice::<Fields<'_>>(body) {
        Ok(fields) => presented(fields.access_token).and(presented(fields.refresh_token)),
        Err(_) if names_token(body) => {
            Presented::Unusable(AuthError::TokenInvalid(TokenFault::NotAToken(Location::Json)))
        }
        Err(_) => Presented::Nothing,
    }
}

/// Whether a body that does not read as text or anything else for its token members has them all the same: `1e999` or
/// half a surrogate pair is no value, but a handler that skips the member reads the rest of the object.
fn names_token(body: &[u8]) -> bool {
    serde_json::from_slice::<HashMap<Cow<'_, str>, IgnoredAny>>(body)
        .is_ok_and(|members| members.contains_key("access_token") || members.contains_key("refresh_token"))
}

fn presented(member: Member<'_>) -> Presented {
    match member {
        Member::Absent | Member::Null => Presented::Nothing,
        Member::Text(text) => Presented::Token(PresentedToken { text: text.into_owned(), location: Location::Json }),
        Member::NotText => Presented::Unusable(AuthError::TokenInvalid(TokenFault::NotAToken(Location::Json))),
        Member::Repeated => {
            Presented::Unusable(AuthError::InvalidRequest("The body names the same token member twice.".into()))
        }
    }
}

#[derive(Default)]
struct Fields<'a> {
    access_token: Member<'a>,
    refresh_token: Member<'a>,
}

/// What an object says for one name.
#[derive(Default)]
enum Member<'a> {
    #[default]
    Absent,
    Null,
    Text(Cow<'a, str>),
    NotText,
    Repeated,
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Fields::default();
                while let Some(Name(name)) = map.next_key()? {
                    let member = match &*name {
                        "access_token" => &mut fields.access_token,
                        "refresh_token" => &mut fields.refresh_token,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    let value = map.next_value()?;
                    *member = if matches!(member, Member::Absent) { value } else { Member::Repeated };
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// A name that is borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Member<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyValue;
        impl<'de> Visitor<'de> for AnyValue {
            type Value = Member<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any JSON value")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Member::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Member::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Member::Null)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Member::NotText)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
                Ok(Member::NotText)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
                Ok(Member::NotText)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
                Ok(Member::NotText)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Member::NotText)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Member::NotText)
            }
        }
        deserializer.deserialize_any(AnyValue)
    }
}
