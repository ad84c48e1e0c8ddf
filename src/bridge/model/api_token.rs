//! The API token: a named credential of a user for programs, with abilities of its own. It belongs to no login.

use std::fmt;
use std::sync::Arc;

use super::abilities::Abilities;
use super::act::Act;
use super::clock::UnixTime;
use super::login::delegate_to_inner;
use super::login_id::LoginId;
use super::store_error::StoreFuture;

/// The most live API tokens of a user. [`ApiTokenStore::insert_api_token`] refuses a further one.
pub const MAX_API_TOKENS_OF_USER: usize = 100;

/// The public id of an [`ApiToken`], a part of its text. It is not a secret, because the secret is another part.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize)]
pub struct ApiTokenId(String);

impl ApiTokenId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for ApiTokenId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

impl fmt::Display for ApiTokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the server keeps of an API token.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// The public id.
    pub id: ApiTokenId,
    /// The identity of the user: [`UserStore::identity`](crate::UserStore::identity).
    pub identity: String,
    /// The user's [credential epoch](crate::UserStore::credential_epoch) when the token was made. The token is over as
    /// soon as the user has another one: after a change of password, or after the user was disabled.
    pub credential_epoch: i64,
    /// SHA-256 of the secret.
    pub secret_hash: [u8; 32],
    /// The name that its user gave it.
    pub name: String,
    /// What the token may do.
    pub abilities: Abilities,
    /// When it was made.
    pub created_at: UnixTime,
    /// The login that made it. `None`: an operator.
    pub created_by: Option<LoginId>,
    /// The expiry: from this time on it is refused. `None`: never.
    pub expires_at: Option<UnixTime>,
    /// When it was last used. It is not updated on every request, so it can be a little too early. `None`: never.
    pub last_used_at: Option<UnixTime>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<UnixTime>,
}

impl ApiToken {
    /// Whether the token is neither revoked nor expired at `now`.
    pub fn is_live(&self, now: UnixTime) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|expires_at| now < expires_at)
    }
}

/// Omits the hash.
impl fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiToken")
            .field("id", &self.id)
            .field("identity", &self.identity)
            .field("name", &self.name)
            .field("abilities", &self.abilities)
            .field("created_at", &self.created_at)
            .field("expires_at", &self.expires_at)
            .field("last_used_at", &self.last_used_at)
            .field("revoked_at", &self.revoked_at)
            .finish_non_exhaustive()
    }
}

/// What became of a token that was to be inserted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiTokenInsertion {
    /// It is inserted.
    Inserted,
    /// It is not: there is no such user, the user has another credential epoch, or the login that makes it is over.
    Outdated,
    /// It is not: the user has [`MAX_API_TOKENS_OF_USER`] live tokens already.
    TooMany,
}

/// The store of API tokens, for [`BridgeBuilder::api_tokens`](crate::BridgeBuilder::api_tokens).
/// [`store::memory`](crate::store::memory) is a short example for your own implementation. `testing::conformance`
/// (feature `testing`) checks an implementation against every requirement below.
///
/// Each of its methods is one atomic step. When a method that writes returns `Ok`, the write must survive the end of the
/// process. Those that take an [`Act`] make a change for the audit: [`AuditStore`](crate::AuditStore).
///
/// A store that also has the users revokes all tokens of a user where it ends all logins of the user: when the password
/// changes and when the user is disabled. Without that they are refused all the same, because the credential epoch has
/// changed. It deletes the tokens of a deleted user. A token that was revoked or has expired should be kept for some time,
/// so that it is refused with the reason.
pub trait ApiTokenStore: Send + Sync + 'static {
    /// Inserts a new token. An id that exists already is an error, and changes nothing.
    ///
    /// If the user has [`MAX_API_TOKENS_OF_USER`] tokens that are live at the token's `created_at`: inserts nothing and
    /// returns [`TooMany`](ApiTokenInsertion::TooMany).
    ///
    /// A store that also has the users inserts nothing and returns [`Outdated`](ApiTokenInsertion::Outdated) when there is
    /// no user with the identity of the token, or the user has another credential epoch than the token. A store that also
    /// has the logins does so when [`created_by`](ApiToken::created_by) is a login that is not live at `created_at`.
    /// Compare, count and insert in one statement or transaction: a user who is disabled or signs out everywhere
    /// meanwhile must not get a token.
    ///
    /// Record: [`ApiTokenMade`](crate::Action::ApiTokenMade).
    fn insert_api_token<'a>(&'a self, token: &'a ApiToken, act: &'a Act) -> StoreFuture<'a, ApiTokenInsertion>;

    /// The token with this id, live or not; `None` when the id is unknown.
    fn find_api_token<'a>(&'a self, id: &'a ApiTokenId) -> StoreFuture<'a, Option<ApiToken>>;

    /// The tokens of a user that are not revoked, the newest first. Expired ones are among them.
    fn api_tokens_of<'a>(&'a self, identity: &'a str) -> StoreFuture<'a, Vec<ApiToken>>;

    /// Revokes a token. If it is this user's and not revoked yet: sets `revoked_at` to `now` and returns `true`. Otherwise
    /// changes nothing and returns `false`. Use one conditional statement: exactly one of several concurrent calls must
    /// succeed.
    ///
    /// Record: [`ApiTokenRevoked`](crate::Action::ApiTokenRevoked).
    fn revoke_api_token<'a>(
        &'a self,
        id: &'a ApiTokenId,
        identity: &'a str,
        act: &'a Act,
        now: UnixTime,
    ) -> StoreFuture<'a, bool>;

    /// Revokes every token of a user that is not revoked yet, and returns their number.
    ///
    /// Record, if there was one: [`ApiTokensRevoked`](crate::Action::ApiTokensRevoked), with the number.
    fn revoke_api_tokens_of<'a>(&'a self, identity: &'a str, act: &'a Act, now: UnixTime) -> StoreFuture<'a, u64>;

    /// Sets `last_used_at` to `now` and changes nothing else. An unknown token is no error.
    ///
    /// The bridge calls it in the background and as a best effort, as [`LoginStore::touch`](crate::LoginStore::touch).
    fn touch_api_token<'a>(&'a self, id: &'a ApiTokenId, now: UnixTime) -> StoreFuture<'a, ()>;
}

/// A store that is shared with other owners.
impl<T: ApiTokenStore + ?Sized> ApiTokenStore for Arc<T> {
    delegate_to_inner! {
        insert_api_token(token: &'a ApiToken, act: &'a Act) -> ApiTokenInsertion;
        find_api_token(id: &'a ApiTokenId) -> Option<ApiToken>;
        api_tokens_of(identity: &'a str) -> Vec<ApiToken>;
        revoke_api_token(id: &'a ApiTokenId, identity: &'a str, act: &'a Act, now: UnixTime) -> bool;
        revoke_api_tokens_of(identity: &'a str, act: &'a Act, now: UnixTime) -> u64;
        touch_api_token(id: &'a ApiTokenId, now: UnixTime) -> ();
    }
}
