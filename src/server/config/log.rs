//! `[log]`: the level and the format of the log.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::setting::quote;
use super::setting_reader::SettingReader;

/// The format of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Plain text.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// `[log]`
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// A level, or directives such as `info,tollbridge=debug`.
    pub level: String,
    /// The format of log lines.
    pub format: LogFormat,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Text }
    }
}

impl LogConfig {
    pub(super) fn read(reader: &mut SettingReader) -> Self {
        reader.section("log");
        let level = reader.get("level", Self::default().level);
        // The filter takes a word that is no level for the name of a module, so a misspelt level would silence the log.
        let is_level = |part: &str| part.contains('=') || part.trim().parse::<LevelFilter>().is_ok();
        if !level.split(',').all(is_level) || EnvFilter::builder().parse(&level).is_err() {
            let wanted = r#"write "off", "error", "warn", "info", "debug" or "trace", or "info,tollbridge=debug""#;
            reader.fault("level", format!("{} is not a level; {wanted}", quote(&level)));
        }
        let format = match reader.word("format", &["text", "json"], &[]) {
            "json" => LogFormat::Json,
            _ => LogFormat::Text,
        };
        Self { level, format }
    }
}
