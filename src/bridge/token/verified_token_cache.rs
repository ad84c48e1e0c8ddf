//! The cache of access tokens that a worker has verified.
//!
//! A client sends the same token many times. Verifying the signature again would be most of the cost of a request,
//! above all for `EdDSA` and `ES256`. The time and the login are checked for every request.
//!
//! The key of the cache is the SHA-256 of the token. So the cache does not keep the text of tokens in memory, and the
//! time of a comparison does not tell how much of a guessed token is right.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::token_error::TokenError;
use super::token_type::TokenType;
use super::verified::VerifiedToken;
use crate::bridge::model::{DigestMap, sha256};

/// The maximum number of cached tokens; then the cache is cleared. Only valid tokens are cached, so clients cannot fill
/// the cache with forged ones.
const CAPACITY: usize = 4096;

/// The verified tokens of one worker.
#[derive(Default)]
pub(crate) struct VerifiedTokenCache {
    tokens: RefCell<DigestMap<Rc<VerifiedToken>>>,
    /// The version of the keys that they were verified with.
    keys_version: Cell<u64>,
}

impl VerifiedTokenCache {
    /// The token with this text, from the cache or from `open`. What was verified with other keys is forgotten.
    pub(super) fn get_or_open(
        &self,
        text: &str,
        keys_version: u64,
        open: impl FnOnce() -> Result<VerifiedToken, TokenError>,
    ) -> Result<Rc<VerifiedToken>, TokenError> {
        if self.keys_version.replace(keys_version) != keys_version {
            self.tokens.borrow_mut().clear();
        }
        let key = sha256(text.as_bytes());
        if let Some(token) = self.tokens.borrow().get(&key) {
            return Ok(Rc::clone(token));
        }
        let token = Rc::new(open()?);
        // A refresh token is used only once. A key from a finder must be looked up each time, because it can be
        // revoked.
        if token.token_type == TokenType::Refresh || token.key_from_finder {
            return Ok(token);
        }
        let mut cached = self.tokens.borrow_mut();
        if cached.len() >= CAPACITY {
            cached.clear();
        }
        cached.insert(key, Rc::clone(&token));
        Ok(token)
    }
}
