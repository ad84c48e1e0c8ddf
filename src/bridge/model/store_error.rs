//! The error of every store.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// The store is unavailable. The request is answered with 503 `store_unavailable`. It is never treated as unauthorized
/// or anonymous.
///
/// The cause is logged and not sent to the client. In a handler `?` makes it an [`AuthError`](crate::AuthError) or an
/// `actix_web::Error`:
///
/// ```
/// use actix_web::{HttpResponse, get};
/// use tollbridge::StoreError;
/// # async fn count() -> Result<u64, StoreError> { Ok(3) }
///
/// #[get("/count")]
/// async fn notes() -> actix_web::Result<HttpResponse> {
///     Ok(HttpResponse::Ok().json(count().await?)) // 503 `store_unavailable`
/// }
/// ```
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

/// The future that the methods of [`LoginStore`](crate::LoginStore) and [`SessionStore`](crate::SessionStore) return,
/// made with `Box::pin(async move { … })`.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + 'a>>;
