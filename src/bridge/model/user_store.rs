//! The interface to the embedder's users.

use std::future::Future;
use std::sync::Arc;

use super::api_token::{ApiToken, ApiTokenId, ApiTokenStore};
use super::login::{Login, LoginStore};
use super::login_id::LoginId;
use super::store_error::StoreError;

/// The interface to the embedder's users. It combines Flask-Login's `user_loader` with Flask-JWT-Extended's
/// `user_identity_loader` and `user_lookup_loader`.
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
    /// The user type, which handlers get from [`CurrentUser`](crate::CurrentUser).
    type User: 'static;

    /// The identity of the user: the `sub` claim of tokens. It must never be reused for another user, so a name that
    /// users can choose is not suitable.
    fn identity(&self, user: &Self::User) -> String;

    /// The user with this identity; `None` when there is none. When the store is unavailable, return an error, never
    /// `None`.
    fn find(&self, identity: &str) -> impl Future<Output = Result<Option<Self::User>, StoreError>>;

    /// Whether the user is active (Flask-Login's `is_active`); `false` for a disabled user. It is checked on every
    /// authenticated request.
    fn is_active(&self, user: &Self::User) -> bool {
        let _ = user;
        true
    }

    /// A number that changes whenever the user's password changes, and whenever the user is disabled. A login that began
    /// with another number is over, and stays so when the user is enabled again.
    fn credential_epoch(&self, user: &Self::User) -> i64 {
        let _ = user;
        0
    }

    /// The user and one of the user's logins. Every authenticated request calls this. A store that has both in one
    /// database can override it to use one query instead of two.
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

    /// An API token and its user. Every request with an API token calls this. A store that has both in one database can
    /// override it to use one query instead of two.
    fn find_with_api_token(
        &self,
        token: &ApiTokenId,
        tokens: &dyn ApiTokenStore,
    ) -> impl Future<Output = Result<(Option<Self::User>, Option<ApiToken>), StoreError>> {
        async move {
            let Some(token) = tokens.find_api_token(token).await? else { return Ok((None, None)) };
            Ok((self.find(&token.identity).await?, Some(token)))
        }
    }
}

/// A store that is shared with other owners.
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

    fn find_with_api_token(
        &self,
        token: &ApiTokenId,
        tokens: &dyn ApiTokenStore,
    ) -> impl Future<Output = Result<(Option<Self::User>, Option<ApiToken>), StoreError>> {
        T::find_with_api_token(self, token, tokens)
    }
}
