//! Writes, in the pool.

use diesel::QueryResult;

use super::connection::Connection;
use super::database::Database;
use crate::StoreError;

impl Database {
    /// A write, or several in one [`Connection::transaction`].
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> QueryResult<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.try_write(|connection| work(connection).map_err(StoreError::new)).await
    }

    /// A write that has an error type of its own.
    pub(super) async fn try_write<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        self.check_file()?;
        let done = self.0.pool.run(work).await?;
        // What was written in the meantime to a file that is gone is lost.
        self.check_file()?;
        done
    }
}

/// A number of rows as the public interface counts them.
pub(super) fn row_count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}
