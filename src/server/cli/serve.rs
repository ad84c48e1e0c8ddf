//! `tollbridge serve`: runs the server.

use std::error::Error;

use clap::Args;

use super::output::print;
use crate::Clock;
use crate::server::application::{Application, stop_signal};
use crate::server::config::Config;

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Add three users whose password is "password", and listen on loopback only
    #[arg(long)]
    pub(super) demo: bool,
    /// Take the keys of this server for those of all servers at the database, after they were replaced on purpose
    #[arg(long)]
    pub(super) replace_keys: bool,
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(super) listen: Option<String>,
}

/// Runs the server until it is stopped by a signal.
pub(super) async fn run(config: Config) -> Result<(), Box<dyn Error>> {
    let application = Application::build(config, Clock::system()).await?;
    let stop = stop_signal()?;
    let mut said = format!("Tollbridge listens on http://{}\n", application.addr());
    if let Some(address) = application.operations_addr() {
        said.push_str(&format!("what is for operators is on http://{address}\n"));
    }
    print(&said)?;
    Ok(application.run_until(stop).await?)
}
