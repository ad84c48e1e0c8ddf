//! The embedder's users with their type erased, so that extractors need only name the user's type.

use std::any::Any;
use std::rc::Rc;

use super::login::{Login, LoginId, LoginStore};
use super::store_error::StoreFuture;
use super::user_store::UserStore;

/// Takes the place of the user of a token whose user is not looked up.
pub(crate) struct NotLookedUp;

/// A user as far as the layer cares.
pub(crate) struct KnownUser {
    pub(crate) user: Rc<dyn Any>,
    pub(crate) active: bool,
    pub(crate) credential_epoch: i64,
}

/// A user who signs in.
pub(crate) struct UserFacts {
    pub(crate) identity: String,
    pub(crate) active: bool,
    pub(crate) credential_epoch: i64,
}

/// [`UserStore`] without its associated type.
pub(crate) trait DynUserStore: Send + Sync {
    fn find_with_login<'a>(
        &'a self,
        identity: &'a str,
        login: &'a LoginId,
        logins: &'a dyn LoginStore,
    ) -> StoreFuture<'a, (Option<KnownUser>, Option<Login>)>;

    /// The user alone, for a token that belongs to no login.
    fn find<'a>(&'a self, identity: &'a str) -> StoreFuture<'a, Option<KnownUser>>;

    /// The facts about a user that a login is made of; `None` for a value that is not of the store's user type.
    fn facts(&self, user: &dyn Any) -> Option<UserFacts>;
}

pub(crate) struct Erased<S>(pub(crate) S);

impl<S: UserStore> Erased<S> {
    fn known(&self, user: S::User) -> KnownUser {
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
            Ok((user.map(|user| self.known(user)), login))
        })
    }

    fn find<'a>(&'a self, identity: &'a str) -> StoreFuture<'a, Option<KnownUser>> {
        Box::pin(async move { Ok(self.0.find(identity).await?.map(|user| self.known(user))) })
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
