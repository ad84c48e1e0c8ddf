//! The URL of the database.

use std::fmt;
use std::path::Path;

use url::Url;

use super::raw_value::RawValue;
use super::setting::{Setting, quote, text};

/// The URL of the database. It may contain a password, which neither `Display` nor `Debug` shows.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The URL with its password.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the URL has a password in it, or might have one.
    pub fn has_password(&self) -> bool {
        // libpq also takes the password from the query (`?password=…`).
        !self.is_sqlite()
            && Url::parse(&self.0).map_or(true, |url| {
                url.password().is_some() || url.query_pairs().any(|(key, _)| key.contains("password"))
            })
    }

    /// Whether the database is a file of SQLite.
    pub fn is_sqlite(&self) -> bool {
        self.0.starts_with("sqlite:")
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
    fn read(raw: &RawValue) -> Result<Self, String> {
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
        if self.is_sqlite() {
            return f.write_str(&self.0);
        }
        // libpq also takes the password from the query (`?password=…`).
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
