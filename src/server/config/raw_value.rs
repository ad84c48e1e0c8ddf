//! A configured value before it is parsed.

use std::collections::BTreeMap;

use toml::de::DeValue;

/// A value as it is written. It has no `Debug`, because it may be a secret.
pub(super) enum RawValue {
    /// From the environment or a flag, where every value is text.
    Text(String),
    String(String),
    Integer(i64),
    Boolean(bool),
    List(Vec<String>),
    /// With `None` for a value that is no string.
    Table(BTreeMap<String, Option<String>>),
    /// A kind that no key takes, by its name.
    Other(&'static str),
}

impl From<&DeValue<'_>> for RawValue {
    fn from(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::String(text.to_string()),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or(Self::Other("too large an integer"), Self::Integer),
            DeValue::Boolean(value) => Self::Boolean(*value),
            DeValue::Array(items) => {
                let items: Option<Vec<_>> =
                    items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect();
                items.map_or(Self::Other("a list of something else than strings"), Self::List)
            }
            DeValue::Float(_) => Self::Other("a number with a fraction"),
            DeValue::Datetime(_) => Self::Other("a date"),
            DeValue::Table(table) => Self::Table(
                table
                    .iter()
                    .map(|(key, value)| (key.get_ref().to_string(), value.get_ref().as_str().map(str::to_owned)))
                    .collect(),
            ),
        }
    }
}
