//! Units and bounds of durations, sizes and numbers of threads.

use std::thread::available_parallelism;
use std::time::Duration;

use bytesize::ByteSize;

use super::setting_reader::SettingReader;

/// A minute, in seconds.
pub(super) const MINUTE: u64 = 60;
/// A day, in seconds.
pub(super) const DAY: u64 = 86_400;

/// Reads a duration between a second and ten years.
pub(super) fn period(reader: &mut SettingReader, key: &'static str, default: Duration) -> Duration {
    let period = reader.get(key, default);
    reader.require(!period.is_zero(), &[key], "this must be at least \"1s\"");
    reader.require(period <= Duration::from_secs(3660 * DAY), &[key], "this is more than ten years; write less");
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
