//! The types of keys, each with its parser and its TOML.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use url::Url;

use super::raw_value::RawValue;

/// The type of a key.
pub(super) trait Setting: Sized {
    /// Parses a raw value. The error says what to write instead. It quotes a value only where the type of the key rules
    /// out that it is a secret.
    fn read(raw: &RawValue) -> Result<Self, String>;

    /// The value as TOML.
    fn to_toml(&self) -> String;
}

/// A TOML string.
pub(super) fn quote(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// The text of a value that must be a string.
pub(super) fn text(raw: &RawValue, wanted: &str) -> Result<String, String> {
    match raw {
        RawValue::Text(text) | RawValue::String(text) => Ok(text.clone()),
        _ => Err(mismatch(raw, wanted)),
    }
}

fn mismatch(raw: &RawValue, wanted: &str) -> String {
    let kind = match raw {
        RawValue::Text(_) | RawValue::String(_) => "this",
        RawValue::Integer(_) => "an integer",
        RawValue::Boolean(_) => "true or false",
        RawValue::List(_) => "a list",
        RawValue::Table(_) => "a table",
        RawValue::Other(kind) => kind,
    };
    format!("{kind} does not fit here; write {wanted}")
}

impl Setting for String {
    fn read(raw: &RawValue) -> Result<Self, String> {
        let text = text(raw, "a string")?;
        if text.is_empty() { Err("the value is empty; write something or remove the key".to_owned()) } else { Ok(text) }
    }

    fn to_toml(&self) -> String {
        quote(self)
    }
}

impl Setting for bool {
    fn read(raw: &RawValue) -> Result<Self, String> {
        match raw {
            RawValue::Boolean(value) => Ok(*value),
            RawValue::Text(text) if text == "true" => Ok(true),
            RawValue::Text(text) if text == "false" => Ok(false),
            _ => Err(mismatch(raw, "true or false")),
        }
    }

    fn to_toml(&self) -> String {
        self.to_string()
    }
}

impl Setting for u32 {
    fn read(raw: &RawValue) -> Result<Self, String> {
        let number = match raw {
            RawValue::Integer(number) => Self::try_from(*number).ok(),
            RawValue::Text(text) => text.parse().ok(),
            _ => None,
        };
        number.ok_or_else(|| mismatch(raw, &format!("a whole number from 0 to {}", Self::MAX)))
    }

    fn to_toml(&self) -> String {
        self.to_string()
    }
}

impl Setting for usize {
    fn read(raw: &RawValue) -> Result<Self, String> {
        u32::read(raw).and_then(|number| Self::try_from(number).map_err(|error| error.to_string()))
    }

    fn to_toml(&self) -> String {
        self.to_string()
    }
}

/// Whole seconds, the resolution of tokens and cookies.
impl Setting for Duration {
    fn read(raw: &RawValue) -> Result<Self, String> {
        const WANTED: &str = r#"a number and a unit, such as "15m" or "30d""#;
        let text = text(raw, WANTED)?;
        let duration = humantime::parse_duration(&text)
            .map_err(|error| format!("{} is not a duration ({error}); write {WANTED}", quote(&text)))?;
        match duration.subsec_nanos() {
            0 => Ok(duration),
            _ => Err(format!(r#"{} is not a whole number of seconds; write for example "1s""#, quote(&text))),
        }
    }

    fn to_toml(&self) -> String {
        let seconds = self.as_secs();
        let units = [("d", 86_400), ("h", 3_600), ("m", 60)];
        let whole = units.into_iter().find(|(_, length)| seconds > 0 && seconds.is_multiple_of(*length));
        let (unit, length) = whole.unwrap_or(("s", 1));
        quote(&format!("{}{unit}", seconds / length))
    }
}

impl Setting for ByteSize {
    fn read(raw: &RawValue) -> Result<Self, String> {
        const WANTED: &str = r#"a number and a unit, such as "16KiB" or "2MiB""#;
        let text = text(raw, WANTED)?;
        text.parse().map_err(|error| format!("{} is not a size ({error}); write {WANTED}", quote(&text)))
    }

    fn to_toml(&self) -> String {
        let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
        let whole = units.into_iter().find(|(_, size)| self.0 > 0 && self.0.is_multiple_of(*size));
        let (unit, size) = whole.unwrap_or(("B", 1));
        quote(&format!("{}{unit}", self.0 / size))
    }
}

/// In the environment, items are separated by commas.
impl Setting for Vec<String> {
    fn read(raw: &RawValue) -> Result<Self, String> {
        match raw {
            RawValue::List(items) => Ok(items.clone()),
            RawValue::Text(text) => {
                Ok(text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect())
            }
            _ => Err(mismatch(raw, "a list of strings")),
        }
    }

    fn to_toml(&self) -> String {
        let items: Vec<_> = self.iter().map(|item| quote(item)).collect();
        format!("[{}]", items.join(", "))
    }
}

impl Setting for PathBuf {
    fn read(raw: &RawValue) -> Result<Self, String> {
        String::read(raw).map(Self::from)
    }

    fn to_toml(&self) -> String {
        quote(&self.to_string_lossy())
    }
}

impl Setting for SocketAddr {
    fn read(raw: &RawValue) -> Result<Self, String> {
        const WANTED: &str = r#"an IP address and a port, such as "127.0.0.1:8080" or "[::1]:8080""#;
        let text = text(raw, WANTED)?;
        text.parse().map_err(|error| format!("{} is no address ({error}); write {WANTED}", quote(&text)))
    }

    fn to_toml(&self) -> String {
        quote(&self.to_string())
    }
}

/// An origin: only scheme, host and port.
impl Setting for Url {
    fn read(raw: &RawValue) -> Result<Self, String> {
        const WANTED: &str = r#"only scheme, host and port, such as "https://login.example.com""#;
        let text = text(raw, WANTED)?;
        let url = Self::parse(&text).map_err(|error| format!("this is not a URL ({error}); write {WANTED}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("the scheme is neither http nor https; write {WANTED}"));
        }
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !bare || !url.username().is_empty() || url.password().is_some() {
            return Err(format!("this is more than an origin; write {WANTED}"));
        }
        Ok(url)
    }

    fn to_toml(&self) -> String {
        quote(&self.origin().ascii_serialization())
    }
}
