//! `[database]`: the URL and the connections.

use super::database_url::DatabaseUrl;
use super::setting_reader::SettingReader;

/// `[database]`: the URL and the connections.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// `sqlite://…` or `postgres://…`.
    pub url: DatabaseUrl,
    /// The most open connections.
    pub pool_size: u32,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { url: DatabaseUrl::default(), pool_size: 8 }
    }
}

impl DatabaseConfig {
    pub(super) fn read(reader: &mut SettingReader) -> Self {
        let default = Self::default();
        reader.section("database");
        let config =
            Self { url: reader.get("url", default.url), pool_size: reader.get("pool_size", default.pool_size) };
        reader.require((1..=1024).contains(&config.pool_size), &["pool_size"], "write a number from 1 to 1024");
        config
    }
}
