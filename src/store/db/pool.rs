//! The pool: connections for everything that may wait, used on tokio's blocking threads.

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

/// How long a caller waits for its turn, and then at most for a connection, before the store counts as unavailable.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens connections for r2d2.
struct Manager(Arc<Address>);

impl ManageConnection for Manager {
    type Connection = Connection;
    type Error = DatabaseError;

    fn connect(&self) -> Result<Connection, DatabaseError> {
        Connection::writer(&self.0)
    }

    /// Never asked: connections are not tested at check-out, which would cost PostgreSQL a round trip.
    fn is_valid(&self, _connection: &mut Connection) -> Result<(), DatabaseError> {
        Ok(())
    }

    fn has_broken(&self, connection: &mut Connection) -> bool {
        std::thread::panicking() || connection.is_broken()
    }
}

/// Connections, and as many permits. Who has a permit finds a connection free, so no blocking thread is held up by
/// waiting for one, and those who wait are served in the order in which they came.
pub(super) struct Pool {
    connections: r2d2::Pool<Manager>,
    permits: Arc<Semaphore>,
}

impl Pool {
    pub(super) fn new(address: Arc<Address>, size: u32) -> Self {
        let builder = r2d2::Pool::builder().max_size(size).test_on_check_out(false).connection_timeout(PATIENCE);
        let permits = Arc::new(Semaphore::new(usize::try_from(size).unwrap_or(Semaphore::MAX_PERMITS)));
        Self { connections: builder.build_unchecked(Manager(address)), permits }
    }

    /// Runs `work` on a blocking thread. It goes on to its end even if the caller stops waiting.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        self.with_pool(|pool| Ok(work(&mut *pool.get().map_err(StoreError::new)?))).await
    }

    /// Runs a query that changes nothing, and so may run again on another connection when the one that it got turns
    /// out to be broken, as all of them are after the database server was restarted.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl Fn(&mut Connection) -> QueryResult<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.with_pool(move |pool| {
            let mut spare = pool.max_size();
            loop {
                let mut connection = pool.get().map_err(StoreError::new)?;
                match query(&mut connection) {
                    Err(_) if connection.is_lost() && spare > 0 => spare -= 1,
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
        let turn = timeout(PATIENCE, Arc::clone(&self.permits).acquire_owned()).await;
        let permit = turn.map_err(|_elapsed| StoreError::new("every database connection is busy"))?;
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
