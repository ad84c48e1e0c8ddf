//! `tollbridge doctor`: looks for what works and should not be so.

use std::error::Error;

use clap::Args;
use serde_json::json;

use super::output::{print, table};
use super::user::{print_json, require_database};
use crate::server::config::Config;
use crate::server::resources::open_database;

#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Doctor {
    /// Prints the accounts whose names can be taken for each other. They are a failure, for scripts.
    pub(super) async fn run(self, config: &Config) -> Result<(), Box<dyn Error>> {
        require_database(config)?;
        let twins = open_database(config).await?.0.twins().await?;
        if self.json {
            let groups = twins.iter().map(|twins| {
                let users = twins.users.iter().map(|user| json!({ "id": user.id, "username": user.username }));
                json!({ "users": users.collect::<Vec<_>>(), "are_equal": twins.are_equal })
            });
            print_json(&json!({ "twins": groups.collect::<Vec<_>>() }))?;
        } else if twins.is_empty() {
            print("no accounts have names that can be taken for each other\n")?;
        } else {
            let rows = twins.iter().enumerate().flat_map(|(group, twins)| {
                let kind = if twins.are_equal { "compared as equal" } else { "look alike" };
                let row = move |user: &crate::store::db::User| {
                    let letters = user.username.escape_unicode().to_string();
                    let letters = if user.username.is_ascii() { String::new() } else { letters };
                    [(group + 1).to_string(), user.id.to_string(), user.username.clone(), letters, kind.to_owned()]
                };
                twins.users.iter().map(row)
            });
            print(&table(["GROUP", "ID", "USERNAME", "LETTERS", "NAMES"], &rows.collect::<Vec<_>>()))?;
        }
        let found = match twins.len() {
            0 => return Ok(()),
            1 => "a group of accounts has".to_owned(),
            found => format!("{found} groups of accounts have"),
        };
        Err(format!("{found} names that can be taken for each other; disable or delete what nobody needs").into())
    }
}
