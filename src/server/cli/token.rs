//! `tollbridge token`: manages the API tokens of users, and explains tokens. The server need not run. A running one applies
//! each change from the next request.

use std::error::Error;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::output::{moment, print, table};
use super::user::{find, print_json, require_database};
use super::{inspect, operator};
use crate::bridge::auth::api_tokens::too_many;
use crate::bridge::model::UserFacts;
use crate::server::config::Config;
use crate::server::resources::open_database;
use crate::store::db::Database;
use crate::{
    ApiToken, ApiTokenId, ApiTokenInsertion, ApiTokenStore as _, Clock, NewApiToken, UnixTime, UserStore as _,
};

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Make an API token for a user, and print it
    Issue(Issue),
    /// List the API tokens of a user
    List(List),
    /// Revoke an API token
    Revoke(Revoke),
    /// Explain a token that is read from standard input
    Inspect,
}

#[derive(Debug, Args)]
pub(super) struct Issue {
    /// The name that the user signs in with
    username: String,
    /// What the token is for
    #[arg(long)]
    name: String,
    /// What the token may do; can be given several times [default: all but operations on the account]
    #[arg(long = "ability", value_name = "ABILITY")]
    abilities: Vec<String>,
    /// How long the token lives, such as 90d [default: until it is revoked]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    expires_in: Option<Duration>,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// The name that the user signs in with
    username: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Revoke {
    /// The id of the token, from `tollbridge token list`
    id: String,
}

type CommandResult = Result<(), Box<dyn Error>>;

impl TokenCommand {
    pub(super) async fn run(self, config: &Config) -> CommandResult {
        let clock = Clock::system();
        match self {
            Self::Issue(issue) => issue.run(&open(config).await?, &clock).await,
            Self::List(list) => list.run(&open(config).await?, &clock).await,
            Self::Revoke(revoke) => revoke.run(&open(config).await?, &clock).await,
            Self::Inspect => inspect::run(config),
        }
    }
}

async fn open(config: &Config) -> Result<Database, Box<dyn Error>> {
    require_database(config)?;
    Ok(open_database(config).await?.0)
}

impl Issue {
    /// Prints the token alone to standard output, so that a script can take it.
    async fn run(self, database: &Database, clock: &Clock) -> CommandResult {
        let user = find(database, &self.username).await?;
        if !user.active {
            return Err(format!("{} is disabled; `tollbridge user enable` enables them", user.username).into());
        }
        let mut new = NewApiToken::named(self.name);
        if !self.abilities.is_empty() {
            new = new.abilities(self.abilities);
        }
        if let Some(lifetime) = self.expires_in {
            new = new.expires_in(lifetime);
        }
        let facts = UserFacts {
            identity: database.identity(&user),
            active: user.active,
            credential_epoch: user.credential_epoch,
        };
        let issued = new.issue(facts, None, clock.now()).map_err(|error| error.detail().into_owned())?;
        match database.insert_api_token(issued.record(), &operator::act()).await? {
            ApiTokenInsertion::Inserted => Ok(print(&format!("{}\n", issued.text()))?),
            ApiTokenInsertion::TooMany => Err(too_many().detail().into_owned().into()),
            ApiTokenInsertion::Outdated => Err(format!("{} has changed meanwhile; try again", user.username).into()),
        }
    }
}

impl List {
    async fn run(self, database: &Database, clock: &Clock) -> CommandResult {
        let user = find(database, &self.username).await?;
        let mut tokens = database.api_tokens_of(&database.identity(&user)).await?;
        tokens.retain(|token| token.is_live(clock.now()));
        if self.json {
            return print_json(&tokens.iter().map(to_json).collect());
        }
        let rows: Vec<_> = tokens.iter().map(row).collect();
        Ok(print(&table(["ID", "NAME", "ABILITIES", "MADE", "LAST USED", "EXPIRES"], &rows))?)
    }
}

impl Revoke {
    async fn run(self, database: &Database, clock: &Clock) -> CommandResult {
        let id = ApiTokenId::from(self.id);
        let unknown = || format!("there is no API token {}", id.as_str().escape_debug());
        let token = database.find_api_token(&id).await?.ok_or_else(unknown)?;
        if !database.revoke_api_token(&id, &token.identity, &operator::act(), clock.now()).await? {
            return Err(format!("the API token {id} is revoked already").into());
        }
        Ok(print(&format!("revoked {id}\n"))?)
    }
}

fn row(token: &ApiToken) -> [String; 6] {
    let time = |at: Option<UnixTime>| at.map_or_else(|| "never".to_owned(), moment);
    [
        token.id.to_string(),
        token.name.clone(),
        token.abilities.to_string(),
        moment(token.created_at),
        time(token.last_used_at),
        time(token.expires_at),
    ]
}

fn to_json(token: &ApiToken) -> Value {
    json!({
        "id": token.id,
        "name": token.name,
        "abilities": token.abilities.iter().collect::<Vec<_>>(),
        "created_at": token.created_at,
        "created_by": token.created_by,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
    })
}
