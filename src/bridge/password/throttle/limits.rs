//! How many attempts are free, how long the next ones wait, and when they are forgotten.

use std::time::Duration;

use super::counters::Kind;
use crate::bridge::model::{Attempts, UnixTime, seconds};

/// The limits of a [`Throttle`](super::Throttle).
///
/// After the free attempts the next one waits a second, and each further one twice as long, up to the longest delay. An
/// account's attempts are forgotten one an hour, and all at once by a sign-in; a network's one in two minutes, with delays of
/// five minutes at most; those of all together one in four seconds, with delays of one second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottleLimits {
    /// The free attempts at an account by unknown clients, and by each known one. Default 5.
    pub account: u32,
    /// The free attempts from a network, which is an IPv4 address or an IPv6 /64. Default 30.
    pub network: u32,
    /// The free attempts over all accounts and networks, by unknown clients. Default 1000.
    pub overall: u32,
    /// The longest delay. Default 15 minutes.
    pub longest_delay: Duration,
}

impl Default for ThrottleLimits {
    fn default() -> Self {
        Self { account: 5, network: 30, overall: 1000, longest_delay: Duration::from_secs(15 * 60) }
    }
}

/// The limits of one kind of counter, in attempts and seconds.
struct Limit {
    free: i64,
    /// How long until one attempt is forgotten.
    leak: i64,
    longest_delay: i64,
}

impl ThrottleLimits {
    fn of(&self, kind: Kind) -> Limit {
        let longest = seconds(self.longest_delay).max(1);
        let (free, leak, longest_delay) = match kind {
            Kind::Account | Kind::Known => (self.account, 3600, longest),
            Kind::Network => (self.network, 120, longest.min(300)),
            Kind::Overall => (self.overall, 4, 1),
        };
        Limit { free: i64::from(free.max(1)), leak, longest_delay }
    }

    /// How long the next attempt has to wait, in seconds.
    pub(super) fn wait(&self, kind: Kind, attempts: &Attempts, now: UnixTime) -> u32 {
        // A clock that was set back must not make the wait longer than any delay.
        let wait = attempts.blocked_until.saturating_sub(now).clamp(0, self.of(kind).longest_delay);
        u32::try_from(wait).unwrap_or(u32::MAX)
    }

    /// Counts an attempt.
    pub(super) fn count(&self, kind: Kind, attempts: &mut Attempts, now: UnixTime) {
        let limit = self.of(kind);
        let counted = (limit.remembered(attempts, now) + 1).min(limit.free + limit.doublings());
        attempts.forgotten_at = attempts.forgotten_at.clamp(now, now + (counted - 1) * limit.leak) + limit.leak;
        attempts.blocked_until = match counted - limit.free {
            free if free < 0 => now,
            over => now + limit.delay(over),
        };
    }

    /// Takes back an attempt that was counted, with the wait that it has caused.
    pub(super) fn forgive(&self, kind: Kind, attempts: &mut Attempts, now: UnixTime) {
        attempts.forgotten_at = (attempts.forgotten_at - self.of(kind).leak).max(now);
        attempts.blocked_until = attempts.blocked_until.min(now);
    }

    /// Whether the attempt that is counted next is the first that makes unknown clients wait for each other.
    pub(super) fn begins_to_slow_all(&self, kind: Kind, before: &Attempts, now: UnixTime) -> bool {
        let limit = self.of(kind);
        matches!(kind, Kind::Overall) && limit.remembered(before, now) + 1 == limit.free
    }
}

impl Limit {
    /// How many attempts are not forgotten.
    fn remembered(&self, attempts: &Attempts, now: UnixTime) -> i64 {
        let left = attempts.forgotten_at.saturating_sub(now).max(0);
        // Rounded up.
        (left + self.leak - 1) / self.leak
    }

    /// The wait after the last free attempt, or after so many more.
    fn delay(&self, over: i64) -> i64 {
        let doubled = u32::try_from(over).ok().and_then(|over| 1_i64.checked_shl(over)).filter(|delay| *delay > 0);
        doubled.unwrap_or(i64::MAX).min(self.longest_delay)
    }

    /// After how many doublings the delay is the longest. More attempts than that are not counted.
    fn doublings(&self) -> i64 {
        (0..).find(|over| self.delay(*over) == self.longest_delay).unwrap_or_default()
    }
}
