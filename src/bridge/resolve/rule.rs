//! Rules about users, such as roles.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::bridge::error::AuthError;
use crate::bridge::model::NotLookedUp;

/// A rule about users, such as a role: for the extractor [`Allowed`](crate::Allowed), and for a guard with
/// [`Require::when`](crate::Require::when).
///
/// ```
/// use actix_web::{HttpResponse, delete, web};
/// use tollbridge::{Allowed, Require, Rule};
///
/// struct User { is_admin: bool }
///
/// /// Who may delete notes.
/// struct Admin;
///
/// impl Rule for Admin {
///     type User = User;
///
///     fn allows(user: &User) -> bool {
///         user.is_admin
///     }
/// }
///
/// #[delete("/notes")]
/// async fn delete_all(admin: Allowed<Admin>) -> HttpResponse {
///     assert!(admin.is_admin);
///     HttpResponse::NoContent().finish()
/// }
///
/// // The same for a whole scope.
/// let scope = web::scope("/admin").wrap(Require::login().when(Admin::allows)).service(delete_all);
/// # let _ = scope;
/// ```
pub trait Rule: 'static {
    /// The user: the [`UserStore::User`](crate::UserStore::User) of the bridge.
    type User: 'static;

    /// Whether this user may do it. It is asked for the user as the store has it now, at every request.
    fn allows(user: &Self::User) -> bool;
}

/// A rule of a guard.
#[derive(Clone)]
pub(crate) struct UserCheck(Arc<CheckUser>);

type CheckUser = dyn Fn(&dyn Any) -> Result<bool, AuthError> + Send + Sync;

impl UserCheck {
    /// The rule that `allows` states.
    pub(crate) fn new<U: 'static>(allows: impl Fn(&U) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(move |user| match user.downcast_ref::<U>() {
            Some(user) => Ok(allows(user)),
            None => Err(AuthError::Misconfigured(if user.is::<NotLookedUp>() {
                "a guard has a rule about users, but `JwtManagerBuilder::without_user_lookup` is set: remove that, or \
                 check the claims with `BridgeBuilder::check_claims`"
            } else {
                "the rule of a guard is about users of another type than the bridge's `UserStore::User`"
            })),
        }))
    }

    /// Refuses a user whom the rule does not allow.
    pub(super) fn check(&self, user: &dyn Any) -> Result<(), AuthError> {
        if (self.0)(user)? { Ok(()) } else { Err(AuthError::Forbidden) }
    }
}

impl PartialEq for UserCheck {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for UserCheck {}

impl fmt::Debug for UserCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserCheck")
    }
}
