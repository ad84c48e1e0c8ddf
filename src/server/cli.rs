//! The command line: `tollbridge serve`, `token …`, `user …`, `login …`, `key …`, `migrate`, `doctor`, `config …`, one file for each command.
//!
//! Passwords are read from a prompt or standard input, never from arguments, which other users of the machine can read.
//! [`EXIT_CODES`] has the exit codes, and `tollbridge --help` and the manual page repeat them.

mod audit;
mod completions;
mod config;
mod consent;
mod doctor;
mod inspect;
mod key;
mod login;
mod man;
mod migrate;
mod operator;
mod output;
mod password;
mod progress;
mod serve;
mod token;
mod user;

use std::error::Error;
use std::path::PathBuf;

use actix_web::rt::System;
use clap::{Args, Parser, Subcommand};
use tokio::runtime::Handle;

use super::config::{Config, ConfigError, Loaded, Sources};
use super::telemetry;
use serve::Serve;

/// The exit codes of the program, with their meaning.
pub const EXIT_CODES: [(u8, &str); 3] = [
    (0, "what was asked for is done"),
    (FAILURE, "it is not done, or not all of it; standard error says why"),
    (2, "the command line is wrong; nothing was tried"),
];

/// The exit code of a command that has failed.
pub const FAILURE: u8 = 1;

/// The exit codes as the end of the help.
fn exit_codes() -> String {
    let lines = EXIT_CODES.map(|(code, meaning)| format!("\n  {code}  {meaning}"));
    format!("Exit codes:{}", lines.concat())
}

/// One login for browsers and API clients.
#[derive(Debug, Parser)]
#[command(
    name = "tollbridge",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = exit_codes()
)]
pub struct Cli {
    #[command(flatten)]
    common: CommonArgs,
    #[command(subcommand)]
    command: Command,
}

/// The arguments of every command.
#[derive(Debug, Args)]
struct CommonArgs {
    /// The configuration file [default: tollbridge.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[arg(
        long,
        global = true,
        value_name = "URL",
        help = "The database: sqlite://PATH or postgres://USER@HOST/DATABASE"
    )]
    database_url: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(Serve),
    /// Manage accounts
    #[command(subcommand)]
    User(user::UserCommand),
    /// List and end logins
    #[command(subcommand)]
    Login(login::LoginCommand),
    /// Manage API tokens, and explain tokens
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Manage the keys that sign tokens
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Show what was done, when, and by whom
    Audit(audit::Audit),
    /// Bring the database's tables up to date
    Migrate(migrate::Migrate),
    /// Show or check the configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Look for what works and should not be so, such as names that can be taken for each other
    Doctor(doctor::Doctor),
    /// Print what completes commands and options in a shell
    Completions(completions::Completions),
    /// Print the manual page
    Man,
}

impl Cli {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// The problem and its remedy, for standard error.
    pub fn run(self) -> Result<(), Box<dyn Error>> {
        let Self { common, command } = self;
        match command {
            Command::Serve(Serve { demo, replace_keys, listen }) => {
                let mut config = common.load(listen)?.config;
                config.demo = demo;
                config.replace_keys = replace_keys;
                System::new().block_on(async {
                    telemetry::install(&config.log, Handle::current())?;
                    serve::run(config).await
                })
            }
            Command::User(command) => {
                let config = common.load(None)?.config;
                System::new().block_on(command.run(&config))
            }
            Command::Login(command) => {
                let config = common.load(None)?.config;
                System::new().block_on(command.run(&config))
            }
            Command::Token(command) => {
                let config = common.load(None)?.config;
                System::new().block_on(command.run(&config))
            }
            Command::Key(command) => {
                let config = common.load(None)?.config;
                System::new().block_on(command.run(&config))
            }
            Command::Audit(audit) => {
                let config = common.load(None)?.config;
                System::new().block_on(audit.run(&config))
            }
            Command::Migrate(migrate) => {
                let config = common.load(None)?.config;
                System::new().block_on(migrate.run(&config))
            }
            Command::Doctor(doctor) => {
                let config = common.load(None)?.config;
                System::new().block_on(doctor.run(&config))
            }
            Command::Config(command) => command.run(common.load(None)?),
            Command::Completions(completions) => completions.run(),
            Command::Man => man::run(),
        }
    }
}

impl CommonArgs {
    fn load(self, listen: Option<String>) -> Result<Loaded, ConfigError> {
        let environment = std::env::vars_os().collect();
        Config::load(Sources { file: self.config, environment, listen, database_url: self.database_url })
    }
}
