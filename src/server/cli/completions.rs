//! `tollbridge completions`: what completes commands and options in a shell.

use std::error::Error;

use clap::{Args, CommandFactory as _};
use clap_complete::{Shell, generate};

use super::Cli;
use super::output::print;

#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> Result<(), Box<dyn Error>> {
        let (mut command, mut script) = (Cli::command(), Vec::new());
        let name = command.get_name().to_owned();
        generate(self.shell, &mut command, name, &mut script);
        Ok(print(&String::from_utf8(script)?)?)
    }
}
