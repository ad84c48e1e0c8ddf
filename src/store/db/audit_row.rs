//! The record of the audit as the table stores it.

use diesel::prelude::*;

use super::identity::user_id;
use super::schema::audit;
use super::storable::is_storable;
use crate::{Act, Action, Actor, AuditRecord, LoginId, StoreError, UnixTime, Via};

/// A row that is read.
#[derive(Queryable, Selectable)]
#[diesel(table_name = audit)]
pub(super) struct AuditRow {
    id: i64,
    at: UnixTime,
    action: String,
    user_id: Option<i64>,
    subject: Option<String>,
    count: i64,
    reason: Option<String>,
    actor: String,
    actor_name: Option<String>,
    login_id: Option<String>,
    via: Option<String>,
    address: Option<String>,
    user_agent: Option<String>,
    request_id: Option<String>,
}

impl AuditRow {
    /// The number and the record of the row.
    pub(super) fn into_record(self) -> Result<(i64, AuditRecord), StoreError> {
        let unknown = |what: &str, word: &str| {
            StoreError::new(format!(
                "the audit has a record with the {what} {word:?}, which this version does not know"
            ))
        };
        let action = Action::from_word(&self.action).ok_or_else(|| unknown("action", &self.action))?;
        let by = Actor::from_words(&self.actor, self.actor_name).ok_or_else(|| unknown("actor", &self.actor))?;
        let mut act = Act::new(by);
        act.login = self.login_id.map(LoginId::from);
        act.via = self.via.as_deref().and_then(Via::from_word);
        act.address = self.address.and_then(|address| address.parse().ok());
        act.user_agent = self.user_agent;
        act.request_id = self.request_id;
        let mut record = AuditRecord::new(self.at, action, act).counting(self.count.unsigned_abs());
        record.user = self.user_id.map(|user| user.to_string());
        record.subject = self.subject;
        record.reason = self.reason;
        Ok((self.id, record))
    }
}

/// A row that is written.
#[derive(Insertable)]
#[diesel(table_name = audit, treat_none_as_default_value = false)]
pub(super) struct NewAuditRow<'a> {
    at: UnixTime,
    action: &'static str,
    user_id: Option<i64>,
    subject: Option<&'a str>,
    count: i64,
    reason: Option<&'a str>,
    actor: &'static str,
    actor_name: Option<&'a str>,
    login_id: Option<&'a str>,
    via: Option<&'static str>,
    address: Option<String>,
    user_agent: Option<&'a str>,
    request_id: Option<&'a str>,
}

impl<'a> From<&'a AuditRecord> for NewAuditRow<'a> {
    /// A text that the database cannot hold is left out: it must not hinder the change.
    fn from(record: &'a AuditRecord) -> Self {
        let text = |text: &'a Option<String>| text.as_deref().filter(|text| is_storable(text));
        let act = &record.act;
        Self {
            at: record.at,
            action: record.action.as_str(),
            user_id: record.user.as_deref().and_then(user_id),
            subject: text(&record.subject),
            count: i64::try_from(record.count).unwrap_or(i64::MAX),
            reason: text(&record.reason),
            actor: act.by.kind(),
            actor_name: act.by.name().map(|name| if is_storable(name) { name } else { "?" }),
            login_id: act.login.as_ref().map(LoginId::as_str).filter(|login| is_storable(login)),
            via: act.via.map(Via::as_str),
            address: act.address.map(|address| address.to_string()),
            user_agent: text(&act.user_agent),
            request_id: text(&act.request_id),
        }
    }
}
