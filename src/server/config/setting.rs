//! The types that a key can have: how each is read, and how it is written as TOML.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytesize::ByteSize;
use url::Url;

use super::raw_config::Raw;

/// A type that a key can have.
pub(super) trait Setting: Sized {
    /// Reads what was written; the error says what it is not and what to write, and quotes no string of unknown kind.
    fn read(raw: &Raw) -> Result<Self, String>;

    /// The value as TOML.
    fn to_toml(&self) -> String;
}

/// A TOML string.
pub(super) fn quote(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn text(raw: &Raw, wanted: &str) -> Result<String, String> {
    match raw {
        Raw::Text(text) | Raw::String(text) => Ok(text.clone()),
        _ => Err(not(raw, wanted)),
    }
}

fn not(raw: &Raw, wanted: &str) -> String {
    let kind = match raw {
        Raw::Text(_) | Raw::String(_) => "this",
        Raw::Integer(_) => "an integer",
        Raw::Boolean(_) => "true or false",
        Raw::List(_) => "a list",
        Raw::Other(kind) => kind,
    };
    format!("{kind} does not fit here; write {wanted}")
}

impl Setting for String {
    fn read(raw: &Raw) -> Result<Self, String> {
        let text = text(raw, "a string")?;
        if text.is_empty() { Err("the value is empty; write something or remove the key".to_owned()) } else { Ok(text) }
    }

    fn to_toml(&self) -> String {
        quote(self)
    }
}

impl Setting for bool {
    fn read(raw: &Raw) -> Result<Self, String> {
        match raw {
            Raw::Boolean(value) => Ok(*value),
            Raw::Text(text) if text == "true" => Ok(true),
            Raw::Text(text) if text == "false" => Ok(false),
            _ => Err(not(raw, "true or false")),
        }
    }

    fn to_toml(&self) -> String {
        self.to_string()
    }
}

impl Setting for u32 {
    fn read(raw: &Raw) -> Result<Self, String> {
        let number = match raw {
            Raw::Integer(number) => Self::try_from(*number).ok(),
            Raw::Text(text) => text.parse().ok(),
            _ => None,
        };
        number.ok_or_else(|| not(raw, &format!("a whole number from 0 to {}", Self::MAX)))
    }

    fn to_toml(&self) -> String {
        self.to_string()
    }
}

impl Setting for usize {
    fn read(raw: &Raw) -> Result<Self, String> {
        u32::read(raw).and_then(|number| Self::try_from(number).map_err(|error| error.to_string()))
    }

    fn to_toml(&self) -> String {
        self.to_string()
    }
}

/// Whole seconds: tokens and cookies know no finer time.
impl Setting for Duration {
    fn read(raw: &Raw) -> Result<Self, String> {
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
    fn read(raw: &Raw) -> Result<Self, String> {
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

/// In the environment the items are separated by commas.
impl Setting for Vec<String> {
    fn read(raw: &Raw) -> Result<Self, String> {
        match raw {
            Raw::List(items) => Ok(items.clone()),
            Raw::Text(text) => {
                Ok(text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect())
            }
            _ => Err(not(raw, "a list of strings")),
        }
    }

    fn to_toml(&self) -> String {
        let items: Vec<_> = self.iter().map(|item| quote(item)).collect();
        format!("[{}]", items.join(", "))
    }
}

impl Setting for PathBuf {
    fn read(raw: &Raw) -> Result<Self, String> {
        String::read(raw).map(Self::from)
    }

    fn to_toml(&self) -> String {
        quote(&self.to_string_lossy())
    }
}

impl Setting for SocketAddr {
    fn read(raw: &Raw) -> Result<Self, String> {
        const WANTED: &str = r#"an IP address and a port, such as "127.0.0.1:8080" or "[::1]:8080""#;
        let text = text(raw, WANTED)?;
        text.parse().map_err(|error| format!("{} is no address ({error}); write {WANTED}", quote(&text)))
    }

    fn to_toml(&self) -> String {
        quote(&self.to_string())
    }
}

/// An origin: scheme, host and port, nothing else.
impl Setting for Url {
    fn read(raw: &Raw) -> Result<Self, String> {
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

/// Where the database is. It may hold a password, which neither `Display` nor `Debug` shows.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The URL with its password.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The file of an SQLite database; `None` for PostgreSQL and for a database in memory.
    pub fn sqlite_path(&self) -> Option<&Path> {
        let path = self.0.strip_prefix("sqlite:")?;
        let path = path.strip_prefix("//").unwrap_or(path);
        let path = path.split('?').next().filter(|path| !path.is_empty() && !path.starts_with(":memory:"))?;
        Some(Path::new(path))
    }
}

impl Setting for DatabaseUrl {
    fn read(raw: &Raw) -> Result<Self, String> {
        const WANTED: &str = r#"one such as "sqlite://data/tollbridge.db" or "postgres://user@host/database""#;
        let text = text(raw, WANTED)?;
        let known = ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
        if known { Ok(Self(text)) } else { Err(format!("this is not the URL of a database; write {WANTED}")) }
    }

    fn to_toml(&self) -> String {
        quote(&self.to_string())
    }
}

impl Default for DatabaseUrl {
    fn default() -> Self {
        Self("sqlite://data/tollbridge.db".to_owned())
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.starts_with("sqlite:") {
            return f.write_str(&self.0);
        }
        // libpq takes the password in the query too (`?password=…`).
        match Url::parse(&self.0) {
            Ok(mut url) if !url.query_pairs().any(|(key, _)| key.contains("password")) => {
                if url.password().is_some() && url.set_password(Some("***")).is_err() {
                    return f.write_str("postgres://…");
                }
                write!(f, "{url}")
            }
            _ => f.write_str("postgres://…"),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}
