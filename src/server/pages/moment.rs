//! A point in time on a page.

use std::time::{Duration, SystemTime};

use crate::UnixTime;

/// A point in time, to the minute for the reader and to the second for programs.
pub(crate) struct Moment {
    pub(super) machine: String,
    pub(super) human: String,
}

impl Moment {
    /// The last second of the year 9999, the last year of four digits.
    const LAST: u64 = 253_402_300_799;

    pub(super) fn new(at: UnixTime) -> Self {
        let seconds = u64::try_from(at).unwrap_or(0).min(Self::LAST);
        let machine =
            humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).to_string();
        let human = match machine.split_once('T') {
            Some((date, time)) => format!("{date}, {} UTC", time.get(..5).unwrap_or(time)),
            None => machine.clone(),
        };
        Self { machine, human }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_is_too_strange_to_be_written() {
        assert_eq!(Moment::new(1_795_311_785).human, "2026-11-22, 01:43 UTC");
        assert_eq!(Moment::new(-1).machine, "1970-01-01T00:00:00Z");
        assert_eq!(Moment::new(i64::MAX).machine, "9999-12-31T23:59:59Z");
    }
}
