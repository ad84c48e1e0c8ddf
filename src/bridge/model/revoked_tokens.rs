//! Access tokens that were revoked one by one, and the trait of the store that keeps them.

use super::act::Act;
use super::clock::UnixTime;
use super::store_error::StoreFuture;

/// An access token that was revoked while its login goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokedToken {
    /// Its id: the claim `jti`.
    pub id: String,
    /// When it would have expired. Nothing needs to be known of it from then on.
    pub expires_at: UnixTime,
}

/// Keeps the access tokens that were revoked, for [`Bridge::revoke`](crate::Bridge::revoke). They are few: a token lives for
/// minutes, and most end with their login.
pub trait RevokedTokenStore: Send + Sync + 'static {
    /// Adds a token; if it is there already, nothing changes. The next [`revoked_tokens`](Self::revoked_tokens) has it, also
    /// that of another process.
    ///
    /// Record, if it was not there: [`AccessTokenRevoked`](crate::Action::AccessTokenRevoked), of the user with this identity.
    fn revoke_token<'a>(
        &'a self,
        token: &'a RevokedToken,
        identity: &'a str,
        act: &'a Act,
        now: UnixTime,
    ) -> StoreFuture<'a, ()>;

    /// All tokens that expire after `now`. Others may be deleted.
    fn revoked_tokens(&self, now: UnixTime) -> StoreFuture<'_, Vec<RevokedToken>>;
}
