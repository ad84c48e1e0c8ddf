//! The command line: `tollbridge serve`, `token …`, `user …`, `login …`, `migrate`, `config …`, one file for each command.
//!
//! Passwords are read from a prompt or standard input, never from arguments, which other users of the machine can read.
//! Exit codes: 0 for success, 1 for a failure with a message on standard error, 2 for an invalid command line.

mod config;
mod inspect;
mod login;
mod migrate;
mod output;
mod password;
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

/// One login for browsers and API clients.
#[derive(Debug, Parser)]
#[command(name = "tollbridge", version, propagate_version = true, arg_required_else_help = true)]
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
    /// Bring the database's tables up to date
    Migrate,
    /// Show or check the configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
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
            Command::Migrate => {
                let config = common.load(None)?.config;
                System::new().block_on(migrate::run(&config))
            }
            Command::Config(command) => command.run(common.load(None)?),
        }
    }
}

impl CommonArgs {
    fn load(self, listen: Option<String>) -> Result<Loaded, ConfigError> {
        let environment = std::env::vars_os().collect();
        Config::load(Sources { file: self.config, environment, listen, database_url: self.database_url })
    }
}
