//! `[database]`: the URL and the connections.

use std::path::PathBuf;

use super::database_url::DatabaseUrl;
use super::setting_reader::SettingReader;

/// `[database]`: the URL and the connections.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// `sqlite://…` or `postgres://…`.
    pub url: DatabaseUrl,
    /// A file with the password of PostgreSQL, read at each new connection.
    pub password_file: Option<PathBuf>,
    /// The most open connections.
    pub pool_size: u32,
    /// Whether a server and the commands bring the tables up to date. `false` leaves it to `tollbridge migrate`.
    pub migrate_at_start: bool,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { url: DatabaseUrl::default(), password_file: None, pool_size: 8, migrate_at_start: true }
    }
}

impl DatabaseConfig {
    pub(super) fn read(reader: &mut SettingReader) -> Self {
        let default = Self::default();
        reader.section("database");
        let config = Self {
            url: reader.get("url", default.url),
            password_file: reader.optional("password_file"),
            pool_size: reader.get("pool_size", default.pool_size),
            migrate_at_start: reader.get("migrate_at_start", default.migrate_at_start),
        };
        if config.url.has_password() {
            reader.keep_private("url", "or name a file with password_file");
        }
        if config.password_file.is_some() {
            let is_sqlite = config.url.is_sqlite();
            reader.require(!is_sqlite, &["password_file"], "this is for PostgreSQL; remove it, or set database.url");
            let twice = "database.url has a password too; remove one of them";
            reader.require(is_sqlite || !config.url.has_password(), &["password_file"], twice);
        }
        reader.require((1..=1024).contains(&config.pool_size), &["pool_size"], "write a number from 1 to 1024");
        config
    }
}
