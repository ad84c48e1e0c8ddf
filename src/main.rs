//! The `tollbridge` program, implemented in [`tollbridge::server`].

#![warn(clippy::disallowed_methods, clippy::expect_used, clippy::map_err_ignore)]

use std::process::ExitCode;

use clap::Parser as _;
use tollbridge::server::cli::{Cli, FAILURE};

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tollbridge: {error}");
            ExitCode::from(FAILURE)
        }
    }
}
