//! The embedder's users with their type erased, so that extractors need only name the user's type.

use std::any::Any;
use std::rc::Rc;

use crate::bridge::error::auth_error::AuthError;
use crate::bridge::model::login::{Login, LoginId, LoginStore};
use crate::bridge::model::store_error::StoreFuture;
use crate::bridge::model::user_store::UserStore;

/// A user as far as the layer cares.
pub(crate) struct KnownUser {
    pub(crate) user: Rc<dyn Any>,
    pub(crate) active: bool,
    pub(crate) credential_epoch: i64,
}

/// A user who signs in.
pub(crate) struct Described {
    pub(crate) identity: String,
    pub(crate) active: bool,
    pub(crate) credential_epoch: i64,
}

/// [`UserStore`] without its associated type.
pub(crate) trait Users: Send + Sync {
    fn find_with_login<'a>(
        &'a self,
        identity: &'a str,
        login: &'a LoginId,
        logins: &'a dyn LoginStore,
    ) -> StoreFuture<'a, (Option<KnownUser>, Option<Login>)>;

    /// The user alone, for a token that belongs to no login.
    fn find<'a>(&'a self, identity: &'a str) -> StoreFuture<'a, Option<KnownUser>>;

    fn describe(&self, user: &dyn Any) -> Result<Described, AuthError>;
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

impl<S: UserStore> Users for Erased<S> {
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

    fn describe(&self, user: &dyn Any) -> Result<Described, AuthError> {
        let user = user.downcast_ref::<S::User>().ok_or(AuthError::Misconfigured(
            "login_user got a value that is not of the bridge's user type, `UserStore::User`",
        ))?;
        Ok(Described {
            identity: self.0.identity(user),
            active: self.0.is_active(user),
            credential_epoch: self.0.credential_epoch(user),
        })
    }
}
