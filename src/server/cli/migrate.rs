//! `tollbridge migrate`: brings the tables of the database up to date.

use std::error::Error;

use super::output::print;
use crate::server::config::Config;
use crate::server::resources::open_database;

/// Applies the pending migrations, and prints their names.
pub(super) async fn run(config: &Config) -> Result<(), Box<dyn Error>> {
    let applied = open_database(config).await?.1;
    let mut text: String = applied.iter().map(|name| format!("applied {name}\n")).collect();
    if applied.is_empty() {
        text.push_str("the database is up to date\n");
    }
    Ok(print(&text)?)
}
