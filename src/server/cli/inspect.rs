//! `tollbridge token inspect`: explains a token that is read from standard input. The database is not opened.

use std::error::Error;
use std::io::{self, IsTerminal as _, Read as _};

use super::output::print;
use crate::Clock;
use crate::server::config::Config;
use crate::server::secrets::Secrets;
use crate::server::token_inspection::inspect;

/// The longest input that is read, in bytes.
const LONGEST: u64 = 64 << 10;

pub(super) fn run(config: &Config) -> Result<(), Box<dyn Error>> {
    let mut input = io::stdin().lock();
    if input.is_terminal() {
        eprintln!("Paste the token, then press Enter and Ctrl-D:");
    }
    let mut text = String::new();
    input
        .by_ref()
        .take(LONGEST)
        .read_to_string(&mut text)
        .map_err(|error| format!("the token cannot be read from standard input ({error}); write it as one line"))?;
    // A token is explained without the key too.
    let key = Secrets::existing_token_key(config).unwrap_or_else(|error| {
        eprintln!("warning: {error}");
        None
    });
    let key = key.map(|key| key.token_key()).transpose()?;
    Ok(print(&inspect(&text, &config.token, key.as_ref(), Clock::system().now())?)?)
}
