//! Credentials of the application's own: an API key, a signed link, whatever a request can bring by itself.

use std::future::Future;
use std::rc::Rc;

use actix_web::HttpRequest;

use crate::bridge::credential::presented::Location;
use crate::bridge::error::auth_error::AuthError;
use crate::bridge::model::store_error::{StoreError, StoreFuture};
use crate::bridge::resolve::engine::Core;
use crate::bridge::resolve::principal::{Principal, Via};

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

    /// Where it is looked for, as [`Principal::location`] says it. Default the header.
    fn location(&self) -> Location {
        Location::Header
    }
}

/// [`RequestLoader`] as the bridge keeps it.
pub(crate) trait Loads: Send + Sync {
    fn credential(&self, req: &HttpRequest) -> Option<String>;
    fn identity<'a>(&'a self, credential: &'a str) -> StoreFuture<'a, Option<String>>;
    fn location(&self) -> Location;
}

impl<L: RequestLoader> Loads for L {
    fn credential(&self, req: &HttpRequest) -> Option<String> {
        RequestLoader::credential(self, req)
    }

    fn identity<'a>(&'a self, credential: &'a str) -> StoreFuture<'a, Option<String>> {
        Box::pin(RequestLoader::identity(self, credential))
    }

    fn location(&self) -> Location {
        RequestLoader::location(self)
    }
}

/// Who a credential of the application's own says that the request is.
pub(crate) async fn resolve(core: &Core, credential: &str) -> Result<Rc<Principal>, AuthError> {
    let Some(loader) = &core.request_loader else { return Err(AuthError::LoginRequired) };
    let identity = loader.identity(credential).await?.ok_or(AuthError::LoginRequired)?;
    let user = core.users.find(&identity).await?.ok_or(AuthError::UserNotFound)?;
    if !user.active {
        return Err(AuthError::UserDisabled);
    }
    let now = core.clock.now();
    Ok(Rc::new(Principal {
        identity,
        login_id: None,
        via: Via::Request,
        location: loader.location(),
        fresh: false,
        auth_time: now,
        amr: String::new(),
        login_started_at: now,
        expires_at: None,
        login_expires_at: None,
        user: user.user,
        token: None,
    }))
}
