//! Loading the configuration.

use std::ffi::OsString;
use std::path::PathBuf;

use super::effective::EffectiveConfig;
use super::fault::ConfigError;
use super::raw_config::RawConfig;
use super::sections::Config;
use super::setting_reader::SettingReader;

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
    pub effective: EffectiveConfig,
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
        let mut written = RawConfig::default();
        if let Some(file) = &file {
            written.read_file(file);
        }
        written.read_environment(&sources.environment);
        written.set_flag("server", "listen", "--listen", sources.listen);
        written.set_flag("database", "url", "--database-url", sources.database_url);

        let mut reader = SettingReader::new(written);
        let config = Config::read(&mut reader);
        let effective = reader.finish()?;
        Ok(Loaded { config, effective, file })
    }
}
