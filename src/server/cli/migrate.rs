//! `tollbridge migrate`: brings the tables of the database up to date, or says what it would do.

use std::error::Error;

use clap::Args;

use super::output::print;
use crate::server::config::Config;
use crate::server::resources::connect;

#[derive(Debug, Args)]
pub(super) struct Migrate {
    /// Print the migrations that are not applied yet, and change nothing
    #[arg(long)]
    status: bool,
}

impl Migrate {
    /// Applies the pending migrations, and prints their names. It does so too where `database.migrate_at_start` is
    /// `false`.
    pub(super) async fn run(self, config: &Config) -> Result<(), Box<dyn Error>> {
        let database = connect(&config.database)?;
        let (names, what) = if self.status {
            (database.pending_migrations().await?, "pending")
        } else {
            (database.migrate().await?, "applied")
        };
        let mut text: String = names.iter().map(|name| format!("{what} {name}\n")).collect();
        if names.is_empty() {
            text.push_str("the database is up to date\n");
        }
        Ok(print(&text)?)
    }
}
