//! `tollbridge audit`: shows what was done, when, and by whom. The server need not run.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::time::{Duration, Instant};

use actix_web::rt::time::sleep;
use clap::Args;
use serde_json::{Value, json};

use super::output::{moment, print, table};
use super::user::{find, require_database};
use crate::server::config::Config;
use crate::server::date::unix_time;
use crate::server::device::device;
use crate::server::resources::open_database;
use crate::store::db::{AuditFilter, Database};
use crate::{Action, Actor, AuditRecord, Clock, UnixTime, Via};

/// The time between two looks for new records.
const INTERVAL: Duration = Duration::from_millis(500);

/// How long after a record one with a lower number may still appear: longer than any transaction takes.
const LATEST: Duration = Duration::from_secs(60);

#[derive(Debug, Args)]
pub(super) struct Audit {
    /// Show what was done to the account of this user, also of one who has been deleted
    #[arg(long, value_name = "USERNAME")]
    user: Option<String>,
    /// Show this action only, such as refreshed; can be given several times
    #[arg(long = "action", value_name = "ACTION", value_parser = action)]
    actions: Vec<Action>,
    /// Show what was done to this login, API token or key, and what this login did
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    about: Option<String>,
    /// Show what was done since then: a time such as 2026-11-27T08:00:00Z, or so long ago, such as 24h
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<UnixTime>,
    /// Show what was done before then
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<UnixTime>,
    /// Show so many records, the last ones
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Go on, and show each record when it is made
    #[arg(long, conflicts_with = "until")]
    follow: bool,
    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
}

type CommandResult = Result<(), Box<dyn Error>>;

impl Audit {
    pub(super) async fn run(self, config: &Config) -> CommandResult {
        require_database(config)?;
        let database = open_database(config).await?.0;
        let user = match &self.user {
            Some(username) => Some(user_id(&database, username).await?),
            None => None,
        };
        let mut filter = AuditFilter {
            user,
            actions: self.actions.clone(),
            subject: self.about.clone(),
            since: self.since,
            until: self.until,
            above: None,
        };
        let limit = usize::try_from(self.limit)?;
        let mut shown = BTreeMap::new();
        self.show(&database, database.audit(filter.clone(), limit).await?, &mut shown, true).await?;
        if !self.follow {
            return Ok(());
        }
        // What came before the first one stays unshown.
        filter.above = shown.keys().next().map(|first| first - 1);
        loop {
            sleep(INTERVAL).await;
            let found = database.audit(filter.clone(), usize::MAX).await?;
            self.show(&database, found, &mut shown, false).await?;
            // A record whose transaction took longer has a lower number than others that are shown already.
            while let Some(first) = shown.first_entry().filter(|first| first.get().elapsed() > LATEST) {
                filter.above = Some(*first.key());
                first.remove();
            }
        }
    }

    /// Prints the records that are not shown yet, the first one first.
    async fn show(
        &self,
        database: &Database,
        found: Vec<(i64, AuditRecord)>,
        shown: &mut BTreeMap<i64, Instant>,
        with_head: bool,
    ) -> CommandResult {
        let mut new: Vec<_> = found.into_iter().filter(|(number, _)| !shown.contains_key(number)).collect();
        new.reverse();
        shown.extend(new.iter().map(|(number, _)| (*number, Instant::now())));
        let ids: Vec<i64> = new.iter().flat_map(|(_, record)| users_of(record)).collect();
        let names = if ids.is_empty() { HashMap::new() } else { database.usernames(ids).await? };
        let text = if self.json {
            new.iter().map(|(number, record)| format!("{}\n", to_json(*number, record, &names))).collect()
        } else {
            let rows: Vec<_> = new.iter().map(|(_, record)| row(record, &names)).collect();
            let text = table(["TIME", "ACTION", "USER", "BY", "VIA", "FROM", "ABOUT", "COUNT", "WHY"], &rows);
            if with_head { text } else { text.split_once('\n').map_or("", |(_, rows)| rows).to_owned() }
        };
        Ok(print(&text)?)
    }
}

/// The id of the user with this name, also of one who has been deleted.
async fn user_id(database: &Database, username: &str) -> Result<i64, Box<dyn Error>> {
    match find(database, username).await {
        Ok(user) => Ok(user.id),
        Err(unknown) => database.user_named_in_audit(username).await?.ok_or(unknown),
    }
}

/// The users whom a record names.
fn users_of(record: &AuditRecord) -> impl Iterator<Item = i64> {
    let by = match &record.act.by {
        Actor::User(identity) => Some(identity),
        _ => None,
    };
    record.user.iter().chain(by).filter_map(|identity| identity.parse().ok())
}

/// The name of a user, or the id of one who has been deleted.
fn name(identity: &str, names: &HashMap<i64, String>) -> String {
    let name = identity.parse().ok().and_then(|id: i64| names.get(&id).cloned());
    name.unwrap_or_else(|| format!("#{identity}"))
}

fn row(record: &AuditRecord, names: &HashMap<i64, String>) -> [String; 9] {
    let act = &record.act;
    let by = match &act.by {
        Actor::User(identity) => name(identity, names),
        other => other.name().map_or_else(|| other.kind().to_owned(), |name| format!("{} {name}", other.kind())),
    };
    let address = act.address.map(|address| address.to_string());
    let agent = act.user_agent.as_deref().map(|agent| device(Some(agent)));
    [
        moment(record.at),
        record.action.as_str().to_owned(),
        record.user.as_deref().map(|user| name(user, names)).unwrap_or_default(),
        by,
        act.via.map(|via| via.as_str().to_owned()).unwrap_or_default(),
        [address, agent].into_iter().flatten().collect::<Vec<_>>().join(" "),
        record.subject.clone().unwrap_or_default(),
        record.count.to_string(),
        record.reason.clone().unwrap_or_default(),
    ]
}

fn to_json(number: i64, record: &AuditRecord, names: &HashMap<i64, String>) -> Value {
    let act = &record.act;
    json!({
        "number": number,
        "at": record.at,
        "action": record.action.as_str(),
        "user_id": record.user,
        "username": record.user.as_deref().and_then(|id| names.get(&id.parse().ok()?)),
        "subject": record.subject,
        "count": record.count,
        "reason": record.reason,
        "actor": act.by.kind(),
        "actor_name": act.by.name(),
        "login": act.login,
        "via": act.via.map(Via::as_str),
        "address": act.address,
        "user_agent": act.user_agent,
        "request_id": act.request_id,
    })
}

fn action(word: &str) -> Result<Action, String> {
    let known = || Action::ALL.iter().map(|action| action.as_str()).collect::<Vec<_>>().join(", ");
    Action::from_word(word).ok_or_else(|| format!("`{}` is not known; write one of {}", word.escape_debug(), known()))
}

/// A time, or the time that is so long ago.
fn time(text: &str) -> Result<UnixTime, String> {
    if let Some(time) = unix_time(text) {
        return Ok(time);
    }
    let ago = humantime::parse_duration(text).ok().and_then(|ago| i64::try_from(ago.as_secs()).ok());
    let ago = ago.ok_or("write a time such as 2026-11-27T08:00:00Z, or how long ago, such as 24h or 7d")?;
    Ok(Clock::system().now().saturating_sub(ago))
}
