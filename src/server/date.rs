//! Times as dates: RFC 3339 in UTC.

use std::time::{Duration, SystemTime};

use crate::UnixTime;

/// The last second of the year 9999, the last year of four digits.
pub(super) const LAST: UnixTime = 253_402_300_799;

/// The date of a time. `None`: it is before 1970 or after [`LAST`].
pub(super) fn rfc3339(at: UnixTime) -> Option<String> {
    let seconds = u64::try_from(at).ok().filter(|_| at <= LAST)?;
    Some(humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).to_string())
}

/// The time of a date such as `2026-11-27T08:00:00Z`, or `2026-11-27 08:00:00`.
pub(super) fn unix_time(date: &str) -> Option<UnixTime> {
    let time = humantime::parse_rfc3339_weak(date).ok()?;
    time.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs().try_into().ok()
}
