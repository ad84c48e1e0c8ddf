//! The one-time codes of the database, and its [`CodeStore`].

use diesel::alias;
use diesel::dsl::exists;
use diesel::prelude::*;

use super::audit;
use super::connection::{Connection, each};
use super::database::Database;
use super::schema::{login_codes, logins};
use crate::{
    Act, Action, Actor, AuditRecord, CodeHash, CodeStore, LoginId, MAX_CODES_OF_LOGIN, OneTimeCode, StoreFuture,
    UnixTime,
};

/// The code as the table stores it.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = login_codes, treat_none_as_default_value = false)]
struct CodeRow {
    hash: Vec<u8>,
    login_id: String,
    credential_epoch: i64,
    auth_time: Option<UnixTime>,
    expires_at: UnixTime,
}

impl CodeRow {
    /// The code of the row, which was found by this hash.
    fn into_code(self, hash: CodeHash) -> OneTimeCode {
        OneTimeCode {
            hash,
            login: LoginId::from(self.login_id),
            credential_epoch: self.credential_epoch,
            auth_time: self.auth_time,
            expires_at: self.expires_at,
        }
    }
}

impl CodeStore for Database {
    /// A code of a login that is not live is not inserted: it would never be usable.
    fn insert_code<'a>(&'a self, code: &'a OneTimeCode, act: &'a Act, now: UnixTime) -> StoreFuture<'a, bool> {
        let row = CodeRow {
            hash: code.hash.0.to_vec(),
            login_id: code.login.as_str().to_owned(),
            credential_epoch: code.credential_epoch,
            auth_time: code.auth_time,
            expires_at: code.expires_at,
        };
        let made = record(Action::CodeMade, &code.login, act, now);
        let insert = move |connection: &mut Connection| {
            if !lock_live_login(connection, &row.login_id, now)? {
                return Ok(false);
            }
            each!(connection, c => {
                let of_login = login_codes::table.filter(login_codes::login_id.eq(&row.login_id));
                diesel::delete(of_login.filter(login_codes::expires_at.le(now))).execute(c)?;
                let count: i64 = of_login.count().get_result(c)?;
                if usize::try_from(count).is_ok_and(|count| count >= MAX_CODES_OF_LOGIN) {
                    return Ok(false);
                }
                diesel::insert_into(login_codes::table).values(&row).execute(c)
            })?;
            audit::write(connection, &made)?;
            Ok(true)
        };
        Box::pin(self.write(move |connection| connection.transaction(insert)))
    }

    fn find_code<'a>(&'a self, hash: &'a CodeHash, now: UnixTime) -> StoreFuture<'a, Option<OneTimeCode>> {
        let hash = *hash;
        Box::pin(async move {
            let found = self.read(move |connection| {
                each!(connection, c => {
                    login_codes::table
                        .filter(login_codes::hash.eq(&hash.0[..]))
                        .filter(login_codes::taken.eq(false))
                        .filter(login_codes::expires_at.gt(now))
                        .select(CodeRow::as_select())
                        .get_result(c)
                        .optional()
                })
            });
            Ok(found.await?.map(|row| row.into_code(hash)))
        })
    }

    /// Of a login that is not live no code is taken.
    fn take_code<'a>(
        &'a self,
        hash: &'a CodeHash,
        act: &'a Act,
        now: UnixTime,
    ) -> StoreFuture<'a, Option<OneTimeCode>> {
        let (hash, act) = (*hash, act.clone());
        Box::pin(async move {
            let take = move |connection: &mut Connection| {
                let taken = each!(connection, c => {
                    let live_login = logins::table
                        .filter(logins::id.eq(login_codes::login_id))
                        .filter(logins::ended_at.is_null())
                        .filter(logins::expires_at.gt(now));
                    diesel::update(login_codes::table)
                        .filter(login_codes::hash.eq(&hash.0[..]))
                        .filter(login_codes::taken.eq(false))
                        .filter(login_codes::expires_at.gt(now))
                        .filter(exists(live_login))
                        .set(login_codes::taken.eq(true))
                        .returning(CodeRow::as_returning())
                        .get_result(c)
                        .optional()
                })?;
                let Some(row) = taken else { return Ok(None) };
                let code = row.into_code(hash);
                audit::write(connection, &record(Action::CodeUsed, &code.login, &act, now))?;
                Ok(Some(code))
            };
            self.write(move |connection| connection.transaction(take)).await
        })
    }
}

/// The record of what the user of the act does with a code of this login.
fn record(action: Action, login: &LoginId, act: &Act, now: UnixTime) -> AuditRecord {
    let record = AuditRecord::new(now, action, act.clone()).about(login.as_str());
    match &act.by {
        Actor::User(identity) => record.of_user(identity),
        _ => record,
    }
}

/// Whether the login is live at `now`. If it is, nothing ends it until this transaction ends. Must be called in a
/// transaction.
fn lock_live_login(connection: &mut Connection, login: &str, now: UnixTime) -> QueryResult<bool> {
    let live = logins::table
        .filter(logins::id.eq(login))
        .filter(logins::ended_at.is_null())
        .filter(logins::expires_at.gt(now))
        .select(logins::id);
    let found: Option<String> = match connection {
        // The transaction holds the write lock from its start.
        Connection::Sqlite(c) => live.get_result(c).optional(),
        Connection::Postgres(c) => live.for_no_key_update().get_result(c).optional(),
    }?;
    Ok(found.is_some())
}

/// Deletes up to `limit` expired codes, the oldest first.
pub(super) fn delete_expired(connection: &mut Connection, now: UnixTime, limit: i64) -> QueryResult<usize> {
    let expired = alias!(login_codes as expired);
    let (hash, expires_at) = (expired.field(login_codes::hash), expired.field(login_codes::expires_at));
    let oldest = expired.filter(expires_at.le(now)).order(expires_at).select(hash).limit(limit);
    each!(connection, c => diesel::delete(login_codes::table.filter(login_codes::hash.eq_any(oldest))).execute(c))
}
