//! `tollbridge config`: shows and checks the configuration.

use std::error::Error;

use clap::{Args, Subcommand};

use super::output::print;
use crate::bridge::model::{random, sha256};
use crate::server::config::{Loaded, hash_text};
use crate::server::key_advice::advice;
use crate::server::secrets::Secrets;

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Print the effective configuration as TOML, with where each value comes from
    Show,
    /// Check the configuration and the secret files that it names
    Check,
    /// Make a secret for another service, and print it with its section of the configuration
    Client(NewClient),
}

#[derive(Debug, Args)]
pub(super) struct NewClient {
    /// The name of the service
    name: String,
}

impl ConfigCommand {
    /// Runs the command on a valid configuration.
    pub(super) fn run(self, loaded: Loaded) -> Result<(), Box<dyn Error>> {
        match self {
            Self::Show => print(&loaded.effective.to_string())?,
            Self::Check => check(&loaded)?,
            Self::Client(client) => client.run()?,
        }
        Ok(())
    }
}

impl NewClient {
    /// Nothing is kept: the secret is for the service, and the hash for the file.
    fn run(&self) -> Result<(), Box<dyn Error>> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
        if self.name.is_empty() || !self.name.chars().all(is_plain) {
            return Err("a name has small letters, digits, `-` and `_`".into());
        }
        let secret = random::base64url::<32>();
        let hash = hash_text(&sha256(secret.as_bytes()));
        let name = &self.name;
        Ok(print(&format!(
            "# The secret, which is shown once: {secret}\n\n[clients.{name}]\nsecret_hash = \"{hash}\"\n\
             may = [\"introspect\"]       # and \"revoke\"\naudience = [\"{name}\"]         # the tokens that are its business; \
             without this line all are\n"
        ))?)
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
