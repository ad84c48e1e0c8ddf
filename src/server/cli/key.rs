//! `tollbridge key`: the keys that sign tokens. The server need not run. A running one applies each change from the next
//! request.

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::consent::require_consent;
use super::operator;
use super::output::{moment, print, table};
use super::user::{print_json, require_database};
use crate::bridge::model::seconds;
use crate::server::config::Config;
use crate::server::keys::KeyKeeper;
use crate::server::resources::open_database;
use crate::server::secrets::{Secrets, TokenSecret};
use crate::store::db::{Database, SealedKey};
use crate::{Algorithm, Clock, UnixTime};

/// How long other services may keep the set of public keys (`/.well-known/jwks.json`), in seconds.
const PUBLISHED_FOR: UnixTime = 300;

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// List the keys
    List(List),
    /// Make a new key, which is published first, and signs after a while
    Rotate(Rotate),
    /// Remove a key at once, so that no token of it is accepted any more
    Retire(Retire),
    /// Put a key of a file into the ring of the database
    Import(Import),
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Rotate {
    /// How long the key is published before it signs; 0s to sign at once
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = humantime::parse_duration)]
    lead: Duration,
    /// The algorithm [default: that of the latest key]
    #[arg(long, value_parser = algorithm)]
    algorithm: Option<Algorithm>,
}

#[derive(Debug, Args)]
pub(super) struct Retire {
    /// The id of the key, from `tollbridge key list`
    #[arg(allow_hyphen_values = true)]
    kid: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Args)]
pub(super) struct Import {
    /// A private key in PEM, or a secret as base64url [default: the key of the configuration]
    #[arg(requires = "algorithm")]
    file: Option<PathBuf>,
    /// The algorithm of the key in the file
    #[arg(long, value_parser = algorithm)]
    algorithm: Option<Algorithm>,
    /// It verifies tokens, and signs none
    #[arg(long)]
    verify_only: bool,
}

type CommandResult = Result<(), Box<dyn Error>>;

/// What the commands work on.
struct At<'a> {
    config: &'a Config,
    database: Database,
    now: UnixTime,
}

impl KeyCommand {
    pub(super) async fn run(self, config: &Config) -> CommandResult {
        require_database(config)?;
        let database = open_database(config).await?.0;
        let at = At { config, database, now: Clock::system().now() };
        match self {
            Self::List(list) => list.run(&at).await,
            Self::Rotate(rotate) => rotate.run(&at).await,
            Self::Retire(retire) => retire.run(&at).await,
            Self::Import(import) => import.run(&at).await,
        }
    }
}

impl At<'_> {
    fn keeper(&self) -> KeyKeeper {
        KeyKeeper::new(self.config, &self.database, &Clock::system()).acting_as(operator::act())
    }

    async fn rows(&self) -> Result<Vec<SealedKey>, Box<dyn Error>> {
        Ok(self.database.signing_keys().await?.1)
    }

    /// When the last token has expired that a key signs which another one follows at this time.
    fn others_until(&self, signs_from: UnixTime) -> UnixTime {
        let token = &self.config.token;
        let of_templates = self.config.templates.values().map(|template| template.access_ttl).max();
        let refresh = token.refresh_ttl.min(token.refresh_idle_ttl);
        let longest = refresh.max(token.access_ttl).max(of_templates.unwrap_or_default());
        signs_from.saturating_add(seconds(longest)).saturating_add(seconds(token.leeway))
    }

    /// Puts the key that signs now into the ring, if that is one of a file.
    async fn require_ring(&self) -> CommandResult {
        if !self.rows().await?.is_empty() {
            return Ok(());
        }
        if let Some(secret) = Secrets::existing_token_key(self.config)? {
            let (key, _) = self.keeper().import(&secret, Some(self.now), UnixTime::MAX).await?;
            print(&format!("put the key {} of the configuration into the ring\n", key.id()))?;
        }
        Ok(())
    }
}

impl List {
    async fn run(self, at: &At<'_>) -> CommandResult {
        let rows = at.rows().await?;
        let file_key = if rows.is_empty() { Secrets::existing_token_key(at.config)? } else { None };
        let file_key = file_key.map(|secret| secret.token_key()).transpose()?;
        if self.json {
            let mut keys: Vec<Value> = rows.iter().map(|row| to_json(row, &rows, at.now)).collect();
            keys.extend(file_key.iter().map(
                |key| json!({ "kid": key.id(), "algorithm": key.algorithm_name(), "state": "signs", "source": "file" }),
            ));
            return print_json(&Value::from(keys));
        }
        let from_file = file_key.iter().map(|key| {
            [key.id().to_owned(), key.algorithm_name().to_owned(), "signs (from a file)".to_owned(), String::new()]
        });
        let lines = rows.iter().map(|row| {
            let state = match state(row, &rows, at.now) {
                "signs later" => format!("signs from {}", moment(row.signs_from.unwrap_or_default())),
                "verifies" => match row.verifies_until {
                    Some(until) if until < UnixTime::MAX => format!("verifies until {}", moment(until)),
                    _ => "verifies".to_owned(),
                },
                state => state.to_owned(),
            };
            [row.kid.clone(), row.algorithm.clone(), state, moment(row.created_at)]
        });
        let lines: Vec<_> = from_file.chain(lines).collect();
        Ok(print(&table(["KID", "ALGORITHM", "STATE", "MADE"], &lines))?)
    }
}

impl Rotate {
    async fn run(self, at: &At<'_>) -> CommandResult {
        at.require_ring().await?;
        let rows = at.rows().await?;
        let latest = rows.iter().filter(|row| row.signs_from.is_some()).max_by_key(|row| row.signs_from);
        let latest = latest.and_then(|row| row.algorithm.parse().ok());
        let algorithm = self.algorithm.or(latest).unwrap_or(Algorithm::EdDSA);
        let signs_from = at.now.saturating_add(seconds(self.lead));
        let key = at.keeper().add(algorithm, signs_from, at.others_until(signs_from)).await?;
        let when = if self.lead.is_zero() { "now".to_owned() } else { format!("from {}", moment(signs_from)) };
        let mut text = format!("made the key {} ({}), which signs {when}\n", key.id(), key.algorithm_name());
        if seconds(self.lead) < PUBLISHED_FOR && !algorithm.is_symmetric() {
            text.push_str("note: services that keep the set of public keys may not know it for five minutes\n");
        }
        if algorithm.is_symmetric() {
            text.push_str(
                "note: services that verify tokens with the secret need the new one, which no command prints\n",
            );
        }
        Ok(print(&text)?)
    }
}

impl Retire {
    async fn run(self, at: &At<'_>) -> CommandResult {
        let shown = self.kid.escape_debug().to_string();
        let rows = at.rows().await?;
        if rows.iter().all(|row| row.kid != self.kid) {
            return Err(
                format!("there is no key {shown} in the ring; `tollbridge key list` shows those there are").into()
            );
        }
        let question = format!("Remove the key {shown}, so that every token that it has signed is refused?");
        require_consent(self.yes, &question, "no key was removed")?;
        if !at.database.remove_signing_key(&self.kid, &operator::act(), at.now).await? {
            return Err(format!(
                "the key {shown} is the only one that signs; run `tollbridge key rotate --lead 0s` first"
            )
            .into());
        }
        Ok(print(&format!("removed the key {shown}; its tokens are refused from now on\n"))?)
    }
}

impl Import {
    async fn run(self, at: &At<'_>) -> CommandResult {
        let secret = match (&self.file, self.algorithm) {
            (Some(file), Some(algorithm)) => TokenSecret::read(algorithm, file)?,
            _ => Secrets::existing_token_key(at.config)?
                .ok_or("the configuration has no key to import; name a file, or run `tollbridge key rotate`")?,
        };
        if self.verify_only || self.file.is_some() {
            at.require_ring().await?;
        }
        let signs_from = (!self.verify_only).then_some(at.now);
        let (key, is_new) = at.keeper().import(&secret, signs_from, at.others_until(at.now)).await?;
        if !is_new {
            return Err(format!("the key {} is in the ring already", key.id()).into());
        }
        let what = if self.verify_only { "verifies" } else { "signs" };
        Ok(print(&format!(
            "put the key {} ({}) into the ring; it {what} from now on\n",
            key.id(),
            key.algorithm_name()
        ))?)
    }
}

/// What a key does now.
fn state(row: &SealedKey, rows: &[SealedKey], now: UnixTime) -> &'static str {
    let come = rows.iter().filter(|row| row.signs_from.is_some_and(|from| from <= now));
    let signing = come.max_by_key(|row| row.signs_from).map(|row| &row.kid);
    match row.signs_from {
        _ if signing == Some(&row.kid) => "signs",
        Some(from) if from > now => "signs later",
        _ => "verifies",
    }
}

fn to_json(row: &SealedKey, rows: &[SealedKey], now: UnixTime) -> Value {
    json!({
        "kid": row.kid,
        "algorithm": row.algorithm,
        "state": state(row, rows, now),
        "source": "ring",
        "created_at": row.created_at,
        "signs_from": row.signs_from,
        "verifies_until": row.verifies_until.filter(|until| *until < UnixTime::MAX),
    })
}

fn algorithm(text: &str) -> Result<Algorithm, String> {
    let known = || Algorithm::ALL.map(Algorithm::name).join(", ");
    text.parse().map_err(|_unknown| format!("`{}` is not known; write one of {}", text.escape_debug(), known()))
}
