//! Loading the configuration.

use std::ffi::OsString;
use std::path::PathBuf;

use super::effective::EffectiveConfig;
use super::fault::ConfigError;
use super::raw_config::RawConfig;
use super::sections::Config;
use super::setting_reader::SettingReader;

/// The default configuration file, which is read if it exists.
pub const DEFAULT_FILE: &str = "tollbridge.toml";

/// The sources of the configuration, besides the defaults.
#[derive(Debug, Default)]
pub struct Sources {
    /// `--config FILE`, which must exist. `None` for [`DEFAULT_FILE`], if it exists.
    pub file: Option<PathBuf>,
    /// Environment variables. Those without the prefix `TOLLBRIDGE_` are ignored.
    pub environment: Vec<(OsString, OsString)>,
    /// `--listen ADDRESS:PORT`.
    pub listen: Option<String>,
    /// `--database-url URL`.
    pub database_url: Option<String>,
}

/// A valid configuration with its origins.
#[derive(Debug)]
pub struct Loaded {
    /// The valid values.
    pub config: Config,
    /// The values as text with their origins, for `config show`.
    pub effective: EffectiveConfig,
    /// The file that was read, if any.
    pub file: Option<PathBuf>,
}

impl Config {
    /// Reads, merges and validates the configuration.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] lists all faults, each with its origin and what to write instead.
    pub fn load(sources: Sources) -> Result<Loaded, ConfigError> {
        let file = sources.file.clone().or_else(|| Some(PathBuf::from(DEFAULT_FILE)).filter(|file| file.exists()));
        let mut raw = RawConfig::default();
        if let Some(file) = &file {
            raw.read_file(file);
        }
        raw.read_environment(&sources.environment);
        raw.set_flag("server", "listen", "--listen", sources.listen);
        raw.set_flag("database", "url", "--database-url", sources.database_url);

        let mut reader = SettingReader::new(raw);
        let config = Config::read(&mut reader);
        let effective = reader.finish()?;
        Ok(Loaded { config, effective, file })
    }
}
