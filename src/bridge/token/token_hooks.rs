//! The hooks of an application that have a say in new tokens and in the keys of tokens.

use serde_json::{Map, Value};

use super::keys::TokenKey;

/// A hook that is asked about a user.
pub(crate) type OfIdentity<T> = Option<Box<dyn Fn(&str) -> T + Send + Sync>>;

/// The hooks that have a say in new tokens.
#[derive(Default)]
pub(crate) struct IssueHooks {
    pub(crate) extra_claims: OfIdentity<Map<String, Value>>,
    pub(crate) extra_headers: OfIdentity<Map<String, Value>>,
    pub(crate) signing_key: OfIdentity<Option<TokenKey>>,
}

/// Finds the key for a token with this header and these claims, none of which is verified.
pub(crate) type KeyFinder = dyn Fn(&Map<String, Value>, &Map<String, Value>) -> Option<TokenKey> + Send + Sync;
