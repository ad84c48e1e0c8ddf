//! The counters of failed attempts, and their [`AttemptStore`].

use std::collections::{HashMap, HashSet};

use diesel::alias;
use diesel::prelude::*;
use diesel::result::Error as QueryError;
use diesel::upsert::excluded;

use super::connection::{Connection, each};
use super::database::Database;
use super::schema::attempts;
use crate::{AttemptChange, AttemptStore, Attempts, StoreFuture, UnixTime};

/// A counter as the table stores it.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = attempts)]
struct AttemptRow {
    counter: i64,
    forgotten_at: UnixTime,
    blocked_until: UnixTime,
}

impl AttemptStore for Database {
    fn read_attempts<'a>(&'a self, counters: &'a [u32]) -> StoreFuture<'a, Vec<Attempts>> {
        let counters = numbers(counters);
        Box::pin(self.read(move |connection| {
            let rows = each!(connection, c => {
                attempts::table.filter(attempts::counter.eq_any(&counters)).select(AttemptRow::as_select()).load(c)
            })?;
            Ok(in_order(&counters, rows))
        }))
    }

    fn change_attempts<'a>(&'a self, counters: &'a [u32], change: AttemptChange) -> StoreFuture<'a, Vec<Attempts>> {
        let counters = numbers(counters);
        let change = move |connection: &mut Connection| {
            loop {
                let changed = connection.transaction(|connection| change_locked(connection, &counters, &change));
                match changed {
                    // Only until the next sweep that forgets them.
                    Err(QueryError::RollbackTransaction) => insert_missing(connection, &counters)?,
                    changed => return changed,
                }
            }
        };
        Box::pin(self.write(change))
    }
}

/// Changes the counters, in a transaction. It is rolled back where a row is not there that must be locked.
fn change_locked(connection: &mut Connection, counters: &[i64], change: &AttemptChange) -> QueryResult<Vec<Attempts>> {
    let before = in_order(counters, lock(connection, counters)?);
    let mut after = before.clone();
    if change(&mut after) {
        let rows = counters.iter().zip(after).map(|(counter, after)| AttemptRow::new(*counter, after));
        store(connection, &rows.collect::<Vec<_>>())?;
    }
    Ok(before)
}

impl AttemptRow {
    fn new(counter: i64, attempts: Attempts) -> Self {
        Self { counter, forgotten_at: attempts.forgotten_at, blocked_until: attempts.blocked_until }
    }
}

fn numbers(counters: &[u32]) -> Vec<i64> {
    counters.iter().copied().map(i64::from).collect()
}

/// The rows, which nobody else changes until the transaction ends.
fn lock(connection: &mut Connection, counters: &[i64]) -> QueryResult<Vec<AttemptRow>> {
    let rows = attempts::table.filter(attempts::counter.eq_any(counters));
    match connection {
        // The transaction holds the write lock from its start.
        Connection::Sqlite(c) => rows.select(AttemptRow::as_select()).load(c),
        Connection::Postgres(c) => {
            // In the order of their numbers, so that nobody waits in a circle. A row that is not there cannot be locked.
            let rows = rows.order(attempts::counter).for_update().select(AttemptRow::as_select()).load(c)?;
            let distinct = counters.iter().collect::<HashSet<_>>().len();
            if rows.len() == distinct { Ok(rows) } else { Err(QueryError::RollbackTransaction) }
        }
    }
}

/// Makes rows for the counters that have none.
fn insert_missing(connection: &mut Connection, counters: &[i64]) -> QueryResult<()> {
    let Connection::Postgres(c) = connection else { return Ok(()) };
    let new: Vec<_> = counters.iter().map(|counter| AttemptRow::new(*counter, Attempts::default())).collect();
    diesel::insert_into(attempts::table).values(&new).on_conflict_do_nothing().execute(c).map(|_rows| ())
}

/// Writes the rows, in one statement where there can be one: each is a journey to a server far away.
fn store(connection: &mut Connection, rows: &[AttemptRow]) -> QueryResult<()> {
    macro_rules! upsert {
        ($connection:ident, $rows:expr) => {
            diesel::insert_into(attempts::table)
                .values($rows)
                .on_conflict(attempts::counter)
                .do_update()
                .set((
                    attempts::forgotten_at.eq(excluded(attempts::forgotten_at)),
                    attempts::blocked_until.eq(excluded(attempts::blocked_until)),
                ))
                .execute($connection)
                .map(|_rows| ())
        };
    }
    match connection {
        Connection::Sqlite(c) => rows.iter().try_for_each(|row| upsert!(c, row)),
        Connection::Postgres(c) => upsert!(c, rows),
    }
}

/// The counters in the order in which they were asked for. One without a row is like a new one.
fn in_order(counters: &[i64], rows: Vec<AttemptRow>) -> Vec<Attempts> {
    let attempts = |row: AttemptRow| Attempts { forgotten_at: row.forgotten_at, blocked_until: row.blocked_until };
    let rows: HashMap<i64, Attempts> = rows.into_iter().map(|row| (row.counter, attempts(row))).collect();
    counters.iter().map(|counter| rows.get(counter).copied().unwrap_or_default()).collect()
}

/// Deletes up to `limit` counters of which nothing is left.
pub(super) fn delete_forgotten(connection: &mut Connection, now: UnixTime, limit: i64) -> QueryResult<usize> {
    let over = alias!(attempts as over);
    let (counter, forgotten_at) = (over.field(attempts::counter), over.field(attempts::forgotten_at));
    let blocked_until = over.field(attempts::blocked_until);
    let over = over.filter(forgotten_at.le(now)).filter(blocked_until.le(now)).select(counter).limit(limit);
    // It may have been counted again since it was chosen.
    let unused = attempts::table.filter(attempts::forgotten_at.le(now)).filter(attempts::blocked_until.le(now));
    each!(connection, c => diesel::delete(unused.filter(attempts::counter.eq_any(over))).execute(c))
}
