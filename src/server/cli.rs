//! The command line: `tollbridge serve`, `user …`, `migrate`, `config …`.
//!
//! `login list|end`, `token issue|inspect|revoke` and `key list|rotate|retire` have their places beside them.
//!
//! Passwords come from a prompt or standard input, never from arguments, which other users of the machine can read.
//! Exit codes: 0 for success, 1 for a failure, which is explained on standard error, 2 for a command that is not
//! understood.

mod config;
mod output;
mod password;
mod user;

use std::error::Error;
use std::path::PathBuf;

use actix_web::rt::System;
use clap::{Args, Parser, Subcommand};

use super::application::{Application, stop_signal};
use super::config::{Config, ConfigError, Loaded, Sources};
use super::resources::open_database;
use super::telemetry;
use crate::Clock;

/// One login for browsers and API clients.
#[derive(Debug, Parser)]
#[command(name = "tollbridge", version, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
struct Place {
    /// The configuration file [default: tollbridge.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The database: sqlite://PATH or postgres://USER@HOST/DATABASE
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(Serve),
    /// Manage accounts
    #[command(subcommand)]
    User(user::User),
    /// Bring the database's tables up to date
    Migrate,
    /// Show or check the configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
}

#[derive(Debug, Args)]
struct Serve {
    /// Add three users whose password is "password", and listen on loopback only
    #[arg(long)]
    demo: bool,
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
}

impl Cli {
    /// Does what was asked for.
    ///
    /// # Errors
    ///
    /// What went wrong and what to do about it, for standard error.
    pub fn run(self) -> Result<(), Box<dyn Error>> {
        let Self { place, command } = self;
        match command {
            Command::Serve(Serve { demo, listen }) => {
                let mut config = place.load(listen)?.config;
                config.demo = demo;
                telemetry::install(&config.log)?;
                System::new().block_on(serve(config))
            }
            Command::User(command) => {
                let config = place.load(None)?.config;
                System::new().block_on(command.run(&config))
            }
            Command::Migrate => {
                let config = place.load(None)?.config;
                System::new().block_on(migrate(&config))
            }
            Command::Config(command) => command.run(place.load(None)?),
        }
    }
}

impl Place {
    fn load(self, listen: Option<String>) -> Result<Loaded, ConfigError> {
        let environment = std::env::vars_os().collect();
        Config::load(Sources { file: self.config, environment, listen, database_url: self.database_url })
    }
}

async fn serve(config: Config) -> Result<(), Box<dyn Error>> {
    let application = Application::build(config, Clock::system()).await?;
    let stop = stop_signal()?;
    output::print(&format!("Tollbridge listens on http://{}\n", application.addr()))?;
    Ok(application.run_until(stop).await?)
}

async fn migrate(config: &Config) -> Result<(), Box<dyn Error>> {
    let applied = open_database(config).await?.1;
    let mut text: String = applied.iter().map(|name| format!("applied {name}\n")).collect();
    if applied.is_empty() {
        text.push_str("the database is up to date\n");
    }
    Ok(output::print(&text)?)
}
