//! Custom credentials of the embedder, such as an API key or a signed link.

use std::future::Future;

use actix_web::HttpRequest;

use crate::bridge::model::{CredentialLocation, StoreError, StoreFuture};

/// Finds the user of a custom credential: Flask-Login's `request_loader`.
///
/// A custom credential is treated like a token:
///
/// * Its presence decides. A request that presents one has no session and receives no cookie.
/// * If it is invalid, the request is refused with a 401. It is not an anonymous request.
/// * A token in the same request takes precedence over it.
/// * It belongs to no login, and is never fresh.
///
/// In Flask-Login a session takes precedence over the `request_loader`, and an invalid remember cookie prevents the
/// `request_loader` from being called.
///
/// ```
/// use actix_web::HttpRequest;
/// use tollbridge::{RequestLoader, StoreError};
///
/// struct ApiKeys;
///
/// impl RequestLoader for ApiKeys {
///     fn credential(&self, req: &HttpRequest) -> Option<String> {
///         Some(req.headers().get("X-Api-Key")?.to_str().ok()?.to_owned())
///     }
///     async fn identity(&self, credential: &str) -> Result<Option<String>, StoreError> {
///         Ok(None) // look the hash of the credential up, and return the user's identity
///     }
/// }
/// ```
pub trait RequestLoader: Send + Sync + 'static {
    /// The credential, if the request presents one. This is called for every request, so it must be cheap.
    ///
    /// **Do not read cookies here.** Browsers send cookies automatically, also in requests that another site caused.
    /// The CSRF check does not apply to custom credentials, so a cookie as custom credential allows CSRF.
    fn credential(&self, req: &HttpRequest) -> Option<String>;

    /// The [identity](crate::UserStore::identity) of the user that the credential belongs to, or `None` if the
    /// credential is invalid. This is called when a handler asks for the user.
    ///
    /// # Errors
    ///
    /// The error of the store where the credential is looked up.
    fn identity(&self, credential: &str) -> impl Future<Output = Result<Option<String>, StoreError>>;

    /// The location of the credential, as [`Principal::location`](crate::Principal::location) reports it. Default: the
    /// header.
    fn location(&self) -> CredentialLocation {
        CredentialLocation::Header
    }
}

/// The object-safe form of [`RequestLoader`].
pub(crate) trait DynRequestLoader: Send + Sync {
    fn credential(&self, req: &HttpRequest) -> Option<String>;
    fn identity<'a>(&'a self, credential: &'a str) -> StoreFuture<'a, Option<String>>;
    fn location(&self) -> CredentialLocation;
}

impl<L: RequestLoader> DynRequestLoader for L {
    fn credential(&self, req: &HttpRequest) -> Option<String> {
        RequestLoader::credential(self, req)
    }

    fn identity<'a>(&'a self, credential: &'a str) -> StoreFuture<'a, Option<String>> {
        Box::pin(RequestLoader::identity(self, credential))
    }

    fn location(&self) -> CredentialLocation {
        RequestLoader::location(self)
    }
}
