//! The question before what cannot be undone.

use std::error::Error;
use std::io::{self, IsTerminal as _};

use super::output::print;

/// Asks whether this is meant, unless `yes`. `nothing` says what has not happened if it is not.
///
/// # Errors
///
/// The operator does not agree, or there is no terminal to ask at.
pub(super) fn require_consent(yes: bool, question: &str, nothing: &str) -> Result<(), Box<dyn Error>> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err("there is no terminal to ask whether this is meant; add --yes".into());
    }
    print(&format!("{question} [y/N] "))?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") { Ok(()) } else { Err(nothing.into()) }
}
