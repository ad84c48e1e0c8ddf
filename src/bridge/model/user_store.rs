//! The embedder's users, as the layer sees them.

use std::future::Future;
use std::sync::Arc;

use super::login::{Login, LoginId, LoginStore};
use super::store_error::StoreError;

/// The embedder's users: Flask-Login's `user_loader`, Flask-JWT-Extended's `user_identity_loader` and
/// `user_lookup_loader`, in one trait.
///
/// ```
/// use std::collections::HashMap;
/// use tollbridge::{StoreError, UserStore};
///
/// #[derive(Clone)]
/// struct User { id: u32, name: String }
/// struct Users(HashMap<u32, User>);
///
/// impl UserStore for Users {
///     type User = User;
///     fn identity(&self, user: &User) -> String { user.id.to_string() }
///     async fn find(&self, identity: &str) -> Result<Option<User>, StoreError> {
///         Ok(identity.parse().ok().and_then(|id: u32| self.0.get(&id).cloned()))
///     }
/// }
/// ```
pub trait UserStore: Send + Sync + 'static {
    /// What handlers get from [`CurrentUser`](crate::CurrentUser).
    type User: 'static;

    /// The user's identity: the token's `sub`. Never reused for another user, and not a name that people can choose.
    fn identity(&self, user: &Self::User) -> String;

    /// The user with this identity, `None` when there is none. A store that cannot answer is an error, never `None`.
    fn find(&self, identity: &str) -> impl Future<Output = Result<Option<Self::User>, StoreError>>;

    /// Whether this user may be signed in (`is_active` of Flask-Login). Asked on every authenticated request.
    fn is_active(&self, user: &Self::User) -> bool {
        let _ = user;
        true
    }

    /// A number that changes whenever the user's password does. A login that began under another one is over.
    fn credential_epoch(&self, user: &Self::User) -> i64 {
        let _ = user;
        0
    }

    /// The user and one of their logins together. A store that keeps both in one database overrides this to answer
    /// with one query; it is what every authenticated request costs.
    fn find_with_login(
        &self,
        identity: &str,
        login: &LoginId,
        logins: &dyn LoginStore,
    ) -> impl Future<Output = Result<(Option<Self::User>, Option<Login>), StoreError>> {
        async move {
            let login = logins.find(login).await?;
            Ok((self.find(identity).await?, login))
        }
    }
}

/// Users that something else holds too.
impl<T: UserStore> UserStore for Arc<T> {
    type User = T::User;

    fn identity(&self, user: &Self::User) -> String {
        T::identity(self, user)
    }

    fn find(&self, identity: &str) -> impl Future<Output = Result<Option<Self::User>, StoreError>> {
        T::find(self, identity)
    }

    fn is_active(&self, user: &Self::User) -> bool {
        T::is_active(self, user)
    }

    fn credential_epoch(&self, user: &Self::User) -> i64 {
        T::credential_epoch(self, user)
    }

    fn find_with_login(
        &self,
        identity: &str,
        login: &LoginId,
        logins: &dyn LoginStore,
    ) -> impl Future<Output = Result<(Option<Self::User>, Option<Login>), StoreError>> {
        T::find_with_login(self, identity, login, logins)
    }
}
