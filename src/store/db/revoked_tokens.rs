//! The access tokens that were revoked one by one, and their [`RevokedTokenStore`].

use diesel::prelude::*;

use super::audit;
use super::connection::{Connection, each};
use super::database::Database;
use super::schema::revoked_tokens;
use super::signing_keys::advance;
use crate::{Act, Action, AuditRecord, RevokedToken, RevokedTokenStore, StoreFuture, UnixTime};

impl RevokedTokenStore for Database {
    /// Every node learns of it with the next login that it reads.
    fn revoke_token<'a>(
        &'a self,
        token: &'a RevokedToken,
        identity: &'a str,
        act: &'a Act,
        now: UnixTime,
    ) -> StoreFuture<'a, ()> {
        let revoked = AuditRecord::new(now, Action::AccessTokenRevoked, act.clone());
        let revoked = revoked.of_user(identity).about(&*token.id);
        let RevokedToken { id, expires_at } = token.clone();
        let revoke = move |connection: &mut Connection| {
            let rows = each!(connection, c => {
                diesel::insert_into(revoked_tokens::table)
                    .values((revoked_tokens::jti.eq(&id), revoked_tokens::expires_at.eq(expires_at)))
                    .on_conflict_do_nothing()
                    .execute(c)
            })?;
            if rows == 0 {
                return Ok(());
            }
            audit::write(connection, &revoked)?;
            advance(connection)
        };
        Box::pin(self.write(move |connection| connection.transaction(revoke)))
    }

    fn revoked_tokens(&self, now: UnixTime) -> StoreFuture<'_, Vec<RevokedToken>> {
        Box::pin(async move {
            let rows: Vec<(String, UnixTime)> = self
                .read_in_pool(move |connection| {
                    each!(connection, c => {
                        revoked_tokens::table
                            .filter(revoked_tokens::expires_at.gt(now))
                            .select((revoked_tokens::jti, revoked_tokens::expires_at))
                            .load(c)
                    })
                })
                .await?;
            Ok(rows.into_iter().map(|(id, expires_at)| RevokedToken { id, expires_at }).collect())
        })
    }
}

/// Deletes the tokens that have expired. Nobody needs to learn of it.
pub(super) fn delete_expired(connection: &mut Connection, now: UnixTime) -> QueryResult<usize> {
    each!(connection, c => diesel::delete(revoked_tokens::table.filter(revoked_tokens::expires_at.le(now))).execute(c))
}
