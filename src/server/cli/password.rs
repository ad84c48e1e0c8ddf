//! The source of a password on the command line: a prompt, or the first line of standard input.

use std::error::Error;
use std::io::{self, BufRead as _, Read as _};

use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};

use crate::server::password_policy::PasswordPolicy;

#[derive(Debug, Args)]
pub(super) struct PasswordSource {
    /// Read the password from the first line of standard input instead of asking for it
    #[arg(long)]
    password_stdin: bool,
}

impl PasswordSource {
    /// Reads a new password that the policy accepts.
    pub(super) fn read(&self, policy: &PasswordPolicy, names: &[&str]) -> Result<SecretString, Box<dyn Error>> {
        let password = if self.password_stdin { from_stdin(policy.max_length)? } else { from_prompt()? };
        let refused = policy.check_new(names, password.expose_secret()).err();
        refused.map_or(Ok(password), |error| Err(error.detail().into()))
    }
}

fn from_stdin(max_length: usize) -> Result<SecretString, Box<dyn Error>> {
    // The longest password, its line ending, and one byte more to detect a longer one.
    let most = u64::try_from(max_length)?.saturating_add(3);
    let mut line = String::new();
    io::stdin().lock().take(most).read_line(&mut line).map_err(|error| {
        format!("the password cannot be read from standard input ({error}); write it as one line of UTF-8")
    })?;
    let line = SecretString::from(line);
    let password = line.expose_secret();
    let password = password.strip_suffix('\n').map_or(password, |line| line.strip_suffix('\r').unwrap_or(line));
    Ok(SecretString::from(password))
}

fn from_prompt() -> Result<SecretString, Box<dyn Error>> {
    let ask = |prompt| {
        let answer = rpassword::prompt_password(prompt).map(SecretString::from);
        answer.map_err(|error| format!("there is no terminal to ask for the password ({error}); use --password-stdin"))
    };
    let password = ask("Password: ")?;
    if ask("Again: ")?.expose_secret() == password.expose_secret() {
        Ok(password)
    } else {
        Err("the two passwords differ; try again".into())
    }
}
