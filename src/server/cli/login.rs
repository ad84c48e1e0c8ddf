//! `tollbridge login`: lists and ends the logins of users. The server need not run. A running one refuses what has ended
//! from the next request on.

use std::error::Error;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::consent::require_consent;
use super::operator;
use super::output::{moment, print, table};
use super::progress::Progress;
use super::user::{find, print_json, require_database};
use crate::server::config::Config;
use crate::server::device::device;
use crate::server::resources::open_database;
use crate::store::db::Database;
use crate::{Clock, EndReason, Login, LoginId, LoginStore, UnixTime, UserStore as _};

#[derive(Debug, Subcommand)]
pub(super) enum LoginCommand {
    /// List the live logins of a user
    List(List),
    /// End a login, all logins of a user, or those of everybody
    End(End),
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
pub(super) struct End {
    #[command(flatten)]
    which: Which,
    /// Do not ask before more than one login ends
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// The id of the login, from `tollbridge login list`
    #[arg(allow_hyphen_values = true)]
    id: Option<String>,
    /// End all logins of this user; their API tokens stay
    #[arg(long, value_name = "USERNAME")]
    all_of: Option<String>,
    /// End the logins of all users; API tokens stay
    #[arg(long)]
    everybody: bool,
}

/// What is said when the operator does not agree.
const NOTHING: &str = "no login was ended";

type CommandResult = Result<(), Box<dyn Error>>;

impl LoginCommand {
    pub(super) async fn run(self, config: &Config) -> CommandResult {
        require_database(config)?;
        let database = open_database(config).await?.0;
        let now = Clock::system().now();
        match self {
            Self::List(list) => list.run(&database, now).await,
            Self::End(end) => end.run(&database, now).await,
        }
    }
}

impl List {
    async fn run(self, database: &Database, now: UnixTime) -> CommandResult {
        let user = find(database, &self.username).await?;
        let mut logins = database.logins_of(&database.identity(&user), now).await?;
        logins.retain(|login| login.credential_epoch == user.credential_epoch);
        if self.json {
            return print_json(&logins.iter().map(to_json).collect());
        }
        let rows: Vec<_> = logins.iter().map(row).collect();
        Ok(print(&table(["ID", "DEVICE", "ADDRESS", "SIGNED IN", "LAST SEEN", "EXPIRES"], &rows))?)
    }
}

impl End {
    async fn run(self, database: &Database, now: UnixTime) -> CommandResult {
        let Which { id, all_of, everybody } = self.which;
        if everybody {
            require_consent(self.yes, "End the logins of all users, that is sign everybody out?", NOTHING)?;
            let mut progress = Progress::new("logins ended");
            let act = operator::act();
            let ended = database.end_everybody(EndReason::Revoked, &act, now, |so_far| progress.tell(so_far));
            let ended = ended.await?;
            drop(progress);
            return Ok(print(&format!("ended {ended} logins of all users\n"))?);
        }
        if let Some(username) = all_of {
            let user = find(database, &username).await?;
            require_consent(self.yes, &format!("End all logins of {}?", user.username), NOTHING)?;
            let identity = database.identity(&user);
            let ended = database.end_all(&identity, None, EndReason::Revoked, &operator::act(), now).await?;
            return Ok(print(&format!("ended {} logins of {}\n", ended.unwrap_or_default(), user.username))?);
        }
        let id = LoginId::from(id.unwrap_or_default());
        let shown = id.as_str().escape_debug();
        match LoginStore::find(database, &id).await? {
            None => {
                Err(format!("there is no login {shown}; `tollbridge login list USERNAME` shows those of a user").into())
            }
            Some(login)
                if !login.is_live(now) || !database.end(&id, EndReason::Revoked, &operator::act(), now).await? =>
            {
                Err(format!("the login {shown} is over already").into())
            }
            Some(_) => Ok(print(&format!("ended {shown}\n"))?),
        }
    }
}

fn row(login: &Login) -> [String; 6] {
    [
        login.id.to_string(),
        device(login.user_agent.as_deref()),
        login.ip.clone().unwrap_or_default(),
        moment(login.created_at),
        moment(login.last_seen_at),
        moment(login.expires_at),
    ]
}

fn to_json(login: &Login) -> Value {
    json!({
        "id": login.id,
        "device": device(login.user_agent.as_deref()),
        "user_agent": login.user_agent,
        "ip": login.ip,
        "created_at": login.created_at,
        "auth_time": login.auth_time,
        "amr": login.amr,
        "last_seen_at": login.last_seen_at,
        "expires_at": login.expires_at,
    })
}
