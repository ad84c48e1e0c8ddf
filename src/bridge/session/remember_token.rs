//! The value of the remember cookie: `selector.generation.validator`.
//!
//! The selector finds the login, and the validator authenticates the cookie. The store keeps the SHA-256 hash of the
//! current validator. Each use rotates the validator. The next validator is derived with a key of the server, so
//! simultaneous requests of a browser get the same cookie, and so does a browser that lost the response.
//!
//! The previous validator stays valid until the current one, or the session that came with it, is used, or for the grace
//! period if that is longer. After that it shows that the cookie was stolen, because either the thief or the user has
//! already used it. The login ends. A validator that was never valid has no effect.

use aws_lc_rs::{constant_time, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::bridge::model::{RememberRecord, UnixTime, random, sha256};

/// The key that issues and checks remember cookies.
pub(crate) struct RememberKey {
    key: hmac::Key,
    /// Keys of cookies that are still read.
    retired: Vec<hmac::Key>,
}

/// A well-formed remember cookie that was presented and is not yet checked.
pub(crate) struct PresentedCookie<'a> {
    pub(crate) selector: &'a str,
    generation: i64,
    validator: [u8; 32],
}

/// The result of comparing a presented cookie with the record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Match {
    /// The cookie is valid.
    Current,
    /// The cookie is the previous one, and the current one has not been used yet or was issued within the grace period.
    Previous,
    /// The cookie is an old one.
    Reused,
    /// The cookie was never valid.
    Forged,
}

impl RememberKey {
    pub(crate) fn new(key: hmac::Key, retired: Vec<hmac::Key>) -> Self {
        Self { key, retired }
    }

    /// The record and the value of a new remember cookie.
    pub(crate) fn issue(&self, now: UnixTime, expires_at: UnixTime) -> (RememberRecord, String) {
        let selector = random::base64url::<16>();
        let record = RememberRecord { confirmed: true, ..self.record(selector, 0, now, expires_at) };
        let value = self.value(&record);
        (record, value)
    }

    /// The next generation of `record`.
    pub(crate) fn successor(&self, record: &RememberRecord, now: UnixTime) -> RememberRecord {
        self.record(record.selector.clone(), record.generation + 1, now, record.expires_at)
    }

    /// The value of the cookie for a record.
    pub(crate) fn value(&self, record: &RememberRecord) -> String {
        // The record can be from before the key.
        let keys = std::iter::once(&self.key).chain(&self.retired);
        let mut validators = keys.map(|key| validator(key, &record.selector, record.generation));
        let of_record = validators.find(|validator| sha256(validator) == record.validator_hash);
        let validator = of_record.unwrap_or_else(|| validator(&self.key, &record.selector, record.generation));
        format!("{}.{}.{}", record.selector, record.generation, URL_SAFE_NO_PAD.encode(validator))
    }

    /// Compares a presented cookie with the record of its selector. `grace`: the seconds for which the previous cookie
    /// stays usable after a rotation.
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
        let is_of = |key: &hmac::Key| {
            let derived = validator(key, &record.selector, cookie.generation);
            constant_time::verify_slices_are_equal(&cookie.validator, &derived).is_ok()
        };
        let was_valid =
            cookie.generation < record.generation && std::iter::once(&self.key).chain(&self.retired).any(is_of);
        if !was_valid {
            return Match::Forged;
        }
        let is_previous = cookie.generation == record.generation - 1;
        // The age is negative after the clock was set back.
        let in_grace = (0..=grace).contains(&now.saturating_sub(record.rotated_at));
        if is_previous && (in_grace || !record.confirmed) { Match::Previous } else { Match::Reused }
    }

    fn record(&self, selector: String, generation: i64, rotated_at: UnixTime, expires_at: UnixTime) -> RememberRecord {
        let validator_hash = sha256(&validator(&self.key, &selector, generation));
        RememberRecord { selector, validator_hash, generation, rotated_at, confirmed: false, expires_at }
    }
}

fn validator(key: &hmac::Key, selector: &str, generation: i64) -> [u8; 32] {
    let tag = hmac::sign(key, format!("{selector}.{generation}").as_bytes());
    let mut validator = [0; 32];
    validator.copy_from_slice(tag.as_ref());
    validator
}

impl<'a> PresentedCookie<'a> {
    /// Parses the value of a cookie. `None` if it is malformed. Some clients quote values (RFC 6265 section 4.1.1), and
    /// actix-session reads its cookie then, too.
    pub(crate) fn parse(value: &'a str) -> Option<Self> {
        let unquoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        let value = unquoted.unwrap_or(value);
        let (selector, rest) = value.split_once('.')?;
        let (generation, validator) = rest.split_once('.')?;
        let digits = !generation.is_empty() && generation.len() <= 15 && generation.bytes().all(|b| b.is_ascii_digit());
        let base64url = selector.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if selector.len() != 22 || !base64url || validator.len() != 43 || !digits {
            return None;
        }
        let validator = URL_SAFE_NO_PAD.decode(validator).ok()?.try_into().ok()?;
        Some(Self { selector, generation: generation.parse().ok()?, validator })
    }
}
