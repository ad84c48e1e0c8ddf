//! The embedder's user store with its type erased: the bridge is not generic over it, and only extractors name the
//! user's type.

use std::any::Any;
use std::rc::Rc;

use super::api_token::{ApiToken, ApiTokenId, ApiTokenStore};
use super::login::{Login, LoginStore};
use super::login_id::LoginId;
use super::store_error::StoreFuture;
use super::user_store::UserStore;

/// The placeholder for the user when the user of a token is not looked up.
pub(crate) struct NotLookedUp;

/// A user from the store, with the values that the layer checks.
pub(crate) struct KnownUser {
    pub(crate) user: Rc<dyn Any>,
    pub(crate) active: bool,
    pub(crate) credential_epoch: i64,
}

/// The values of a user who signs in from which the login is made.
pub(crate) struct UserFacts {
    pub(crate) identity: String,
    pub(crate) active: bool,
    pub(crate) credential_epoch: i64,
}

/// A [`UserStore`] without its associated type.
pub(crate) trait DynUserStore: Send + Sync {
    fn find_with_login<'a>(
        &'a self,
        identity: &'a str,
        login: &'a LoginId,
        logins: &'a dyn LoginStore,
    ) -> StoreFuture<'a, (Option<KnownUser>, Option<Login>)>;

    fn find_with_api_token<'a>(
        &'a self,
        token: &'a ApiTokenId,
        tokens: &'a dyn ApiTokenStore,
    ) -> StoreFuture<'a, (Option<KnownUser>, Option<ApiToken>)>;

    /// The user without a login, for a token that belongs to no login.
    fn find<'a>(&'a self, identity: &'a str) -> StoreFuture<'a, Option<KnownUser>>;

    /// The values of a user from which a login is made. `None` when `user` does not have the store's user type.
    fn facts(&self, user: &dyn Any) -> Option<UserFacts>;
}

/// Makes a [`DynUserStore`] of a [`UserStore`].
pub(crate) struct Erased<S>(pub(crate) S);

impl<S: UserStore> Erased<S> {
    fn erase(&self, user: S::User) -> KnownUser {
        KnownUser {
            active: self.0.is_active(&user),
            credential_epoch: self.0.credential_epoch(&user),
            user: Rc::new(user),
        }
    }
}

impl<S: UserStore> DynUserStore for Erased<S> {
    fn find_with_login<'a>(
        &'a self,
        identity: &'a str,
        login: &'a LoginId,
        logins: &'a dyn LoginStore,
    ) -> StoreFuture<'a, (Option<KnownUser>, Option<Login>)> {
        Box::pin(async move {
            let (user, login) = self.0.find_with_login(identity, login, logins).await?;
            Ok((user.map(|user| self.erase(user)), login))
        })
    }

    fn find_with_api_token<'a>(
        &'a self,
        token: &'a ApiTokenId,
        tokens: &'a dyn ApiTokenStore,
    ) -> StoreFuture<'a, (Option<KnownUser>, Option<ApiToken>)> {
        Box::pin(async move {
            let (user, token) = self.0.find_with_api_token(token, tokens).await?;
            Ok((user.map(|user| self.erase(user)), token))
        })
    }

    fn find<'a>(&'a self, identity: &'a str) -> StoreFuture<'a, Option<KnownUser>> {
        Box::pin(async move { Ok(self.0.find(identity).await?.map(|user| self.erase(user))) })
    }

    fn facts(&self, user: &dyn Any) -> Option<UserFacts> {
        let user = user.downcast_ref::<S::User>()?;
        Some(UserFacts {
            identity: self.0.identity(user),
            active: self.0.is_active(user),
            credential_epoch: self.0.credential_epoch(user),
        })
    }
}
