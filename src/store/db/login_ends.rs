//! The end of several logins at once, in the transaction that asks for it.

use diesel::alias;
use diesel::prelude::*;

use super::connection::{Connection, each};
use super::schema::{logins, sessions};
use crate::{EndReason, UnixTime};

/// How many logins one insertion ends at most. It is one, unless the bound has been lowered.
const EXCESS_AT_ONCE: i64 = 10_000;

/// Ends all logins of a user but `except`, and deletes their sessions. Must be called in a transaction.
pub(super) fn end_of_user(
    connection: &mut Connection,
    user: i64,
    except: Option<&str>,
    reason: EndReason,
    now: UnixTime,
) -> QueryResult<usize> {
    // No login has an empty id, so the empty text excepts none.
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

/// Ends the live logins of a user but those `kept` that began last, and deletes their sessions. Returns their number. Must
/// be called in a transaction.
pub(super) fn end_oldest(connection: &mut Connection, user: i64, kept: i64, now: UnixTime) -> QueryResult<usize> {
    each!(connection, c => {
        let excess: Vec<String> = logins::table
            .filter(logins::user_id.eq(user))
            .filter(logins::ended_at.is_null())
            .filter(logins::expires_at.gt(now))
            .order((logins::created_at.desc(), logins::id.desc()))
            .select(logins::id)
            .limit(EXCESS_AT_ONCE)
            .offset(kept)
            .load(c)?;
        if !excess.is_empty() {
            diesel::update(logins::table.filter(logins::id.eq_any(&excess)))
                .set((logins::ended_at.eq(now), logins::end_reason.eq(EndReason::TooMany.as_str())))
                .execute(c)?;
            diesel::delete(sessions::table.filter(sessions::login_id.eq_any(&excess))).execute(c)?;
        }
        Ok(excess.len())
    })
}

/// Deletes up to `limit` logins that ended or expired at `by` or earlier, with their sessions.
pub(super) fn delete_ended(connection: &mut Connection, by: UnixTime, limit: i64) -> QueryResult<usize> {
    let over = alias!(logins as over);
    let (ended_at, expires_at) = (over.field(logins::ended_at), over.field(logins::expires_at));
    let some = over.filter(ended_at.le(by).or(expires_at.le(by))).select(over.field(logins::id)).limit(limit);
    each!(connection, c => diesel::delete(logins::table.filter(logins::id.eq_any(some))).execute(c))
}
