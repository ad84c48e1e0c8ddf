//! `tollbridge user`: manages accounts. The server need not run. A running one applies each change from the next
//! request.

use std::error::Error;
use std::path::absolute;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::consent::require_consent;
use super::operator;
use super::output::{print, table};
use super::password::PasswordSource;
use crate::Clock;
use crate::server::accounts::MAX_USERNAME;
use crate::server::config::Config;
use crate::server::resources::{open_database, password_hasher};
use crate::store::db::{CreateUserError, Database, NewUser, User};

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Create an account
    Add(Add),
    /// List the accounts
    List(Json),
    /// Show one account
    Show(Show),
    /// Give a user a new password, and end all their logins
    Password(Password),
    /// Disable an account, so that its user cannot sign in, and end all its logins
    Disable(Named),
    /// Enable a disabled account
    Enable(Named),
    /// Delete an account with all its logins, for ever
    Delete(Delete),
}

#[derive(Debug, Args)]
pub(super) struct Named {
    /// The name to sign in with
    username: String,
}

#[derive(Debug, Args)]
pub(super) struct Json {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Add {
    #[command(flatten)]
    who: Named,
    /// The name to be shown [default: the username]
    #[arg(long, value_name = "NAME")]
    full_name: Option<String>,
    #[command(flatten)]
    password: PasswordSource,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    #[command(flatten)]
    who: Named,
    #[command(flatten)]
    format: Json,
}

#[derive(Debug, Args)]
pub(super) struct Password {
    #[command(flatten)]
    who: Named,
    #[command(flatten)]
    password: PasswordSource,
}

#[derive(Debug, Args)]
pub(super) struct Delete {
    #[command(flatten)]
    who: Named,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

type CommandResult = Result<(), Box<dyn Error>>;

impl UserCommand {
    pub(super) async fn run(self, config: &Config) -> CommandResult {
        if !matches!(self, Self::Add(_)) {
            require_database(config)?;
        }
        let database = open_database(config).await?.0;
        let clock = Clock::system();
        match self {
            Self::Add(add) => add.run(&database, config, &clock).await,
            Self::List(Json { json }) => list(&database, json).await,
            Self::Show(Show { who, format }) => show(&find(&database, &who.username).await?, format.json),
            Self::Password(change) => change.run(&database, config, &clock).await,
            Self::Disable(who) => set_active(&database, &who.username, false, &clock).await,
            Self::Enable(who) => set_active(&database, &who.username, true, &clock).await,
            Self::Delete(delete) => delete.run(&database, &clock).await,
        }
    }
}

impl Add {
    async fn run(self, database: &Database, config: &Config, clock: &Clock) -> CommandResult {
        let username = self.who.username;
        check_username(&username)?;
        let full_name = self.full_name.unwrap_or_else(|| username.clone());
        if full_name.contains(char::is_control) {
            return Err("the full name has a control character in it; leave it out".into());
        }
        // Checked before the prompt for the password.
        let refused = |error| match error {
            CreateUserError::UsernameTaken => taken(&username),
            error => error.into(),
        };
        database.check_username(&username).await.map_err(refused)?;
        let password = self.password.read(&config.password.policy(), &[&username, &full_name])?;
        let password_hash = password_hasher(&config.password)?.hash(password).await?;
        let user = NewUser { id: None, username: username.clone(), full_name, password_hash, created_at: clock.now() };
        let user = database.create_user(user, &operator::act()).await.map_err(refused)?;
        Ok(print(&format!("added {} with the id {}\n", user.username, user.id))?)
    }
}

impl Password {
    async fn run(self, database: &Database, config: &Config, clock: &Clock) -> CommandResult {
        let user = find(database, &self.who.username).await?;
        let password = self.password.read(&config.password.policy(), &[&user.username, &user.full_name])?;
        let hash = password_hasher(&config.password)?.hash(password).await?;
        if !database.reset_password(user.id, &hash, &operator::act(), clock.now()).await? {
            return Err(unknown(&user.username));
        }
        Ok(print(&format!("changed the password of {} and ended all their logins\n", user.username))?)
    }
}

impl Delete {
    async fn run(self, database: &Database, clock: &Clock) -> CommandResult {
        let user = find(database, &self.who.username).await?;
        let question = format!("Delete {} and all their logins for ever?", user.username);
        require_consent(self.yes, &question, "nothing was deleted")?;
        if !database.delete_user(user.id, &operator::act(), clock.now()).await? {
            return Err(unknown(&user.username));
        }
        Ok(print(&format!("deleted {}\n", user.username))?)
    }
}

/// An error when there is no database, where nothing but a new account may make one.
pub(super) fn require_database(config: &Config) -> Result<(), String> {
    let Some(path) = config.database.url.sqlite_path().filter(|path| !path.exists()) else { return Ok(()) };
    let path = absolute(path).unwrap_or_else(|_error| path.to_owned());
    Err(format!(
        "there is no database at {}; name it with --database-url, or run this in the directory of the server",
        path.display()
    ))
}

pub(super) async fn find(database: &Database, username: &str) -> Result<User, Box<dyn Error>> {
    match database.find_by_username(username).await? {
        Some((user, _)) => Ok(user),
        None => Err(unknown(username)),
    }
}

async fn list(database: &Database, json: bool) -> CommandResult {
    let users = database.list_users().await?;
    if json {
        return print_json(&users.iter().map(to_json).collect());
    }
    let rows: Vec<_> = users.iter().map(row).collect();
    Ok(print(&table(["ID", "USERNAME", "FULL NAME", "STATE"], &rows))?)
}

fn show(user: &User, json: bool) -> CommandResult {
    if json {
        return print_json(&to_json(user));
    }
    Ok(print(&table(["ID", "USERNAME", "FULL NAME", "STATE"], &[row(user)]))?)
}

async fn set_active(database: &Database, username: &str, active: bool, clock: &Clock) -> CommandResult {
    let user = find(database, username).await?;
    if !database.set_active(user.id, active, &operator::act(), clock.now()).await? {
        return Err(unknown(&user.username));
    }
    let done = if active { "enabled" } else { "ended all logins of, and disabled," };
    Ok(print(&format!("{done} {}\n", user.username))?)
}

fn row(user: &User) -> [String; 4] {
    let state = if user.active { "active" } else { "disabled" };
    [user.id.to_string(), user.username.clone(), user.full_name.clone(), state.to_owned()]
}

fn to_json(user: &User) -> Value {
    json!({ "id": user.id, "username": user.username, "full_name": user.full_name, "active": user.active })
}

pub(super) fn print_json(value: &Value) -> CommandResult {
    Ok(print(&format!("{value:#}\n"))?)
}

fn check_username(username: &str) -> Result<(), String> {
    let length = username.chars().count();
    if length == 0 || length > MAX_USERNAME {
        return Err(format!("the username has {length} characters; choose one with 1 to {MAX_USERNAME}"));
    }
    if username.trim() != username || username.contains(char::is_control) {
        return Err("the username begins or ends with a space, or has a control character in it; leave them out".into());
    }
    Ok(())
}

fn unknown(username: &str) -> Box<dyn Error> {
    let username = username.escape_debug();
    format!("there is no user {username}; `tollbridge user list` shows those there are").into()
}

fn taken(username: &str) -> Box<dyn Error> {
    format!("the username {username} is taken; choose another one").into()
}
