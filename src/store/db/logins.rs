//! The table of logins.

use diesel::prelude::*;

use super::connection::{Connection, each};
use super::schema::{logins, sessions};
use super::users::user_id;
use super::{Database, rows, sessions as session_rows, storable};
use crate::{EndReason, Login, LoginId, LoginStore, Remember, StoreError, StoreFuture, UnixTime};

/// A login as the table has it.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = logins, treat_none_as_default_value = false)]
pub(super) struct Row {
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
    remember_selector: Option<String>,
    remember_hash: Option<Vec<u8>>,
    remember_generation: Option<i64>,
    remember_rotated_at: Option<UnixTime>,
    remember_expires_at: Option<UnixTime>,
}

impl Row {
    fn new(login: &Login) -> Result<Self, StoreError> {
        let user_id = user_id(&login.identity)
            .ok_or_else(|| StoreError::new("a login's identity must be the id of a user of this database"))?;
        let (ended_at, end_reason) = login.ended.unzip();
        let remember = login.remember.as_ref();
        Ok(Self {
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
            remember_selector: remember.map(|remember| remember.selector.clone()),
            remember_hash: remember.map(|remember| remember.validator_hash.to_vec()),
            remember_generation: remember.map(|remember| remember.generation),
            remember_rotated_at: remember.map(|remember| remember.rotated_at),
            remember_expires_at: remember.map(|remember| remember.expires_at),
        })
    }

    /// The record that the row stands for; an error when it can stand for none, never a guess.
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
            (Some(selector), Some(hash), Some(generation), Some(rotated_at), Some(expires_at)) => Some(Remember {
                selector,
                validator_hash: hash.try_into().map_err(|_hash| unreadable("a remember hash that is not SHA-256"))?,
                generation,
                rotated_at,
                expires_at,
            }),
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
            remember,
        })
    }
}

impl LoginStore for Database {
    /// An error when the user is not there: the login of a user who was deleted meanwhile must not begin.
    fn insert<'a>(&'a self, login: &'a Login) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let row = Row::new(login)?;
            self.write(
                move |connection| each!(connection, c => diesel::insert_into(logins::table).values(&row).execute(c)),
            )
            .await
            .map(|_rows| ())
        })
    }

    fn find<'a>(&'a self, id: &'a LoginId) -> StoreFuture<'a, Option<Login>> {
        Box::pin(async move {
            if !storable(id.as_str()) {
                return Ok(None);
            }
            let id = id.as_str().to_owned();
            let found = self.read(move |connection| {
                each!(connection, c => {
                    logins::table.filter(logins::id.eq(&id)).select(Row::as_select()).get_result(c).optional()
                })
            });
            found.await?.map(Row::into_login).transpose()
        })
    }

    fn find_remembered<'a>(&'a self, selector: &'a str) -> StoreFuture<'a, Option<Login>> {
        Box::pin(async move {
            if !storable(selector) {
                return Ok(None);
            }
            let selector = selector.to_owned();
            let found = self.read(move |connection| {
                each!(connection, c => {
                    logins::table
                        .filter(logins::remember_selector.eq(&selector))
                        .select(Row::as_select())
                        .get_result(c)
                        .optional()
                })
            });
            found.await?.map(Row::into_login).transpose()
        })
    }

    fn rotate_refresh<'a>(&'a self, id: &'a LoginId, generation: i64, now: UnixTime) -> StoreFuture<'a, bool> {
        let id = id.as_str().to_owned();
        Box::pin(async move {
            let rotated = self.write(move |connection| {
                each!(connection, c => {
                    diesel::update(logins::table)
                        .filter(logins::id.eq(&id))
                        .filter(logins::refresh_generation.eq(generation))
                        .filter(logins::ended_at.is_null())
                        .filter(logins::expires_at.gt(now))
                        .set((
                            logins::refresh_generation.eq(logins::refresh_generation + 1),
                            logins::refresh_rotated_at.eq(now),
                            logins::last_seen_at.eq(now),
                        ))
                        .execute(c)
                })
            });
            Ok(rotated.await? == 1)
        })
    }

    fn rotate_remember<'a>(&'a self, id: &'a LoginId, next: &'a Remember) -> StoreFuture<'a, bool> {
        let id = id.as_str().to_owned();
        let next = next.clone();
        Box::pin(async move {
            let rotated = self.write(move |connection| {
                each!(connection, c => {
                    diesel::update(logins::table)
                        .filter(logins::id.eq(&id))
                        .filter(logins::remember_generation.eq(next.generation.wrapping_sub(1)))
                        .filter(logins::ended_at.is_null())
                        .filter(logins::expires_at.gt(next.rotated_at))
                        .set((
                            logins::remember_selector.eq(&next.selector),
                            logins::remember_hash.eq(&next.validator_hash[..]),
                            logins::remember_generation.eq(next.generation),
                            logins::remember_rotated_at.eq(next.rotated_at),
                            logins::remember_expires_at.eq(next.expires_at),
                        ))
                        .execute(c)
                })
            });
            Ok(rotated.await? == 1)
        })
    }

    fn extend_remember<'a>(
        &'a self,
        id: &'a LoginId,
        generation: i64,
        expires_at: UnixTime,
        now: UnixTime,
    ) -> StoreFuture<'a, bool> {
        let id = id.as_str().to_owned();
        Box::pin(async move {
            let extended = self.write(move |connection| {
                each!(connection, c => {
                    diesel::update(logins::table)
                        .filter(logins::id.eq(&id))
                        .filter(logins::remember_generation.eq(generation))
                        .filter(logins::ended_at.is_null())
                        .filter(logins::expires_at.gt(now))
                        .set(logins::remember_expires_at.eq(expires_at))
                        .execute(c)
                })
            });
            Ok(extended.await? == 1)
        })
    }

    fn confirm<'a>(&'a self, id: &'a LoginId, now: UnixTime) -> StoreFuture<'a, bool> {
        let id = id.as_str().to_owned();
        Box::pin(async move {
            let confirmed = self.write(move |connection| {
                each!(connection, c => {
                    diesel::update(logins::table)
                        .filter(logins::id.eq(&id))
                        .filter(logins::ended_at.is_null())
                        .filter(logins::expires_at.gt(now))
                        .set((logins::auth_time.eq(now), logins::last_seen_at.eq(now)))
                        .execute(c)
                })
            });
            Ok(confirmed.await? == 1)
        })
    }

    fn touch<'a>(&'a self, id: &'a LoginId, now: UnixTime) -> StoreFuture<'a, ()> {
        let id = id.as_str().to_owned();
        Box::pin(async move {
            self.write(move |connection| {
                each!(connection, c => {
                    diesel::update(logins::table.filter(logins::id.eq(&id))).set(logins::last_seen_at.eq(now)).execute(c)
                })
            })
            .await
            .map(|_rows| ())
        })
    }

    fn end<'a>(&'a self, id: &'a LoginId, reason: EndReason, now: UnixTime) -> StoreFuture<'a, bool> {
        let id = id.as_str().to_owned();
        Box::pin(async move {
            let ended = self.write(move |connection| {
                connection.transaction(|connection| {
                    let ended = each!(connection, c => {
                        diesel::update(logins::table.filter(logins::id.eq(&id)).filter(logins::ended_at.is_null()))
                            .set((logins::ended_at.eq(now), logins::end_reason.eq(reason.as_str())))
                            .execute(c)
                    })?;
                    session_rows::delete_of_login(connection, &id)?;
                    Ok(ended)
                })
            });
            Ok(ended.await? == 1)
        })
    }

    fn end_all<'a>(
        &'a self,
        identity: &'a str,
        except: Option<&'a LoginId>,
        reason: EndReason,
        now: UnixTime,
    ) -> StoreFuture<'a, u64> {
        let except = except.map(|login| login.as_str().to_owned());
        Box::pin(async move {
            let Some(user) = user_id(identity) else { return Ok(0) };
            let ended = self.write(move |connection| {
                connection.transaction(|connection| end_of_user(connection, user, except.as_deref(), reason, now))
            });
            Ok(rows(ended.await?))
        })
    }
}

/// Ends every login of a user but `except`, and deletes their sessions. To be called in a transaction.
pub(super) fn end_of_user(
    connection: &mut Connection,
    user: i64,
    except: Option<&str>,
    reason: EndReason,
    now: UnixTime,
) -> QueryResult<usize> {
    // No login has an empty id, so that leaves none out.
    let except = except.unwrap_or_default();
    each!(connection, c => {
        let ended = diesel::update(logins::table)
            .filter(logins::user_id.eq(user))
            .filter(logins::id.ne(except))
            .filter(logins::ended_at.is_null())
            .set((logins::ended_at.eq(now), logins::end_reason.eq(reason.as_str())))
            .execute(c)?;
        let others = logins::table.filter(logins::user_id.eq(user)).filter(logins::id.ne(except)).select(logins::id);
        diesel::delete(sessions::table.filter(sessions::login_id.eq_any(others.nullable()))).execute(c)?;
        Ok(ended)
    })
}

/// Lets a user's login live on under their new credential epoch.
pub(super) fn renew_epoch(connection: &mut Connection, user: i64, login: &str, epoch: i64) -> QueryResult<usize> {
    each!(connection, c => {
        diesel::update(logins::table.filter(logins::id.eq(login)).filter(logins::user_id.eq(user)))
            .set(logins::credential_epoch.eq(epoch))
            .execute(c)
    })
}

/// Deletes the logins whose end is no later than `by`, with their sessions.
pub(super) fn delete_ended(connection: &mut Connection, by: UnixTime) -> QueryResult<usize> {
    each!(connection, c => {
        diesel::delete(logins::table.filter(logins::ended_at.le(by).or(logins::expires_at.le(by)))).execute(c)
    })
}
