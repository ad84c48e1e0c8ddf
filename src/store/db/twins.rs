//! Accounts whose names can be taken for each other. New ones are refused; these are from before.

use diesel::dsl::count_star;
use diesel::prelude::*;

use super::connection::each;
use super::database::Database;
use super::schema::users;
use super::user_row::User;
use crate::StoreError;

/// Accounts with names that look the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twins {
    /// The accounts, in the order of their ids: at least two.
    pub users: Vec<User>,
    /// Whether sign-in compares all of these names as equal, so that each has to be spelled as it was given.
    pub are_equal: bool,
}

impl Database {
    /// All accounts whose names can be taken for each other.
    ///
    /// # Errors
    ///
    /// When the database is unavailable.
    pub async fn twins(&self) -> Result<Vec<Twins>, StoreError> {
        let rows = self.read_in_pool(|connection| {
            each!(connection, c => {
                let shared: Vec<Option<String>> = users::table
                    .group_by(users::username_skeleton)
                    .having(count_star().gt(1))
                    .select(users::username_skeleton)
                    .load(c)?;
                let mut rows: Vec<(User, Option<String>, Option<String>)> = Vec::new();
                for skeleton in shared.into_iter().flatten() {
                    rows.extend(
                        users::table
                            .filter(users::username_skeleton.eq(skeleton))
                            .order(users::id)
                            .select((User::as_select(), users::username_key, users::username_skeleton))
                            .load::<(User, Option<String>, Option<String>)>(c)?,
                    );
                }
                Ok(rows)
            })
        });
        let rows = rows.await?;
        let groups = rows.chunk_by(|one, next| one.2 == next.2);
        let twins = groups.map(|group| Twins {
            users: group.iter().map(|(user, ..)| user.clone()).collect(),
            are_equal: group.iter().all(|(_, key, _)| key.is_some() && *key == group[0].1),
        });
        Ok(twins.collect())
    }
}
