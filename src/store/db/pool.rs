//! The connections, and the threads that use them.
//!
//! The threads are not tokio's blocking ones: a runtime waits for those when it ends, and a thread that waits for a
//! database server may wait for ever. A caller waits with a deadline instead, whatever becomes of the thread.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use diesel::QueryResult;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::address::Address;
use super::connection::Connection;
use crate::StoreError;

/// How long no further connection is tried after one has failed.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Threads and as many connections at most. Callers are served in order of arrival.
pub(super) struct Pool {
    shared: Arc<Shared>,
    deadline: Duration,
}

struct Shared {
    address: Arc<Address>,
    size: u32,
    state: Mutex<State>,
    work: Condvar,
}

type Job = Box<dyn FnOnce(&Shared) + Send>;

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    idle: Vec<Connection>,
    threads: u32,
    idle_threads: usize,
    /// When a connection has failed, and why.
    refused: Option<(Instant, String)>,
    is_closed: bool,
}

impl Pool {
    pub(super) fn new(address: Arc<Address>, size: u32) -> Self {
        let deadline = address.deadline();
        let shared = Shared { address, size, state: Mutex::default(), work: Condvar::new() };
        Self { shared: Arc::new(shared), deadline }
    }

    /// Runs `work` on a thread. It does not begin when the caller has stopped waiting, and once begun goes on to its end.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let done = self.begin(|shared| shared.run(work))?;
        let in_time = timeout(self.deadline, done).await;
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
        let in_time = timeout(self.deadline, done).await;
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
        if state.jobs.len() > state.idle_threads && state.threads < self.shared.size {
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
    /// Closes the connections that are not in use. Those in use are closed after it.
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.is_closed = true;
        state.idle.clear();
        drop(state);
        self.shared.work.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
        let mut connection = self.take()?;
        let result = work(&mut connection);
        self.give_back(connection);
        Ok(result)
    }

    fn read<T>(&self, query: impl Fn(&mut Connection) -> QueryResult<T>) -> Result<T, StoreError> {
        let mut connection = self.take()?;
        let mut result = query(&mut connection);
        if result.is_err() && connection.is_lost() {
            self.lock().idle.clear();
            connection = self.connect()?;
            result = query(&mut connection);
        }
        self.give_back(connection);
        result.map_err(StoreError::new)
    }

    fn take(&self) -> Result<Connection, StoreError> {
        let idle = self.lock().idle.pop();
        idle.map_or_else(|| self.connect(), Ok)
    }

    /// A new connection, or the error of one that has just failed.
    fn connect(&self) -> Result<Connection, StoreError> {
        if let Some((at, why)) = &self.lock().refused
            && at.elapsed() < RETRY_AFTER
        {
            return Err(StoreError::new(why.clone()));
        }
        let connected = Connection::writer(&self.address);
        self.lock().refused = connected.as_ref().err().map(|error| (Instant::now(), error.to_string()));
        connected.map_err(StoreError::new)
    }

    /// Keeps a connection for the next one. When it is lost, the others are too.
    fn give_back(&self, mut connection: Connection) {
        let is_broken = connection.is_broken();
        let mut state = self.lock();
        if is_broken {
            state.idle.clear();
        } else if !state.is_closed {
            state.idle.push(connection);
        }
    }
}
