//! Settings that all servers at one database agree on.

use diesel::prelude::*;

use super::connection::{Connection, each};
use super::database::Database;
use super::schema::settings;
use crate::StoreError;

impl Database {
    /// The value that the servers at this database agreed on under this name. The first one decides: if there is none,
    /// it becomes `value`.
    ///
    /// # Errors
    ///
    /// When the database is unavailable.
    pub async fn agree(&self, name: &'static str, value: &str) -> Result<String, StoreError> {
        let value = value.to_owned();
        let agree = move |connection: &mut Connection| {
            each!(connection, c => {
                diesel::insert_into(settings::table)
                    .values((settings::name.eq(name), settings::value.eq(&value)))
                    .on_conflict_do_nothing()
                    .execute(c)?;
                settings::table.filter(settings::name.eq(name)).select(settings::value).get_result(c)
            })
        };
        self.write(agree).await
    }

    /// Replaces what was agreed on under this name.
    ///
    /// # Errors
    ///
    /// When the database is unavailable.
    pub async fn agree_anew(&self, name: &'static str, value: &str) -> Result<(), StoreError> {
        let value = value.to_owned();
        let replace = move |connection: &mut Connection| {
            each!(connection, c => {
                diesel::insert_into(settings::table)
                    .values((settings::name.eq(name), settings::value.eq(&value)))
                    .on_conflict(settings::name)
                    .do_update()
                    .set(settings::value.eq(&value))
                    .execute(c)
            })
        };
        self.write(replace).await.map(|_rows| ())
    }
}
