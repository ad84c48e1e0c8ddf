//! The configuration: defaults, then `tollbridge.toml`, then the `TOLLBRIDGE_*` environment, then flags.
//!
//! Three steps, one file each: `sources` collects what was written and where, without judging it; `reader` takes
//! the keys out one at a time, each as its type, and notes every fault with its place; `sections` says which keys
//! there are, what they mean and which values go together. What nobody took out is an unknown key. So one run reports
//! every fault there is, and nothing after this module sees a value that was not checked.
//!
//! Secrets are held in `secrecy` types and shown as `(set)`.

mod effective;
mod fault;
mod password;
mod raw_config;
mod sections;
mod setting;
mod setting_reader;
mod token;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use setting_reader::Reader;

pub use effective::Effective;
pub use fault::{ConfigError, Fault};
pub use password::PasswordConfig;
pub use raw_config::Origin;
pub use sections::{
    Config, DatabaseConfig, ErrorProfile, LogConfig, LogFormat, LoginConfig, ServerConfig, SessionConfig,
};
pub use setting::DatabaseUrl;
pub use token::{TokenConfig, TokenKeyConfig};

/// The file that is read when `--config` names none and it is there.
pub const DEFAULT_FILE: &str = "tollbridge.toml";

/// Where the configuration comes from, beside the defaults.
#[derive(Debug, Default)]
pub struct Sources {
    /// `--config FILE`; it must exist. Without it [`DEFAULT_FILE`] is read if it is there.
    pub file: Option<PathBuf>,
    /// Environment variables; those that do not begin with `TOLLBRIDGE_` are ignored.
    pub environment: Vec<(OsString, OsString)>,
    /// `--listen ADDRESS:PORT`.
    pub listen: Option<String>,
    /// `--database-url URL`.
    pub database_url: Option<String>,
}

/// A configuration without a fault, and how it came about.
#[derive(Debug)]
pub struct Loaded {
    /// The values, checked.
    pub config: Config,
    /// The values as text with where each comes from, for `config show`.
    pub effective: Effective,
    /// The file that was read, if any.
    pub file: Option<PathBuf>,
}

impl Config {
    /// Reads, merges and checks the configuration.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] lists every fault that was found, each with its place and what to write instead.
    pub fn load(sources: Sources) -> Result<Loaded, ConfigError> {
        let file = sources.file.clone().or_else(|| Some(PathBuf::from(DEFAULT_FILE)).filter(|file| file.exists()));
        let mut written = raw_config::Written::default();
        if let Some(file) = &file {
            written.read_file(file);
        }
        written.read_environment(&sources.environment);
        written.set_flag("server", "listen", "--listen", sources.listen);
        written.set_flag("database", "url", "--database-url", sources.database_url);

        let mut reader = Reader::new(written);
        let config = Config::read(&mut reader);
        let effective = reader.finish()?;
        Ok(Loaded { config, effective, file })
    }

    /// The directory in which the server keeps the secrets that it makes itself: that of the SQLite database, or
    /// `./data` when the database is elsewhere.
    pub fn data_directory(&self) -> PathBuf {
        match self.database.url.sqlite_path().and_then(Path::parent) {
            Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
            Some(parent) => parent.to_owned(),
            None => PathBuf::from("data"),
        }
    }
}
