//! The cache of access tokens that a worker has verified.
//!
//! A client sends the same token many times. Verifying the signature again would be most of the cost of a request,
//! above all for `EdDSA` and `ES256`. The time and the login are checked for every request.
//!
//! A token is found by the end of its text, which is the end of its signature, and then the whole text is compared. The time
//! of this comparison does not tell how much of a guessed token is right. A hash of the text would cost more than all else that
//! is done for a known token.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::rc::Rc;

use aws_lc_rs::constant_time;

use super::token_error::TokenError;
use super::token_type::TokenType;
use super::verified::VerifiedToken;
use crate::bridge::model::DigestHasher;

/// The maximum number of cached tokens; then the cache is cleared. Only valid tokens are cached, so clients cannot fill
/// the cache with forged ones.
const CAPACITY: usize = 4096;

/// The end of a token's text. Two tokens that have it in common are cached one at a time.
type Tail = [u8; 16];

/// A token that was verified.
struct Known {
    text: Box<str>,
    token: Rc<VerifiedToken>,
}

/// The verified tokens of one worker.
#[derive(Default)]
pub(crate) struct VerifiedTokenCache {
    tokens: RefCell<HashMap<Tail, Known, BuildHasherDefault<DigestHasher>>>,
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
        // No token is as short.
        let Some(tail) = text.as_bytes().last_chunk::<16>() else { return open().map(Rc::new) };
        if let Some(known) = self.tokens.borrow().get(tail)
            && constant_time::verify_slices_are_equal(known.text.as_bytes(), text.as_bytes()).is_ok()
        {
            return Ok(Rc::clone(&known.token));
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
        cached.insert(*tail, Known { text: text.into(), token: Rc::clone(&token) });
        Ok(token)
    }
}
