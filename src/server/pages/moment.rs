//! A point in time on a page.

use crate::UnixTime;
use crate::server::date;

/// A point in time, to the minute for the reader and to the second for programs.
pub(crate) struct Moment {
    pub(super) machine: String,
    pub(super) human: String,
}

impl Moment {
    /// A time that has no date of four digits is the nearest that has.
    pub(super) fn new(at: UnixTime) -> Self {
        let machine = date::rfc3339(at.clamp(0, date::LAST)).unwrap_or_default();
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
