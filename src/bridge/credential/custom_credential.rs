//! Custom credentials: an API key, a signed link, whatever a request can carry in itself.

use std::future::Future;

use actix_web::HttpRequest;

use crate::bridge::model::{CredentialLocation, StoreError, StoreFuture};

/// Finds the user of a credential that is not one of the bridge's: Flask-Login's `request_loader`.
///
/// It is a credential like a token. Its presence decides, so a request that brings one has no session and is given no
/// cookie, and one that does not hold is a 401 and not nobody; a token beside it comes before it. It belongs to no
/// login, and is never fresh. (In Flask-Login a session comes before it, and a remember cookie that does not hold keeps
/// it from being looked at.)
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
///         Ok(None) // look its hash up: whose is it?
///     }
/// }
/// ```
pub trait RequestLoader: Send + Sync + 'static {
    /// The credential, if the request brings one. It is asked at every request, so it only looks.
    ///
    /// **Read no cookie here.** Browsers send cookies by themselves, for other sites too, and what is found here counts
    /// as brought on purpose: the rule against forged requests does not apply to it.
    fn credential(&self, req: &HttpRequest) -> Option<String>;

    /// Whose credential this is, if it holds: [`UserStore::identity`](crate::UserStore::identity). It is asked when a
    /// handler asks who the request is.
    fn identity(&self, credential: &str) -> impl Future<Output = Result<Option<String>, StoreError>>;

    /// Where it is looked for, as [`Principal::location`](crate::Principal::location) says it. Default the header.
    fn location(&self) -> CredentialLocation {
        CredentialLocation::Header
    }
}

/// [`RequestLoader`] as the bridge keeps it.
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
