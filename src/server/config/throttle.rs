//! `[throttle]`: how many passwords may be guessed.

use super::bounds::{DAY, period};
use super::setting_reader::SettingReader;
use crate::ThrottleLimits;

/// `[throttle]`: how many passwords may be guessed.
#[derive(Clone, Copy, Debug)]
pub struct ThrottleConfig {
    /// Whether attempts are counted.
    pub enabled: bool,
    /// The free attempts, and the longest delay of the next ones.
    pub limits: ThrottleLimits,
}

impl Default for ThrottleConfig {
    fn default() -> Self {
        Self { enabled: true, limits: ThrottleLimits::default() }
    }
}

impl ThrottleConfig {
    pub(super) fn read(reader: &mut SettingReader) -> Self {
        reader.section("throttle");
        let ThrottleLimits { account, network, overall, longest_delay } = ThrottleLimits::default();
        let enabled = reader.get("enabled", true);
        let limits = ThrottleLimits {
            account: reader.get("account_attempts", account),
            network: reader.get("network_attempts", network),
            overall: reader.get("overall_attempts", overall),
            longest_delay: period(
                reader,
                "longest_delay",
                longest_delay,
                DAY,
                "whoever guesses could keep an account's new devices out for this long",
            ),
        };
        for (key, value, most) in [
            ("account_attempts", limits.account, 100),
            ("network_attempts", limits.network, 10_000),
            ("overall_attempts", limits.overall, 1_000_000),
        ] {
            reader.require((1..=most).contains(&value), &[key], &format!("write a number from 1 to {most}"));
        }
        Self { enabled, limits }
    }
}
