//! The API tokens of the database, and its [`ApiTokenStore`].

use diesel::alias;
use diesel::prelude::*;

use super::api_token_row::ApiTokenRow;
use super::audit;
use super::connection::{Connection, each};
use super::database::Database;
use super::identity::user_id;
use super::logins;
use super::read::unreadable;
use super::schema::{api_tokens, users};
use super::storable::is_storable;
use super::user_row::User;
use super::write::row_count;
use crate::{
    Act, Action, ApiToken, ApiTokenId, ApiTokenInsertion, ApiTokenStore, MAX_API_TOKENS_OF_USER, StoreError,
    StoreFuture, UnixTime,
};

impl ApiTokenStore for Database {
    fn insert_api_token<'a>(&'a self, token: &'a ApiToken, act: &'a Act) -> StoreFuture<'a, ApiTokenInsertion> {
        Box::pin(async move {
            let Some(user) = user_id(&token.identity) else { return Ok(ApiTokenInsertion::Outdated) };
            if !is_storable(&token.name) || !is_storable(token.abilities.as_str()) {
                return Err(StoreError::new("the name of an API token must not contain the character U+0000"));
            }
            let row = ApiTokenRow::new(user, token);
            let made = audit::of_user(user, Action::ApiTokenMade, act, token.created_at).about(token.id.as_str());
            let (epoch, now) = (token.credential_epoch, token.created_at);
            let created_by = token.created_by.as_ref().map(|login| login.as_str().to_owned());
            let insert = move |connection: &mut Connection| {
                // From here on no logout of everything, no change of password and no other insertion comes between.
                if logins::lock_user(connection, user)? != Some(epoch) {
                    return Ok(ApiTokenInsertion::Outdated);
                }
                if let Some(login) = &created_by
                    && !logins::is_live(connection, user, login, now)?
                {
                    return Ok(ApiTokenInsertion::Outdated);
                }
                if count_live(connection, user, now)? >= MAX_API_TOKENS_OF_USER as i64 {
                    return Ok(ApiTokenInsertion::TooMany);
                }
                each!(connection, c => diesel::insert_into(api_tokens::table).values(&row).execute(c))?;
                audit::write(connection, &made)?;
                Ok(ApiTokenInsertion::Inserted)
            };
            self.write(move |connection| connection.transaction(insert)).await
        })
    }

    fn find_api_token<'a>(&'a self, id: &'a ApiTokenId) -> StoreFuture<'a, Option<ApiToken>> {
        Box::pin(async move {
            if !is_storable(id.as_str()) {
                return Ok(None);
            }
            let id = id.as_str().to_owned();
            let found = self.read(move |connection| {
                each!(connection, c => {
                    api_tokens::table
                        .filter(api_tokens::id.eq(&id))
                        .select(ApiTokenRow::as_select())
                        .get_result(c)
                        .optional()
                })
            });
            found.await?.map(ApiTokenRow::into_token).transpose()
        })
    }

    fn api_tokens_of<'a>(&'a self, identity: &'a str) -> StoreFuture<'a, Vec<ApiToken>> {
        Box::pin(async move {
            let Some(user) = user_id(identity) else { return Ok(Vec::new()) };
            let found = self.read(move |connection| {
                each!(connection, c => {
                    api_tokens::table
                        .filter(api_tokens::user_id.eq(user))
                        .filter(api_tokens::revoked_at.is_null())
                        .order((api_tokens::created_at.desc(), api_tokens::id.desc()))
                        .select(ApiTokenRow::as_select())
                        .load(c)
                })
            });
            found.await?.into_iter().map(ApiTokenRow::into_token).collect()
        })
    }

    fn revoke_api_token<'a>(
        &'a self,
        id: &'a ApiTokenId,
        identity: &'a str,
        act: &'a Act,
        now: UnixTime,
    ) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let Some(user) = user_id(identity).filter(|_| is_storable(id.as_str())) else { return Ok(false) };
            let id = id.as_str().to_owned();
            let revoked = audit::of_user(user, Action::ApiTokenRevoked, act, now).about(&*id);
            let revoke = move |connection: &mut Connection| {
                let rows = each!(connection, c => {
                    diesel::update(api_tokens::table)
                        .filter(api_tokens::id.eq(&id))
                        .filter(api_tokens::user_id.eq(user))
                        .filter(api_tokens::revoked_at.is_null())
                        .set(api_tokens::revoked_at.eq(now))
                        .execute(c)
                })?;
                if rows == 1 {
                    audit::write(connection, &revoked)?;
                }
                Ok(rows == 1)
            };
            self.write(move |connection| connection.transaction(revoke)).await
        })
    }

    fn revoke_api_tokens_of<'a>(&'a self, identity: &'a str, act: &'a Act, now: UnixTime) -> StoreFuture<'a, u64> {
        Box::pin(async move {
            let Some(user) = user_id(identity) else { return Ok(0) };
            let all = audit::of_user(user, Action::ApiTokensRevoked, act, now);
            let revoke = move |connection: &mut Connection| {
                logins::lock_user(connection, user)?;
                let revoked = row_count(revoke_of_user(connection, user, now)?);
                if revoked > 0 {
                    audit::write(connection, &all.counting(revoked))?;
                }
                Ok(revoked)
            };
            self.write(move |connection| connection.transaction(revoke)).await
        })
    }

    /// Best effort: see [`Database`].
    fn touch_api_token<'a>(&'a self, id: &'a ApiTokenId, now: UnixTime) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.note(|batch| &mut batch.api_tokens, id.as_str().to_owned(), now).await;
            Ok(())
        })
    }
}

impl Database {
    /// An API token and its user, by one query, whose result is cached on SQLite.
    pub(super) async fn find_user_of_api_token(
        &self,
        id: &ApiTokenId,
    ) -> Result<(Option<User>, Option<ApiToken>), StoreError> {
        if !is_storable(id.as_str()) {
            return Ok((None, None));
        }
        let find = |id: String| {
            move |connection: &mut Connection| {
                let found = each!(connection, c => {
                    users::table
                        .inner_join(api_tokens::table)
                        .filter(api_tokens::id.eq(&id))
                        .select((User::as_select(), ApiTokenRow::as_select()))
                        .get_result(c)
                        .optional()
                })?;
                found.map(|(user, token)| Ok((user, token.into_token().map_err(unreadable)?))).transpose()
            }
        };
        Ok(self.read_cached(|cache| &mut cache.api_tokens, id.as_str(), find).await?.unzip())
    }
}

fn count_live(connection: &mut Connection, user: i64, now: UnixTime) -> QueryResult<i64> {
    each!(connection, c => {
        api_tokens::table
            .filter(api_tokens::user_id.eq(user))
            .filter(api_tokens::revoked_at.is_null())
            .filter(api_tokens::expires_at.is_null().or(api_tokens::expires_at.gt(now)))
            .count()
            .get_result(c)
    })
}

/// Revokes all tokens of a user.
pub(super) fn revoke_of_user(connection: &mut Connection, user: i64, now: UnixTime) -> QueryResult<usize> {
    each!(connection, c => {
        diesel::update(api_tokens::table)
            .filter(api_tokens::user_id.eq(user))
            .filter(api_tokens::revoked_at.is_null())
            .set(api_tokens::revoked_at.eq(now))
            .execute(c)
    })
}

/// Sets when these tokens were last used. It waits for no other transaction, as that of
/// [logins](super::logins::touch).
pub(super) fn touch(connection: &mut Connection, ids: &[String], used_at: UnixTime) -> QueryResult<()> {
    match connection {
        Connection::Sqlite(c) => diesel::update(api_tokens::table.filter(api_tokens::id.eq_any(ids)))
            .set(api_tokens::last_used_at.eq(used_at))
            .execute(c),
        Connection::Postgres(c) => {
            let free = api_tokens::table.filter(api_tokens::id.eq_any(ids)).select(api_tokens::id);
            let free: Vec<String> = free.for_no_key_update().skip_locked().load(c)?;
            diesel::update(api_tokens::table.filter(api_tokens::id.eq_any(free)))
                .set(api_tokens::last_used_at.eq(used_at))
                .execute(c)
        }
    }
    .map(|_rows| ())
}

/// Deletes up to `limit` tokens that were revoked or expired at `by` or earlier.
pub(super) fn delete_over(connection: &mut Connection, by: UnixTime, limit: i64) -> QueryResult<usize> {
    let over = alias!(api_tokens as over);
    let (revoked_at, expires_at) = (over.field(api_tokens::revoked_at), over.field(api_tokens::expires_at));
    let some = over.filter(revoked_at.le(by).or(expires_at.le(by))).select(over.field(api_tokens::id)).limit(limit);
    each!(connection, c => diesel::delete(api_tokens::table.filter(api_tokens::id.eq_any(some))).execute(c))
}
