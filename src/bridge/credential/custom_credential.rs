//! Custom credentials of the embedder, such as an API key or a signed link.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::rc::Rc;

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
/// use actix_web::{HttpRequest, Responder, get};
/// use tollbridge::{CurrentLogin, FoundCredential, RequestLoader, StoreError};
///
/// struct ApiKeys;
/// struct ApiKey { name: String, may_write: bool }
///
/// impl RequestLoader for ApiKeys {
///     fn credential(&self, req: &HttpRequest) -> Option<String> {
///         Some(req.headers().get("X-Api-Key")?.to_str().ok()?.to_owned())
///     }
///     async fn find(&self, credential: &str) -> Result<Option<FoundCredential>, StoreError> {
///         // Look the hash of the credential up.
///         let key = ApiKey { name: "backup".into(), may_write: false };
///         Ok(Some(FoundCredential::of_user("42").with(key)))
///     }
/// }
///
/// #[get("/key")]
/// async fn show_key(login: CurrentLogin) -> impl Responder {
///     login.custom::<ApiKey>().map(|key| format!("{} {}", key.name, key.may_write))
/// }
/// ```
pub trait RequestLoader: Send + Sync + 'static {
    /// The credential, if the request presents one. This is called for every request, so it must be cheap.
    ///
    /// **Do not read cookies here.** Browsers send cookies automatically, also in requests that another site caused.
    /// The CSRF check does not apply to custom credentials, so a cookie as custom credential allows CSRF.
    fn credential(&self, req: &HttpRequest) -> Option<String>;

    /// The user that the credential belongs to, or `None` if the credential is invalid. This is called when a handler asks
    /// for the user.
    ///
    /// # Errors
    ///
    /// The error of the store where the credential is looked up.
    fn find(&self, credential: &str) -> impl Future<Output = Result<Option<FoundCredential>, StoreError>>;

    /// The location of the credential, as [`Principal::location`](crate::Principal::location) reports it. Default: the
    /// header.
    fn location(&self) -> CredentialLocation {
        CredentialLocation::Header
    }
}

/// What a [`RequestLoader`] knows of a valid credential: its user, and a value of its own, such as the name and the rights of
/// an API key.
pub struct FoundCredential {
    pub(crate) identity: String,
    pub(crate) value: Option<Rc<dyn Any>>,
}

impl FoundCredential {
    /// A credential of the user with this [identity](crate::UserStore::identity).
    pub fn of_user(identity: impl Into<String>) -> Self {
        Self { identity: identity.into(), value: None }
    }

    /// Adds a value. Handlers get it from [`Principal::custom`](crate::Principal::custom).
    pub fn with<T: 'static>(self, value: T) -> Self {
        Self { value: Some(Rc::new(value)), ..self }
    }
}

impl fmt::Debug for FoundCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FoundCredential").field("identity", &self.identity).finish_non_exhaustive()
    }
}

/// The object-safe form of [`RequestLoader`].
pub(crate) trait DynRequestLoader: Send + Sync {
    fn credential(&self, req: &HttpRequest) -> Option<String>;
    fn find<'a>(&'a self, credential: &'a str) -> StoreFuture<'a, Option<FoundCredential>>;
    fn location(&self) -> CredentialLocation;
}

impl<L: RequestLoader> DynRequestLoader for L {
    fn credential(&self, req: &HttpRequest) -> Option<String> {
        RequestLoader::credential(self, req)
    }

    fn find<'a>(&'a self, credential: &'a str) -> StoreFuture<'a, Option<FoundCredential>> {
        Box::pin(RequestLoader::find(self, credential))
    }

    fn location(&self) -> CredentialLocation {
        RequestLoader::location(self)
    }
}
