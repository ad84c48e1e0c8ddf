//! Hooks of the application for tokens: blocklist, claims, headers and keys.

use serde_json::{Map, Value};

use super::BridgeBuilder;
use crate::bridge::resolve::TokenBlocklist;
use crate::bridge::token::{Claims, TokenKey};

impl BridgeBuilder {
    /// The blocklist (`token_in_blocklist_loader`). A token on it is refused with 401 `token_revoked`, although it is valid.
    ///
    /// The blocklist is asked in every request that a token authenticates, after the verification of the token. A revoked
    /// token can still sign out its own login, and nothing else.
    pub fn token_blocklist(mut self, blocklist: impl TokenBlocklist) -> Self {
        self.checks.set_blocklist(blocklist);
        self
    }

    /// An additional check of the claims (`token_verification_loader`). With `false` the token is refused with 401
    /// `token_invalid`. It runs after the [`token_blocklist`](Self::token_blocklist).
    pub fn check_claims(mut self, accepts: impl Fn(&Claims) -> bool + Send + Sync + 'static) -> Self {
        self.checks.set_claims_check(Box::new(accepts));
        self
    }

    /// Additional claims for every new token of a user (`additional_claims_loader`). The argument is the user's identity.
    /// [`NewTokens::claim`](crate::NewTokens::claim) overrides a claim of the same name.
    ///
    /// The hook is called at every refresh too, so the next access token has current claims. The claims that the bridge
    /// writes cannot be replaced. Unlike in Flask-JWT-Extended, to try it is an error.
    pub fn extra_claims(mut self, claims: impl Fn(&str) -> Map<String, Value> + Send + Sync + 'static) -> Self {
        self.issue_hooks.extra_claims = Some(Box::new(claims));
        self
    }

    /// Additional header members for every new token of a user (`additional_headers_loader`). The rules of
    /// [`extra_claims`](Self::extra_claims) apply.
    pub fn extra_headers(mut self, headers: impl Fn(&str) -> Map<String, Value> + Send + Sync + 'static) -> Self {
        self.issue_hooks.extra_headers = Some(Box::new(headers));
        self
    }

    /// The key that signs the tokens of a user (`encode_key_loader`). The argument is the user's identity. With `None` the
    /// [`token_key`](Self::token_key) signs.
    ///
    /// One of the bridge's keys, or the key from [`verifying_key_for`](Self::verifying_key_for), must verify the tokens.
    pub fn signing_key_for(mut self, key: impl Fn(&str) -> Option<TokenKey> + Send + Sync + 'static) -> Self {
        self.issue_hooks.signing_key = Some(Box::new(key));
        self
    }

    /// Finds the key for a token whose `kid` is not that of a key of the bridge (`decode_key_loader`). The arguments are
    /// the header and the claims. With `None` the token is refused.
    ///
    /// **The arguments are not verified**: use them only to look up a key. The key decides the algorithm, so a token whose
    /// header names another algorithm is refused. All other rules for tokens apply too.
    ///
    /// The hook is for tokens of this bridge that are signed with keys from [`signing_key_for`](Self::signing_key_for).
    /// **It is not for tokens of an identity provider**: these lack the `typ` of the bridge and the `sid` of a login, and
    /// are refused whatever key is found. Use
    /// [`JwtManagerBuilder::decode_key_loader`](crate::flask::JwtManagerBuilder::decode_key_loader) for them. If their
    /// `typ` is `at+jwt` (RFC 9068), which is also that of the bridge, use a [`RequestLoader`](crate::RequestLoader) with a
    /// JWT library, at a location where the bridge does not look for tokens.
    ///
    /// These tokens are verified in every request and not cached. When the hook no longer finds a key, its tokens are
    /// refused.
    pub fn verifying_key_for(
        mut self,
        key: impl Fn(&Map<String, Value>, &Map<String, Value>) -> Option<TokenKey> + Send + Sync + 'static,
    ) -> Self {
        self.key_finder = Some(Box::new(key));
        self
    }
}
