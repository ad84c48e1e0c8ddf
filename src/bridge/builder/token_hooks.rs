//! Settings of what the application decides itself.

use serde_json::{Map, Value};

use super::BridgeBuilder;
use crate::bridge::resolve::TokenBlocklist;
use crate::bridge::token::{Claims, TokenKey};

impl BridgeBuilder {
    /// Tokens that are refused although they are valid (`token_in_blocklist_loader`): 401 `token_revoked`. Asked in
    /// every request that is authenticated by a token, once the token is verified. A revoked token can still sign its own
    /// login out, and nothing else.
    pub fn token_blocklist(mut self, blocklist: impl TokenBlocklist) -> Self {
        self.checks.set_blocklist(blocklist);
        self
    }

    /// What claims must be like besides (`token_verification_loader`). `false` refuses the token with 401
    /// `token_invalid`. Asked after the [`token_blocklist`](Self::token_blocklist).
    pub fn check_claims(mut self, accepts: impl Fn(&Claims) -> bool + Send + Sync + 'static) -> Self {
        self.checks.set_claims_check(Box::new(accepts));
        self
    }

    /// Claims that every new token of a user has (`additional_claims_loader`); called with the user's identity. An
    /// argument of [`NewTokens::claim`](crate::NewTokens::claim) with the same name wins.
    ///
    /// It is asked at every refresh as well, so that what it says is in the next access token too, and is up to date.
    /// The claims that the bridge itself writes cannot be replaced: unlike there, it is an error to try.
    pub fn extra_claims(mut self, claims: impl Fn(&str) -> Map<String, Value> + Send + Sync + 'static) -> Self {
        self.issue_hooks.extra_claims = Some(Box::new(claims));
        self
    }

    /// Members that the header of every new token of a user has (`additional_headers_loader`), as
    /// [`extra_claims`](Self::extra_claims).
    pub fn extra_headers(mut self, headers: impl Fn(&str) -> Map<String, Value> + Send + Sync + 'static) -> Self {
        self.issue_hooks.extra_headers = Some(Box::new(headers));
        self
    }

    /// The key that signs the tokens of a user (`encode_key_loader`); called with the user's identity. With `None` it is
    /// the [`token_key`](Self::token_key). What it signs must be verified by one of the bridge's keys, or by what
    /// [`verifying_key_for`](Self::verifying_key_for) finds.
    pub fn signing_key_for(mut self, key: impl Fn(&str) -> Option<TokenKey> + Send + Sync + 'static) -> Self {
        self.issue_hooks.signing_key = Some(Box::new(key));
        self
    }

    /// Finds the key for a token whose `kid` is none of the bridge's (`decode_key_loader`); called with the header and
    /// the claims. With `None` the token is refused.
    ///
    /// **Nothing of what it is called with has been verified**: look up a key by it, and believe none of it. The key
    /// decides the algorithm: a token whose header names another is refused. All other rules for tokens hold too.
    ///
    /// It is for tokens of our own that are signed with keys like those of [`signing_key_for`](Self::signing_key_for),
    /// and **not for those of an identity provider**, which have neither our `typ` nor the `sid` of a login, and are
    /// refused whatever this finds. For them there is
    /// [`JwtManagerBuilder::decode_key_loader`](crate::flask::JwtManagerBuilder::decode_key_loader); and a
    /// [`RequestLoader`](crate::RequestLoader), with a JWT library of yours and where no tokens of ours are looked for,
    /// if their `typ` is `at+jwt` (RFC 9068), as that of ours is.
    ///
    /// Such tokens are verified in every request, so a key that is no longer found is no longer good.
    pub fn verifying_key_for(
        mut self,
        key: impl Fn(&Map<String, Value>, &Map<String, Value>) -> Option<TokenKey> + Send + Sync + 'static,
    ) -> Self {
        self.key_finder = Some(Box::new(key));
        self
    }
}
