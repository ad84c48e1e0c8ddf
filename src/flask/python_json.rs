//! JSON as Python's `json` module reads and writes it.
//!
//! PyJWT hands `json.loads` whatever bytes a token holds and puts the text of its error into the response, so both its
//! leniences and its texts belong to what Flask-JWT-Extended does: of two members of one name the last wins, `NaN` and
//! `Infinity` are numbers, integers have no bounds. Two leniences stay out: half a surrogate pair is no text here, and
//! JSON in UTF-16 or UTF-32 is none (RFC 7519 section 3 knows UTF-8 alone). And it gives up at a depth of
//! [`DEPTH`](reader::DEPTH), where Python would at about 950.

mod reader;
mod writer;

use std::collections::HashMap;

use serde_json::{Map, Number, Value};

use crate::bridge::model::UnixTime;

pub(super) use reader::read;
pub(super) use writer::escaped;

/// A value of Python's, as far as JSON has it. Members keep their order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    None,
    Bool(bool),
    /// Saturates; nobody looks at the value of one that large.
    Int(i128),
    Float(f64),
    Text(String),
    List(Vec<Json>),
    Object(Object),
}

/// The members of an object, in the order in which their names first came.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Object(Vec<(String, Json)>);

impl Object {
    /// Of several members of one name the last wins, in the place of the first.
    fn of(members: Vec<(String, Json)>) -> Self {
        let mut places = HashMap::with_capacity(members.len());
        let mut unique: Vec<(String, Json)> = Vec::with_capacity(members.len());
        for (name, value) in members {
            match places.get(&name) {
                Some(&place) => unique[place] = (name, value),
                None => {
                    places.insert(name.clone(), unique.len());
                    unique.push((name, value));
                }
            }
        }
        Self(unique)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Json> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// As a `dict` does it: a name that is there already keeps its place.
    pub(super) fn insert(&mut self, name: impl Into<String>, value: impl Into<Json>) {
        let name = name.into();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value.into(),
            None => self.0.push((name, value.into())),
        }
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    /// The same members sorted by name.
    pub(super) fn sorted(mut self) -> Self {
        self.0.sort_by(|(one, _), (two, _)| one.cmp(two));
        self
    }

    /// The object as other code knows it; `None` if a number in it has no place there.
    pub(super) fn to_map(&self) -> Option<Map<String, Value>> {
        self.0.iter().map(|(name, value)| Some((name.clone(), value.to_value()?))).collect()
    }
}

impl Json {
    /// Python's truth: what is empty or nought is false.
    pub(super) fn is_truthy(&self) -> bool {
        match self {
            Self::None => false,
            Self::Bool(yes) => *yes,
            Self::Int(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Object(members) => !members.0.is_empty(),
        }
    }

    /// A time in seconds, as the `float` that `datetime.timestamp` gives.
    pub(super) fn timestamp(time: UnixTime) -> Self {
        Self::Float(time as f64)
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Who somebody is, as Python writes it into a text. Only a text says it without doubt, and whoever turns
    /// `JWT_VERIFY_SUB` off accepts others.
    pub(super) fn to_identity(&self) -> String {
        match self {
            Self::None => "None".to_owned(),
            Self::Bool(true) => "True".to_owned(),
            Self::Bool(false) => "False".to_owned(),
            Self::Text(text) => text.clone(),
            other => other.to_string(),
        }
    }

    /// Python's `int(…)`, for digits of ASCII: cuts off fractions, reads texts.
    pub(super) fn to_int(&self) -> Option<i128> {
        match self {
            Self::Bool(yes) => Some(i128::from(*yes)),
            Self::Int(number) => Some(*number),
            Self::Float(number) => number.is_finite().then_some(*number as i128),
            Self::Text(text) => int_of(text),
            Self::None | Self::List(_) | Self::Object(_) => None,
        }
    }

    /// The value as other code knows it; `None` for a number that has no place there: NaN, infinity, an integer of more
    /// than 64 bits. Rounding it would make one value of two.
    pub(super) fn to_value(&self) -> Option<Value> {
        Some(match self {
            Self::None => Value::Null,
            Self::Bool(yes) => Value::Bool(*yes),
            Self::Int(number) => Value::Number(Number::from_i128(*number)?),
            Self::Float(number) => Value::Number(Number::from_f64(*number)?),
            Self::Text(text) => Value::String(text.clone()),
            Self::List(items) => Value::Array(items.iter().map(Self::to_value).collect::<Option<_>>()?),
            Self::Object(members) => Value::Object(members.to_map()?),
        })
    }
}

/// Digits with a sign before them and single underscores between them, in white space.
fn int_of(text: &str) -> Option<i128> {
    let text = text.trim();
    let (negative, digits) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    if !digits.split('_').all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit())) {
        return None;
    }
    Some(saturating(negative, digits.bytes().filter(|byte| *byte != b'_')))
}

fn saturating(negative: bool, digits: impl Iterator<Item = u8>) -> i128 {
    digits.fold(0_i128, |number, digit| {
        let digit = i128::from(digit - b'0');
        number.saturating_mul(10).saturating_add(if negative { -digit } else { digit })
    })
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::None,
            Value::Bool(yes) => Self::Bool(yes),
            Value::Number(number) => match number.as_i128() {
                Some(number) => Self::Int(number),
                None => Self::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => Self::Text(text),
            Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Value::Object(members) => {
                Self::Object(Object(members.into_iter().map(|(name, value)| (name, Self::from(value))).collect()))
            }
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Self {
        Self::Int(number.into())
    }
}
