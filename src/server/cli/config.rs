//! `tollbridge config`: shows and checks the configuration.

use std::error::Error;

use clap::Subcommand;

use super::output::print;
use crate::server::config::Loaded;
use crate::server::key_advice::advice;
use crate::server::secrets::Secrets;

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Print the effective configuration as TOML, with where each value comes from
    Show,
    /// Check the configuration and the secret files that it names
    Check,
}

impl ConfigCommand {
    /// Runs the command on a valid configuration.
    pub(super) fn run(self, loaded: Loaded) -> Result<(), Box<dyn Error>> {
        match self {
            Self::Show => print(&loaded.effective.to_string())?,
            Self::Check => check(&loaded)?,
        }
        Ok(())
    }
}

fn check(loaded: &Loaded) -> Result<(), Box<dyn Error>> {
    let faults = Secrets::check(&loaded.config);
    if !faults.is_empty() {
        let faults: Vec<_> = faults.iter().map(|fault| format!("\n  {fault}")).collect();
        return Err(format!("the server would not start:{}", faults.concat()).into());
    }
    let mut text = match &loaded.file {
        Some(file) => format!("{} is in order\n", file.display()),
        None => "there is no configuration file; the defaults and the environment are in order\n".to_owned(),
    };
    if !loaded.config.server.is_loopback() && !loaded.config.server.is_https() {
        text.push_str(
            "warning: server.listen is reachable by others, and server.public_url is not https: put a proxy with TLS \
             in front and set server.public_url to its origin\n",
        );
    }
    if let Some(key) = Secrets::existing_token_key(&loaded.config)? {
        for advice in advice(&key.token_key()?) {
            text.push_str(&format!("warning: {advice}\n"));
        }
    }
    Ok(print(&text)?)
}
