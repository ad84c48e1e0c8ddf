//! The counters of failed attempts, and their [`AttemptStore`].

use std::collections::HashMap;

use diesel::alias;
use diesel::prelude::*;
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
            let before = in_order(&counters, lock(connection, &counters)?);
            let mut after = before.clone();
            if change(&mut after) {
                let rows = counters.iter().zip(after).map(|(counter, after)| AttemptRow::new(*counter, after));
                let rows: Vec<_> = rows.collect();
                each!(connection, c => {
                    for row in &rows {
                        diesel::insert_into(attempts::table)
                            .values(row)
                            .on_conflict(attempts::counter)
                            .do_update()
                            .set((
                                attempts::forgotten_at.eq(excluded(attempts::forgotten_at)),
                                attempts::blocked_until.eq(excluded(attempts::blocked_until)),
                            ))
                            .execute(c)?;
                    }
                    QueryResult::Ok(())
                })?;
            }
            Ok(before)
        };
        Box::pin(self.write(move |connection| connection.transaction(change)))
    }
}

impl AttemptRow {
    fn new(counter: i64, attempts: Attempts) -> Self {
        Self { counter, forgotten_at: attempts.forgotten_at, blocked_until: attempts.blocked_until }
    }
}

fn numbers(counters: &[u32]) -> Vec<i64> {
    counters.iter().copied().map(i64::from).collect()
}

/// The rows that there are, which nobody else changes until the transaction ends.
fn lock(connection: &mut Connection, counters: &[i64]) -> QueryResult<Vec<AttemptRow>> {
    let rows = attempts::table.filter(attempts::counter.eq_any(counters));
    match connection {
        // The transaction holds the write lock from its start.
        Connection::Sqlite(c) => rows.select(AttemptRow::as_select()).load(c),
        Connection::Postgres(c) => {
            // A row that is not there cannot be locked. In the order of their numbers, so that nobody waits in a circle.
            let new: Vec<_> = counters.iter().map(|counter| AttemptRow::new(*counter, Attempts::default())).collect();
            diesel::insert_into(attempts::table).values(&new).on_conflict_do_nothing().execute(c)?;
            rows.order(attempts::counter).for_update().select(AttemptRow::as_select()).load(c)
        }
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
