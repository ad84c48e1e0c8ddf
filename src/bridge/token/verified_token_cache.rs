//! Access tokens that a worker has verified before.
//!
//! Most tokens come many times, and their signature stays as right as it was: checking it again would be most of the
//! cost of a request, above all for EdDSA and ES256. What may change, the time and the login, is checked every time.
//!
//! A token is kept by the SHA-256 of its text: no token is in memory for longer than its request, and no comparison
//! could tell how much of a guess was right.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::token_error::TokenError;
use super::token_type::TokenType;
use super::verified::VerifiedToken;
use crate::bridge::model::sha256;

/// How many tokens are kept, before all of them are dropped. Only tokens that were issued here get in.
const CAPACITY: usize = 4096;

/// One worker's verified tokens.
#[derive(Default)]
pub(crate) struct VerifiedTokenCache(RefCell<HashMap<[u8; 32], Rc<VerifiedToken>>>);

impl VerifiedTokenCache {
    /// The token with this text, from memory or by `open`.
    pub(super) fn get_or_open(
        &self,
        text: &str,
        open: impl FnOnce() -> Result<VerifiedToken, TokenError>,
    ) -> Result<Rc<VerifiedToken>, TokenError> {
        let key = sha256(text.as_bytes());
        if let Some(token) = self.0.borrow().get(&key) {
            return Ok(Rc::clone(token));
        }
        let token = Rc::new(open()?);
        // A refresh token comes once; and whose key is looked up each time is verified each time: the key may be gone.
        if token.token_type == TokenType::Refresh || token.key_was_found {
            return Ok(token);
        }
        let mut known = self.0.borrow_mut();
        if known.len() >= CAPACITY {
            known.clear();
        }
        known.insert(key, Rc::clone(&token));
        Ok(token)
    }
}
