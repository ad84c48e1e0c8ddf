//! The sessions of the database, and its [`SessionStore`].

use diesel::alias;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as QueryError};

use super::connection::{Connection, each};
use super::database::Database;
use super::schema::sessions;
use super::storable::is_storable;
use crate::{LoginId, MAX_SESSIONS_OF_LOGIN, SessionHash, SessionRecord, SessionStore, StoreFuture, UnixTime};

/// The sessions of a login beside a new one.
const OTHERS_OF_LOGIN: i64 = MAX_SESSIONS_OF_LOGIN as i64 - 1;

/// How many sessions one insertion deletes at most. Usually it is one.
const EXCESS_AT_ONCE: i64 = 100;

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = sessions, treat_none_as_null = true, treat_none_as_default_value = false)]
struct SessionValues {
    state: String,
    login_id: Option<String>,
    expires_at: UnixTime,
}

impl From<&SessionRecord> for SessionValues {
    fn from(record: &SessionRecord) -> Self {
        Self {
            state: record.state.clone(),
            login_id: record.login.as_ref().map(|login| login.as_str().to_owned()),
            expires_at: record.expires_at,
        }
    }
}

impl SessionStore for Database {
    fn load_session<'a>(&'a self, key: &'a SessionHash, now: UnixTime) -> StoreFuture<'a, Option<SessionRecord>> {
        Box::pin(async move {
            let find = |key: [u8; 32]| {
                move |connection: &mut Connection| {
                    each!(connection, c => {
                        sessions::table
                            .filter(sessions::key_hash.eq(&key[..]))
                            .select((sessions::state, sessions::login_id, sessions::expires_at))
                            .get_result::<(String, Option<String>, UnixTime)>(c)
                            .optional()
                    })
                    .map(|found| {
                        found.map(|(state, login, expires_at)| SessionRecord {
                            state,
                            login: login.map(LoginId::from),
                            expires_at,
                        })
                    })
                }
            };
            let found = self.read_cached(|cache| &mut cache.sessions, &key.0, find).await?;
            Ok(found.filter(|session| now < session.expires_at))
        })
    }

    /// The session of a deleted login is not inserted: it would never be usable.
    fn insert_session<'a>(&'a self, key: &'a SessionHash, record: &'a SessionRecord) -> StoreFuture<'a, ()> {
        let SessionHash(key) = *key;
        let values = SessionValues::from(record);
        Box::pin(self.write(move |connection| {
            let inserted = each!(connection, c => {
                diesel::insert_into(sessions::table).values((sessions::key_hash.eq(&key[..]), &values)).execute(c)
            });
            let rows = zero_if_login_is_gone(inserted)?;
            match &values.login_id {
                Some(login) if rows == 1 => delete_excess(connection, login, &key),
                _ => Ok(()),
            }
        }))
    }

    /// The session of a deleted login is not updated: `false`.
    fn update_session<'a>(&'a self, key: &'a SessionHash, record: &'a SessionRecord) -> StoreFuture<'a, bool> {
        let SessionHash(key) = *key;
        let values = SessionValues::from(record);
        Box::pin(self.write(move |connection| {
            let updated = each!(connection, c => {
                diesel::update(sessions::table.filter(sessions::key_hash.eq(&key[..]))).set(&values).execute(c)
            });
            zero_if_login_is_gone(updated).map(|rows| rows == 1)
        }))
    }

    /// Best effort: see [`Database`].
    fn touch_session<'a>(&'a self, key: &'a SessionHash, expires_at: UnixTime) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.note(|batch| &mut batch.sessions, key.0, expires_at).await;
            Ok(())
        })
    }

    fn logins_with_session<'a>(&'a self, logins: &'a [LoginId], now: UnixTime) -> StoreFuture<'a, Vec<LoginId>> {
        let logins: Vec<_> = logins.iter().map(|id| id.as_str().to_owned()).filter(|id| is_storable(id)).collect();
        Box::pin(async move {
            let find = move |connection: &mut Connection| {
                each!(connection, c => {
                    sessions::table
                        .filter(sessions::login_id.eq_any(&logins))
                        .filter(sessions::expires_at.gt(now))
                        .select(sessions::login_id.assume_not_null())
                        .distinct()
                        .load::<String>(c)
                })
            };
            Ok(self.read(find).await?.into_iter().map(LoginId::from).collect())
        })
    }

    fn delete_session<'a>(&'a self, key: &'a SessionHash) -> StoreFuture<'a, ()> {
        let SessionHash(key) = *key;
        Box::pin(self.write(move |connection| {
            each!(connection, c => {
                diesel::delete(sessions::table.filter(sessions::key_hash.eq(&key[..]))).execute(c)
            })
            .map(|_rows| ())
        }))
    }
}

/// Deletes the sessions that are too many after this one of the same login has been inserted.
fn delete_excess(connection: &mut Connection, login: &str, inserted: &[u8]) -> QueryResult<()> {
    each!(connection, c => {
        let others = sessions::table.filter(sessions::login_id.eq(login)).filter(sessions::key_hash.ne(inserted));
        let excess: Vec<Vec<u8>> = others
            .order(sessions::expires_at.desc())
            .select(sessions::key_hash)
            .limit(EXCESS_AT_ONCE)
            .offset(OTHERS_OF_LOGIN)
            .load(c)?;
        if !excess.is_empty() {
            diesel::delete(sessions::table.filter(sessions::key_hash.eq_any(excess))).execute(c)?;
        }
        Ok(())
    })
}

/// Converts a violation of the foreign key, because the session's login does not exist, to 0 written rows.
fn zero_if_login_is_gone(written: QueryResult<usize>) -> QueryResult<usize> {
    match written {
        Err(QueryError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)) => Ok(0),
        written => written,
    }
}

/// Sets until when these sessions live. As for [logins](super::logins::touch), it waits for no other transaction.
pub(super) fn touch(connection: &mut Connection, keys: &[[u8; 32]], expires_at: UnixTime) -> QueryResult<()> {
    let keys: Vec<&[u8]> = keys.iter().map(|key| &key[..]).collect();
    match connection {
        Connection::Sqlite(c) => diesel::update(sessions::table.filter(sessions::key_hash.eq_any(keys)))
            .set(sessions::expires_at.eq(expires_at))
            .execute(c),
        Connection::Postgres(c) => {
            let free = sessions::table.filter(sessions::key_hash.eq_any(keys)).select(sessions::key_hash);
            let free: Vec<Vec<u8>> = free.for_no_key_update().skip_locked().load(c)?;
            diesel::update(sessions::table.filter(sessions::key_hash.eq_any(free)))
                .set(sessions::expires_at.eq(expires_at))
                .execute(c)
        }
    }
    .map(|_rows| ())
}

/// Deletes up to `limit` expired sessions, the oldest first.
pub(super) fn delete_expired(connection: &mut Connection, now: UnixTime, limit: i64) -> QueryResult<usize> {
    let expired = alias!(sessions as expired);
    let (key_hash, expires_at) = (expired.field(sessions::key_hash), expired.field(sessions::expires_at));
    let oldest = expired.filter(expires_at.le(now)).order(expires_at).select(key_hash).limit(limit);
    each!(connection, c => diesel::delete(sessions::table.filter(sessions::key_hash.eq_any(oldest))).execute(c))
}

/// Deletes the sessions of a login.
pub(super) fn delete_of_login(connection: &mut Connection, login: &str) -> QueryResult<usize> {
    each!(connection, c => diesel::delete(sessions::table.filter(sessions::login_id.eq(login))).execute(c))
}
