//! The remember cookie: `selector.generation.validator`.
//!
//! The selector finds the login, the validator proves the cookie. The store keeps SHA-256 of the validator that is
//! valid now. At each use the validator is rotated; its successor is derived with a key of the server, so that the
//! tabs of a browser that all start at once get the same cookie, and so does a browser that lost the response. The
//! previous validator is good until the current one, or the session that came with it, is seen in use, or for the grace if that is longer. One that is used
//! after that was stolen, or was stolen from: the login ends. One that was never right means nothing and changes nothing.

use aws_lc_rs::{constant_time, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::bridge::model::{RememberRecord, UnixTime, random, sha256};

/// Makes and checks remember cookies.
pub(crate) struct RememberKey(hmac::Key);

/// A remember cookie as it was presented, well-formed but not checked.
pub(crate) struct PresentedCookie<'a> {
    pub(crate) selector: &'a str,
    generation: i64,
    validator: [u8; 32],
}

/// How a presented cookie relates to the record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Match {
    /// It is the valid one.
    Current,
    /// It is the one before, and the valid one has not been seen in use, or was rotated no longer ago than the grace.
    Previous,
    /// It was valid once.
    Reused,
    /// It never was.
    Forged,
}

impl RememberKey {
    pub(crate) fn new(key: hmac::Key) -> Self {
        Self(key)
    }

    /// A new remember cookie's record and value.
    pub(crate) fn issue(&self, now: UnixTime, expires_at: UnixTime) -> (RememberRecord, String) {
        let selector = random::base64url::<16>();
        let record = RememberRecord { confirmed: true, ..self.record(selector, 0, now, expires_at) };
        let value = self.value(&record);
        (record, value)
    }

    /// The record that follows `record`.
    pub(crate) fn successor(&self, record: &RememberRecord, now: UnixTime) -> RememberRecord {
        self.record(record.selector.clone(), record.generation + 1, now, record.expires_at)
    }

    /// The cookie's value for a record.
    pub(crate) fn value(&self, record: &RememberRecord) -> String {
        let validator = self.validator(&record.selector, record.generation);
        format!("{}.{}.{}", record.selector, record.generation, URL_SAFE_NO_PAD.encode(validator))
    }

    /// Compares a presented cookie with the record that its selector led to.
    pub(crate) fn compare(
        &self,
        cookie: &PresentedCookie<'_>,
        record: &RememberRecord,
        now: UnixTime,
        grace: i64,
    ) -> Match {
        let is_current =
            constant_time::verify_slices_are_equal(&sha256(&cookie.validator), &record.validator_hash).is_ok();
        if is_current {
            return Match::Current;
        }
        let derived = self.validator(&record.selector, cookie.generation);
        let was_valid = cookie.generation < record.generation
            && constant_time::verify_slices_are_equal(&cookie.validator, &derived).is_ok();
        if !was_valid {
            return Match::Forged;
        }
        let is_previous = cookie.generation == record.generation - 1;
        // The age is negative after the clock was set back.
        let in_grace = (0..=grace).contains(&now.saturating_sub(record.rotated_at));
        if is_previous && (in_grace || !record.confirmed) { Match::Previous } else { Match::Reused }
    }

    fn record(&self, selector: String, generation: i64, rotated_at: UnixTime, expires_at: UnixTime) -> RememberRecord {
        let validator_hash = sha256(&self.validator(&selector, generation));
        RememberRecord { selector, validator_hash, generation, rotated_at, confirmed: false, expires_at }
    }

    fn validator(&self, selector: &str, generation: i64) -> [u8; 32] {
        let tag = hmac::sign(&self.0, format!("{selector}.{generation}").as_bytes());
        let mut validator = [0; 32];
        validator.copy_from_slice(tag.as_ref());
        validator
    }
}

impl<'a> PresentedCookie<'a> {
    /// Reads a cookie's value; `None` unless it has exactly the form that we write.
    pub(crate) fn parse(value: &'a str) -> Option<Self> {
        let (selector, rest) = value.split_once('.')?;
        let (generation, validator) = rest.split_once('.')?;
        let digits = !generation.is_empty() && generation.len() <= 15 && generation.bytes().all(|b| b.is_ascii_digit());
        if selector.len() != 22 || validator.len() != 43 || !digits {
            return None;
        }
        let validator = URL_SAFE_NO_PAD.decode(validator).ok()?.try_into().ok()?;
        Some(Self { selector, generation: generation.parse().ok()?, validator })
    }
}
