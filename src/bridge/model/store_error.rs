//! The error of every store: it could not answer.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// A store could not answer: the request gets 503 `store_unavailable`, never a 401 and never an anonymous user.
///
/// The cause goes to the log, not to the client.
#[derive(Debug)]
pub struct StoreError(Box<dyn Error + Send + Sync>);

impl StoreError {
    /// Wraps the cause.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store is not available: {}", self.0)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// What the methods of [`LoginStore`](crate::LoginStore) and [`SessionStore`](crate::SessionStore) return:
/// `Box::pin(async move { … })`.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + 'a>>;
