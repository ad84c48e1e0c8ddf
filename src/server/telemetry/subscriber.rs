//! The destination and the format of log lines.

use std::io::{self, Write};

use tokio::runtime::Handle;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::debug_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use super::once_per_second::OncePerSecond;
use super::panics;
use crate::server::config::{LogConfig, LogFormat};

/// Installs the log of this process, and the log of panics. `runtime` writes the lines that count others.
///
/// # Errors
///
/// The process has a log already.
pub fn install(config: &LogConfig, runtime: Handle) -> Result<(), TryInitError> {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(&config.level))
        .with_ansi(false)
        .with_writer(|| OneLine(io::stderr()));
    let once = OncePerSecond::new(runtime);
    // As by default, but without a look at colours for each field: every request formats its id.
    let fields = debug_fn(|writer, field, value| match field.name() {
        "message" => write!(writer, "{value:?}"),
        name => write!(writer, "{name}={value:?}"),
    });
    match config.format {
        LogFormat::Text => builder.fmt_fields(fields.delimited(" ")).finish().with(once).try_init()?,
        LogFormat::Json => builder.json().flatten_event(true).with_span_list(false).finish().with(once).try_init()?,
    }
    panics::install_hook();
    Ok(())
}

/// The filter of a valid level. A single level that is more verbose than `info` applies only to our own events, because
/// other crates log the bytes that they read.
fn filter(level: &str) -> EnvFilter {
    let own = format!("info,tollbridge={level}");
    let verbose = level.parse::<LevelFilter>().is_ok_and(|level| level > LevelFilter::INFO);
    EnvFilter::builder().parse_lossy(if verbose { &own } else { level })
}

/// Escapes control characters inside an event, so that it is one line.
///
/// The subscriber writes each event with one call, and ends it with a line feed.
#[derive(Debug)]
pub struct OneLine<W>(pub W);

impl<W: Write> Write for OneLine<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let (line, end) = event.split_at(event.len() - usize::from(event.ends_with(b"\n")));
        if line.iter().any(u8::is_ascii_control) {
            let mut escaped = Vec::with_capacity(event.len() + 16);
            for byte in line {
                match byte.is_ascii_control() {
                    true => escaped.extend(byte.escape_ascii()),
                    false => escaped.push(*byte),
                }
            }
            escaped.extend_from_slice(end);
            self.0.write_all(&escaped)?;
        } else {
            self.0.write_all(event)?;
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
