//! A token in a JSON body. RFC 6750 does not define this method, but its rules apply: one token, in one location, as a
//! string.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::bridge::credential::grammar::JsonPlace;
use crate::bridge::credential::presented::{Absence, ByType, Found, Malformed};
use crate::bridge::error::BodyFault;

/// The text of a body: UTF-8 without a byte order mark (RFC 8259 section 8.1).
pub(super) fn text(body: &[u8]) -> Result<&str, BodyFault> {
    if body.starts_with(b"\xef\xbb\xbf") {
        return Err(BodyFault::ByteOrderMark);
    }
    // JSON begins with an ASCII character, so in UTF-16 and UTF-32 one of these bytes is zero (RFC 4627 section 3).
    if body.iter().take(4).any(|byte| *byte == 0) {
        return Err(BodyFault::NotUtf8);
    }
    std::str::from_utf8(body).map_err(|_invalid| BodyFault::NotUtf8)
}

/// The tokens in a complete body. A body that is not a JSON object holds no token. The handler decides whether to
/// accept such a body.
pub(super) fn find(body: &str, place: &JsonPlace) -> ByType {
    let mut deserializer = serde_json::Deserializer::from_str(body);
    let read = TokenMembers(place).deserialize(&mut deserializer).and_then(|found| deserializer.end().map(|()| found));
    match read {
        Ok(found) => found,
        Err(_unreadable) => find_unreadable_members(body, place),
    }
}

/// The token members of a body that has a value that cannot be read, such as `1e999` or half a surrogate pair. Their
/// tokens count as malformed. The body is not ignored, because a handler that skips such a value can read the rest of
/// the object.
fn find_unreadable_members(body: &str, place: &JsonPlace) -> ByType {
    let members = serde_json::from_str::<HashMap<Cow<'_, str>, IgnoredAny>>(body).unwrap_or_default();
    let named = |name: &str| match members.contains_key(name) {
        true => Found::Malformed(Malformed::NotText),
        false => Found::default(),
    };
    ByType { access: named(&place.access), refresh: named(&place.refresh) }
}

impl From<Member<'_>> for Found {
    fn from(member: Member<'_>) -> Self {
        match member {
            Member::Absent | Member::Null => Self::Nothing(Absence::Missing),
            Member::Text(text) => Self::Token(text.into_owned()),
            Member::NotText => Self::Malformed(Malformed::NotText),
            Member::Repeated => Self::Malformed(Malformed::Members),
        }
    }
}

/// The value of one member of an object.
enum Member<'a> {
    Absent,
    Null,
    Text(Cow<'a, str>),
    NotText,
    Repeated,
}

/// Reads the members of an object that hold tokens.
struct TokenMembers<'p>(&'p JsonPlace);

impl<'de> DeserializeSeed<'de> for TokenMembers<'_> {
    type Value = ByType;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<ByType, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for TokenMembers<'_> {
    type Value = ByType;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ByType, A::Error> {
        let place = self.0;
        let (mut access, mut refresh) = (Member::Absent, Member::Absent);
        while let Some(Name(name)) = map.next_key()? {
            let member = if *name == place.access {
                &mut access
            } else if *name == place.refresh {
                &mut refresh
            } else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value = map.next_value()?;
            *member = if matches!(member, Member::Absent) { value } else { Member::Repeated };
        }
        let access = Found::from(access);
        // Both types may have the same configured name.
        let refresh = if place.access == place.refresh { access.clone() } else { refresh.into() };
        Ok(ByType { access, refresh })
    }
}

/// A member name. It is borrowed if it has no escapes.
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
