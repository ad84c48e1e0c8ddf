//! What shows that a client has signed in to an account before: text for a long-lived cookie.
//!
//! It is no credential: it opens nothing, and spares its holder only the waiting for strangers.

use aws_lc_rs::{constant_time, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Throttle;
use crate::bridge::model::random;

/// The bytes of the random id.
const ID: usize = 16;
/// The bytes of the code that authenticates it.
const TAG: usize = 16;

impl Throttle {
    /// A new device token for this account, to be given to a client that has signed in. It is valid for ever, for this
    /// account only.
    pub fn device_token(&self, account: &str) -> String {
        let mut token = random::bytes::<ID>().to_vec();
        let tag = self.tag(account, &token);
        token.extend_from_slice(&tag.as_ref()[..TAG]);
        URL_SAFE_NO_PAD.encode(token)
    }

    /// The device of a token, for [`AttemptBy::known_as`](super::AttemptBy::known_as). `None`: it is of another account, or
    /// was not made here.
    pub fn device_of<'t>(&self, account: &str, token: &'t str) -> Option<&'t str> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok().filter(|bytes| bytes.len() == ID + TAG)?;
        let (id, tag) = bytes.split_at(ID);
        let expected = self.tag(account, id);
        constant_time::verify_slices_are_equal(tag, &expected.as_ref()[..TAG]).ok().map(|()| token)
    }

    fn tag(&self, account: &str, id: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(b"device");
        context.update(id);
        context.update(account.as_bytes());
        context.sign()
    }
}
