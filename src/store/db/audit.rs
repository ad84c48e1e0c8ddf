//! The audit: a record of each change, written in the transaction of the change.

use std::collections::HashMap;

use diesel::alias;
use diesel::prelude::*;

use super::audit_row::{AuditRow, NewAuditRow};
use super::connection::{Connection, each};
use super::database::Database;
use super::identity::user_id;
use super::schema::{audit, users};
use super::storable::is_storable;
use crate::{Act, Action, AuditRecord, AuditStore, LoginId, StoreError, StoreFuture, UnixTime};

/// What anybody can make many of.
const FAILURE: &str = Action::SignInFailed.as_str();

/// How many names one query asks for. SQLite has a bound for the parameters of a statement.
const NAMES_AT_ONCE: usize = 1000;

/// Which records of the audit are asked for. Without a filter: all.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Those about the account of this user.
    pub user: Option<i64>,
    /// Those with one of these actions, if there are any.
    pub actions: Vec<Action>,
    /// Those about this login, token or key, and those made by this login.
    pub subject: Option<String>,
    /// Those made at this time or later.
    pub since: Option<UnixTime>,
    /// Those made before this time.
    pub until: Option<UnixTime>,
    /// Those with a higher number.
    pub above: Option<i64>,
}

impl AuditStore for Database {
    fn add_record<'a>(&'a self, record: &'a AuditRecord) -> StoreFuture<'a, ()> {
        let record = record.clone();
        Box::pin(self.write(move |connection| write(connection, &record)))
    }

    fn records_of<'a>(
        &'a self,
        identity: &'a str,
        actions: &'a [Action],
        most: usize,
    ) -> StoreFuture<'a, Vec<AuditRecord>> {
        Box::pin(async move {
            let Some(user) = user_id(identity) else { return Ok(Vec::new()) };
            let filter = AuditFilter { user: Some(user), actions: actions.to_vec(), ..AuditFilter::default() };
            Ok(self.audit(filter, most).await?.into_iter().map(|(_number, record)| record).collect())
        })
    }
}

impl Database {
    /// The last records of the audit that the filter lets through, at most `most`, the latest first, each with its number.
    ///
    /// Numbers grow, but on PostgreSQL a record may appear after one with a higher number: its transaction took longer.
    ///
    /// # Errors
    ///
    /// When the database is unavailable.
    pub async fn audit(&self, filter: AuditFilter, most: usize) -> Result<Vec<(i64, AuditRecord)>, StoreError> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        if filter.subject.as_deref().is_some_and(|subject| !is_storable(subject)) {
            return Ok(Vec::new());
        }
        let find = move |connection: &mut Connection| {
            let actions: Vec<&str> = filter.actions.iter().map(|action| action.as_str()).collect();
            each!(connection, c => {
                let mut query = audit::table.select(AuditRow::as_select()).order(audit::id.desc()).limit(most).into_boxed();
                if let Some(user) = filter.user {
                    query = query.filter(audit::user_id.eq(user));
                }
                if !actions.is_empty() {
                    query = query.filter(audit::action.eq_any(actions));
                }
                if let Some(subject) = &filter.subject {
                    query = query.filter(audit::subject.eq(subject).or(audit::login_id.eq(subject)));
                }
                if let Some(since) = filter.since {
                    query = query.filter(audit::at.ge(since));
                }
                if let Some(until) = filter.until {
                    query = query.filter(audit::at.lt(until));
                }
                if let Some(above) = filter.above {
                    query = query.filter(audit::id.gt(above));
                }
                query.load(c)
            })
        };
        self.read_in_pool(find).await?.into_iter().map(AuditRow::into_record).collect()
    }

    /// The id of the last user who had this name, by the records of accounts that were made and deleted.
    ///
    /// # Errors
    ///
    /// When the database is unavailable.
    pub async fn user_named_in_audit(&self, username: &str) -> Result<Option<i64>, StoreError> {
        if !is_storable(username) {
            return Ok(None);
        }
        let username = username.to_owned();
        let find = move |connection: &mut Connection| {
            let accounts = [Action::UserAdded.as_str(), Action::UserDeleted.as_str()];
            each!(connection, c => {
                audit::table
                    .filter(audit::action.eq_any(accounts))
                    .filter(audit::subject.eq(&username))
                    .order(audit::id.desc())
                    .select(audit::user_id)
                    .first(c)
                    .optional()
            })
        };
        Ok(self.read_in_pool(find).await?.flatten())
    }

    /// The names of those of these users who are there.
    ///
    /// # Errors
    ///
    /// When the database is unavailable.
    pub async fn usernames(&self, mut ids: Vec<i64>) -> Result<HashMap<i64, String>, StoreError> {
        ids.sort_unstable();
        ids.dedup();
        let find = move |connection: &mut Connection| {
            let mut names = HashMap::new();
            for some in ids.chunks(NAMES_AT_ONCE) {
                let found: Vec<(i64, String)> = each!(connection, c => {
                    users::table.filter(users::id.eq_any(some)).select((users::id, users::username)).load(c)
                })?;
                names.extend(found);
            }
            Ok(names)
        };
        self.read_in_pool(find).await
    }

    /// The groups that have more than `most` records.
    pub(super) async fn groups_with_too_many_records(&self, most: i64) -> Result<Vec<RecordGroup>, StoreError> {
        let find = move |connection: &mut Connection| {
            let mut found = Vec::new();
            for failures in [true, false] {
                let users: Vec<Option<i64>> = each!(connection, c => {
                    audit::table
                        .filter(audit::action.eq(FAILURE).eq(failures))
                        .group_by(audit::user_id)
                        .having(diesel::dsl::count(audit::id).gt(most))
                        .select(audit::user_id)
                        .load(c)
                })?;
                // What an operator does to nobody's account is kept for its time.
                let users = users.into_iter().filter(|user| failures || user.is_some());
                found.extend(users.map(|user| RecordGroup { user, failures }));
            }
            Ok(found)
        };
        self.read_in_pool(find).await
    }
}

/// Writes a record, in the transaction of its change.
pub(super) fn write(connection: &mut Connection, record: &AuditRecord) -> QueryResult<()> {
    let row = NewAuditRow::from(record);
    each!(connection, c => diesel::insert_into(audit::table).values(&row).execute(c)).map(|_rows| ())
}

/// The record of something that was done to the account of a user.
pub(super) fn of_user(user: i64, action: Action, act: &Act, now: UnixTime) -> AuditRecord {
    AuditRecord::new(now, action, act.clone()).of_user(user.to_string())
}

/// The record of something that was done to a login.
pub(super) fn of_login(user: i64, login: &LoginId, action: Action, act: &Act, now: UnixTime) -> AuditRecord {
    of_user(user, action, act, now).about(login.as_str())
}

/// Deletes some of the first `limit` records: those that are as old as `by`.
pub(super) fn delete_old(connection: &mut Connection, by: UnixTime, limit: i64) -> QueryResult<usize> {
    let first = alias!(audit as first);
    let oldest = first.order(first.field(audit::id)).limit(limit).select(first.field(audit::id));
    each!(connection, c => {
        diesel::delete(audit::table.filter(audit::id.eq_any(oldest)).filter(audit::at.le(by))).execute(c)
    })
}

/// The records about a user, whose number is bounded. Failed sign-ins count apart: anybody can make them, and must not crowd out
/// what was done.
#[derive(Clone, Copy)]
pub(super) struct RecordGroup {
    /// `None`: those of names that nobody has.
    user: Option<i64>,
    failures: bool,
}

/// Deletes up to `limit` of the records of a group, but the last `kept` ones.
pub(super) fn delete_excess(
    connection: &mut Connection,
    group: RecordGroup,
    kept: i64,
    limit: i64,
) -> QueryResult<usize> {
    each!(connection, c => {
        let mut excess = audit::table
            .filter(audit::action.eq(FAILURE).eq(group.failures))
            .order(audit::id.desc())
            .offset(kept)
            .limit(limit)
            .select(audit::id)
            .into_boxed();
        excess = match group.user {
            Some(user) => excess.filter(audit::user_id.eq(user)),
            None => excess.filter(audit::user_id.is_null()),
        };
        let excess: Vec<i64> = excess.load(c)?;
        diesel::delete(audit::table.filter(audit::id.eq_any(excess))).execute(c)
    })
}
