//! `[session]`: the browser face of a login.

use std::path::PathBuf;
use std::time::Duration;

use super::bounds::{DAY, LONGEST_COOKIE, period};
use super::setting_reader::SettingReader;

/// `[session]`: the browser face of a login.
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// How long an unused session lives.
    pub idle_ttl: Duration,
    /// How long a login lives at most.
    pub absolute_ttl: Duration,
    /// How long a remember cookie lives.
    pub remember_ttl: Duration,
    /// A file with the key that signs cookies (base64url); `None` for a generated one in the data directory.
    pub secret_file: Option<PathBuf>,
    /// The files of secrets whose cookies are still read.
    pub retired_secret_files: Vec<PathBuf>,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            idle_ttl: Duration::from_secs(DAY),
            absolute_ttl: Duration::from_secs(30 * DAY),
            remember_ttl: Duration::from_secs(30 * DAY),
            secret_file: None,
            retired_secret_files: Vec::new(),
        }
    }
}

/// Why a cookie lives no longer.
const FORGOTTEN: &str = "browsers forget a cookie before (RFC 6265bis section 5.5)";

impl SessionConfig {
    pub(super) fn read(reader: &mut SettingReader) -> Self {
        let default = Self::default();
        reader.section("session");
        reader.word("store", &["database"], &["redis", "cookie"]);
        if reader.optional::<String>("redis_url").is_some() {
            reader.fault("redis_url", "sessions in Redis are not there yet; remove this key".to_owned());
        }
        let config = Self {
            idle_ttl: period(reader, "idle_ttl", default.idle_ttl, LONGEST_COOKIE, FORGOTTEN),
            absolute_ttl: period(reader, "absolute_ttl", default.absolute_ttl, LONGEST_COOKIE, FORGOTTEN),
            remember_ttl: period(reader, "remember_ttl", default.remember_ttl, LONGEST_COOKIE, FORGOTTEN),
            secret_file: reader.optional("secret_file"),
            retired_secret_files: reader
                .get("retired_secret_files", Vec::<String>::new())
                .into_iter()
                .map(PathBuf::from)
                .collect(),
        };
        reader.require(
            config.idle_ttl <= config.absolute_ttl,
            &["idle_ttl", "absolute_ttl"],
            "idle_ttl is longer than absolute_ttl; make it shorter or the other longer",
        );
        config
    }
}
