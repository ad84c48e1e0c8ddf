//! The application's hooks for new tokens and for the keys of tokens.

use serde_json::{Map, Value};

use super::keys::TokenKey;

/// A hook that gets the identity of a user.
pub(crate) type IdentityHook<T> = Option<Box<dyn Fn(&str) -> T + Send + Sync>>;

/// The hooks for new tokens.
#[derive(Default)]
pub(crate) struct IssueHooks {
    pub(crate) extra_claims: IdentityHook<Map<String, Value>>,
    pub(crate) extra_headers: IdentityHook<Map<String, Value>>,
    pub(crate) signing_key: IdentityHook<Option<TokenKey>>,
}

/// A hook that returns the key for a token with this header and these claims. Neither is verified.
pub(crate) type KeyFinder = dyn Fn(&Map<String, Value>, &Map<String, Value>) -> Option<TokenKey> + Send + Sync;
