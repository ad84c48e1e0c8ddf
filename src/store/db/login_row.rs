//! The row of a login, and its conversion.

use diesel::prelude::*;

use super::schema::logins;
use crate::{EndReason, Login, RememberRecord, StoreError, UnixTime};

/// A login as the table stores it.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = logins, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(super) struct LoginRow {
    id: String,
    user_id: i64,
    credential_epoch: i64,
    created_at: UnixTime,
    auth_time: UnixTime,
    amr: String,
    expires_at: UnixTime,
    last_seen_at: UnixTime,
    ended_at: Option<UnixTime>,
    end_reason: Option<String>,
    user_agent: Option<String>,
    ip: Option<String>,
    refresh_generation: i64,
    refresh_rotated_at: UnixTime,
    refresh_confirmed: bool,
    remember_selector: Option<String>,
    remember_hash: Option<Vec<u8>>,
    remember_generation: Option<i64>,
    remember_rotated_at: Option<UnixTime>,
    /// `true` without a remember cookie.
    remember_confirmed: bool,
    remember_expires_at: Option<UnixTime>,
}

impl LoginRow {
    /// The row of a login of this user.
    pub(super) fn new(user_id: i64, login: &Login) -> Self {
        let (ended_at, end_reason) = login.ended.unzip();
        let remember = login.remember.as_ref();
        Self {
            id: login.id.as_str().to_owned(),
            user_id,
            credential_epoch: login.credential_epoch,
            created_at: login.created_at,
            auth_time: login.auth_time,
            amr: login.amr.clone(),
            expires_at: login.expires_at,
            last_seen_at: login.last_seen_at,
            ended_at,
            end_reason: end_reason.map(|reason| reason.as_str().to_owned()),
            user_agent: login.user_agent.clone(),
            ip: login.ip.clone(),
            refresh_generation: login.refresh_generation,
            refresh_rotated_at: login.refresh_rotated_at,
            refresh_confirmed: login.refresh_confirmed,
            remember_selector: remember.map(|remember| remember.selector.clone()),
            remember_hash: remember.map(|remember| remember.validator_hash.to_vec()),
            remember_generation: remember.map(|remember| remember.generation),
            remember_rotated_at: remember.map(|remember| remember.rotated_at),
            remember_confirmed: remember.is_none_or(|remember| remember.confirmed),
            remember_expires_at: remember.map(|remember| remember.expires_at),
        }
    }

    /// The login of the row; an error when a column is unreadable or a group of columns is incomplete.
    pub(super) fn into_login(self) -> Result<Login, StoreError> {
        let unreadable = |what| StoreError::new(format!("the stored login {} has {what}", self.id));
        let ended = match (self.ended_at, self.end_reason) {
            (None, None) => None,
            (Some(at), Some(word)) => {
                let reason = EndReason::from_word(&word);
                Some((at, reason.ok_or_else(|| unreadable("an end reason that is not known"))?))
            }
            _ => return Err(unreadable("half an end")),
        };
        let remember = match (
            self.remember_selector,
            self.remember_hash,
            self.remember_generation,
            self.remember_rotated_at,
            self.remember_expires_at,
        ) {
            (None, None, None, None, None) => None,
            (Some(selector), Some(hash), Some(generation), Some(rotated_at), Some(expires_at)) => {
                Some(RememberRecord {
                    selector,
                    validator_hash: hash
                        .try_into()
                        .map_err(|_hash| unreadable("a remember hash that is not SHA-256"))?,
                    generation,
                    rotated_at,
                    confirmed: self.remember_confirmed,
                    expires_at,
                })
            }
            _ => return Err(unreadable("half a remember cookie")),
        };
        Ok(Login {
            id: self.id.into(),
            identity: self.user_id.to_string(),
            credential_epoch: self.credential_epoch,
            created_at: self.created_at,
            auth_time: self.auth_time,
            amr: self.amr,
            expires_at: self.expires_at,
            last_seen_at: self.last_seen_at,
            ended,
            user_agent: self.user_agent,
            ip: self.ip,
            refresh_generation: self.refresh_generation,
            refresh_rotated_at: self.refresh_rotated_at,
            refresh_confirmed: self.refresh_confirmed,
            remember,
        })
    }
}
