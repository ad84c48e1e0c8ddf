//! The connections, which r2d2 keeps, and the threads that use them.
//!
//! The threads are not tokio's blocking ones: a runtime waits for those when it ends, and a thread that waits for a
//! database server may wait for ever. A caller waits with a deadline instead, whatever becomes of the thread.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use diesel::QueryResult;
use r2d2::ManageConnection;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::address::Address;
use super::connection::Connection;
use super::error::DatabaseError;
use crate::StoreError;

/// How long a caller is refused at once after a connection has failed. r2d2 goes on trying in the background, more often
/// than this, so callers wait only for the first failure.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How long a caller waits for an answer: its place in the queue, a new connection, and the statements. A request that the
/// database does not answer is refused within two seconds.
const DEADLINE: Duration = Duration::from_millis(1800);

/// How long a thread waits for a new connection.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(1500);

/// Opens connections for r2d2, and remembers the last failure.
struct Manager {
    address: Arc<Address>,
    /// When a connection has failed, and why.
    refused: Arc<Mutex<Option<(Instant, String)>>>,
}

impl ManageConnection for Manager {
    type Connection = Connection;
    type Error = DatabaseError;

    fn connect(&self) -> Result<Connection, DatabaseError> {
        let connected = Connection::writer(&self.address);
        *lock(&self.refused) = connected.as_ref().err().map(|error| (Instant::now(), error.to_string()));
        connected
    }

    /// Never asked: connections are not tested at check-out, which would cost PostgreSQL a round trip.
    fn is_valid(&self, _connection: &mut Connection) -> Result<(), DatabaseError> {
        Ok(())
    }

    fn has_broken(&self, connection: &mut Connection) -> bool {
        thread::panicking() || connection.is_broken()
    }
}

/// A connection that is down is one error for each caller, which has it. r2d2 would log each of its own attempts too.
#[derive(Debug)]
struct CallersLog;

impl r2d2::HandleError<DatabaseError> for CallersLog {
    fn handle_error(&self, error: DatabaseError) {
        tracing::debug!(%error, "no connection to the database");
    }
}

/// Threads and as many connections at most. Callers are served in order of arrival.
pub(super) struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    connections: r2d2::Pool<Manager>,
    refused: Arc<Mutex<Option<(Instant, String)>>>,
    state: Mutex<State>,
    work: Condvar,
}

type Job = Box<dyn FnOnce(&Shared) + Send>;

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    threads: u32,
    idle_threads: usize,
    is_closed: bool,
}

impl Pool {
    pub(super) fn new(address: Arc<Address>, size: u32) -> Self {
        let refused = Arc::default();
        let connections = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(0))
            .test_on_check_out(false)
            .connection_timeout(CONNECT_TIMEOUT)
            .error_handler(Box::new(CallersLog))
            .build_unchecked(Manager { address, refused: Arc::clone(&refused) });
        let shared = Shared { connections, refused, state: Mutex::default(), work: Condvar::new() };
        Self { shared: Arc::new(shared) }
    }

    /// Runs `work` on a thread. It does not begin when the caller has stopped waiting, and once begun goes on to its end.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let done = self.begin(|shared| shared.run(work))?;
        let in_time = timeout(DEADLINE, done).await;
        in_time.map_err(|_elapsed| StoreError::new("the database did not answer in time"))?.map_err(StoreError::new)?
    }

    /// [`run`](Self::run) for as long as it takes, which is for the start of a program.
    pub(super) async fn run_to_end<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        self.begin(|shared| shared.run(work))?.await.map_err(StoreError::new)?
    }

    /// Runs a read-only query. It is retried on a new connection when its connection is lost, as all of them are after a
    /// restart of the database server.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl Fn(&mut Connection) -> QueryResult<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let done = self.begin(move |shared| shared.read(query))?;
        let in_time = timeout(DEADLINE, done).await;
        in_time.map_err(|_elapsed| StoreError::new("the database did not answer in time"))?.map_err(StoreError::new)?
    }

    /// Gives a thread something to do.
    fn begin<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> T + Send + 'static,
    ) -> Result<oneshot::Receiver<T>, StoreError> {
        let (reply, done) = oneshot::channel();
        let span = tracing::Span::current();
        let job = move |shared: &Shared| {
            if !reply.is_closed() {
                let result = span.in_scope(|| work(shared));
                // A caller that has stopped waiting is not told.
                let _ = reply.send(result);
            }
        };
        let mut state = self.shared.lock();
        state.jobs.push_back(Box::new(job));
        if state.jobs.len() > state.idle_threads && state.threads < self.shared.connections.max_size() {
            let shared = Arc::clone(&self.shared);
            let name = "database".to_owned();
            thread::Builder::new().name(name).spawn(move || shared.serve()).map_err(StoreError::new)?;
            state.threads += 1;
        }
        drop(state);
        self.shared.work.notify_one();
        Ok(done)
    }
}

impl Drop for Pool {
    /// Ends the threads. The connections are closed with the last one.
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.work.notify_all();
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// What a thread does until the pool is closed.
    fn serve(&self) {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                drop(state);
                // The panic hook logs it, its caller gets an error, and its connection is dropped.
                let _ = catch_unwind(AssertUnwindSafe(|| job(self)));
                state = self.lock();
            } else if state.is_closed {
                return;
            } else {
                state.idle_threads += 1;
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.idle_threads -= 1;
            }
        }
    }

    fn run<T>(&self, work: impl FnOnce(&mut Connection) -> T) -> Result<T, StoreError> {
        Ok(work(&mut *self.connection()?))
    }

    fn read<T>(&self, query: impl Fn(&mut Connection) -> QueryResult<T>) -> Result<T, StoreError> {
        let mut spare = self.connections.max_size();
        loop {
            let mut connection = self.connection()?;
            match query(&mut connection) {
                Err(_) if connection.is_lost() && spare > 0 => spare -= 1,
                result => return result.map_err(StoreError::new),
            }
        }
    }

    /// An idle connection, else a new one, or at once the error of one that has just failed.
    fn connection(&self) -> Result<r2d2::PooledConnection<Manager>, StoreError> {
        if let Some(idle) = self.connections.try_get() {
            return Ok(idle);
        }
        if let Some((at, why)) = &*lock(&self.refused)
            && at.elapsed() < RETRY_AFTER
        {
            return Err(StoreError::new(why.clone()));
        }
        self.connections.get().map_err(StoreError::new)
    }
}
