//! The connection pool, used on tokio's blocking threads.

use std::sync::Arc;
use std::time::Duration;

use diesel::QueryResult;
use r2d2::ManageConnection;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::address::Address;
use super::connection::Connection;
use super::error::DatabaseError;
use crate::StoreError;

/// How long a caller waits for a permit, and then for a connection, before the store is unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens connections for r2d2.
struct Manager(Arc<Address>);

impl ManageConnection for Manager {
    type Connection = Connection;
    type Error = DatabaseError;

    fn connect(&self) -> Result<Connection, DatabaseError> {
        Connection::writer(&self.0)
    }

    /// Never called: connections are not tested at check-out, which would cost PostgreSQL a round trip.
    fn is_valid(&self, _connection: &mut Connection) -> Result<(), DatabaseError> {
        Ok(())
    }

    fn has_broken(&self, connection: &mut Connection) -> bool {
        std::thread::panicking() || connection.is_broken()
    }
}

/// Connections, and as many permits. A caller with a permit finds a free connection, so no blocking thread waits for
/// one, and callers are served in order of arrival.
pub(super) struct Pool {
    connections: r2d2::Pool<Manager>,
    permits: Arc<Semaphore>,
}

impl Pool {
    pub(super) fn new(address: Arc<Address>, size: u32) -> Self {
        let builder = r2d2::Pool::builder().max_size(size).test_on_check_out(false).connection_timeout(ACQUIRE_TIMEOUT);
        let permits = Arc::new(Semaphore::new(usize::try_from(size).unwrap_or(Semaphore::MAX_PERMITS)));
        Self { connections: builder.build_unchecked(Manager(address)), permits }
    }

    /// Runs `work` on a blocking thread, to its end even if the caller stops waiting.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        self.with_pool(|pool| Ok(work(&mut *pool.get().map_err(StoreError::new)?))).await
    }

    /// Runs a read-only query. It is retried on another connection when its connection is lost, as all of them are
    /// after a restart of the database server.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl Fn(&mut Connection) -> QueryResult<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.with_pool(move |pool| {
            let mut retries = pool.max_size();
            loop {
                let mut connection = pool.get().map_err(StoreError::new)?;
                match query(&mut connection) {
                    Err(_) if connection.is_lost() && retries > 0 => retries -= 1,
                    result => return result.map_err(StoreError::new),
                }
            }
        })
        .await
    }

    async fn with_pool<T: Send + 'static>(
        &self,
        work: impl FnOnce(&r2d2::Pool<Manager>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let acquired = timeout(ACQUIRE_TIMEOUT, Arc::clone(&self.permits).acquire_owned()).await;
        let permit = acquired.map_err(|_elapsed| StoreError::new("every database connection is busy"))?;
        let permit = permit.map_err(StoreError::new)?;
        let connections = self.connections.clone();
        let span = tracing::Span::current();
        let done = spawn_blocking(move || {
            let _permit = permit;
            span.in_scope(|| work(&connections))
        });
        done.await.map_err(StoreError::new)?
    }
}
