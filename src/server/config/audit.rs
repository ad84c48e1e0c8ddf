//! `[audit]`: how long the record of what was done is kept.

use std::time::Duration;

use super::bounds::{YEAR, period};
use super::setting_reader::SettingReader;

/// The longest time that records are kept, in seconds.
const LONGEST: u64 = 10 * YEAR;

/// `[audit]`: how long the record of what was done is kept.
#[derive(Clone, Debug)]
pub struct AuditConfig {
    /// How old a record becomes, with its address and device. Then it is deleted.
    pub retention: Duration,
    /// How many records about one user are kept, the latest ones.
    pub records_per_user: u32,
}

impl Default for AuditConfig {
    fn default() -> Self {
        Self { retention: Duration::from_secs(YEAR), records_per_user: 10_000 }
    }
}

impl AuditConfig {
    pub(super) fn read(reader: &mut SettingReader) -> Self {
        reader.section("audit");
        let default = Self::default();
        let retention = period(
            reader,
            "retention",
            default.retention,
            LONGEST,
            "addresses and devices of people would be kept for this long",
        );
        let records_per_user = reader.get("records_per_user", default.records_per_user);
        let is_bounded = (100..=1_000_000).contains(&records_per_user);
        reader.require(is_bounded, &["records_per_user"], "write a number from 100 to 1000000");
        Self { retention, records_per_user }
    }
}
