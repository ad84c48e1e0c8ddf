//! Units and bounds of durations, sizes and numbers of threads.

use std::thread::available_parallelism;
use std::time::Duration;

use bytesize::ByteSize;

use super::setting::Setting as _;
use super::setting_reader::SettingReader;

/// A minute, in seconds.
pub(super) const MINUTE: u64 = 60;
/// A day, in seconds.
pub(super) const DAY: u64 = 86_400;
/// A year, in seconds, with the day of a leap year.
pub(super) const YEAR: u64 = 366 * DAY;

/// The longest that browsers keep a cookie, in seconds (RFC 6265bis section 5.5: 400 days).
pub(super) const LONGEST_COOKIE: u64 = 400 * DAY;

/// Reads a duration between a second and `longest` seconds. `why` says what a longer one would mean.
pub(super) fn period(
    reader: &mut SettingReader,
    key: &'static str,
    default: Duration,
    longest: u64,
    why: &str,
) -> Duration {
    let (period, longest) = (reader.get(key, default), Duration::from_secs(longest));
    reader.require(!period.is_zero(), &[key], "this must be at least \"1s\"");
    reader.require(period <= longest, &[key], &format!("{why}; write at most {}", longest.to_toml()));
    period
}

/// Reads a size in bytes between 1 byte and 1 GiB.
pub(super) fn size(reader: &mut SettingReader, key: &'static str, default: usize) -> usize {
    let size = reader.get(key, ByteSize::b(default.try_into().unwrap_or(u64::MAX)));
    let bytes = usize::try_from(size.0).ok().filter(|bytes| (1..=1 << 30).contains(bytes));
    reader.require(bytes.is_some(), &[key], "write a size from \"1B\" to \"1GiB\"");
    bytes.unwrap_or(default)
}

/// The number of cores that the process may use.
pub(super) fn cores() -> usize {
    available_parallelism().map_or(1, usize::from)
}
