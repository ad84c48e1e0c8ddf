//! Whether the database can be written.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::connection::{Connection, each};
use super::database::Database;
use super::schema::settings;
use crate::StoreError;

/// How long a result holds, so that whoever asks cannot keep the database writing.
const HOLDS: Duration = Duration::from_secs(1);

/// The name of the setting that is written.
const NAME: &str = "last_probe";

impl Database {
    /// Whether the database can be written: a small write, at most one a second. On SQLite one that another write holds
    /// up is no failure.
    ///
    /// # Errors
    ///
    /// When it cannot, as when the disk is full.
    pub async fn probe_write(&self) -> Result<(), StoreError> {
        self.check_file()?;
        let mut last = self.0.last_probe.lock().await;
        if last.as_ref().is_none_or(|(at, _)| at.elapsed() >= HOLDS) {
            let written = self.0.probe_pool.run(write).await.and_then(|written| written.map_err(StoreError::new));
            *last = Some((Instant::now(), written.err().map(|error| error.to_string())));
        }
        let fault = last.as_ref().and_then(|(_, fault)| fault.clone());
        fault.map_or(Ok(()), |fault| Err(StoreError::new(fault)))
    }
}

fn write(connection: &mut Connection) -> QueryResult<()> {
    if let Connection::Sqlite(c) = connection {
        c.batch_execute("PRAGMA busy_timeout = 100")?;
    }
    // A page that gets the bytes that it has is not written.
    #[expect(clippy::disallowed_methods, reason = "a value that differs each time, and is read by nobody")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros().to_string();
    let written = each!(connection, c => {
        diesel::insert_into(settings::table)
            .values((settings::name.eq(NAME), settings::value.eq(&now)))
            .on_conflict(settings::name)
            .do_update()
            .set(settings::value.eq(&now))
            .execute(c)
    });
    match written {
        Err(diesel::result::Error::DatabaseError(_, cause))
            if matches!(connection, Connection::Sqlite(_)) && cause.message() == "database is locked" =>
        {
            Ok(())
        }
        written => written.map(|_rows| ()),
    }
}
