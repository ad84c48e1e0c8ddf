//! JSON as Python's `json` module reads and writes it.
//!
//! PyJWT reads a token with `json.loads` and puts the text of an error into the response. So the rules and the error texts
//! of Python are part of the behaviour of Flask-JWT-Extended: the last of several members of one name counts, `NaN` and
//! `Infinity` are numbers, and integers have no bounds.
//!
//! There are three differences. A text must not contain half a surrogate pair. JSON in UTF-16 or UTF-32 is refused, because
//! RFC 7519 section 3 allows UTF-8 only. Values may be nested up to [`DEPTH`](reader::DEPTH) levels; in Python the limit is
//! about 950.

mod reader;
mod writer;

use std::collections::HashMap;

use serde_json::{Map, Number, Value};

use crate::bridge::model::UnixTime;

pub(super) use reader::read;
pub(super) use writer::escaped;

/// A JSON value as Python reads it. Members keep their order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    None,
    Bool(bool),
    /// An integer. It saturates; values beyond 128 bits are not used.
    Int(i128),
    Float(f64),
    Text(String),
    List(Vec<Json>),
    Object(Object),
}

/// The members of an object, in the order in which their names first appear.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Object(Vec<(String, Json)>);

impl Object {
    /// An object without repeated names. The last value of a name counts, at the position of the first one.
    fn from_members(members: Vec<(String, Json)>) -> Self {
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

    /// Sets a member. As in a `dict`, an existing name keeps its position.
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

    /// The members sorted by name.
    pub(super) fn sorted(mut self) -> Self {
        self.0.sort_by(|(one, _), (two, _)| one.cmp(two));
        self
    }

    /// The object for `serde_json`. `None` if it contains a number that `serde_json` cannot hold.
    pub(super) fn to_map(&self) -> Option<Map<String, Value>> {
        self.0.iter().map(|(name, value)| Some((name.clone(), value.to_value()?))).collect()
    }
}

impl Json {
    /// Whether the value is true in Python: empty values and zero are false.
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

    /// The identity as Python's `str` writes it. Only a text is unambiguous; other types are accepted when `JWT_VERIFY_SUB`
    /// is off.
    pub(super) fn to_identity(&self) -> String {
        match self {
            Self::None => "None".to_owned(),
            Self::Bool(true) => "True".to_owned(),
            Self::Bool(false) => "False".to_owned(),
            Self::Text(text) => text.clone(),
            other => other.to_string(),
        }
    }

    /// Python's `int(…)`: cuts off fractions and reads texts of ASCII digits.
    pub(super) fn to_int(&self) -> Option<i128> {
        match self {
            Self::Bool(yes) => Some(i128::from(*yes)),
            Self::Int(number) => Some(*number),
            Self::Float(number) => number.is_finite().then_some(*number as i128),
            Self::Text(text) => parse_int(text),
            Self::None | Self::List(_) | Self::Object(_) => None,
        }
    }

    /// The value for `serde_json`. `None` for NaN, for infinity, and for an integer of more than 64 bits: rounding would
    /// make different values equal.
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

/// Python's `int` of a text: digits with an optional sign, single underscores between digits, and white space around.
fn parse_int(text: &str) -> Option<i128> {
    let text = text.trim();
    let (negative, digits) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    if !digits.split('_').all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit())) {
        return None;
    }
    Some(parse_saturating(negative, digits.bytes().filter(|byte| *byte != b'_')))
}

fn parse_saturating(negative: bool, digits: impl Iterator<Item = u8>) -> i128 {
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
