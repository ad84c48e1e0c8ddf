//! The whole configuration: its sections, and the rules between them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::audit::AuditConfig;
use super::client::ClientConfig;
use super::database::DatabaseConfig;
use super::log::LogConfig;
use super::login::LoginConfig;
use super::password::PasswordConfig;
use super::server::ServerConfig;
use super::session::SessionConfig;
use super::setting_reader::SettingReader;
use super::template::TemplateConfig;
use super::throttle::ThrottleConfig;
use super::token::TokenConfig;

/// The whole configuration, valid.
#[derive(Debug, Default)]
pub struct Config {
    /// `[server]`
    pub server: ServerConfig,
    /// `[database]`
    pub database: DatabaseConfig,
    /// `[session]`
    pub session: SessionConfig,
    /// `[token]`
    pub token: TokenConfig,
    /// `[password]`
    pub password: PasswordConfig,
    /// `[login]`
    pub login: LoginConfig,
    /// `[audit]`
    pub audit: AuditConfig,
    /// `[throttle]`
    pub throttle: ThrottleConfig,
    /// `[templates.NAME]`, by name
    pub templates: BTreeMap<String, TemplateConfig>,
    /// `[clients.NAME]`, by name
    pub clients: BTreeMap<String, ClientConfig>,
    /// `[log]`
    pub log: LogConfig,
    /// `serve --demo`, not a key of the file.
    pub demo: bool,
    /// `serve --replace-keys`, not a key of the file.
    pub replace_keys: bool,
}

impl Config {
    pub(super) fn read(reader: &mut SettingReader) -> Self {
        let server = ServerConfig::read(reader);
        let database = DatabaseConfig::read(reader);
        let session = SessionConfig::read(reader);
        let token = TokenConfig::read(reader, server.body_limit);
        let password = PasswordConfig::read(reader);
        let login = LoginConfig::read(reader);
        let audit = AuditConfig::read(reader);
        let throttle = ThrottleConfig::read(reader);
        let templates = TemplateConfig::read_all(reader, &token);
        let clients = ClientConfig::read_all(reader);
        let log = LogConfig::read(reader);
        reader.section("token");
        reader.require(
            token.json_body_limit <= server.body_limit,
            &["json_body_limit"],
            "this is more than server.body_limit; make it smaller",
        );
        Self {
            server,
            database,
            session,
            token,
            password,
            login,
            audit,
            throttle,
            templates,
            clients,
            log,
            demo: false,
            replace_keys: false,
        }
    }

    /// The directory of generated secrets: that of the SQLite database, or `./data` for another database.
    pub fn data_directory(&self) -> PathBuf {
        match self.database.url.sqlite_path().and_then(Path::parent) {
            Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
            Some(parent) => parent.to_owned(),
            None => PathBuf::from("data"),
        }
    }
}
