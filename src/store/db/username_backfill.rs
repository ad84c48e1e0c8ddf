//! The keys and skeletons of the names that were there before them.

use diesel::prelude::*;

use super::connection::{Connection, each};
use super::schema::users;
use super::username::{skeleton, username_key};

/// How many names are read at once.
const BATCH: i64 = 1000;

/// Fills the columns, in the transaction of the migration. It leaves the names as they are.
pub(super) fn fill(connection: &mut Connection) -> QueryResult<()> {
    let mut last = i64::MIN;
    loop {
        let names: Vec<(i64, String)> = each!(connection, c => {
            users::table
                .filter(users::id.gt(last))
                .order(users::id)
                .limit(BATCH)
                .select((users::id, users::username))
                .load(c)
        })?;
        let Some((highest, _)) = names.last() else { return Ok(()) };
        last = *highest;
        for (id, name) in &names {
            each!(connection, c => {
                diesel::update(users::table.find(id))
                    .set((users::username_key.eq(username_key(name)), users::username_skeleton.eq(skeleton(name))))
                    .execute(c)
            })?;
        }
    }
}
