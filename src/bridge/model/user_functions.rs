//! Users from two functions, for programs that need no type for their store.

use std::marker::PhantomData;

use super::store_error::StoreError;
use super::user_store::UserStore;

/// Makes a [`UserStore`] of two functions: the identity of a user (Flask-JWT-Extended's `user_identity_loader`) and the user
/// with an identity (Flask-Login's `user_loader`). For users who can be disabled, or whose password can change, implement
/// [`UserStore`].
///
/// ```
/// use tollbridge::store::memory::MemoryStore;
/// use tollbridge::{Bridge, TokenKey, user_loader};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let users = user_loader(String::clone, async |name: &str| Ok((name == "ann").then(|| name.to_owned())));
/// let bridge = Bridge::builder(users).token_key(TokenKey::hs256(&[0x5e; 32])?).store(MemoryStore::default()).build()?;
/// # let _ = bridge;
/// # Ok(())
/// # }
/// ```
pub fn user_loader<U, I, F>(identity: I, find: F) -> UserFunctions<U, I, F>
where
    UserFunctions<U, I, F>: UserStore<User = U>,
    I: Fn(&U) -> String,
    F: AsyncFn(&str) -> Result<Option<U>, StoreError>,
{
    UserFunctions { identity, find, user: PhantomData }
}

/// A [`UserStore`] of two functions, made by [`user_loader`].
pub struct UserFunctions<U, I, F> {
    identity: I,
    find: F,
    user: PhantomData<fn() -> U>,
}

impl<U, I, F> UserStore for UserFunctions<U, I, F>
where
    U: 'static,
    I: Fn(&U) -> String + Send + Sync + 'static,
    F: AsyncFn(&str) -> Result<Option<U>, StoreError> + Send + Sync + 'static,
{
    type User = U;

    fn identity(&self, user: &U) -> String {
        (self.identity)(user)
    }

    async fn find(&self, identity: &str) -> Result<Option<U>, StoreError> {
        (self.find)(identity).await
    }
}
